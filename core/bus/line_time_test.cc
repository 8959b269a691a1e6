// SPDX-License-Identifier: Apache-2.0
// A line in time: what dead devices cost, how soon a return is seen, how long a
// safety input waits.
#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "core/bus/line_fixture.h"

namespace strongroom {
namespace {

using std::chrono::hours;

std::shared_ptr<const DeviceProfile> registers_profile(
    std::uint16_t count, PollClass poll = PollClass::kNormal) {
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

LineDevice device_of(std::uint8_t unit,
                     std::shared_ptr<const DeviceProfile> profile,
                     milliseconds period = seconds(1)) {
  LineDevice device;
  device.periods[static_cast<std::size_t>(PollClass::kNormal)] = period;
  device.name = "d" + std::to_string(unit);
  device.profile = std::move(profile);
  device.unit_id = unit;
  return device;
}

/// Ten devices at 9600 baud, each read once a second.
class TenDevices {
 public:
  TenDevices() : run(settings, devices_of_line(), 11) {
    for (std::uint8_t unit = 1; unit <= 10; ++unit) {
      run.line.unit(unit).delay = milliseconds(15);
      run.line.unit(unit).jitter = milliseconds(10);
    }
    last_whole.resize(10);
    cycles.resize(10);
    longest.resize(10);
    run.on_report = [this](const PollReport& report) { note(report); };
  }

  static std::vector<LineDevice> devices_of_line() {
    std::vector<LineDevice> devices;
    for (std::uint8_t unit = 1; unit <= 10; ++unit) {
      devices.push_back(device_of(unit, registers_profile(10)));
    }
    return devices;
  }

  void note(const PollReport& report) {
    if (!report.error.empty()) {
      return;
    }
    const std::size_t d = report.device;
    if (is_measuring && last_whole[d].count() != 0) {
      ++cycles[d];
      longest[d] = std::max(longest[d], report.at - last_whole[d]);
    }
    last_whole[d] = report.at;
  }

  /// Mean time from poll to poll of each device that is alive, and the longest.
  void measure(seconds time) {
    std::ranges::fill(cycles, 0);
    std::ranges::fill(longest, microseconds(0));
    is_measuring = true;
    const auto begun = last_whole;
    run.run_until(run.now + time);
    is_measuring = false;
    for (std::size_t d = 0; d < 10; ++d) {
      mean.push_back(cycles[d] == 0 ? hours(1)
                                    : (last_whole[d] - begun[d]) /
                                          static_cast<int>(cycles[d]));
    }
  }

  const LineSettings settings{.wire = kRtu9600, .timeout = milliseconds(500)};
  LineRun run;
  bool is_measuring = false;
  std::vector<MonoTime> last_whole;
  std::vector<std::uint64_t> cycles;
  std::vector<microseconds> longest;
  std::vector<microseconds> mean;
};

constexpr double kMostSlowdown = 1.05;

class DeadDevices : public testing::TestWithParam<std::tuple<int, bool>> {};

TEST_P(DeadDevices, CostTheOthersAtMostFivePercent) {
  const auto [dead, was_alive] = GetParam();
  TenDevices ten;
  const auto devices = TenDevices::devices_of_line();
  const double load = line_load(ten.settings, devices, milliseconds(20));
  EXPECT_GT(load, 0.55);
  EXPECT_LE(load, 0.70);

  if (was_alive) {
    ten.run.run_until(ten.run.now + seconds(90));
  }
  for (int unit = 1; unit <= dead; ++unit) {
    ten.run.line.unit(static_cast<std::uint8_t>(unit)).is_dead = true;
  }
  ten.run.run_until(ten.run.now + seconds(60));
  ten.measure(seconds(300));
  for (std::size_t d = static_cast<std::size_t>(dead); d < 10; ++d) {
    EXPECT_LE(ten.mean[d], seconds(1) * kMostSlowdown) << "device " << d;
    EXPECT_LE(ten.longest[d], seconds(2)) << "device " << d;
  }

  const MonoTime back = ten.run.now;
  for (int unit = 1; unit <= dead; ++unit) {
    ten.run.line.unit(static_cast<std::uint8_t>(unit)).is_dead = false;
  }
  ten.run.run_until(back + seconds(10));
  for (std::size_t d = 0; d < static_cast<std::size_t>(dead); ++d) {
    EXPECT_GT(ten.last_whole[d], back) << "device " << d;
  }
}

INSTANTIATE_TEST_SUITE_P(OneThreeNine,
                         DeadDevices,
                         testing::Combine(testing::Values(1, 3, 9),
                                          testing::Bool()),
                         [](const auto& chosen) {
                           return std::to_string(std::get<0>(chosen.param)) +
                                  (std::get<1>(chosen.param) ? "WhichLived"
                                                             : "NeverSeen");
                         });

TEST(LineTime, ASilentDeviceReportsItsPointsBadOncePerPeriod) {
  TenDevices ten;
  ten.run.line.unit(1).is_dead = true;
  ten.run.run_until(ten.run.now + seconds(30));
  const auto before = ten.run.machine.status().devices[0];
  EXPECT_EQ(before.state, DeviceState::kSilent);
  int reports = 0;
  ten.run.on_report = [&](const PollReport& report) {
    if (report.device != 0) {
      return;
    }
    ++reports;
    EXPECT_NE(report.error.find("no answer for"), std::string::npos);
    EXPECT_EQ(report.samples.size(), 10U);
    for (const PointSample& sample : report.samples) {
      EXPECT_EQ(sample.quality, PointQuality::kBad);
    }
  };
  ten.run.run_until(ten.run.now + seconds(60));
  EXPECT_GE(reports, 59);
  EXPECT_LE(reports, 61);
  const auto after = ten.run.machine.status().devices[0];
  // Probes alone: at least one in eight seconds, and not many more.
  const auto probes = after.counters.requests - before.counters.requests;
  EXPECT_GE(probes, 7U);
  EXPECT_LE(probes, 30U);
}

/// A device with a safety input beside one whose poll takes long.
struct SafetyLine {
  explicit SafetyLine(std::uint16_t other_registers = 400,
                      milliseconds other_period = seconds(1),
                      const LineWire& wire = kRtu9600)
      : run({.wire = wire, .timeout = milliseconds(500)},
            {device_of(1, registers_profile(2, PollClass::kSafety)),
             device_of(2, registers_profile(other_registers), other_period)},
            5) {
    run.line.unit(1).delay = milliseconds(5);
    run.line.unit(2).delay = milliseconds(15);
    run.on_report = [this](const PollReport& report) {
      if (report.device != 0 || !report.error.empty()) {
        return;
      }
      if (last.count() != 0) {
        intervals.push_back(report.at - last);
      }
      last = report.at;
    };
  }

  void forget() { intervals.clear(); }
  microseconds longest() const { return std::ranges::max(intervals); }

  LineRun run;
  MonoTime last{};
  std::vector<microseconds> intervals;
};

/// From one reading of the input to the next: the period and its own request.
constexpr milliseconds kSafetyBound{235};

TEST(LineTime, ASafetyInputIsReadInTimeBesideALongPoll) {
  SafetyLine line;
  line.run.run_until(line.run.now + seconds(30));
  const auto requests = line.run.machine.status().devices[1].requests_per_poll;
  EXPECT_GT(requests[static_cast<std::size_t>(PollClass::kNormal)], 8);
  line.forget();
  line.run.run_until(line.run.now + seconds(120));
  EXPECT_LE(line.longest(), kSafetyBound);
  EXPECT_GE(line.intervals.size(), 600U);
}

// Behind a gateway a poll takes long, and it becomes due at any time between
// two of the input's.
TEST(LineTime, ASafetyInputIsReadInTimeBesideAPollOutOfStep) {
  for (const int period : {270, 330, 570}) {
    SafetyLine line(40, milliseconds(period), kTcp);
    line.run.line.unit(2).delay = milliseconds(80);
    line.run.run_until(line.run.now + seconds(30));
    line.forget();
    line.run.run_until(line.run.now + seconds(120));
    EXPECT_LE(line.longest(), kSafetyBound) << period;
    EXPECT_GE(line.intervals.size(), 600U);
  }
}

// Its answer takes longer than a safety input may wait: both have their turns.
TEST(LineTime, ASlowDeviceBesideASafetyInputIsReadToo) {
  for (const bool can_be_asked : {true, false}) {
    auto safety = std::make_shared<DeviceProfile>(
        *registers_profile(2, PollClass::kSafety));
    if (!can_be_asked) {
      safety->forbidden = {{RegisterKind::kHolding, 0, 1}};
    }
    LineRun run({.wire = kRtu9600, .timeout = milliseconds(500)},
                {device_of(1, safety), device_of(2, registers_profile(10))},
                5);
    run.line.unit(1).delay = milliseconds(5);
    run.line.unit(2).delay = milliseconds(300);
    std::array<int, 2> reports{};
    run.on_report = [&](const PollReport& report) {
      reports[report.device] += report.error.empty() ? 1 : 0;
    };
    run.run_until(run.now + seconds(60));
    EXPECT_GE(reports[0], can_be_asked ? 120 : 0);
    EXPECT_GE(reports[1], 59);
  }
}

TEST(LineTime, ASafetyInputIsReadInTimeBesideADeadDevice) {
  SafetyLine line;
  line.run.run_until(line.run.now + seconds(30));
  line.run.line.unit(2).is_dead = true;
  line.run.run_until(line.run.now + seconds(30));
  line.forget();
  line.run.run_until(line.run.now + seconds(120));
  // One probe in sixteen waits as long as it may.
  const auto late = std::ranges::count_if(
      line.intervals, [](microseconds time) { return time > kSafetyBound; });
  EXPECT_LE(late, 4);
  EXPECT_LE(line.longest(), milliseconds(750));
}

TEST(LineTime, ASilentSafetyDeviceIsSeenAgainWithinASecond) {
  SafetyLine line(100);
  line.run.run_until(line.run.now + seconds(30));
  for (int i = 0; i < 20; ++i) {
    line.run.line.unit(1).is_dead = true;
    line.run.run_until(line.run.now + seconds(30) + milliseconds(37 * i));
    EXPECT_EQ(line.run.machine.status().devices[0].state, DeviceState::kSilent);
    line.run.line.unit(1).is_dead = false;
    const MonoTime back = line.run.now;
    line.run.run_until(back + milliseconds(1'300));
    EXPECT_GT(line.last, back) << i;
  }
}

TEST(LineTime, APeriodOfZeroGoesAsFastAsTheWire) {
  LineDevice device = device_of(1, registers_profile(10));
  device.periods.fill(milliseconds(0));
  LineRun run({.wire = kRtu9600, .timeout = milliseconds(500)}, {device}, 3);
  run.line.unit(1).delay = milliseconds(2);
  std::uint64_t polls = 0;
  run.run_until(run.now + seconds(10));
  run.on_report = [&](const PollReport& report) {
    EXPECT_EQ(report.error, "");
    ++polls;
  };
  run.run_until(run.now + seconds(60));
  const Question question{.kind = RegisterKind::kHolding, .count = 10};
  const auto each = wire_time(kRtu9600, question) + milliseconds(2);
  const double ideal = static_cast<double>(seconds(60) / each);
  EXPECT_GE(static_cast<double>(polls), 0.95 * ideal);
}

TEST(LineTime, NothingIsCaughtUpAfterASuspend) {
  TenDevices ten;
  ten.run.run_until(ten.run.now + seconds(30));
  std::vector<int> reports(10);
  ten.run.on_report = [&](const PollReport& report) {
    ++reports[report.device];
  };
  ten.run.now += hours(8);
  ten.run.run_until(ten.run.now + milliseconds(2'100));
  for (const int count : reports) {
    EXPECT_GE(count, 2);
    EXPECT_LE(count, 4);
  }
  EXPECT_GE(ten.run.machine.status().devices[0].counters.missed_cycles,
            8U * 3600 - 2);
}

}  // namespace
}  // namespace strongroom
