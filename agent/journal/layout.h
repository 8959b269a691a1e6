// SPDX-License-Identifier: Apache-2.0
// Where the rows of one stream lie: its epochs, the parts of them that were
// given up, and how far deletion may go. Pure.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "agent/journal/journal.h"

namespace strongroom {

struct StreamLayout {
  std::vector<EpochRow> epochs;  // ascending
  std::vector<Loss> losses;      // ascending, apart
  Position tail = 0;

  /// The epoch that `at` belongs to; nothing before the first.
  const EpochRow* epoch_at(Position at) const;
  /// The last position of that epoch that may hold an event.
  Position epoch_end(const EpochRow& epoch) const;
  /// The loss that covers `at`.
  const Loss* loss_at(Position at) const;
  /// `at`, or the first position after the losses that cover it.
  Position after_losses(Position at) const;
  /// `at`, or the first position after the losses and the stopped ends of
  /// epochs that cover it. With `salvaged_only` an end that still owes its
  /// salvage is not passed.
  Position after_given_up(Position at, bool salvaged_only) const;

  /// Puts an epoch in the place of the one that begins there, or behind all.
  void put(const EpochRow& epoch);
};

/// What deletion asks of a batch.
struct BatchMark {
  Position first = 0;
  Position last = 0;
  std::optional<std::int64_t> delivered_us;
};

struct PruneLimits {
  Position pruned = 0;
  Position delivered = 0;
  WallTime before{};  // delivered before that
  std::uint64_t max_rows = 0;
};

/// Up to where rows may go now: whole batches that were delivered in time, with
/// the losses and salvaged parts before them; never the newest delivered batch.
/// `next`: the first batch at or after a position.
Position prunable_to(
    const StreamLayout& layout,
    const PruneLimits& limits,
    const std::function<std::optional<BatchMark>(Position)>& next);

}  // namespace strongroom
