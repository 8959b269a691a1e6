// SPDX-License-Identifier: Apache-2.0
// A million reads of devices that answer late, twice, in halves, one question
// behind: no value may be given to a register that it is not of.
#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "core/bus/line_fixture.h"

namespace strongroom {
namespace {

using std::chrono::hours;

constexpr milliseconds kTimeout{100};

/// Asks whatever it likes: the test of the test.
class NoGuard final : public ReplyGuard {
 public:
  using ReplyGuard::ReplyGuard;
  bool may_ask(const Question&, MonoTime) override { return true; }
  bool can_be_refused(const Question&, MonoTime) override { return true; }
};

PointProfile campaign_point(RegisterKind kind,
                            std::uint16_t address,
                            ValueType type,
                            PollClass poll = PollClass::kNormal) {
  PointProfile point = point_at(kind, address, type, poll);
  point.min = -kMantissaLimit + 1;
  point.max = kMantissaLimit - 1;
  return point;
}

std::shared_ptr<const DeviceProfile> profile_with(
    std::vector<PointProfile> points, bool bridges = true) {
  auto profile = std::make_shared<DeviceProfile>();
  profile->name = "campaign";
  profile->points = std::move(points);
  profile->bridge_holes = bridges;
  return profile;
}

/// Ten registers in a row.
std::shared_ptr<const DeviceProfile> row_profile() {
  std::vector<PointProfile> points;
  for (std::uint16_t address = 20; address < 30; ++address) {
    points.push_back(
        campaign_point(RegisterKind::kHolding, address, ValueType::kU16));
  }
  return profile_with(std::move(points));
}

/// Three blocks of equal shape, one of them of safety points, none to be
/// bridged.
std::shared_ptr<const DeviceProfile> blocks_profile() {
  std::vector<PointProfile> points;
  for (const std::uint16_t base : std::array<std::uint16_t, 3>{0, 40, 80}) {
    for (std::uint16_t i = 0; i < 4; ++i) {
      points.push_back(
          campaign_point(RegisterKind::kInput,
                         static_cast<std::uint16_t>(base + 2 * i),
                         ValueType::kU32,
                         base == 40 ? PollClass::kSafety : PollClass::kNormal));
    }
  }
  return profile_with(std::move(points), false);
}

/// Single registers that stand alone: nearly every question looks the same.
std::shared_ptr<const DeviceProfile> lonely_profile() {
  std::vector<PointProfile> points;
  for (const std::uint16_t address :
       std::array<std::uint16_t, 4>{3, 33, 63, 93}) {
    points.push_back(
        campaign_point(RegisterKind::kHolding, address, ValueType::kI16));
  }
  return profile_with(std::move(points), false);
}

/// Bits: eight of them or one, the answer is one byte long.
std::shared_ptr<const DeviceProfile> bits_profile() {
  std::vector<PointProfile> points;
  points.reserve(49);
  for (std::uint16_t i = 0; i < 8; ++i) {
    points.push_back(
        campaign_point(RegisterKind::kDiscrete, i, ValueType::kBit));
  }
  for (std::uint16_t address = 50; address < 90; ++address) {
    points.push_back(
        campaign_point(RegisterKind::kCoil, address, ValueType::kBit));
  }
  points.push_back(campaign_point(RegisterKind::kHolding, 7, ValueType::kU16));
  return profile_with(std::move(points));
}

std::int64_t expected_mantissa(std::uint8_t unit,
                               const PointProfile& point,
                               MonoTime at) {
  std::uint64_t raw = 0;
  for (std::uint32_t i = 0; i < register_count(point.type); ++i) {
    raw = raw << 16 | simulated_cell(unit, point.kind, point.address + i, at);
  }
  return point.type == ValueType::kI16
             ? static_cast<std::int16_t>(static_cast<std::uint16_t>(raw))
             : static_cast<std::int64_t>(raw);
}

/// Of this register, and read lately.
bool is_own(std::uint8_t unit,
            const PointProfile& point,
            std::int64_t mantissa,
            MonoTime at) {
  return mantissa == expected_mantissa(unit, point, at) ||
         mantissa == expected_mantissa(unit, point, at - seconds(8));
}

struct Scenario {
  std::string name;
  SimulatedUnit unit;  // how each of them behaves
  LineWire wire = kRtu115200;
};

/// Share of the questions to which each kind of trouble happens.
SimulatedUnit trouble(double share, AnswerOrder order) {
  return {.order = order,
          .delay = milliseconds(4),
          .jitter = milliseconds(6),
          .late = share,
          .latest = 3 * kTimeout,
          .lost = share / 4,
          .doubled = share / 4,
          .trailed = share / 4,
          .split = share / 4,
          .noisy = share / 8,
          .excepted = share / 4};
}

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all;
  for (const AnswerOrder order : {AnswerOrder::kFifo, AnswerOrder::kParallel}) {
    const std::string name = order == AnswerOrder::kFifo ? "fifo" : "parallel";
    all.push_back({name + ", healthy", trouble(0, order)});
    all.push_back({name + ", 2 % late", trouble(0.02, order)});
    all.push_back({name + ", 10 % late", trouble(0.1, order)});
    all.push_back({name + ", 40 % late", trouble(0.4, order)});
    all.push_back({name + " over tcp, 10 % late",
                   trouble(0.1, order),
                   {.kind = LineKind::kTcp}});
  }
  SimulatedUnit behind = trouble(0, AnswerOrder::kFifo);
  behind.falls_behind_at = 200;
  all.push_back({"one behind for ever", behind});
  SimulatedUnit far_too_late = trouble(0.05, AnswerOrder::kFifo);
  far_too_late.latest = 20 * kTimeout;
  all.push_back({"fifo, beyond the limit", far_too_late});
  return all;
}

std::vector<LineDevice> campaign_devices() {
  std::vector<LineDevice> devices;
  const auto add = [&](std::uint8_t unit, auto profile) {
    LineDevice device;
    device.name = "d" + std::to_string(unit);
    device.profile = std::move(profile);
    device.unit_id = unit;
    devices.push_back(std::move(device));
  };
  add(1, row_profile());
  add(2, row_profile());
  add(3, blocks_profile());
  add(4, lonely_profile());
  add(5, bits_profile());
  return devices;
}

struct Tally {
  std::uint64_t reads = 0;
  std::uint64_t values = 0;
  std::uint64_t wrong = 0;
  std::vector<std::uint64_t> whole_polls;  // by device, of the normal class
  MonoTime lasted{};
  LineStatus status;
};

Tally run(const Scenario& scenario,
          std::uint64_t reads,
          unsigned seed,
          bool is_guarded) {
  const LineSettings settings{.wire = scenario.wire, .timeout = kTimeout};
  const auto devices = campaign_devices();
  LineRun run(settings,
              devices,
              seed,
              is_guarded ? nullptr : std::make_unique<NoGuard>(4 * kTimeout));
  for (const LineDevice& device : devices) {
    run.line.unit(device.unit_id) = scenario.unit;
  }
  Tally tally;
  tally.whole_polls.resize(devices.size());
  run.on_report = [&](const PollReport& report) {
    const LineDevice& device = devices[report.device];
    for (std::size_t i = 0; i < report.samples.size(); ++i) {
      const PointSample& sample = report.samples[i];
      if (sample.quality != PointQuality::kGood) {
        EXPECT_EQ(sample.mantissa, 0);
        continue;
      }
      ++tally.values;
      if (!is_own(device.unit_id,
                  device.profile->points[i],
                  sample.mantissa,
                  report.at)) {
        ++tally.wrong;
      }
    }
    if (report.error.empty() && report.poll_class == PollClass::kNormal) {
      ++tally.whole_polls[report.device];
    }
  };
  const MonoTime begun = run.now;
  while (run.line.asks < reads) {
    run.step(run.now + hours(1));
  }
  tally.reads = run.line.asks;
  tally.lasted = run.now - begun;
  tally.status = run.machine.status();
  return tally;
}

/// Of the polls that were due, the share that was answered whole, in percent.
std::uint64_t percent_read(const Tally& tally, std::size_t device) {
  return 100 * tally.whole_polls[device] /
         static_cast<std::uint64_t>(tally.lasted / seconds(1));
}

constexpr std::uint64_t kReadsPerScenario = 84'000;

TEST(LineCampaign, NoValueIsEverGivenToAnotherRegister) {
  std::uint64_t reads = 0;
  unsigned seed = 1;
  for (const Scenario& scenario : scenarios()) {
    const Tally tally = run(scenario, kReadsPerScenario, ++seed, true);
    EXPECT_EQ(tally.wrong, 0U) << scenario.name;
    EXPECT_GT(tally.values, 0U) << scenario.name;
    reads += tally.reads;
  }
  EXPECT_GE(reads, 1'000'000U);
}

TEST(LineCampaign, TheSameWithoutTheGuardGivesWrongValues) {
  unsigned seed = 1;
  for (const Scenario& scenario : scenarios()) {
    const Tally tally = run(scenario, kReadsPerScenario / 4, ++seed, false);
    const bool is_healthy =
        scenario.unit.late == 0 && !scenario.unit.falls_behind_at;
    EXPECT_EQ(tally.wrong == 0, is_healthy) << scenario.name;
  }
}

TEST(LineCampaign, ReadsGoOnWhenOneAnswerInTenIsLate) {
  for (const AnswerOrder order : {AnswerOrder::kFifo, AnswerOrder::kParallel}) {
    const Scenario scenario{"late",
                            {.order = order,
                             .delay = milliseconds(4),
                             .jitter = milliseconds(6),
                             .late = 0.1,
                             .latest = 3 * kTimeout}};
    const Tally tally = run(scenario, kReadsPerScenario, 7, true);
    EXPECT_EQ(tally.wrong, 0U);
    for (std::size_t i = 0; i < tally.whole_polls.size(); ++i) {
      EXPECT_GE(percent_read(tally, i), 60U)
          << tally.status.devices[i].name << " of order "
          << static_cast<int>(order);
    }
  }
}

}  // namespace
}  // namespace strongroom
