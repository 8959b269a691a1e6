// SPDX-License-Identifier: Apache-2.0
#include "core/bus/line.h"

#include <algorithm>
#include <array>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/bus/line_fixture.h"

namespace strongroom {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr milliseconds kTimeout{100};
constexpr RegisterKind kHolding = RegisterKind::kHolding;

std::shared_ptr<DeviceProfile> row(std::uint16_t first, std::uint16_t count) {
  auto profile = std::make_shared<DeviceProfile>();
  profile->name = "row";
  for (std::uint16_t i = 0; i < count; ++i) {
    PointProfile point = point_at(
        kHolding, static_cast<std::uint16_t>(first + i), ValueType::kU16);
    point.max = 65'535;
    profile->points.push_back(std::move(point));
  }
  return profile;
}

LineDevice device_of(std::uint8_t unit,
                     std::shared_ptr<const DeviceProfile> profile) {
  LineDevice device;
  device.name = "d" + std::to_string(unit);
  device.profile = std::move(profile);
  device.unit_id = unit;
  return device;
}

LineSettings tcp() {
  return {.timeout = kTimeout};
}

LinkError error_of(LinkFault fault,
                   ModbusException exception = ModbusException::kNone) {
  return {fault, exception, "told to"};
}

/// A machine that is told what becomes of its actions, one by one.
class Told {
 public:
  explicit Told(std::vector<LineDevice> devices, LineSettings settings = tcp())
      : machine(settings, std::move(devices), now) {}

  template <typename Action>
  Action expect() {
    const LineAction action = machine.next(now);
    EXPECT_TRUE(std::holds_alternative<Action>(action))
        << "action " << action.index();
    return std::holds_alternative<Action>(action) ? std::get<Action>(action)
                                                  : Action{};
  }
  void open() {
    expect<LineOpen>();
    machine.opened(now);
  }
  /// The next question, whatever silence is wanted before it.
  Question asked() {
    for (;;) {
      const LineAction action = machine.next(now);
      if (const auto* ask = std::get_if<LineAsk>(&action)) {
        return ask->question;
      }
      if (const auto* wait = std::get_if<LineWait>(&action)) {
        now = wait->until;
      } else if (const auto* discard = std::get_if<LineDiscard>(&action)) {
        now += discard->quiet;
        machine.discarded(0, now);
      } else {
        ADD_FAILURE() << "action " << action.index();
        return {};
      }
    }
  }
  void answer(std::uint16_t count, milliseconds after = milliseconds(1)) {
    now += after;
    machine.answered(std::vector<std::uint16_t>(count, 7), now);
  }
  void fail(const LinkError& error, milliseconds after = kTimeout) {
    now += after;
    machine.failed(error, now);
  }
  std::vector<PollReport> reports() { return machine.take_reports(); }

  MonoTime now{seconds(1'000)};
  LineMachine machine;
};

// Every state against every input: what does not answer the action that is out
// is a bug of the caller, and stops the program.
TEST(LineMachine, TakesOnlyTheAnswerToItsAction) {
  enum State { kNothing, kOpening, kAsking, kDiscarding };
  const std::pair<const char*, std::function<void(Told&)>> inputs[] = {
      {"opened", [](Told& told) { told.machine.opened(told.now); }},
      {"open_failed",
       [](Told& told) { told.machine.open_failed("no port", told.now); }},
      {"answered", [](Told& told) { told.answer(4); }},
      {"failed", [](Told& told) { told.fail(error_of(LinkFault::kTimeout)); }},
      {"discarded", [](Told& told) { told.machine.discarded(0, told.now); }},
      {"next", [](Told& told) { told.machine.next(told.now); }},
  };
  const std::vector<std::vector<std::string>> accepted = {
      {"next"},
      {"opened", "open_failed"},
      {"answered", "failed"},
      {"discarded"}};
  for (const State state : {kNothing, kOpening, kAsking, kDiscarding}) {
    for (const auto& [name, input] : inputs) {
      Told told({device_of(1, row(0, 4))});
      if (state != kNothing) {
        told.expect<LineOpen>();
      }
      if (state == kAsking || state == kDiscarding) {
        told.machine.opened(told.now);
        told.asked();
      }
      if (state == kDiscarding) {
        told.fail(error_of(LinkFault::kTimeout));
        told.expect<LineDiscard>();
      }
      const bool is_accepted =
          std::ranges::count(accepted[state], std::string(name)) > 0;
      if (is_accepted) {
        input(told);
        SUCCEED();
      } else {
        EXPECT_DEATH(input(told), "nothing was|an action was not")
            << "state " << state << ", input " << name;
      }
    }
  }
}

TEST(LineMachine, WhatEachResultOfAQuestionLeadsTo) {
  const struct {
    LinkError error;
    std::size_t next_action;  // index of LineAction
    std::uint64_t timeouts, exceptions, garbled, lost;
  } table[] = {
      {error_of(LinkFault::kTimeout), 3, 1, 0, 0, 0},
      {error_of(LinkFault::kGarbled), 3, 0, 0, 1, 0},
      {error_of(LinkFault::kException, ModbusException::kDeviceFailure),
       4,
       0,
       1,
       0,
       0},
      {error_of(LinkFault::kException, ModbusException::kBusy), 4, 0, 1, 0, 0},
      {error_of(LinkFault::kException, ModbusException::kIllegalAddress),
       2,
       0,
       1,
       0,
       0},
      {error_of(LinkFault::kLost), 1, 0, 0, 0, 1},
  };
  for (const auto& result : table) {
    Told told({device_of(1, row(0, 4))});
    told.open();
    told.asked();
    told.fail(result.error, milliseconds(1));
    const auto status = told.machine.status();
    const auto& counters = status.devices[0].counters;
    EXPECT_EQ(counters.timeouts, result.timeouts);
    EXPECT_EQ(counters.exceptions, result.exceptions);
    EXPECT_EQ(counters.garbled, result.garbled);
    EXPECT_EQ(status.lost, result.lost);
    EXPECT_EQ(told.machine.next(told.now).index(), result.next_action)
        << static_cast<int>(result.error.fault);
  }
}

TEST(LineMachine, ReportsWhatWasReadOncePerPeriod) {
  Told told({device_of(1, row(20, 4))});
  told.open();
  for (int i = 0; i < 5; ++i) {
    const MonoTime begun = told.now;
    const Question question = told.asked();
    EXPECT_EQ(question, (Question{1, kHolding, 20, 4}));
    told.answer(4);
    const auto reports = told.reports();
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].error, "");
    EXPECT_EQ(reports[0].at, told.now);
    EXPECT_EQ(reports[0].round_trip, milliseconds(1));
    for (const PointSample& sample : reports[0].samples) {
      EXPECT_EQ(sample, (PointSample{PointQuality::kGood, 7}));
    }
    EXPECT_EQ(told.expect<LineWait>().until, begun + seconds(1));
    told.now = begun + seconds(1);
  }
  EXPECT_EQ(told.machine.status().devices[0].state, DeviceState::kAnswering);
}

TEST(LineMachine, OpensWithPatienceAndReportsMeanwhile) {
  Told told({device_of(1, row(0, 4))});
  milliseconds backoff(250);
  for (int i = 0; i < 8; ++i) {
    told.expect<LineOpen>();
    const MonoTime failed = told.now;
    told.machine.open_failed("no such port", told.now);
    while (told.now < failed + backoff) {
      const MonoTime until = told.expect<LineWait>().until;
      EXPECT_GT(until, told.now);
      EXPECT_LE(until, failed + backoff);
      told.now = until;
    }
    backoff = std::min<milliseconds>(2 * backoff, seconds(8));
  }
  const auto reports = told.reports();
  EXPECT_GE(reports.size(), 25U);
  for (const PollReport& report : reports) {
    EXPECT_EQ(report.error, "no such port");
    EXPECT_EQ(report.samples.at(0).quality, PointQuality::kBad);
  }
  const auto status = told.machine.status();
  EXPECT_FALSE(status.is_open);
  EXPECT_EQ(status.failed_opens, 8U);
  EXPECT_EQ(status.error, "no such port");
  EXPECT_EQ(status.devices[0].state, DeviceState::kUnknown);
}

TEST(LineMachine, ALostPortIsClosedAtOnceAndOpenedAgain) {
  Told told({device_of(1, row(0, 4))});
  told.open();
  told.asked();
  told.fail(error_of(LinkFault::kLost), milliseconds(1));
  EXPECT_EQ(told.reports().at(0).error, "told to");
  told.expect<LineClose>();
  const MonoTime until = told.expect<LineWait>().until;
  EXPECT_LE(until - told.now, milliseconds(250));
  told.now += milliseconds(250);
  told.open();
  EXPECT_TRUE(told.machine.status().is_open);
  EXPECT_EQ(told.machine.status().opens, 2U);
}

TEST(LineMachine, AnAnswerEndsLongDelays) {
  Told told({device_of(1, row(0, 4))});
  for (int i = 0; i < 8; ++i) {
    while (!std::holds_alternative<LineOpen>(told.machine.next(told.now))) {
      told.now += milliseconds(250);
    }
    told.machine.open_failed("no such port", told.now);
  }
  while (!std::holds_alternative<LineOpen>(told.machine.next(told.now))) {
    told.now += milliseconds(250);
  }
  told.machine.opened(told.now);
  told.asked();
  told.answer(4);
  told.asked();
  told.fail(error_of(LinkFault::kLost), milliseconds(1));
  told.expect<LineClose>();
  EXPECT_LE(told.expect<LineWait>().until - told.now, milliseconds(250));
}

TEST(LineMachine, OpensAnewOnlyWhenNoDeviceAnswers) {
  for (const bool one_answers : {false, true}) {
    LineRun run(tcp(), {device_of(1, row(0, 4)), device_of(2, row(0, 4))}, 1);
    run.line.unit(1).is_dead = !one_answers;
    run.line.unit(2).is_dead = true;
    run.run_until(run.now + minutes(5));
    EXPECT_EQ(run.closes == 0, one_answers);
    EXPECT_EQ(run.machine.status().opens, run.closes + 1);
  }
}

TEST(LineMachine, AnRtuLineWaitsOutWhatAnEarlierOwnerAsked) {
  LineSettings settings = tcp();
  settings.wire = kRtu9600;
  settings.late_answer = milliseconds(1'700);
  Told told({device_of(1, row(0, 4))}, settings);
  told.open();
  const MonoTime opened = told.now;
  while (told.now < opened + settings.late_answer) {
    const auto discard = told.expect<LineDiscard>();
    EXPECT_LE(discard.at_most, milliseconds(300));
    told.now += discard.quiet;
    told.machine.discarded(0, told.now);
  }
  const Question first = told.asked();
  EXPECT_NE(shape_of(first), shape_of({1, kHolding, 0, 4}))
      << "an earlier owner may have asked that";
  told.answer(first.count);
  EXPECT_EQ(told.machine.status().devices[0].counters.varied, 1U);
}

TEST(LineMachine, AnRtuLineIsSilentBeforeEachQuestion) {
  LineSettings settings = tcp();
  settings.wire = kRtu9600;
  Told told({device_of(1, row(0, 4))}, settings);
  told.open();
  const Question first = told.asked();
  told.answer(first.count);
  const auto discard = told.expect<LineDiscard>();
  EXPECT_EQ(discard.quiet, frame_gap(kRtu9600));
}

TEST(LineMachine, AConnectionIsEmptiedBeforeEachQuestionOnlyAfterAFault) {
  Told told({device_of(1, row(0, 4))});
  told.open();
  told.expect<LineAsk>();
  told.answer(4);
  told.now += seconds(1);
  told.expect<LineAsk>();
  told.fail(error_of(LinkFault::kTimeout));
  told.expect<LineDiscard>();
  told.machine.discarded(0, told.now);
  for (const seconds after : {seconds(3), seconds(50), seconds(20)}) {
    told.now += after;
    const bool is_long_ago = after == seconds(20);
    const auto action = told.machine.next(told.now);
    EXPECT_EQ(std::holds_alternative<LineAsk>(action), is_long_ago);
    if (std::holds_alternative<LineDiscard>(action)) {
      told.machine.discarded(0, told.now);
      told.answer(told.expect<LineAsk>().question.count);
    }
  }
}

TEST(LineMachine, ALineThatIsNeverSilentIsOpenedAnew) {
  Told told({device_of(1, row(0, 4))});
  told.open();
  told.asked();
  told.fail(error_of(LinkFault::kGarbled), milliseconds(1));
  bool is_closed = false;
  for (int i = 0; i < 20 && !is_closed; ++i) {
    const LineAction action = told.machine.next(told.now);
    is_closed = std::holds_alternative<LineClose>(action);
    if (const auto* discard = std::get_if<LineDiscard>(&action)) {
      told.now += discard->at_most;
      told.machine.discarded(500, told.now);
    }
  }
  EXPECT_TRUE(is_closed);
  EXPECT_EQ(told.machine.status().error, "the line is never silent");
}

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

TEST(LineMachine, PlansAnewWhenADeviceTurnsOutSlow) {
  // A hole of 98 registers: reading it takes longer than a second request to a
  // quick device, and less long than one to a slow device.
  auto profile = row(0, 2);
  const auto far = row(100, 2);
  profile->points.insert(
      profile->points.end(), far->points.begin(), far->points.end());
  LineSettings settings{.wire = {.kind = LineKind::kRtu, .baud = 19'200},
                        .timeout = milliseconds(500)};
  LineRun run(settings, {device_of(1, profile)}, 1);
  run.line.unit(1).delay = milliseconds(300);
  run.run_until(run.now + seconds(30));
  EXPECT_EQ(run.machine.status().devices[0].requests_per_poll[1], 2);
  run.run_until(run.now + seconds(70));
  EXPECT_EQ(run.machine.status().devices[0].requests_per_poll[1], 1);
}

TEST(LineMachine, PausesBeforeEachRequestOfADeviceThatWantsIt) {
  auto profile = row(0, 4);
  profile->pause = milliseconds(40);
  profile->max_registers = 1;
  LineRun run(tcp(), {device_of(1, profile)}, 1);
  MonoTime last{};
  int asks = 0;
  run.line.unit(1).delay = milliseconds(5);
  run.on_ask = [&](const LineAsk&, MonoTime at) {
    if (last.count() != 0) {
      EXPECT_GE(at - last, milliseconds(45));
    }
    last = at;
    ++asks;
  };
  run.run_until(run.now + seconds(10));
  EXPECT_GE(asks, 39);
}

TEST(LineMachine, APollIsKeptWhileASafetyInputIsRead) {
  auto safety = row(0, 1);
  safety->points[0].poll = PollClass::kSafety;
  auto slow = row(0, 60);
  slow->max_registers = 10;
  LineRun run(tcp(), {device_of(1, safety), device_of(2, slow)}, 1);
  run.line.unit(1).delay = milliseconds(2);
  run.line.unit(2).delay = milliseconds(60);
  std::string order;
  run.on_ask = [&](const LineAsk& ask, MonoTime) {
    order += std::to_string(ask.device);
  };
  std::uint64_t whole = 0;
  run.on_report = [&](const PollReport& report) {
    EXPECT_EQ(report.error, "");
    whole += report.device == 1 ? 1U : 0U;
  };
  run.run_until(run.now + seconds(20));
  EXPECT_NE(order.find("1101"), std::string::npos) << order;
  EXPECT_GE(whole, 19U);
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

TEST(LineLoad, IsTheShareOfTheTimeThatAllNeed) {
  std::vector<LineDevice> devices{device_of(1, row(0, 10))};
  const LineSettings settings{.wire = kRtu9600};
  const double one = line_load(settings, devices, milliseconds(20));
  const Question question{1, kHolding, 0, 10};
  EXPECT_NEAR(one,
              static_cast<double>(
                  (wire_time(kRtu9600, question) + milliseconds(20)).count()) /
                  1e6,
              1e-3);
  devices.push_back(device_of(2, row(0, 10)));
  EXPECT_NEAR(line_load(settings, devices, milliseconds(20)), 2 * one, 1e-6);
  devices[1].periods.fill(milliseconds(0));
  EXPECT_NEAR(line_load(settings, devices, milliseconds(20)), one, 1e-6);
}

}  // namespace
}  // namespace strongroom
