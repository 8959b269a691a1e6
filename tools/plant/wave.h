// SPDX-License-Identifier: Apache-2.0
// How a point that nobody sets varies: slowly, plausibly, and the same on every
// run. Pure.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/point/profile.h"

namespace strongroom::plant {

/// A triangle about `rest`, `swing` from end to end. A point of states, a bit,
/// a text does not swing; a counter of energy only rises.
struct Wave {
  std::int64_t rest = 0;
  std::int64_t swing = 0;
  bool rises = false;
};

/// About the middle of the plausible range, by a twentieth of it, no faster
/// than half of what is plausible. Of a point on the profile's probe register:
/// about a value by which the device is recognised.
Wave wave_of(const DeviceProfile& profile, const PointProfile& point);

/// `point`: its index; points of a device are not in step.
std::int64_t wave_at(const Wave& wave,
                     std::size_t point,
                     std::chrono::microseconds elapsed);

}  // namespace strongroom::plant
