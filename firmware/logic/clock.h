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

  /// The agent says what time it is. Small differences are slewed into the
  /// offset and measured as drift; from 2 s on it is a step: returns its
  /// seconds, else 0. unix_ms 0 is ignored.
  std::int32_t set(std::uint64_t unix_ms, std::uint64_t uptime_ms);
  bool is_set() const;
  /// 0 when it is not set.
  std::uint64_t unix_ms(std::uint64_t uptime_ms) const;
  EventTime at(std::uint64_t uptime_ms) const;
  /// Of this clock against the agent's, once an hour of it was seen; 0 before.
  std::int32_t drift_ppm() const;

 private:
  std::uint16_t boot_;
  std::uint64_t offset_ms_ = 0;  // Unix time at uptime 0; 0: not set
  std::uint64_t first_unix_ms_ = 0;
  std::uint64_t first_uptime_ms_ = 0;
  std::uint64_t last_unix_ms_ = 0;
  std::uint64_t last_uptime_ms_ = 0;
};

}  // namespace strongroom::panel
