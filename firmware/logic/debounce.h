// SPDX-License-Identifier: Apache-2.0
// One input, debounced. "Active" is away from rest: open, unlocked, turned,
// pressed, alarm.
#pragma once

#include <cstdint>

namespace strongroom::panel {

class Debounce {
 public:
  /// What is active for longer is seen, whatever debounce_ms says.
  static constexpr std::uint16_t kAlwaysSeenMs = 400;

  /// A sample, at least every 10 ms. Steady for debounce_ms and in three
  /// samples: seen. An input that finds no rest of debounce_ms for
  /// kAlwaysSeenMs and debounce_ms more (a loose wire) is active. The first
  /// state is taken the same way, and until then is_settled() is false.
  void sample(bool is_active, std::uint64_t now_ms, std::uint16_t debounce_ms);

  bool is_settled() const { return is_settled_; }
  bool is_active() const { return is_active_; }

 private:
  bool is_settled_ = false;
  bool is_active_ = false;
  bool raw_ = false;
  std::uint8_t samples_ = 0;  // alike, in a row
  // Milliseconds modulo 2^16: compared over less than a second.
  std::uint16_t raw_since_ = 0;
  std::uint16_t rest_until_ = 0;  // when it was last found where it is
  std::uint16_t sampled_ = 0;
};

}  // namespace strongroom::panel
