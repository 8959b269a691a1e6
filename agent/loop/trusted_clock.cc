// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/trusted_clock.h"

#include <algorithm>

namespace strongroom {

std::optional<ClockStep> TrustedClock::step_of(const Now& machine) const {
  if (!last_) {
    if (machine.wall + kClockStep < floor_) {
      return ClockStep{machine.wall - floor_, ClockQuality::kUnknown, {}};
    }
    return std::nullopt;
  }
  const auto by =
      (machine.wall - last_->wall) - (machine.monotonic - last_->monotonic);
  if (by <= kClockStep && by >= -kClockStep) {
    return std::nullopt;
  }
  return ClockStep{by, last_->quality, last_->error};
}

Now TrustedClock::read(const Now& machine, std::optional<ClockStep>& step) {
  step = step_of(machine);
  if (!last_) {
    floor_since_ = machine.monotonic;
  }
  last_ = machine;
  Now trusted = machine;
  if (machine.wall + kClockStep < floor_) {
    trusted.wall = floor_ + (machine.monotonic - floor_since_) / 2;
    trusted.quality = ClockQuality::kUnknown;
    trusted.error = {};
  }
  trusted.wall = std::max(trusted.wall, floor_);
  floor_ = trusted.wall;
  floor_since_ = machine.monotonic;
  return trusted;
}

WallTime TrustedClock::at(MonoTime instant) const {
  return floor_ - std::max(floor_since_ - instant, MonoTime{0});
}

}  // namespace strongroom
