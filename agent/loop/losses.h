// SPDX-License-Identifier: Apache-2.0
// Rows of telemetry that were given up for want of room: where they stood, and
// whether the ledger may be told what comes after them.
#pragma once

#include <map>
#include <optional>

#include "agent/loop/recorder.h"

namespace strongroom {

class Losses {
 public:
  /// `recorder` outlives it.
  Losses(const Recorder& recorder, const JournalState& state);

  void add(const Loss& loss);
  /// An event of `record` was told again at another position.
  void moved(Position from, Position to);

  /// The loss that holds a position of telemetry.
  const Loss* at(Position position) const;
  /// The first position at or after it that was not given up.
  Position past(Position position) const;
  /// The last position before the next loss at or after `position`, at most
  /// `last`; `position` itself was not given up.
  Position before_next(Position position, Position last) const;
  /// Whether the ledger has proven to hold the event that announces it, and so
  /// can take what follows. `record_base`: the first position of `record` that
  /// is not proven.
  bool is_announced(const Loss& loss, Position record_base) const;

  std::uint64_t ranges() const { return rows_.size(); }
  /// Events given up from `first` on.
  std::uint64_t events(Position first) const;
  /// Ranges from `first` on.
  std::uint64_t ranges(Position first) const;

 private:
  struct Row {
    Loss loss;
    Position proof = 0;  // of the event that announces it, as told last
  };

  const Recorder& recorder_;
  std::map<Position, Row> rows_;  // by first
};

/// Chooses what to give up: the oldest telemetry that the journal holds and
/// that no batch holds, never the first of an epoch, never across an epoch,
/// adjoining the loss before; about `bytes` of events, less when the epoch has
/// no more. `cut`: the end of the newest batch. Nothing when nothing may go.
JournalResult<std::optional<Loss>> choose_loss(Journal& journal,
                                               const Recorder& recorder,
                                               const Losses& losses,
                                               Position cut,
                                               std::uint64_t bytes);

}  // namespace strongroom
