// SPDX-License-Identifier: Apache-2.0
// How much the kernel's word about its clock is worth. Apart from clock.h so
// that it can be tested without changing the machine's clock.
#pragma once

#include <chrono>

#include "core/base/now.h"

namespace strongroom {

/// What adjtimex(2) says.
struct KernelClockState {
  bool synchronised = false;
  std::chrono::microseconds max_error{};
};

struct ClockTrust {
  ClockQuality quality = ClockQuality::kUnknown;
  std::chrono::microseconds error{};
};

/// `was_synchronised`: seen good earlier since boot. The error of a clock that
/// is not synchronised any more is not known: 0.
ClockTrust judge_clock(const KernelClockState& state, bool was_synchronised);

}  // namespace strongroom
