// SPDX-License-Identifier: Apache-2.0
// Batches, acks, status and live values on the wire (proto/wire.proto;
// docs/formats/batch.md, ack.md, status.md).
#pragma once

#include <variant>

#include "core/crypto/signature.h"
#include "core/event/event.h"
#include "core/log/proof.h"
#include "proto/wire.pb.h"

namespace strongroom {

inline constexpr std::size_t kMaxBatchBytes = 128 * 1024;
inline constexpr std::size_t kMaxBatchEvents = 512;
/// No chain gets there; databases order signed numbers.
inline constexpr std::uint64_t kMaxSeq = (std::uint64_t{1} << 63U) - 1;
inline constexpr std::uint32_t kWireFormat = 1;
inline constexpr std::uint32_t kAlgorithmEd25519Sha256 = 1;

struct BatchHeader {
  Source source;
  Stream stream = Stream::kRecord;
  std::uint64_t epoch = 0;
  std::uint64_t first_seq = 0;
  std::uint32_t count = 0;
  Hash first_prev_hash{};
  Hash root{};

  std::uint64_t next_seq() const { return first_seq + count; }
  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

/// The signed bytes. The encoding is canonical.
Bytes encode_header(const BatchHeader& header);
/// Faults: not canonical, unknown format or algorithm, a field not of its form,
/// count 0 or > kMaxBatchEvents, first_seq 0, an event beyond kMaxSeq.
Result<BatchHeader> decode_header(ByteView bytes);

/// "strongroom/batch/v1\n" and the header's bytes.
Bytes batch_signing_input(ByteView header);

struct SignedHeader {
  Bytes header;
  Signature signature{};
};
/// Cuts a batch: header over consecutive events of one chain, signed.
SignedHeader cut_batch(const Source& source,
                       Stream stream,
                       std::uint64_t epoch,
                       std::uint64_t first_seq,
                       const Hash& first_prev_hash,
                       std::span<const ByteView> events,
                       const Signer& signer);

/// A batch read in place: the views point into the payload.
struct BatchView {
  ByteView header_bytes;
  Signature signature{};
  std::vector<ByteView> events;
  ByteView sealed_disclosures;
  std::string_view held_checkpoint;
  bool resync = false;
  ByteView cosignature;  // reserved: see docs/formats/batch.md
};
Bytes encode_batch(const BatchView& batch);
/// Faults: too large, not protobuf, unknown, missing or repeated field, too
/// many events. The header is not decoded, nothing is verified.
Result<BatchView> decode_batch(ByteView payload);

/// Recomputes everything that a batch claims of itself but its signature:
/// each event's envelope, chain and root. The values are REFUSAL_REASON_*.
struct BatchFlaw {
  strongroom_v1_RefusalReason reason;
  std::string what;  // which event, what differs
};
/// Nothing when the events are exactly what `header` says. `leaves` receives
/// the leaf hash of each event.
std::optional<BatchFlaw> find_flaw(const BatchHeader& header,
                                   std::span<const ByteView> events,
                                   std::vector<Hash>& leaves);

struct Held {
  std::uint64_t first_index = 0;
  Path range_proof;
  std::string checkpoint;
  std::uint64_t from_size = 0;
  Path consistency_proof;
  Bytes disclosures_receipt;  // reserved: see docs/formats/ack.md
};
struct Refused {
  strongroom_v1_RefusalReason reason{};
  std::uint64_t expected = 0;
  std::optional<SignedHeader> newest;
};
struct Ack {
  Source source;
  Stream stream = Stream::kRecord;
  std::uint64_t epoch = 0;
  std::uint64_t first_seq = 0;
  std::uint32_t count = 0;
  std::variant<Held, Refused> outcome;
};
/// The proofs' lengths are within the wire's bounds (checked).
Bytes encode_ack(const Ack& ack);
/// Faults: not an ack, unknown field or format, no outcome, a bound is broken.
Result<Ack> decode_ack(ByteView payload);

/// Encode and decode the nanopb messages that only screens read.
Bytes encode_status(const strongroom_v1_Status& status);
Result<strongroom_v1_Status> decode_status(ByteView payload);
Bytes encode_live(const strongroom_v1_Live& live);
Result<strongroom_v1_Live> decode_live(ByteView payload);

/// "batch record edge-1@bj1 12..267": for logs and messages.
std::string describe(const BatchHeader& header);

}  // namespace strongroom
