// SPDX-License-Identifier: Apache-2.0
// Counters go on when a line is stopped and one of the same name is started: a
// counter that falls would be taken for a restart of the agent. Pure.
#pragma once

#include <map>
#include <string>

#include "core/bus/line.h"

namespace strongroom {

LineCounters& operator+=(LineCounters& sum, const LineCounters& more);

/// What the earlier lines of one name counted.
struct LineTotals {
  std::uint64_t lost = 0;
  std::uint64_t opens = 0;
  std::uint64_t failed_opens = 0;
  std::chrono::microseconds busy{};
  std::map<std::string, LineCounters, std::less<>> devices;  // gone ones too

  /// Takes the last status of a line that was stopped.
  void add(const LineStatus& last);
  /// `status` of the line that runs now, with what came before it.
  LineStatus onto(LineStatus status) const;
  /// Of all devices that a line of this name ever had. `status` is as onto()
  /// gives it.
  LineCounters sum(const LineStatus& status) const;
};

}  // namespace strongroom
