// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/supply.h"

namespace strongroom::panel {

std::uint32_t restored_mv(std::uint32_t low_mv) {
  return low_mv + low_mv / 20;
}

Supply::Change Supply::sample(std::uint16_t mv,
                              std::uint32_t low_mv,
                              std::uint64_t now_ms) {
  const bool is_low = is_low_ ? mv < restored_mv(low_mv) : mv < low_mv;
  if (is_low == is_low_) {
    is_other_ = false;
    return Change::kNone;
  }
  if (!is_other_) {
    is_other_ = true;
    other_since_ms_ = now_ms;
  }
  if (now_ms - other_since_ms_ < kSteadyMs) {
    return Change::kNone;
  }
  is_other_ = false;
  is_low_ = is_low;
  return is_low ? Change::kLow : Change::kRestored;
}

}  // namespace strongroom::panel
