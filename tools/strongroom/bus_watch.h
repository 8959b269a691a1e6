// SPDX-License-Identifier: Apache-2.0
// The agent's lines as its GET /bus shows them, for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "tools/strongroom/bus_table.h"

namespace strongroom {

struct WatchedDevice {
  std::string name;
  int unit_id = 0;
  std::string profile;
  std::string state;  // unknown, answering, silent
  std::uint64_t polls = 0;
  std::uint64_t failed_polls = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t exceptions = 0;
  std::uint64_t garbled = 0;
  std::uint64_t late_bytes = 0;
  std::uint64_t missed_cycles = 0;
  std::size_t refused = 0;  // ranges of addresses that are left out
  std::int64_t round_trip_p50_us = 0;
  std::int64_t round_trip_p99_us = 0;
  std::string error;  // of the last failed poll
};

struct WatchedLine {
  std::string name;
  std::string kind;      // tcp, rtu
  std::string endpoint;  // "/dev/ttyS1", "192.0.2.10:502"
  bool is_connected = false;
  std::string error;
  std::string low_latency;  // set, refused, not applicable
  std::uint64_t busy_us = 0;
  std::uint64_t lost = 0;
  std::vector<WatchedDevice> devices;
};

struct BusView {
  std::vector<WatchedLine> lines;
};

/// Of the body of GET /bus. Keys that are not known are left alone.
Result<BusView> parse_bus_view(std::string_view json);

/// A table per line. Rates and faults are what happened since `before`,
/// `elapsed` ago; without it (nullptr) there are no rates and every fault of
/// the agent's life counts.
std::string watch_text(const BusView& now,
                       const BusView* before,
                       std::chrono::milliseconds elapsed,
                       const Screen& screen);

/// A device's trouble in one word, or "ok": silent, unknown, errors,
/// missed.
std::string_view trouble_of(const WatchedDevice& now,
                            const WatchedDevice* before);

}  // namespace strongroom
