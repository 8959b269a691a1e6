// SPDX-License-Identifier: Apache-2.0
// The watchdog is fed when every task of the loop made progress since it was
// fed last, and time went on.
#pragma once

#include <cstdint>

#include "firmware/hal/hal.h"

namespace strongroom::panel {

class Supervisor {
 public:
  void progressed(hal::Task task) {
    done_ |= 1u << static_cast<unsigned>(task);
  }

  /// Once a turn: whether to feed. A clock that stands still is a stuck task
  /// like any other: pulses of locks would never end.
  bool is_sound(std::uint64_t now_us) {
    if (done_ != kAll || now_us <= last_us_) {
      return false;
    }
    done_ = 0;
    last_us_ = now_us;
    return true;
  }

 private:
  static constexpr unsigned kAll = (1u << hal::kTaskCount) - 1;

  unsigned done_ = 0;
  std::uint64_t last_us_ = 0;
};

}  // namespace strongroom::panel
