// SPDX-License-Identifier: Apache-2.0
#include "agent/wiring/line_totals.h"

#include <algorithm>

namespace strongroom {

LineCounters& operator+=(LineCounters& sum, const LineCounters& more) {
  sum.polls += more.polls;
  sum.failed_polls += more.failed_polls;
  sum.requests += more.requests;
  sum.timeouts += more.timeouts;
  sum.exceptions += more.exceptions;
  sum.garbled += more.garbled;
  sum.late_bytes += more.late_bytes;
  sum.varied += more.varied;
  sum.missed_cycles += more.missed_cycles;
  return sum;
}

void LineTotals::add(const LineStatus& last) {
  lost += last.lost;
  opens += last.opens;
  failed_opens += last.failed_opens;
  busy += last.busy;
  for (const LineDeviceStatus& device : last.devices) {
    devices[device.name] += device.counters;
  }
}

LineStatus LineTotals::onto(LineStatus status) const {
  status.lost += lost;
  status.opens += opens;
  status.failed_opens += failed_opens;
  status.busy += busy;
  for (LineDeviceStatus& device : status.devices) {
    if (const auto before = devices.find(device.name);
        before != devices.end()) {
      device.counters += before->second;
    }
  }
  return status;
}

LineCounters LineTotals::sum(const LineStatus& status) const {
  LineCounters sum;
  for (const LineDeviceStatus& device : status.devices) {
    sum += device.counters;
  }
  for (const auto& [name, counters] : devices) {
    if (std::ranges::find(status.devices, name, &LineDeviceStatus::name) ==
        status.devices.end()) {
      sum += counters;
    }
  }
  return sum;
}

}  // namespace strongroom
