// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/indicator.h"

#include <algorithm>
#include <array>

namespace strongroom::panel {
namespace {

// A pattern has 16 steps; the first one is the lowest bit.
constexpr std::uint32_t kStepMs = 125;
constexpr std::uint32_t kSteps = 16;

struct Pattern {
  std::uint16_t green = 0;   // again and again
  std::uint16_t red = 0;     // again and again
  std::uint16_t buzzer = 0;  // once
  bool buzzes_on = false;    // again and again as well
  std::uint16_t usual_ms = 0;
};

// Indexed by Signal.
constexpr std::array<Pattern, strongroom_panel_v1_Signal_SIGNAL_ALARM + 1>
    kPatterns{{
        {},
        {},                                       // off
        {0xffff, 0x0000, 0x0003, false, 3000},    // granted
        {0x0000, 0xffff, 0x0015, false, 2000},    // denied
        {0x3333, 0x0000, 0x0001, false, 15'000},  // PIN wanted
        {0x0f0f, 0x0000, 0x0005, false, 15'000},  // second wanted
        {0x0f0f, 0xf0f0, 0x0000, false, 2000},    // wait
        {0x0000, 0x5555, 0x0f0f, true, 10'000},   // alarm
    }};
constexpr std::uint16_t kBuzzesSoon = 0x0101;  // once a second
constexpr std::uint16_t kBuzzesHeld = 0x3333;

bool is_on(std::uint16_t pattern, std::uint64_t step) {
  return (pattern >> (step % kSteps)) & 1U;
}

}  // namespace

void Indicator::show(strongroom_panel_v1_Signal signal,
                     std::uint32_t duration_ms,
                     std::uint64_t now_ms) {
  signal_ = signal;
  from_ms_ = now_ms;
  until_ms_ = now_ms + (duration_ms == 0 ? kPatterns[signal].usual_ms
                                         : std::min(duration_ms, kMostMs));
}

strongroom_panel_v1_Signal Indicator::signal(std::uint64_t now_ms) const {
  return now_ms < until_ms_ ? signal_
                            : strongroom_panel_v1_Signal_SIGNAL_UNSPECIFIED;
}

Shown Indicator::shown(HeldWarning held,
                       bool is_locked_down,
                       std::uint64_t now_ms) const {
  const Pattern& pattern = kPatterns[signal(now_ms)];
  const std::uint64_t step = (now_ms - from_ms_) / kStepMs;
  const std::uint64_t wall_step = now_ms / kStepMs;  // of what has no beginning
  Shown shown;
  shown.is_green = is_on(pattern.green, step);
  shown.is_red = is_on(pattern.red, step) ||
                 (is_locked_down && pattern.green == 0 && pattern.red == 0);
  shown.is_buzzing =
      is_on(pattern.buzzer, step) && (step < kSteps || pattern.buzzes_on);
  if (pattern.buzzer == 0 || (step >= kSteps && !pattern.buzzes_on)) {
    shown.is_buzzing =
        (held == HeldWarning::kSoon && is_on(kBuzzesSoon, wall_step)) ||
        (held == HeldWarning::kHeld && is_on(kBuzzesHeld, wall_step));
  }
  return shown;
}

std::uint32_t usual_duration_ms(strongroom_panel_v1_Signal signal) {
  return kPatterns[signal].usual_ms;
}

}  // namespace strongroom::panel
