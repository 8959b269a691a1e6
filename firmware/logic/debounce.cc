// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/debounce.h"

#include <algorithm>

namespace strongroom::panel {
namespace {

// Two samples may be 10 ms apart, and what lasts 400 ms must be seen.
constexpr std::uint16_t kMostMs = Debounce::kAlwaysSeenMs - 20;
// Two glitches, one in each of two samples, are no state.
constexpr std::uint8_t kSamples = 3;
// Nobody looked for so long: what was seen before it says nothing of now.
constexpr std::uint16_t kGapMs = 100;

}  // namespace

void Debounce::sample(bool is_active,
                      std::uint64_t now_ms,
                      std::uint16_t debounce_ms) {
  const auto now = static_cast<std::uint16_t>(now_ms);
  const auto since = [now](std::uint16_t then) {
    return static_cast<std::uint16_t>(now - then);
  };
  if (samples_ == 0 || since(sampled_) > kGapMs) {
    samples_ = 0;
    rest_until_ = now;
  }
  sampled_ = now;
  if (samples_ == 0 || is_active != raw_) {
    raw_ = is_active;
    raw_since_ = now;
    samples_ = 0;
  }
  if (samples_ < kSamples) {
    ++samples_;
  }
  const std::uint16_t wanted = std::min(debounce_ms, kMostMs);
  const bool is_steady = samples_ == kSamples && since(raw_since_) >= wanted;
  if (is_steady) {
    is_settled_ = true;
    is_active_ = raw_;
    rest_until_ = now;
  } else if (since(rest_until_) >= kAlwaysSeenMs + wanted) {
    // One glitch and the rest after it are shorter. Only rest makes it
    // inactive again.
    is_settled_ = true;
    is_active_ = true;
    rest_until_ = now;
  }
}

}  // namespace strongroom::panel
