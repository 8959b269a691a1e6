// SPDX-License-Identifier: Apache-2.0
#include "core/bus/line.h"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "core/bus/line_fixture.h"
#include "core/bus/told_line_fixture.h"

namespace strongroom {
namespace {

using std::chrono::minutes;

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
      {error_of(LinkFault::kTimeout), 4, 1, 0, 0, 0},
      {error_of(LinkFault::kGarbled), 4, 0, 0, 1, 0},
      {error_of(LinkFault::kException, ModbusException::kDeviceFailure),
       5,
       0,
       1,
       0,
       0},
      {error_of(LinkFault::kException, ModbusException::kBusy), 5, 0, 1, 0, 0},
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
