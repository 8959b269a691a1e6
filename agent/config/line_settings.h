// SPDX-License-Identifier: Apache-2.0
// A line of agent.toml in the words of core/bus.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"
#include "core/bus/line.h"

namespace strongroom {

/// "tcp" or "rtu".
std::string_view line_kind_name(LineKind kind);
/// "192.0.2.10:502" or "/dev/serial/by-path/…".
std::string line_endpoint(const LineConfig& line);

LineWire line_wire(const LineConfig& line);
LineSettings line_settings(const LineConfig& line);
std::vector<LineDevice> line_devices(const LineConfig& line);

/// Of a device that nobody has measured yet.
inline constexpr std::chrono::microseconds kAssumedTurnaround{10'000};

/// What one class of one device, or one panel, needs of its line's time, 1.0 is
/// all of it.
struct LoadShare {
  std::string device;
  PollClass poll_class = PollClass::kNormal;
  double load = 0;
  bool is_panel = false;
};

/// Greatest first, without what needs nothing and without devices that are
/// polled as fast as the line goes: those take what is left.
std::vector<LoadShare> load_shares(const LineConfig& line);

}  // namespace strongroom
