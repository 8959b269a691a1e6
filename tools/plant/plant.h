// SPDX-License-Identifier: Apache-2.0
// What the plant is and does now, and the words that change it. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tools/plant/device.h"

namespace strongroom::plant {

class Plant {
 public:
  using Steady = std::chrono::steady_clock;

  /// `units` answer, all of them as the same device.
  Plant(SimulatedDevice device, std::vector<int> units);

  /// One line of control: `set POINT=VALUE`, `vary POINT`, `dead on|off`,
  /// `delay MS`, `values`, `answers`. The reply is "ok", or what was asked for.
  Result<std::string> command(std::string_view line);

  /// Lines of control, and between them `wait MS` and `answers N` (go on after
  /// N more answers); blank lines and # comments are skipped. Every line is
  /// checked before the first one runs; a fault names its line.
  Result<void> load_script(std::string_view text);
  /// Runs the script as far as it may go now.
  void advance_script();
  /// How long the caller may sleep: -1 for ever.
  int script_wait_ms() const;

  bool answers_for(int unit) const;
  std::chrono::milliseconds delay() const { return delay_; }
  void note_answer() { ++answers_; }
  std::uint64_t answers() const { return answers_; }
  const SimulatedDevice& device() const { return device_; }
  std::chrono::milliseconds elapsed() const;

 private:
  struct Step {
    std::string text;
    std::chrono::milliseconds wait{-1};
    std::int64_t answers = -1;
  };
  static Result<Step> parse_step(std::string_view line);

  SimulatedDevice device_;
  std::vector<int> units_;
  bool dead_ = false;
  std::chrono::milliseconds delay_{0};
  std::uint64_t answers_ = 0;
  Steady::time_point start_;
  std::deque<Step> script_;
  Steady::time_point script_from_;         // when the current step was reached
  std::uint64_t script_from_answers_ = 0;  // and the answers by then
};

}  // namespace strongroom::plant
