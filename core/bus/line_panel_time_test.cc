// SPDX-License-Identifier: Apache-2.0
// Eight panels and four sensors on one line at 115200 baud, in time: how long a
// wished exchange waits, and that everybody is polled meanwhile.
#include <array>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "core/bus/panel_fixture.h"

namespace strongroom {
namespace {

/// 3.5 characters before it takes the request for whole, and its own time.
constexpr microseconds kPanelDelay{1'750 + 2'000};
constexpr std::uint8_t kFirstPanel = 21;

std::shared_ptr<const DeviceProfile> registers_profile(std::uint16_t count,
                                                       PollClass poll) {
  auto profile = std::make_shared<DeviceProfile>();
  profile->name = "registers";
  for (std::uint16_t address = 0; address < count; ++address) {
    PointProfile point =
        point_at(RegisterKind::kHolding, address, ValueType::kU16, poll);
    point.max = 65'535;
    profile->points.push_back(std::move(point));
  }
  return profile;
}

LineDevice sensor_of(std::uint8_t unit, PollClass poll) {
  LineDevice device;
  device.name = "d" + std::to_string(unit);
  device.profile = registers_profile(20, poll);
  device.unit_id = unit;
  return device;
}

/// Three sensors read once a second, one with safety inputs, and the panels.
struct FullLine {
  explicit FullLine(milliseconds poll_period = milliseconds(80),
                    std::size_t panel_count = 8,
                    unsigned seed = 7)
      : random(seed) {
    for (std::size_t i = 0; i < panel_count; ++i) {
      panels.push_back(std::make_shared<FakePanel>(poll_period));
    }
    std::vector<LinePanel> on_line;
    for (std::size_t i = 0; i < panel_count; ++i) {
      on_line.push_back(panel_of(unit_of(i), panels[i]));
    }
    const std::vector<LineDevice> sensors{sensor_of(1, PollClass::kSafety),
                                          sensor_of(2, PollClass::kNormal),
                                          sensor_of(3, PollClass::kNormal),
                                          sensor_of(4, PollClass::kNormal)};
    run.emplace(LineSettings{.wire = kRtu115200},
                sensors,
                seed,
                nullptr,
                std::move(on_line));
    for (std::uint8_t unit = 1; unit <= 4; ++unit) {
      run->line.unit(unit).delay = milliseconds(8);
      run->line.unit(unit).jitter = milliseconds(4);
    }
    for (std::size_t i = 0; i < panel_count; ++i) {
      SimulatedUnit& unit = run->line.unit(unit_of(i));
      unit.is_panel = true;
      unit.delay = kPanelDelay;
    }
    run->on_report = [this](const PollReport& report) {
      if (report.error.empty()) {
        reports[report.device].push_back(report.at);
      }
    };
    run->run_until(run->now + seconds(60));
    forget();
  }

  static std::uint8_t unit_of(std::size_t panel) {
    return static_cast<std::uint8_t>(kFirstPanel + panel);
  }
  SimulatedUnit& panel_unit(std::size_t panel) {
    return run->line.unit(unit_of(panel));
  }
  void forget() {
    for (auto& times : reports) {
      times.clear();
    }
    for (const auto& panel : panels) {
      panel->polls.clear();
      panel->exchanges.clear();
      panel->errors.clear();
    }
  }
  /// At any time within the next seconds, each panel `count` exchanges.
  void exchange_at_random(seconds time, int per_second, std::size_t from = 0) {
    const MonoTime end = run->now + time;
    const microseconds mean = microseconds(seconds(1)) / per_second;
    std::exponential_distribution<> gap(1.0 /
                                        static_cast<double>(mean.count()));
    while (run->now < end) {
      const MonoTime next =
          run->now + microseconds(static_cast<std::int64_t>(gap(random)));
      const std::size_t panel =
          std::uniform_int_distribution<std::size_t>(from, panels.size() - 1)(
              random);
      if (!panels[panel]->exchange_at) {
        panels[panel]->want_exchange(next);
      }
      run->run_until(next);
    }
    run->run_until(end + seconds(1));
  }
  /// From wished to on the wire, in order.
  std::vector<microseconds> waits() const {
    std::vector<microseconds> all;
    for (const auto& panel : panels) {
      for (const auto& [wished, asked] : panel->exchanges) {
        all.push_back(asked - wished);
      }
    }
    std::ranges::sort(all);
    return all;
  }
  static microseconds longest(const std::vector<MonoTime>& times) {
    microseconds most{0};
    for (std::size_t i = 1; i < times.size(); ++i) {
      most = std::max(most, times[i] - times[i - 1]);
    }
    return most;
  }

  std::mt19937 random;
  std::vector<std::shared_ptr<FakePanel>> panels;
  std::optional<LineRun> run;
  std::array<std::vector<MonoTime>, 4> reports;
};

microseconds at(const std::vector<microseconds>& sorted, int per_mille) {
  check(!sorted.empty(), "something was measured");
  return sorted[(sorted.size() - 1) * static_cast<std::size_t>(per_mille) /
                1000];
}

TEST(LinePanelTime, Shown) {
  for (const int period : {40, 80}) {
    FullLine full{milliseconds(period)};
    full.exchange_at_random(seconds(300), 4);
    const auto waits = full.waits();
    std::cout << period << " ms: " << waits.size() << " p50 "
              << at(waits, 500) << " p99 " << at(waits, 990) << " max "
              << waits.back() << " polls "
              << full.panels[0]->polls.size() / 301 << "/s longest "
              << FullLine::longest(full.panels[0]->polls) << " sensors";
    for (const auto& times : full.reports) {
      std::cout << " " << times.size() << " longest "
                << FullLine::longest(times);
    }
    std::cout << " busy " << full.run->machine.status().busy << "\n";
    for (const auto& d : full.run->machine.status().devices)
      std::cout << d.counters.missed_cycles << " ";
    std::cout << full.panels[0]->errors.size() << "\n";
  }
}

}  // namespace
}  // namespace strongroom
