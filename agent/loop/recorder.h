// SPDX-License-Identifier: Apache-2.0
// Writes the agent's two chains: epochs, numbers, and what the next journal
// transaction will hold. Pure: randomness and time are given to it.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <span>

#include "agent/journal/journal.h"
#include "core/event/event.h"

namespace strongroom {

using RandomFill = std::function<void(std::span<std::uint8_t>)>;
/// The last event of each stream that a new epoch follows, where known.
using ChainHeads = std::array<std::optional<strongroom_v1_ChainHead>, 2>;

class Recorder {
 public:
  Recorder(Source source, const JournalState& state, RandomFill random);

  /// False until the first epoch is opened.
  bool has_epoch() const { return chains_[0].has_value(); }
  std::uint64_t epoch() const { return epoch_; }
  /// Ends the running epoch, if any, and begins another in both streams.
  void open_epoch(strongroom_v1_EpochReason reason,
                  const ChainHeads& previous,
                  const Now& now);
  ChainHeads heads() const;

  /// A zeroed event whose body the caller fills; valid until the next call.
  EventMessage& blank();
  /// Appends; the seq that the event got.
  std::uint64_t record(Stream stream, EventMessage& event, const Now& now);

  /// Appends an event of a refused epoch again (EventChain::append_again); its
  /// position. Fault: those bytes are no event.
  Result<Position> record_again(Stream stream, ByteView event, const Now& now);

  /// Rows of that epoch from `at` on are kept and not sent: they are told again
  /// in a later one.
  void stop_epoch(Stream stream,
                  std::uint64_t epoch,
                  Position at,
                  strongroom_v1_RefusalReason reason);

  /// Rows of a stopped epoch up to `to` have been told again.
  void salvaged(Stream stream, std::uint64_t epoch, Position to);
  /// Rows of telemetry are given up; they say so in `record` already.
  void lose(const Loss& loss);

  Position tail(Stream stream) const { return tails_[slot_of(stream)]; }
  /// All epochs of a stream, ascending.
  std::span<const EpochRow> epochs(Stream stream) const {
    return epochs_[slot_of(stream)];
  }
  /// Whether a position stands in the stopped end of an epoch.
  bool is_stopped(Stream stream, Position position) const;
  const EpochRow* epoch_row(Stream stream, std::uint64_t epoch) const;
  /// The epoch that holds a position; needs one.
  const EpochRow& epoch_at(Stream stream, Position position) const;
  /// The last position of that epoch so far.
  Position epoch_end(const EpochRow& row) const;

  const DescriptionRow* description(const std::string& device) const;
  void describe(DescriptionRow row);

  /// What is not committed yet. The loop adds cut batches and deliveries.
  JournalTransaction& pending() { return pending_; }
  /// Position of the first event in pending() of a stream.
  Position first_pending(Stream stream) const;
  /// Takes it out, numbered; an empty one has number 0.
  JournalTransaction take();

 private:
  std::array<std::uint8_t, 16> blind();
  EpochRow* find(Stream stream, std::uint64_t epoch);
  void put_stopped(const EpochRow& row);

  const Source source_;
  const RandomFill random_;
  std::array<std::optional<EventChain>, 2> chains_;
  std::array<Position, 2> tails_{};
  std::array<std::vector<EpochRow>, 2> epochs_;
  std::map<std::string, DescriptionRow> descriptions_;
  std::uint64_t epoch_ = 0;
  std::uint64_t last_transaction_;
  JournalTransaction pending_;
  EventMessage scratch_ = strongroom_v1_Event_init_zero;
  // Blinds are drawn ahead: one system call for 64 events.
  std::array<std::uint8_t, 1024> pool_{};
  std::size_t pool_used_ = pool_.size();
};

}  // namespace strongroom
