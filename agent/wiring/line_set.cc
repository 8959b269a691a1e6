// SPDX-License-Identifier: Apache-2.0
#include "agent/wiring/line_set.h"

#include <algorithm>
#include <thread>

#include "agent/config/line_settings.h"

namespace strongroom {

void LineSet::start(const LineConfig& config) {
  std::shared_ptr<BusLine> bus = make_(config);
  {
    const std::scoped_lock lock(mutex_);
    lines_.push_back({config, bus});
  }
  bus->start();
}

// The lock is not held while a line ends: pages would wait for it.
void LineSet::stop(const std::vector<std::string>& names) {
  const auto is_named = [&names](const Line& line) {
    return std::ranges::find(names, line.config.name) != names.end();
  };
  std::vector<std::shared_ptr<BusLine>> ending;
  {
    const std::scoped_lock lock(mutex_);
    for (const Line& line : lines_) {
      if (is_named(line)) {
        ending.push_back(line.bus);
      }
    }
  }
  {
    std::vector<std::jthread> stopping;
    stopping.reserve(ending.size());
    for (const auto& bus : ending) {
      stopping.emplace_back([&bus] { bus->stop(); });
    }
  }
  const std::scoped_lock lock(mutex_);
  for (const auto& bus : ending) {
    totals_[bus->name()].add(bus->status().line);
  }
  std::erase_if(lines_, is_named);
}

void LineSet::stop_all() {
  std::vector<std::string> names;
  {
    const std::scoped_lock lock(mutex_);
    for (const Line& line : lines_) {
      names.push_back(line.config.name);
    }
  }
  stop(names);
}

std::vector<LineSnapshot> LineSet::snapshot() const {
  const std::scoped_lock lock(mutex_);
  std::vector<LineSnapshot> all;
  all.reserve(lines_.size());
  for (const Line& line : lines_) {
    BusStatus status = line.bus->status();
    LineSnapshot shown;
    shown.name = line.config.name;
    shown.kind = line_kind_name(line.config.kind);
    shown.endpoint = line_endpoint(line.config);
    shown.low_latency = status.low_latency;
    const auto before = totals_.find(line.config.name);
    const LineTotals totals =
        before == totals_.end() ? LineTotals{} : before->second;
    shown.status = totals.onto(std::move(status.line));
    shown.counters = totals.sum(shown.status);
    for (const DeviceConfig& device : line.config.devices) {
      shown.profiles[device.name] = device.profile->name;
    }
    all.push_back(std::move(shown));
  }
  return all;
}

}  // namespace strongroom
