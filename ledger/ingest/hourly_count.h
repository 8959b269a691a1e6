// SPDX-License-Identifier: Apache-2.0
// How often something happened in an hour: for what an enrolled source may do,
// but not without end. Pure.
#pragma once

#include <cstddef>

#include "core/base/now.h"

namespace strongroom {

class HourlyCount {
 public:
  std::size_t of_late(WallTime now) const {
    constexpr std::chrono::hours kHour{1};
    const bool over = now - began_ >= kHour || now < began_;
    return over ? 0 : count_;
  }
  void add(WallTime now) {
    count_ = of_late(now) + 1;
    began_ = count_ == 1 ? now : began_;
  }

 private:
  WallTime began_{};
  std::size_t count_ = 0;
};

}  // namespace strongroom
