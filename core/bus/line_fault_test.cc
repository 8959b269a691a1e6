// SPDX-License-Identifier: Apache-2.0
// What a line does when an answer does not come, is refused, or is none.
#include <array>
#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/bus/line.h"
#include "core/bus/line_fixture.h"
#include "core/bus/told_line_fixture.h"

namespace strongroom {
namespace {

using std::chrono::minutes;

TEST(LineMachine, AfterAFaultTheSameShapeIsNotAskedAtOnce) {
  for (const LinkFault fault : {LinkFault::kTimeout, LinkFault::kGarbled}) {
    Told told({device_of(1, row(0, 4))});
    told.open();
    for (int i = 0; i < 30; ++i) {  // the device is known
      told.asked();
      told.answer(4);
    }
    told.asked();
    told.fail(error_of(fault), milliseconds(50));
    const auto discard = told.expect<LineDiscard>();
    EXPECT_GE(discard.quiet, milliseconds(5));
    told.now += discard.quiet;
    told.machine.discarded(0, told.now);
    const Question again = told.asked();
    EXPECT_NE(again.count, 4) << "once more, but not mistakable";
    told.reports();
    told.answer(again.count);
    const Question rest = told.asked();
    EXPECT_EQ(again.count + rest.count, 4);
    told.answer(rest.count);
    const auto reports = told.reports();
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].error, "") << "the second try has read it all";
    EXPECT_EQ(reports[0].samples.at(3).mantissa, 7);
  }
}

// The device refuses what touches its addresses 3 and 9.
TEST(LineMachine, FindsTheRefusedPointsAndRemembersThemForTenMinutes) {
  LineRun run(tcp(), {device_of(1, row(0, 16))}, 1);
  run.line.unit(1).refused = {{kHolding, 3, 3}, {kHolding, 9, 9}};
  std::vector<PollReport> reports;
  run.on_report = [&](const PollReport& report) { reports.push_back(report); };
  run.run_until(run.now + seconds(60));
  const auto status = run.machine.status().devices[0];
  EXPECT_EQ(status.refused.size(), 2U);
  EXPECT_EQ(status.requests_per_poll[1], 3);
  const auto learned = status.counters.exceptions;
  EXPECT_LE(learned, 12U);
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(reports.back().samples[i].quality == PointQuality::kGood,
              i != 3 && i != 9);
  }
  EXPECT_EQ(reports.front().samples[4].quality, PointQuality::kGood)
      << "the others are read in the very poll that found them";
  EXPECT_NE(reports.front().error, "");
  EXPECT_EQ(reports.back().error, "");

  run.run_until(run.now + seconds(500));
  EXPECT_EQ(run.machine.status().devices[0].counters.exceptions, learned);
  run.line.unit(1).refused.clear();
  run.run_until(run.now + seconds(60));
  EXPECT_TRUE(run.machine.status().devices[0].refused.empty());
  EXPECT_EQ(reports.back().samples[9].quality, PointQuality::kGood);
}

// What it refused first is not remembered for longer because of the second.
TEST(LineMachine, ARefusalDoesNotProlongAnother) {
  LineRun run(tcp(), {device_of(1, row(0, 16))}, 1);
  run.line.unit(1).refused = {{kHolding, 3, 3}};
  std::vector<PointSample> newest;
  run.on_report = [&](const PollReport& report) { newest = report.samples; };
  run.run_until(run.now + seconds(500));
  EXPECT_EQ(newest[3].quality, PointQuality::kBad);
  run.line.unit(1).refused = {{kHolding, 9, 9}};
  run.run_until(run.now + seconds(160));
  EXPECT_EQ(newest[3].quality, PointQuality::kGood);
  EXPECT_EQ(newest[9].quality, PointQuality::kBad);
}

/// The first question of a device is left unanswered, two polls later that is
/// still owed, and the fourth poll begins shortly before it no longer is.
class OwedForThreeSeconds {
 public:
  explicit OwedForThreeSeconds(std::uint16_t points)
      : told({device_at(points)},
             {.timeout = kTimeout, .late_answer = seconds(3)}) {
    told.open();
    begun = told.now;
    told.asked();
    told.fail(error_of(LinkFault::kTimeout));
    told.reports();
    for (int poll = 1; poll <= 2; ++poll) {
      do {
        told.answer(told.asked().count);
      } while (told.reports().empty());
    }
  }

  static LineDevice device_at(std::uint16_t points) {
    LineDevice device = device_of(1, row(10, points));
    device.periods[1] = milliseconds(995);
    return device;
  }

  Told told;
  MonoTime begun{};
};

TEST(LineMachine, ARefusalThatMayBeAnothersTeachesNothing) {
  OwedForThreeSeconds owed(2);
  EXPECT_EQ(owed.told.asked(), (Question{1, kHolding, 10, 1}));
  EXPECT_LT(owed.told.now, owed.begun + seconds(3));
  owed.told.fail(
      error_of(LinkFault::kException, ModbusException::kIllegalAddress),
      milliseconds(50));
  EXPECT_GE(owed.told.now, owed.begun + seconds(3));
  EXPECT_TRUE(owed.told.machine.status().devices[0].refused.empty());
}

// One address more was to be read along, and the device has nothing there.
TEST(LineMachine, ARefusedNeighbourDoesNotCostThePoint) {
  OwedForThreeSeconds owed(1);
  Told& told = owed.told;
  while (told.now < owed.begun + milliseconds(3 * 995)) {
    told.now += told.expect<LineDiscard>().quiet;
    told.machine.discarded(0, told.now);
  }
  told.now += milliseconds(10);  // the thread was held up
  told.expect<LineDiscard>();    // before the larger question
  told.now += milliseconds(10);
  told.machine.discarded(0, told.now);
  EXPECT_EQ(told.asked(), (Question{1, kHolding, 10, 2}));
  told.fail(error_of(LinkFault::kException, ModbusException::kIllegalAddress),
            milliseconds(1));
  EXPECT_TRUE(told.machine.status().devices[0].refused.empty());
  EXPECT_EQ(told.asked(), (Question{1, kHolding, 10, 1}));
  told.answer(1);
  EXPECT_EQ(told.reports().at(0).samples.at(0).quality, PointQuality::kGood);
}

// Some devices keep silent where others refuse.
TEST(LineMachine, AnUnansweredBlockDoesNotCostTheOthers) {
  for (const std::uint16_t ignored : std::array<std::uint16_t, 3>{0, 4, 8}) {
    auto profile = row(0, 12);
    profile->max_registers = 4;
    LineRun run(tcp(), {device_of(1, profile)}, 1);
    run.line.unit(1).ignored = {{kHolding, ignored, ignored}};
    std::vector<PointSample> newest;
    run.on_report = [&](const PollReport& report) { newest = report.samples; };
    run.run_until(run.now + seconds(60));
    for (std::size_t block = 0; block < 12; block += 4) {
      EXPECT_EQ(newest[block].quality == PointQuality::kGood, block != ignored)
          << ignored;
    }
    EXPECT_EQ(run.machine.status().devices[0].state, DeviceState::kAnswering);
  }
}

TEST(LineMachine, NobodyIsSaidToAnswerOnALineThatIsDown) {
  LineRun run(tcp(), {device_of(1, row(0, 4))}, 1);
  run.line.unit(1).delay = milliseconds(1);
  run.run_until(run.now + seconds(5));
  EXPECT_EQ(run.machine.status().devices[0].state, DeviceState::kAnswering);
  run.line.is_lost = true;
  run.can_open = false;
  run.run_until(run.now + seconds(5));
  EXPECT_EQ(run.machine.status().devices[0].state, DeviceState::kUnknown);
}

TEST(LineMachine, ALimitThatTheProfileDoesNotKnowIsLearned) {
  LineRun run(tcp(), {device_of(1, row(0, 16))}, 1);
  run.line.unit(1).refused_above = 8;
  std::uint64_t bad = 0;
  run.on_report = [&](const PollReport& report) {
    bad += report.error.empty() ? 0U : 1U;
  };
  run.run_until(run.now + seconds(60));
  const auto status = run.machine.status().devices[0];
  EXPECT_EQ(bad, 0U);
  EXPECT_EQ(status.counters.exceptions, 1U);
  EXPECT_EQ(status.requests_per_poll[1], 2);
  EXPECT_TRUE(status.refused.empty());
}

TEST(LineMachine, ABusyDeviceIsAskedAgainAFewTimes) {
  Told told({device_of(1, row(0, 4))});
  told.open();
  const MonoTime begun = told.now;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(told.asked(), (Question{1, kHolding, 0, 4}));
    told.fail(error_of(LinkFault::kException, ModbusException::kBusy),
              milliseconds(1));
  }
  EXPECT_LE(told.now - begun, milliseconds(500));
  EXPECT_EQ(told.reports().at(0).error, "told to");
  EXPECT_EQ(told.machine.status().devices[0].state, DeviceState::kAnswering);
  told.asked();
  EXPECT_GE(told.now - begun, seconds(1));
}

TEST(LineMachine, AGatewaysExceptionIsNoAnswer) {
  LineRun run(tcp(), {device_of(1, row(0, 4))}, 1);
  run.line.unit(1).answers_only = ModbusException::kGatewayTarget;
  run.run_until(run.now + seconds(20));
  const auto status = run.machine.status().devices[0];
  EXPECT_EQ(status.state, DeviceState::kSilent);
  EXPECT_EQ(run.closes, 0U) << "the gateway is there";
  EXPECT_LE(status.counters.requests, 15U);
}

TEST(LineMachine, ADeviceThatOnlyRefusesIsThere) {
  LineRun run(tcp(), {device_of(1, row(0, 4))}, 1);
  run.line.unit(1).answers_only = ModbusException::kIllegalFunction;
  run.run_until(run.now + seconds(60));
  const auto status = run.machine.status().devices[0];
  EXPECT_EQ(status.state, DeviceState::kAnswering);
  EXPECT_LE(status.counters.requests, 10U);
  EXPECT_GE(status.counters.failed_polls, 59U);
}

// Whatever happens, every job reports within a bounded time.
TEST(LineMachine, NothingBlocksForEver) {
  const struct {
    const char* name;
    SimulatedUnit unit;
  } troubles[] = {
      {"dead", {.is_dead = true}},
      {"always garbled", {.noisy = 1}},
      {"only busy", {.answers_only = ModbusException::kBusy}},
      {"only acknowledges", {.answers_only = ModbusException::kAcknowledge}},
      {"always later than waited for", {.delay = milliseconds(150)}},
      {"always twice", {.doubled = 1}},
      {"one behind", {.falls_behind_at = 2}},
      {"lost half of the time", {.lost = 0.5}},
  };
  for (const LineWire& wire : {kTcp, kRtu9600}) {
    for (const auto& trouble : troubles) {
      auto both = row(0, 8);
      both->points[0].poll = PollClass::kSafety;
      both->points[1].poll = PollClass::kSlow;
      both->bridge_holes = false;
      LineRun run({.wire = wire, .timeout = kTimeout},
                  {device_of(1, both), device_of(2, row(0, 8))},
                  9);
      run.line.unit(1) = trouble.unit;
      run.line.unit(2).delay = milliseconds(5);
      std::array<std::array<MonoTime, kPollClasses>, 2> last{};
      run.on_report = [&](const PollReport& report) {
        auto& before =
            last[report.device][static_cast<std::size_t>(report.poll_class)];
        const seconds bound(report.poll_class == PollClass::kSlow ? 62 : 5);
        EXPECT_LE(report.at - (before.count() == 0 ? report.at : before), bound)
            << trouble.name;
        before = report.at;
      };
      run.run_until(run.now + minutes(10));
      for (std::size_t i = 0; i < kPollClasses; ++i) {
        EXPECT_GT(last[0][i], run.now - seconds(62)) << trouble.name;
      }
      EXPECT_GT(last[1][1], run.now - seconds(5)) << trouble.name;
    }
  }
}

}  // namespace
}  // namespace strongroom
