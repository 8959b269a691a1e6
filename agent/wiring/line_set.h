// SPDX-License-Identifier: Apache-2.0
// The lines that run, and what those before them counted.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/bus/bus.h"
#include "agent/config/config.h"
#include "agent/http/pages.h"
#include "agent/wiring/line_totals.h"

namespace strongroom {

/// Not started yet.
using MakeLine = std::function<std::shared_ptr<BusLine>(const LineConfig&)>;

/// start() and the stops are called by one thread at a time; snapshot() by any.
class LineSet {
 public:
  explicit LineSet(MakeLine make) : make_(std::move(make)) {}

  void start(const LineConfig& config);
  /// All at once: returns when the last of them has ended, within about one
  /// timeout, and has given its last poll. Names that do not run are ignored.
  void stop(const std::vector<std::string>& names);
  void stop_all();

  /// In the order of starting.
  std::vector<LineSnapshot> snapshot() const;

 private:
  struct Line {
    LineConfig config;
    std::shared_ptr<BusLine> bus;
  };

  const MakeLine make_;
  mutable std::mutex mutex_;
  std::vector<Line> lines_;                   // under mutex_
  std::map<std::string, LineTotals> totals_;  // under mutex_
};

}  // namespace strongroom
