// SPDX-License-Identifier: Apache-2.0
// Panels on a line, one action at a time: whose turn it is, and what becomes of
// each answer.
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/bus/panel_fixture.h"
#include "core/bus/told_line_fixture.h"

namespace strongroom {
namespace {

constexpr milliseconds kEach{5};

std::shared_ptr<const DeviceProfile> safety_row(std::uint16_t count) {
  auto profile = std::make_shared<DeviceProfile>(*row(0, count));
  for (PointProfile& point : profile->points) {
    point.poll = PollClass::kSafety;
  }
  return profile;
}

/// A TCP line, which wants no silence while all is well.
struct Panels {
  explicit Panels(std::vector<LineDevice> devices,
                  std::size_t panel_count = 2,
                  LineSettings settings = tcp()) {
    std::vector<LinePanel> on_line;
    for (std::size_t i = 0; i < panel_count; ++i) {
      panels.push_back(std::make_shared<FakePanel>(milliseconds(0)));
      on_line.push_back(panel_of(static_cast<std::uint8_t>(21 + i), panels[i]));
    }
    machine = std::make_unique<LineMachine>(
        settings, std::move(devices), now, std::move(on_line));
    check(std::holds_alternative<LineOpen>(machine->next(now)), "it opens");
    machine->opened(now);
  }

  /// The next request as "poll 21", "exchange 21" or "ask 1"; "wait", "close".
  std::string next() {
    for (;;) {
      action = machine->next(now);
      if (const auto* discard = std::get_if<LineDiscard>(&action)) {
        discards.push_back(discard->quiet);
        now += discard->quiet;
        machine->discarded(0, now);
      } else if (const auto* ask = std::get_if<LineAsk>(&action)) {
        const auto unit = std::to_string(ask->question.unit);
        return (ask->is_of_panel ? "poll " : "ask ") + unit;
      } else if (const auto* exchange = std::get_if<LineExchange>(&action)) {
        return "exchange " + std::to_string(exchange->unit);
      } else {
        return std::holds_alternative<LineWait>(action) ? "wait" : "close";
      }
    }
  }
  void answer() {
    now += kEach;
    if (const auto* ask = std::get_if<LineAsk>(&action)) {
      machine->answered(std::vector<std::uint16_t>(ask->question.count, 7),
                        now);
    } else {
      const auto& exchange = std::get<LineExchange>(action);
      machine->exchanged(
          std::vector<std::uint8_t>(std::size_t{2} * exchange.read_registers),
          now);
    }
  }
  void fail(const LinkError& error) {
    now += kEach;
    machine->failed(error, now);
  }
  /// So many requests in order, each answered; stops at a wait.
  std::vector<std::string> order(std::size_t count) {
    std::vector<std::string> all;
    while (all.size() < count) {
      all.push_back(next());
      if (all.back() == "wait") {
        break;
      }
      answer();
    }
    return all;
  }
  Question question() const { return std::get<LineAsk>(action).question; }
  void poll_every(milliseconds period) {
    for (const auto& panel : panels) {
      panel->period = period;
      panel->next_poll = now;
    }
  }
  LinePanelCounters counters(std::size_t panel = 0) const {
    return machine->status().panels.at(panel).counters;
  }

  MonoTime now{seconds(1'000)};
  std::vector<std::shared_ptr<FakePanel>> panels;
  std::unique_ptr<LineMachine> machine;
  LineAction action;
  std::vector<microseconds> discards;
};

using Order = std::vector<std::string>;

TEST(LinePanel, WhoseTurn) {
  const auto always = [](Panels& line) {
    for (const auto& panel : line.panels) {
      panel->wants_always = true;
    }
  };
  const struct {
    const char* what;
    std::vector<LineDevice> devices;
    std::function<void(Panels&)> wish;
    Order order;
  } table[] = {
      {"nothing is wished",
       {device_of(1, row(0, 4))},
       [](Panels&) {},
       {"ask 1", "wait"}},
      {"no devices",
       {},
       [](Panels& line) { line.poll_every(milliseconds(40)); },
       {"poll 21", "poll 22", "wait"}},
      {"no devices, nothing wished", {}, [](Panels&) {}, {"wait"}},
      {"an exchange goes before all",
       {device_of(1, row(0, 4)), device_of(2, safety_row(2))},
       [](Panels& line) {
         line.poll_every(milliseconds(40));
         line.panels[1]->want_exchange(line.now);
       },
       {"exchange 22", "ask 2", "poll 21", "ask 1", "wait"}},
      {"it waits for its time",
       {device_of(1, row(0, 4))},
       [](Panels& line) {
         line.panels[0]->want_exchange(line.now + milliseconds(3));
       },
       {"ask 1", "exchange 21", "wait"}},
      {"between the requests of one poll",
       {device_of(1, row(0, 300))},
       [](Panels& line) {
         line.panels[0]->want_exchange(line.now + milliseconds(3));
       },
       {"ask 1", "exchange 21", "ask 1", "ask 1", "wait"}},
      {"panels in turns, others after two, safety after one",
       {device_of(1, row(0, 4)), device_of(2, safety_row(2))},
       always,
       {"exchange 21",
        "ask 2",
        "exchange 22",
        "exchange 21",
        "ask 1",
        "exchange 22",
        "exchange 21"}},
      {"polls of panels before early ones of devices, in the order due",
       {device_of(1, row(0, 4))},
       [](Panels& line) { line.poll_every(milliseconds(40)); },
       {"poll 21", "poll 22", "ask 1", "wait"}},
      {"a device that takes what is left",
       {[] {
         LineDevice free = device_of(1, row(0, 4));
         free.periods.fill(milliseconds(0));
         return free;
       }()},
       [](Panels& line) { line.poll_every(milliseconds(1)); },
       {"poll 21",
        "poll 22",
        "poll 21",
        "poll 22",
        "poll 21",
        "poll 22",
        "poll 21",
        "poll 22",
        "ask 1",
        "poll 21"}},
  };
  for (const auto& row : table) {
    Panels line(row.devices);
    row.wish(line);
    EXPECT_EQ(line.order(row.order.size()), row.order) << row.what;
  }
}

// What the line waits for, when nothing is due.
TEST(LinePanel, Wait_EndsWhenAPanelMayBeWanted) {
  Panels line({device_of(1, row(0, 4))});
  line.order(1);
  line.panels[1]->want_exchange(line.now + milliseconds(123));
  ASSERT_EQ(line.next(), "wait");
  EXPECT_EQ(std::get<LineWait>(line.action).until,
            line.now + milliseconds(123));
  // Woken: it looks again at once.
  line.now += milliseconds(1);
  line.panels[0]->want_exchange(line.now);
  EXPECT_EQ(line.next(), "exchange 21");
}

TEST(LinePanel, DevicesPause_IsUsedForPanels) {
  auto slow = std::make_shared<DeviceProfile>(*row(0, 300));
  slow->pause = milliseconds(50);
  Panels line({device_of(1, slow)});
  EXPECT_EQ(line.order(1), Order{"ask 1"});
  for (const auto& panel : line.panels) {
    panel->wants_always = true;
  }
  EXPECT_EQ(line.order(4),
            (Order{"exchange 21", "exchange 22", "exchange 21", "exchange 22"}))
      << "though it is the device's turn after two";
}

TEST(LinePanel, Exchange_CarriesWhatIsWished) {
  Panels line({}, 1);
  line.panels[0]->request = {1, 2, 3, 4};
  line.panels[0]->read_registers = 9;
  line.panels[0]->want_exchange(line.now);
  ASSERT_EQ(line.next(), "exchange 21");
  const auto exchange = std::get<LineExchange>(line.action);
  EXPECT_EQ(exchange.panel, 0);
  EXPECT_EQ(exchange.request.size(), 4U);
  EXPECT_EQ(exchange.request[3], 4);
  EXPECT_EQ(exchange.read_registers, 9);
  EXPECT_EQ(exchange.timeout, kTimeout);
  line.answer();
  EXPECT_EQ(line.panels[0]->exchanges.size(), 1U);
  EXPECT_EQ(line.counters().exchanges, 1U);
  EXPECT_EQ(line.machine->status().panels[0].state, DeviceState::kAnswering);
}

TEST(LinePanel, WishThatFitsNoRequest_IsAMistake) {
  for (const std::size_t bytes : {0U, 3U, 244U}) {
    Panels line({}, 1);
    line.panels[0]->request.resize(bytes);
    line.panels[0]->want_exchange(line.now);
    EXPECT_DEATH(line.next(), "fits into one request") << bytes;
  }
}

TEST(LinePanel, WhatEachFaultOfAnExchangeLeadsTo) {
  const struct {
    LinkError error;
    std::uint64_t timeouts, exceptions, garbled;
    bool settles;
  } table[] = {
      {error_of(LinkFault::kTimeout), 1, 0, 0, true},
      {error_of(LinkFault::kGarbled), 0, 0, 1, true},
      {error_of(LinkFault::kException, ModbusException::kIllegalValue),
       0,
       1,
       0,
       false},
      {error_of(LinkFault::kException, ModbusException::kGatewayTarget),
       0,
       1,
       0,
       false},
  };
  for (const auto& row : table) {
    Panels line({}, 1);
    line.panels[0]->wants_always = true;
    ASSERT_EQ(line.next(), "exchange 21");
    line.fail(row.error);
    ASSERT_EQ(line.panels[0]->errors.size(), 1U);
    EXPECT_EQ(line.panels[0]->errors[0].fault, row.error.fault);
    EXPECT_EQ(line.counters().timeouts, row.timeouts);
    EXPECT_EQ(line.counters().exceptions, row.exceptions);
    EXPECT_EQ(line.counters().garbled, row.garbled);
    line.discards.clear();
    EXPECT_EQ(line.next(), "exchange 21");
    EXPECT_EQ(!line.discards.empty() && line.discards[0] >= milliseconds(5),
              row.settles);
  }
}

// What came instead does not say that the answer will not come.
TEST(LinePanel, AnswerThatIsNotProven_IsTreatedAsGarbled) {
  Panels line({device_of(1, row(0, 4))}, 1);
  line.panels[0]->accepts = false;
  line.panels[0]->want_exchange(line.now);
  ASSERT_EQ(line.next(), "exchange 21");
  line.answer();
  EXPECT_EQ(line.counters().garbled, 1U);
  EXPECT_EQ(line.counters().exchanges, 0U);
  line.discards.clear();
  line.next();
  ASSERT_FALSE(line.discards.empty());
  EXPECT_EQ(line.discards[0], kTimeout - kEach);
}

TEST(LinePanel, ExchangesThatLeadToNothing_RestAfterThree) {
  for (const bool is_refused : {true, false}) {
    Panels line({}, 1);
    line.panels[0]->wants_always = true;
    line.panels[0]->accepts = false;
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(line.next(), "exchange 21") << i;
      is_refused ? line.fail(error_of(LinkFault::kException,
                                      ModbusException::kIllegalValue))
                 : line.answer();
    }
    ASSERT_EQ(line.next(), "wait");
    const MonoTime until = std::get<LineWait>(line.action).until;
    EXPECT_GE(until - line.now, 10 * kEach);
    line.now = until;
    line.panels[0]->accepts = true;
    EXPECT_EQ(line.order(3),
              (Order{"exchange 21", "exchange 21", "exchange 21"}));
  }
}

TEST(LinePanel, LostLine_IsToldToEveryDriver) {
  Panels line({device_of(1, row(0, 4))});
  line.panels[0]->want_exchange(line.now);
  ASSERT_EQ(line.next(), "exchange 21");
  line.fail(error_of(LinkFault::kLost));
  EXPECT_EQ(line.panels[0]->errors.size(), 1U);
  EXPECT_EQ(line.panels[0]->downs, 1U);
  EXPECT_EQ(line.panels[1]->downs, 1U);
  EXPECT_EQ(line.next(), "close");
  // Closed: they are looked at, so that orders can be given up.
  const std::uint64_t looks = line.panels[0]->looks;
  EXPECT_EQ(line.next(), "wait");
  EXPECT_LE(std::get<LineWait>(line.action).until - line.now,
            milliseconds(250));
  EXPECT_GT(line.panels[0]->looks, looks);
}

TEST(LinePanel, PollAfterOneWithoutAnswer_HasAnotherShape) {
  Panels line({}, 1);
  line.poll_every(milliseconds(40));
  ASSERT_EQ(line.next(), "poll 21");
  EXPECT_EQ(line.question(),
            (Question{.unit = 21, .kind = RegisterKind::kInput, .count = 2}));
  line.now += milliseconds(1);
  line.machine->answered(std::vector<std::uint16_t>{1, 100}, line.now);
  line.now += milliseconds(40);
  line.next();
  line.fail(error_of(LinkFault::kTimeout));
  // The newest seq from where it stands too; then what is pending alone.
  const struct {
    std::uint16_t address, count;
    std::vector<std::uint16_t> cells;
    std::array<std::uint16_t, 2> told;
  } table[] = {{0x0204, 3, {0, 101, 9}, {1, 101}},
               {0, 1, {5}, {5, 101}},
               {0x0204, 3, {0, 102, 9}, {5, 102}}};
  for (const auto& row : table) {
    line.now += milliseconds(40);
    ASSERT_EQ(line.next(), "poll 21");
    EXPECT_EQ(line.question().address, row.address);
    EXPECT_EQ(line.question().count, row.count);
    line.now += milliseconds(1);
    line.machine->answered(row.cells, line.now);
    EXPECT_EQ(line.panels[0]->cells, row.told);
  }
  EXPECT_EQ(line.panels[0]->polls.size(), 4U);
  EXPECT_EQ(line.counters().varied, 3U);
  // An answer in step, and the time of a late one: the plain shape is free.
  line.now += seconds(1);
  ASSERT_EQ(line.next(), "poll 21");
  EXPECT_EQ(line.question().count, 2);
}

TEST(LinePanel, EveryShapeOwed_LeavesExchanges) {
  Panels line({}, 1);
  const MonoTime begun = line.now;
  // At 0: 2 and 1; from 0x0204: 3 to 8.
  for (int i = 0; i < 8; ++i) {
    line.poll_every(milliseconds(40));
    ASSERT_EQ(line.next(), "poll 21") << i;
    line.fail(error_of(LinkFault::kTimeout));
    line.panels[0]->want_exchange(line.now);  // so that it is not silent
    ASSERT_EQ(line.order(1), Order{"exchange 21"}) << i;
  }
  EXPECT_EQ(line.counters().varied, 7U);
  EXPECT_LT(line.now - begun, 2 * kTimeout);
  line.poll_every(milliseconds(40));
  EXPECT_EQ(line.next(), "poll 21");
  EXPECT_EQ(line.question().count, 2);
  EXPECT_GE(line.now - begun, 4 * kTimeout) << "not before it is free";
}

TEST(LinePanel, AnswerThatCameTwice_OwesItsShape) {
  Panels line({}, 1, {.wire = kRtu115200, .timeout = kTimeout});
  line.now += seconds(1);
  line.poll_every(milliseconds(40));
  ASSERT_EQ(line.next(), "poll 21");
  EXPECT_EQ(line.question().count, 3) << "an agent before this one asked two";
  line.answer();
  line.now += seconds(1);
  ASSERT_EQ(line.next(), "poll 21");
  EXPECT_EQ(line.question().count, 2);
  line.answer();
  line.now += milliseconds(40);
  const LineAction silence = line.machine->next(line.now);
  ASSERT_TRUE(std::holds_alternative<LineDiscard>(silence));
  line.machine->discarded(9, line.now + milliseconds(2));
  EXPECT_EQ(line.counters().late_bytes, 9U);
  ASSERT_EQ(line.next(), "poll 21");
  EXPECT_EQ(line.question().count, 1);
}

// Its driver exchanges every second anyway, and an exchange says itself which
// request it answers: then the panel is in step, and its polls go on.
TEST(LinePanel, PanelWithoutThoseRegisters_IsPolledAgainAfterAnExchange) {
  Panels line({}, 1);
  line.poll_every(milliseconds(40));
  line.next();
  line.fail(error_of(LinkFault::kTimeout));
  line.now += milliseconds(40);
  line.next();
  EXPECT_EQ(line.question().count, 3);
  line.fail(error_of(LinkFault::kException, ModbusException::kIllegalAddress));
  EXPECT_EQ(line.panels[0]->errors.size(), 1U) << "its own poll's alone";
  EXPECT_EQ(line.machine->status().panels[0].state, DeviceState::kAnswering);
  line.now += seconds(1);
  EXPECT_EQ(line.next(), "wait");
  line.panels[0]->want_exchange(line.now);
  EXPECT_EQ(line.order(2), (Order{"exchange 21", "wait"}));
  line.now += milliseconds(100);
  EXPECT_EQ(line.next(), "poll 21");
  EXPECT_EQ(line.question().count, 2);
}

TEST(LinePanel, SilentPanel_IsProbedAndItsWishesWait) {
  Panels line({}, 2);
  line.panels[0]->wants_always = true;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(line.next(), "exchange 21");
    line.fail(error_of(LinkFault::kTimeout));
  }
  EXPECT_EQ(line.machine->status().panels[0].state, DeviceState::kSilent);
  EXPECT_EQ(line.panels[0]->errors.size(), 3U);
  ASSERT_EQ(line.next(), "wait");
  line.panels[1]->want_exchange(line.now);
  EXPECT_EQ(line.order(1), Order{"exchange 22"});
  while (line.next() == "wait") {
    line.now = std::get<LineWait>(line.action).until;
  }
  EXPECT_TRUE(std::get<LineAsk>(line.action).is_of_panel);
  EXPECT_EQ(line.question().count, 2);
  line.fail(error_of(LinkFault::kTimeout));
  EXPECT_EQ(line.panels[0]->errors.size(), 3U)
      << "no wish of its driver failed";
  while (line.next() == "wait") {
    line.now = std::get<LineWait>(line.action).until;
  }
  line.answer();
  EXPECT_EQ(line.machine->status().panels[0].state, DeviceState::kAnswering);
  EXPECT_EQ(line.next(), "exchange 21") << "and its wish is served at once";
}

// The agent's journal is dead: nobody says a word to its panels.
TEST(LinePanel, SilentPanelOfASilencedDriver_IsNotProbed) {
  Panels line({}, 2);
  line.panels[0]->wants_always = true;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(line.next(), "exchange 21");
    line.fail(error_of(LinkFault::kTimeout));
  }
  line.panels[0]->wants_always = false;
  line.panels[0]->exchange_at.reset();
  ASSERT_EQ(line.next(), "wait");
  EXPECT_EQ(std::get<LineWait>(line.action).until, MonoTime::max());
  line.now += seconds(100);
  EXPECT_EQ(line.next(), "wait");
}

TEST(LinePanel, NoAnswerIsAwaitedLongBesidePanels) {
  Panels line({device_of(1, row(0, 4))}, 1, {.timeout = seconds(3)});
  line.next();
  EXPECT_EQ(std::get<LineAsk>(line.action).timeout, milliseconds(250));
  line.answer();
  line.panels[0]->want_exchange(line.now);
  line.next();
  EXPECT_EQ(std::get<LineExchange>(line.action).timeout, milliseconds(250));
}

TEST(LinePanel, Status_SaysHowLongExchangesWaited) {
  Panels line({device_of(1, row(0, 4))}, 1);
  line.panels[0]->want_exchange(line.now + milliseconds(1));
  EXPECT_EQ(line.order(2), (Order{"ask 1", "exchange 21"}));
  const LinePanelStatus panel = line.machine->status().panels[0];
  EXPECT_EQ(panel.name, "p21");
  EXPECT_EQ(panel.unit_id, 21);
  EXPECT_GE(panel.wait_p50, kEach - milliseconds(1));
  EXPECT_LE(panel.wait_p50, kEach);
  EXPECT_GE(panel.round_trip_p50, kEach);
  EXPECT_EQ(panel.counters.requests, 1U);

  Panels fresh({}, 1);
  fresh.panels[0]->want_exchange(MonoTime(0));  // long ago, but the line is new
  EXPECT_EQ(fresh.order(1), Order{"exchange 21"});
  EXPECT_LE(fresh.machine->status().panels[0].wait_p99, milliseconds(1));
}

TEST(LinePanel, Load_OfOnePanel) {
  const LineSettings fast{.wire = kRtu115200};
  // 17 characters, two gaps and 2 ms each 40 ms; 64 + 64 + 18 characters each
  // second.
  EXPECT_NEAR(panel_load(fast, {}, milliseconds(2)), 0.1744 + 0.0182, 0.002);
  EXPECT_NEAR(panel_load({.wire = kRtu9600}, {}, milliseconds(2)), 0.7, 0.15);
}

}  // namespace
}  // namespace strongroom
