// SPDX-License-Identifier: Apache-2.0
// Time on a panel: counted since the start, set by the agent's exchanges.
#pragma once

#include <cstdint>

namespace strongroom::panel {

/// When something was, as an event carries it (proto PanelEvent): Unix time
/// when `boot` is 0, else since the start of that boot.
struct EventTime {
  std::uint32_t s = 0;
  std::uint8_t cs = 0;
  std::uint16_t boot = 0;

  friend bool operator==(const EventTime&, const EventTime&) = default;
};

class PanelClock {
 public:
  /// `boot`: count modulo 2^16, never 0.
  explicit PanelClock(std::uint16_t boot) : boot_(boot) {}

  /// The agent says what time it is. Less than 2 s away: the clock runs up to
  /// 5 % faster or slower until it agrees, never backwards. From 2 s on it is a
  /// step, forwards or backwards: returns its seconds, else 0. Ignored: 0,
  /// times that seconds of 32 bits do not hold, and times before this panel's
  /// start.
  std::int32_t set(std::uint64_t unix_ms, std::uint64_t uptime_ms);
  bool is_set() const { return is_set_; }
  /// 0 when it is not set.
  std::uint64_t unix_ms(std::uint64_t uptime_ms) const;
  EventTime at(std::uint64_t uptime_ms) const;
  /// Of this clock against the agent's (positive: this one is fast), once an
  /// hour of it was seen since the start or the last step; 0 before.
  std::int32_t drift_ppm() const;

 private:
  // What of the difference to the agent's time was worked off until then.
  std::int64_t slewed(std::uint64_t uptime_ms) const;

  std::uint16_t boot_;
  bool is_set_ = false;
  std::uint64_t offset_ms_ = 0;  // Unix time at uptime 0, without `pending`
  std::int64_t pending_ms_ = 0;  // to be worked off since the last set
  std::uint64_t first_unix_ms_ = 0;
  std::uint64_t first_uptime_ms_ = 0;
  std::uint64_t last_unix_ms_ = 0;
  std::uint64_t last_uptime_ms_ = 0;
};

}  // namespace strongroom::panel
