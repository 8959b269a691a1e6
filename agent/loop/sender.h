// SPDX-License-Identifier: Apache-2.0
// Go-back-N with the ledger's proof as ack (DESIGN section 6): one stream's
// delivery as a state machine without clock, queue or socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "agent/journal/journal.h"
#include "core/base/now.h"
#include "core/event/held.h"

namespace strongroom {

struct SenderOptions {
  std::size_t window = 4;  // batches in flight
  std::chrono::microseconds resend_min = std::chrono::seconds(10);
  std::chrono::microseconds resend_max = std::chrono::seconds(60);
  /// By so much the other stream must have overtaken (outpaced()).
  std::chrono::microseconds overtaken = std::chrono::seconds(1);
};

/// A batch that was cut, with its events: `payload` is the batch on the wire
/// without resync and held checkpoint.
struct OutBatch {
  Position first_position = 0;
  BatchHeader header;
  Bytes payload;
};

// --- effects: after the journal's commit ------------------------------------

/// Put these bytes on the wire.
struct TransmitBatch {
  Bytes payload;
};
/// The ledger proved that it holds this batch.
struct BatchProven {
  Position first_position = 0;
  std::uint32_t count = 0;
  std::uint64_t first_index = 0;
  std::string checkpoint;
  MonoTime sent{};  // the last time
};
/// A person must look at it. May repeat: whoever records it limits the rate.
struct Suspicion {
  strongroom_v1_FindingKind kind{};
  strongroom_v1_RefusalReason reason{};
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  Hash hash{};
  std::string what;
};
/// The ledger will never take this chain from `at` on. The sender stays
/// blocked, until skip_to() if there is somewhere to go.
struct EpochRefused {
  std::uint64_t epoch = 0;
  Position at = 0;
  strongroom_v1_RefusalReason reason{};
  std::optional<SignedHeader> newest;  // what the ledger says it holds
};
using SenderEffect =
    std::variant<TransmitBatch, BatchProven, Suspicion, EpochRefused>;

enum class SenderState : std::uint8_t {
  kOffline,  // not connected; batches in flight are kept for the next time
  kIdle,     // connected, nothing in flight
  kSending,  // connected, up to a window of batches in flight
  kBlocked,  // refused: only the oldest batch is tried, at the resend timer
};

struct SenderCounters {
  std::uint64_t sent = 0;    // batches handed over, resends too
  std::uint64_t resent = 0;  // of these
  std::uint64_t proven = 0;
  std::uint64_t ignored = 0;  // acks of nothing awaited, or from another size
  std::uint64_t refuted = 0;
  std::uint64_t refused = 0;
};

class Sender {
 public:
  /// `log`: the one that this stream's checkpoints must be of; none while
  /// nothing was ever held: then the first proof chooses the generation.
  /// `base`: the first position not delivered. `held`: the journal's checkpoint
  /// note, or empty. `jitter`: a number in [0, 1) each time, stretches the
  /// resend timer by up to a quarter.
  Sender(Stream stream,
         Source source,
         std::optional<Origin> log,
         Trust trust,
         Position base,
         std::string held,
         std::function<double()> jitter,
         SenderOptions options = {});

  void connected(MonoTime now);
  void disconnected();
  /// An ack for this source and stream.
  void acknowledged(const Ack& ack, MonoTime now);
  /// Call when deadline() has passed.
  void tick(MonoTime now);
  std::optional<MonoTime> deadline() const { return timer_; }

  /// The ledger answered what the other stream sent at `sent`. What this one
  /// sent well before is lost, or its ack is: it goes out again at once, but
  /// once until the timer. (The ledger was not connected yet, or restarted.)
  void outpaced(MonoTime sent, MonoTime now);

  /// The position at which it could send another batch now.
  std::optional<Position> wants() const;
  /// That batch. It must have been cut once, and be committed before the
  /// effects are released.
  void offer(OutBatch batch, MonoTime now);
  /// Gives up what is in flight (its rows are kept) and goes on there.
  void skip_to(Position position, MonoTime now);
  /// Goes on behind rows that were given up; nothing is in flight. `from_seq`:
  /// of the first of them, which the ledger expects until it has read of them.
  void hop_to(Position position, std::uint64_t from_seq);
  /// Goes on in a log that succeeds the one that was followed, from a position
  /// that may have been proven before. Nothing is held of it.
  void follow(Origin successor, Position from, MonoTime now);

  /// What is to be done since the last call, in order.
  std::vector<SenderEffect> take_effects();

  SenderState state() const;
  /// First position not proven to be held.
  Position base() const { return base_; }
  /// First position that no batch in flight holds.
  Position next() const { return next_; }
  std::size_t in_flight() const { return flights_.size(); }
  strongroom_v1_RefusalReason blocked_by() const { return blocked_by_; }
  const Origin& log() const { return log_; }
  /// False while any generation would do.
  bool is_bound() const { return is_bound_; }
  const std::string& held_note() const { return held_note_; }
  const std::optional<Checkpoint>& held() const { return held_; }
  const SenderCounters& counters() const { return counters_; }

 private:
  struct Flight {
    OutBatch batch;
    bool sent = false;  // on this connection
    bool ever_sent = false;
    MonoTime sent_at{};  // the last time
  };

  void transmit(Flight& flight, MonoTime now);
  void send_unsent(MonoTime now);
  void rewind(MonoTime now);
  void arm(MonoTime now);
  std::optional<std::size_t> find(const Ack& ack) const;
  std::vector<Hash> leaves_of(const OutBatch& batch) const;

  void take_held(const Held& held, MonoTime now);
  void take_refusal(const Refused& refused, std::size_t place, MonoTime now);
  void take_gap(std::uint64_t expected, std::size_t place, MonoTime now);
  bool is_hole(std::uint64_t expected) const;
  void suspect(strongroom_v1_FindingKind kind,
               strongroom_v1_RefusalReason reason,
               const Hash& hash,
               std::string what);

  const Stream stream_;
  const Source source_;
  Origin log_;
  bool is_bound_;
  const Trust trust_;
  const std::function<double()> jitter_;
  const SenderOptions options_;

  bool is_connected_ = false;
  Position base_;
  Position next_;
  std::deque<Flight> flights_;  // consecutive from base_
  std::optional<Checkpoint> held_;
  std::string held_note_;
  bool mark_resync_ = true;  // the next batch sent starts the proofs anew
  strongroom_v1_RefusalReason blocked_by_{};
  std::optional<MonoTime> timer_;
  std::chrono::microseconds interval_;
  std::set<std::uint64_t> gaps_seen_;   // values already followed this interval
  bool resync_followed_ = false;        // this interval
  bool outpaced_ = false;               // this interval
  std::optional<std::uint64_t> below_;  // `expected` below base, seen before
  // Rows before `next` were given up, from that seq on.
  struct Hole {
    Position next = 0;
    std::uint64_t from_seq = 0;
  };
  std::optional<Hole> hole_;
  std::vector<SenderEffect> effects_;
  SenderCounters counters_;
};

}  // namespace strongroom
