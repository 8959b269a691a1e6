// SPDX-License-Identifier: Apache-2.0
// Events: the wire form is the event (proto/event.proto,
// docs/formats/event.md).
#pragma once

#include "core/base/now.h"
#include "core/base/result.h"
#include "core/base/source.h"
#include "core/crypto/hash.h"
#include "proto/event.pb.h"

namespace strongroom {

using EventMessage = strongroom_v1_Event;
static_assert(sizeof(EventMessage) <= 4096);

inline constexpr std::size_t kMaxEventBytes = 1024;
inline constexpr std::size_t kMaxWindowsEventBytes = 2048;
/// An event that is told again may be so much larger: `salvaged` takes at most
/// 56 bytes, and the numbers of the new envelope (seq, recorded, monotonic,
/// clock error) at most 37 more than the old ones'. It never fails to fit.
inline constexpr std::size_t kSalvagedRoomBytes = 96;

/// What every event says, whatever its body.
struct Envelope {
  Source source;
  Stream stream = Stream::kRecord;
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  Hash prev_hash{};
};

/// Faults: a bound is broken (the message names the field), body missing, or
/// the encoded form is larger than allowed for its body.
Result<Bytes> encode_event(const EventMessage& event);

/// Faults: not protobuf, a bound is broken, text that is not UTF-8 or holds a
/// zero, larger than its body allows. A body that is not known here
/// leaves which_body 0: that is no fault.
Result<EventMessage> decode_event(ByteView bytes);

/// The envelope alone, read in place; the body stays opaque, known or not.
/// Faults: not protobuf, larger than its body allows, a field twice, out of
/// order or unknown below 20, not exactly one body, source, stream, hashes or
/// blind not of their form, seq 0, prev_hash not zero at seq 1, client outside
/// `record`. Never a value where decode_event would say another.
Result<Envelope> decode_envelope(ByteView bytes);

/// Numbers, links and stamps the events of one (source, stream, epoch).
class EventChain {
 public:
  /// A new epoch: the next event is seq 1.
  EventChain(Source source, Stream stream, std::uint64_t epoch);
  /// Continues after an event that is held.
  EventChain(Source source,
             Stream stream,
             std::uint64_t epoch,
             std::uint64_t last_seq,
             const Hash& last_hash);

  /// Fills the envelope of `event` (body, occurred_us, client and salvaged are
  /// the caller's; occurred_us 0 means now) and encodes it. The chain moves on
  /// only on success. `blind` is 16 fresh random bytes.
  Result<Bytes> append(EventMessage& event,
                       const Now& now,
                       std::span<const std::uint8_t, 16> blind);

  /// Writes an event of an earlier chain of the same source and stream again:
  /// its body byte for byte, known here or not, when it occurred, and as
  /// `salvaged` where it first stood. Faults: not an event (decode_envelope).
  Result<Bytes> append_again(ByteView event,
                             const Now& now,
                             std::span<const std::uint8_t, 16> blind);

  const Source& source() const { return source_; }
  Stream stream() const { return stream_; }
  std::uint64_t epoch() const { return epoch_; }
  std::uint64_t last_seq() const { return last_seq_; }
  const Hash& last_hash() const { return last_hash_; }

 private:
  void stamp(EventMessage& event,
             const Now& now,
             std::span<const std::uint8_t, 16> blind) const;
  void move_on(ByteView bytes);

  Source source_;
  Stream stream_;
  std::uint64_t epoch_;
  std::uint64_t last_seq_ = 0;
  Hash last_hash_{};
};

}  // namespace strongroom
