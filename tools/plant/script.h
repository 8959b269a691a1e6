// SPDX-License-Identifier: Apache-2.0
// Lines of control that wait for each other: by time, or by answers. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "tools/plant/plant.h"

namespace strongroom::plant {

class Script {
 public:
  Script() = default;
  /// Lines of control, and between them `wait MS` and `answers N` (go on after
  /// N more answers); blank lines and # comments are skipped. Every line is
  /// tried on a copy of the plant before the first one runs; a fault names its
  /// line. The script starts at `now`.
  static Result<Script> load(std::string_view text,
                             const Plant& plant,
                             Time now);

  /// Runs as far as it may go now.
  void advance(Plant& plant, Time now);
  /// When it may go on; nothing when answers, or nobody, will tell.
  std::optional<Time> due() const;

 private:
  struct Step {
    std::string text;
    std::optional<Time> wait;
    std::optional<std::uint64_t> answers;
  };
  static Result<Step> parse_step(std::string_view line);

  std::deque<Step> steps_;
  Time from_{};                     // when the current step was reached
  std::uint64_t from_answers_ = 0;  // and the answers by then
};

}  // namespace strongroom::plant
