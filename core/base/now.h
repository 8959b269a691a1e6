// SPDX-License-Identifier: Apache-2.0
// Time as a parameter: the core never asks a clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace strongroom {

using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
/// Since boot, suspend included.
using MonoTime = std::chrono::microseconds;

/// The values are those of strongroom.v1.ClockQuality on the wire.
enum class ClockQuality : std::uint8_t { kGood = 1, kCoarse = 2, kUnknown = 3 };

/// One reading of both clocks.
struct Now {
  WallTime wall;
  MonoTime monotonic{};
  ClockQuality quality = ClockQuality::kUnknown;
  std::chrono::microseconds error{};  // the kernel's bound; 0 when unknown
};

}  // namespace strongroom
