// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/clock.h"

#include <algorithm>

namespace strongroom::panel {
namespace {

constexpr std::int64_t kStepMs = 2000;
/// One part in so many of the time that passed goes into agreeing.
constexpr std::uint64_t kSlew = 20;
/// Exchanges follow each other faster than a millisecond of slewing.
constexpr std::uint64_t kAgainAfterMs = 1000;
constexpr std::uint64_t kDriftAfterMs = 3'600'000;
constexpr std::uint64_t kEndOfUnixMs = (std::uint64_t{1} << 32U) * 1000;

EventTime split(std::uint64_t ms) {
  return {.s = static_cast<std::uint32_t>(ms / 1000),
          .cs = static_cast<std::uint8_t>(ms % 1000 / 10),
          .boot = 0};
}

std::int64_t minus(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::int64_t>(a) - static_cast<std::int64_t>(b);
}

}  // namespace

std::int32_t PanelClock::set(std::uint64_t unix_ms, std::uint64_t uptime_ms) {
  if (unix_ms <= uptime_ms || unix_ms >= kEndOfUnixMs ||
      (is_set_ && uptime_ms < last_uptime_ms_)) {
    return 0;
  }
  const std::int64_t away =
      is_set_ ? minus(unix_ms, this->unix_ms(uptime_ms)) : 0;
  const bool is_step = away >= kStepMs || away <= -kStepMs;
  if (!is_set_ || is_step) {
    offset_ms_ = unix_ms - uptime_ms;
    pending_ms_ = 0;
    first_unix_ms_ = unix_ms;
    first_uptime_ms_ = uptime_ms;
    is_set_ = true;
  } else if (uptime_ms - last_uptime_ms_ < kAgainAfterMs) {
    return 0;
  } else {
    offset_ms_ += static_cast<std::uint64_t>(slewed(uptime_ms));
    pending_ms_ = away;
  }
  last_unix_ms_ = unix_ms;
  last_uptime_ms_ = uptime_ms;
  return is_step ? static_cast<std::int32_t>(away / 1000) : 0;
}

std::uint64_t PanelClock::unix_ms(std::uint64_t uptime_ms) const {
  if (!is_set_) {
    return 0;
  }
  return offset_ms_ + uptime_ms + static_cast<std::uint64_t>(slewed(uptime_ms));
}

EventTime PanelClock::at(std::uint64_t uptime_ms) const {
  if (is_set_) {
    return split(unix_ms(uptime_ms));
  }
  EventTime time = split(uptime_ms);
  time.boot = boot_;
  return time;
}

std::int32_t PanelClock::drift_ppm() const {
  const std::int64_t agent = minus(last_unix_ms_, first_unix_ms_);
  const std::int64_t own = minus(last_uptime_ms_, first_uptime_ms_);
  if (!is_set_ || own < static_cast<std::int64_t>(kDriftAfterMs) ||
      agent <= 0) {
    return 0;
  }
  return static_cast<std::int32_t>((own - agent) * 1'000'000 / agent);
}

std::int64_t PanelClock::slewed(std::uint64_t uptime_ms) const {
  const std::uint64_t passed =
      uptime_ms > last_uptime_ms_ ? uptime_ms - last_uptime_ms_ : 0;
  // Bounded before it becomes signed: an uptime may be anything.
  const auto most = static_cast<std::int64_t>(
      std::min<std::uint64_t>(passed / kSlew, kStepMs));
  return std::clamp(pending_ms_, -most, most);
}

}  // namespace strongroom::panel
