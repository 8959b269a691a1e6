// SPDX-License-Identifier: Apache-2.0
// Eight panels and four sensors on one line at 115200 baud, in time: how long a
// wished exchange waits, and that everybody is polled meanwhile.
#include <array>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <sstream>
#include <string>
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
                    unsigned seed = 7,
                    const std::function<void(FullLine&)>& at_first = {})
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
    if (at_first) {
      at_first(*this);
    }
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
      panel->contacts.clear();
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
      const std::size_t panel = std::uniform_int_distribution<std::size_t>(
          from, panels.size() - 1)(random);
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

enum class Dead : std::uint8_t {
  kPanel,
  kSensor,
  kSafetySensor,
  kPanelAndSensor
};

void kill(FullLine& line, Dead dead) {
  if (dead == Dead::kPanel || dead == Dead::kPanelAndSensor) {
    line.panel_unit(0).is_dead = true;
  }
  if (dead != Dead::kPanel) {
    line.run->line.unit(dead == Dead::kSafetySensor ? 1 : 2).is_dead = true;
  }
}

microseconds at(const std::vector<microseconds>& sorted, int per_mille) {
  check(!sorted.empty(), "something was measured");
  return sorted[(sorted.size() - 1) * static_cast<std::size_t>(per_mille) /
                1000];
}

/// From one poll or exchange to the next: of all panels from `first` on, in
/// order.
std::vector<microseconds> gaps_of(const FullLine& full, std::size_t first = 0) {
  std::vector<microseconds> gaps;
  for (std::size_t p = first; p < full.panels.size(); ++p) {
    const std::vector<MonoTime>& contacts = full.panels[p]->contacts;
    for (std::size_t i = 1; i < contacts.size(); ++i) {
      gaps.push_back(contacts[i] - contacts[i - 1]);
    }
  }
  std::ranges::sort(gaps);
  return gaps;
}

microseconds mean(const std::vector<microseconds>& times) {
  return std::accumulate(times.begin(), times.end(), microseconds(0)) /
         static_cast<std::int64_t>(times.size());
}

std::uint64_t missed_cycles(const FullLine& full) {
  std::uint64_t missed = 0;
  for (const LineDeviceStatus& device : full.run->machine.status().devices) {
    missed += device.counters.missed_cycles;
  }
  return missed;
}

constexpr seconds kMeasured{300};
/// Eight polls are 56 ms of the line, and the sensors need some, too.
constexpr milliseconds kLeastPeriod{75};
/// From one reading of a safety input to the next: its period, its own request
/// and the one that it came due behind.
constexpr milliseconds kSafetyBound{250};

std::string shown(const FullLine& full, std::size_t first = 0) {
  const auto waits = full.waits();
  const auto gaps = gaps_of(full, first);
  std::ostringstream text;
  text << waits.size() << " exchanges waited p50 " << at(waits, 500) << " p99 "
       << at(waits, 990) << " most " << waits.back() << "; polls every "
       << mean(gaps) << " p99 " << at(gaps, 990) << " most " << gaps.back()
       << "; safety most " << FullLine::longest(full.reports[0]);
  return text.str();
}

// 4 exchanges a second, which is a busy door. At 40 ms the line is asked for
// more polls than it has time for: they stretch, and nothing else does.
class HealthyLine : public testing::TestWithParam<int> {};

TEST_P(HealthyLine, ExchangesGoAtOnceAndEverybodyIsPolled) {
  FullLine full{milliseconds(GetParam())};
  const std::uint64_t missed_before = missed_cycles(full);
  full.exchange_at_random(kMeasured, 4);
  SCOPED_TRACE(shown(full));
  RecordProperty("waits", shown(full));
  const auto waits = full.waits();
  EXPECT_GT(waits.size(), 900U);
  EXPECT_LE(at(waits, 500), milliseconds(10));
  EXPECT_LE(at(waits, 990), milliseconds(40));
  EXPECT_LE(waits.back(), milliseconds(100));
  const auto gaps = gaps_of(full);
  const auto period = std::max(milliseconds(GetParam()), kLeastPeriod);
  EXPECT_LE(mean(gaps), period + milliseconds(10));
  EXPECT_LE(at(gaps, 990), period + milliseconds(100));
  EXPECT_LE(gaps.back(), period + milliseconds(200));
  EXPECT_EQ(missed_cycles(full), missed_before);
  EXPECT_LE(FullLine::longest(full.reports[0]), kSafetyBound);
  for (std::size_t sensor = 1; sensor < 4; ++sensor) {
    EXPECT_GE(full.reports[sensor].size(), 300U) << sensor;
  }
}

INSTANTIATE_TEST_SUITE_P(PollPeriods,
                         HealthyLine,
                         testing::Values(40, 80, 200));

class DeadBesidePanels : public testing::TestWithParam<std::tuple<Dead, bool>> {
};

TEST_P(DeadBesidePanels, CostsTheOthersLittle) {
  const auto [dead, was_alive] = GetParam();
  const bool is_panel = dead == Dead::kPanel || dead == Dead::kPanelAndSensor;
  FullLine whole{milliseconds(100)};
  whole.exchange_at_random(kMeasured, 4, 1);

  FullLine full{milliseconds(100), 8, 7, [&](FullLine& line) {
                  if (!was_alive) {
                    kill(line, dead);
                  }
                }};
  const MonoTime died = full.run->now;
  kill(full, dead);
  full.exchange_at_random(seconds(20), 8, 1);
  // While it dies.
  EXPECT_LE(full.waits().back(), milliseconds(400)) << shown(full, 1);
  full.forget();
  full.exchange_at_random(kMeasured, 4, 1);
  SCOPED_TRACE("whole " + shown(whole, 1));
  SCOPED_TRACE("dead " + shown(full, 1));
  const auto waits = full.waits();
  EXPECT_LE(at(waits, 500), milliseconds(10));
  EXPECT_LE(at(waits, 990), milliseconds(100));
  EXPECT_LE(waits.back(), milliseconds(320));
  const int most = dead == Dead::kPanel ? 105 : 110;
  EXPECT_LE(mean(gaps_of(full, 1)), mean(gaps_of(whole, 1)) * most / 100);
  for (std::size_t sensor = 1; sensor < 4; ++sensor) {
    if (sensor == 1 && dead != Dead::kPanel && dead != Dead::kSafetySensor) {
      EXPECT_TRUE(full.reports[sensor].empty());
    } else {
      EXPECT_GE(full.reports[sensor].size(), 297U) << sensor;
    }
  }
  if (is_panel) {
    EXPECT_EQ(full.run->machine.status().panels[0].state, DeviceState::kSilent);
    full.panel_unit(0).is_dead = false;
    const MonoTime back = full.run->now;
    full.run->run_until(back + seconds(3));
    EXPECT_GT(full.panels[0]->last_heard, back);
    EXPECT_EQ(full.run->machine.status().panels[0].state,
              DeviceState::kAnswering);
  }
  EXPECT_GT(full.run->now, died);
}

INSTANTIATE_TEST_SUITE_P(
    Each,
    DeadBesidePanels,
    testing::Combine(testing::Values(Dead::kPanel,
                                     Dead::kSensor,
                                     Dead::kSafetySensor,
                                     Dead::kPanelAndSensor),
                     testing::Bool()));

// All panels at once, as when a ring is full of events.
TEST(LinePanelTime, SaturatedLine_HasTurnsForEverybody) {
  FullLine full{milliseconds(100)};
  const std::uint64_t missed_before = missed_cycles(full);
  for (const auto& panel : full.panels) {
    panel->wants_always = true;
    panel->request.assign(2 * kMaxExchangeWritten, 1);
    panel->read_registers = kMaxExchangeRead;
  }
  full.run->run_until(full.run->now + kMeasured);
  std::size_t least = SIZE_MAX;
  std::size_t most = 0;
  for (const auto& panel : full.panels) {
    least = std::min(least, panel->exchanges.size());
    most = std::max(most, panel->exchanges.size());
  }
  EXPECT_LE(most, least + 1);
  // 49 ms each: 20 a second were all there is.
  EXPECT_GE(least * 8, 300U * 13);
  EXPECT_LE(FullLine::longest(full.reports[0]), milliseconds(300));
  EXPECT_LE(missed_cycles(full) - missed_before, 1U);
  for (std::size_t sensor = 1; sensor < 4; ++sensor) {
    EXPECT_GE(full.reports[sensor].size(), 299U) << sensor;
  }
}

// As after a broken key, or a version that speaks otherwise.
TEST(LinePanelTime, PanelWhoseExchangesLeadToNothing_CostsTheOthersLittle) {
  for (const bool is_refused : {true, false}) {
    FullLine whole{milliseconds(100)};
    whole.exchange_at_random(kMeasured, 4, 1);
    FullLine full{milliseconds(100)};
    full.panels[0]->accepts = false;
    full.panels[0]->wants_always = true;
    full.panel_unit(0).refuses_exchanges = is_refused;
    full.exchange_at_random(kMeasured, 4, 1);
    SCOPED_TRACE(shown(full, 1));
    EXPECT_LE(at(full.waits(), 990), milliseconds(100));
    EXPECT_LE(mean(gaps_of(full, 1)), mean(gaps_of(whole, 1)) * 105 / 100);
    EXPECT_EQ(full.run->machine.status().panels[0].state,
              DeviceState::kAnswering);
  }
}

TEST(LinePanelTime, CutLine_IsWholeAgainWithinSeconds) {
  FullLine full{milliseconds(100)};
  for (std::uint8_t unit = 1; unit <= 4; ++unit) {
    full.run->line.unit(unit).is_dead = true;
  }
  for (std::size_t p = 0; p < 8; ++p) {
    full.panel_unit(p).is_dead = true;
  }
  full.run->run_until(full.run->now + seconds(60));
  for (const LinePanelStatus& panel : full.run->machine.status().panels) {
    EXPECT_EQ(panel.state, DeviceState::kSilent);
  }
  for (std::uint8_t unit = 1; unit <= 4; ++unit) {
    full.run->line.unit(unit).is_dead = false;
  }
  for (std::size_t p = 0; p < 8; ++p) {
    full.panel_unit(p).is_dead = false;
  }
  const MonoTime back = full.run->now;
  full.run->run_until(back + seconds(3));
  for (const auto& panel : full.panels) {
    EXPECT_GT(panel->last_heard, back);
  }
}

// A configuration is checked with this arithmetic before it runs.
TEST(LinePanelTime, PanelLoad_IsWhatTheLineIsBusyFor) {
  FullLine full{milliseconds(200)};
  const LineSettings settings{.wire = kRtu115200};
  const microseconds before = full.run->machine.status().busy;
  std::vector<LineDevice> sensors;
  for (std::uint8_t unit = 1; unit <= 4; ++unit) {
    sensors.push_back(
        sensor_of(unit, unit == 1 ? PollClass::kSafety : PollClass::kNormal));
  }
  full.run->run_until(full.run->now + kMeasured);
  // Exchanges there are none; the silence before a request is not counted busy.
  const double busy =
      std::chrono::duration<double>(full.run->machine.status().busy - before) /
      std::chrono::duration<double>(kMeasured);
  const double load = line_load(settings, sensors, milliseconds(10)) +
                      8 * panel_load(settings,
                                     {.poll_period = milliseconds(200),
                                      .exchange_period = std::chrono::hours(1)},
                                     milliseconds(2));
  EXPECT_GE(load, busy);
  EXPECT_LE(load, 1.4 * busy);
}

}  // namespace
}  // namespace strongroom
