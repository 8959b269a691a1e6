// SPDX-License-Identifier: Apache-2.0
// The supply's voltage against a limit, with hysteresis.
#pragma once

#include <cstdint>

namespace strongroom::panel {

class Supply {
 public:
  /// A lock that draws its inrush is no low supply.
  static constexpr std::uint32_t kSteadyMs = 1000;

  enum class Change : std::uint8_t { kNone, kLow, kRestored };

  /// `low_mv` 0: not watched, and never low.
  Change sample(std::uint16_t mv, std::uint32_t low_mv, std::uint64_t now_ms);
  bool is_low() const { return is_low_; }

 private:
  bool is_low_ = false;
  bool is_other_ = false;  // and has been since
  std::uint64_t other_since_ms_ = 0;
};

/// From where a low supply counts as restored: 5 % above the limit.
std::uint32_t restored_mv(std::uint32_t low_mv);

}  // namespace strongroom::panel
