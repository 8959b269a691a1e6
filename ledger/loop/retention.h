// SPDX-License-Identifier: Apache-2.0
// How far the retention policy lets telemetry go (DESIGN section 4): whole
// tiles below the first entry that is younger than the policy keeps. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/now.h"
#include "core/log/tile.h"
#include "ledger/store/rows.h"

namespace strongroom {

/// What is known of a batch's age: when its last event was recorded; nothing
/// when that cannot be read, its clock was not known, or it lies ahead of now.
using BatchTime = std::optional<std::int64_t>;
BatchTime time_of(const BatchRow& row, WallTime now);

/// Looks at the batches of one log in order. A batch whose age is not known
/// goes with an old one that comes after it, and never alone.
class RetentionLook {
 public:
  RetentionLook(std::uint64_t from, WallTime now, int keep_days)
      : from_(from),
        next_(from),
        to_(from),
        cutoff_us_((now - std::chrono::hours(24) * keep_days)
                       .time_since_epoch()
                       .count()) {}

  /// False: this batch is young, nothing beyond it is looked at.
  bool take(std::uint64_t end_index, BatchTime time) {
    if (time && *time >= cutoff_us_) {
      return false;
    }
    next_ = end_index;
    if (time) {
      to_ = end_index;
    }
    return true;
  }

  std::uint64_t from() const { return from_; }
  std::uint64_t next() const { return next_; }  // the next to be looked at
  /// Everything below may go.
  std::uint64_t to() const {
    const std::uint64_t whole = to_ - to_ % kTileWidth;
    return whole > from_ ? whole : from_;
  }

 private:
  std::uint64_t from_;
  std::uint64_t next_;
  std::uint64_t to_;
  std::int64_t cutoff_us_;
};

}  // namespace strongroom
