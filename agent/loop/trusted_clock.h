// SPDX-License-Identifier: Apache-2.0
// Wall time that never goes below what was already journalled, and that tells
// when it was stepped.
#pragma once

#include <optional>

#include "core/base/now.h"

namespace strongroom {

/// A difference between wall and monotonic progress beyond this is a step.
inline constexpr std::chrono::microseconds kClockStep{500'000};

struct ClockStep {
  std::chrono::microseconds by{};  // wall clock after minus before
  ClockQuality quality_before = ClockQuality::kUnknown;
  std::chrono::microseconds error_before{};
};

/// While the machine's clock is below the highest time given out, that time
/// runs on at half speed with quality unknown, so that the machine's clock can
/// catch up and order is kept meanwhile. Not thread-safe.
class TrustedClock {
 public:
  /// `floor`: the highest time in the journal; the epoch when it is empty.
  explicit TrustedClock(WallTime floor) : floor_(floor) {}

  /// What this reading is worth. `step` is filled when the clock was stepped
  /// since the last reading, or stands below the journal at the first.
  Now read(const Now& machine, std::optional<ClockStep>& step);

  /// Trusted time of an instant not later than the last reading.
  WallTime at(MonoTime instant) const;

 private:
  std::optional<ClockStep> step_of(const Now& machine) const;

  WallTime floor_;
  MonoTime floor_since_{};  // when the floor was the time
  std::optional<Now> last_;
};

}  // namespace strongroom
