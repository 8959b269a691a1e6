// SPDX-License-Identifier: Apache-2.0
// What the commands of `strongroom bus` share: which line, whose profiles, and
// the port opened.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "core/point/profile.h"
#include "tools/strongroom/bus_line.h"

namespace strongroom {

/// A line as the command line names it.
struct LineOrder {
  std::string serial;
  std::string baud = "9600";
  std::string parity = "none";
  int stop_bits = 1;
  std::string tcp;
  std::filesystem::path config;
  std::string line;
  std::filesystem::path profiles;
  int timeout_ms = 0;  // 0: the command's own, or the configuration's
};

void add_line_options(CLI::App& command, LineOrder& order, bool many_bauds);

/// Faults name what is missing or wrong in the order. One line per baud.
Result<std::vector<BusLine>> lines_of(const LineOrder& order,
                                      std::chrono::milliseconds timeout);
/// The line of --config and --line; a fault lists what there is.
Result<LineConfig> configured_line(const LineOrder& order);
/// Where profiles are looked for.
std::filesystem::path profiles_of(const LineOrder& order);

/// An open line.
struct BusSession {
  std::unique_ptr<ModbusLink> link;
  std::unique_ptr<BusAsker> asker;
  LineWire wire;
};

/// Takes a line for one's own and lets what may be on its way to an earlier
/// owner pass. A fault says what to do, when the agent holds the line too.
Result<BusSession> open_session(const BusLine& line);

}  // namespace strongroom
