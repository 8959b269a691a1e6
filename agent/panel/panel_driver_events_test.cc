// SPDX-License-Identifier: Apache-2.0
// Events, configuration, lists: what flows behind the orders.
#include "agent/panel/panel_fixture.h"

namespace strongroom {
namespace {

using Kind = PanelWish::Kind;

class PanelDriverEventsTest : public PanelDriverFixture {
 protected:
  void hold(std::uint32_t seq) {
    mailbox.push(PanelHeld{.ring = 50, .seq = seq});
  }
};

TEST_F(PanelDriverEventsTest, ABadgeIsFetchedAtOnceAndAnsweredWithItsUnlock) {
  start();
  connect();
  poll(1, 1);
  add_event(1);
  const RequestSeen fetch = answer_exchange();
  EXPECT_TRUE(fetch.request.wants_events);
  EXPECT_EQ(fetch.request.ack_seq, 0U);
  ASSERT_EQ(told<PanelFacts>().size(), 1U);
  hold(1);
  unlock(9);
  const RequestSeen both = answer_exchange();
  EXPECT_EQ(both.request.ack_seq, 1U);
  EXPECT_EQ(both.request.order_id, 9U);
}

TEST_F(PanelDriverEventsTest, WhatPollsSayOfEventsUnderWayLeadsToNothing) {
  start();
  connect();
  poll(1, 1);
  add_event(1);
  answer_exchange();
  for (int i = 0; i < 5; ++i) {
    now = wish().due;
    EXPECT_EQ(wish().kind, Kind::kPoll);
    poll(1, 1);
  }
}

TEST_F(PanelDriverEventsTest, TimesOfEvents) {
  start();
  connect();
  poll(1, 3);
  add_event(1);
  add_event(2);
  add_event(3);
  panel.answer.uptime_ms = 61'000;
  panel.answer.events[0].boot = 0;
  panel.answer.events[0].at_s = 1'799'999'000;
  panel.answer.events[0].at_cs = 25;
  panel.answer.events[1].at_s = 1;
  panel.answer.events[1].at_cs = 50;
  panel.answer.events[2].boot = 9;
  answer_exchange();
  ASSERT_EQ(told<PanelFacts>().size(), 1U);
  const auto facts = told<PanelFacts>()[0].facts;
  ASSERT_EQ(facts.size(), 3U);
  const WallTime wall = kWall + (now - kStart);
  EXPECT_EQ(facts[0].clock, PanelClockKind::kWall);
  EXPECT_EQ(facts[0].occurred,
            WallTime(seconds(1'799'999'000) + milliseconds(250)));
  EXPECT_EQ(facts[1].clock, PanelClockKind::kUptime);
  EXPECT_EQ(facts[1].occurred, wall - milliseconds(59'500));
  EXPECT_EQ(facts[2].clock, PanelClockKind::kUnknown);
  EXPECT_EQ(facts[2].occurred, wall);
}

// Its clock is years away from the agent's: its events are not.
TEST_F(PanelDriverEventsTest, AnEventIsSoOldAsThePanelsOwnClockSays) {
  for (const auto how : {ClockQuality::kGood, ClockQuality::kUnknown}) {
    quality = how;
    now = kStart;
    panel = TestPanel();
    reports.clear();
    start();
    connect();
    poll(1, 5);
    constexpr std::uint32_t kThen = 1'500'000'000;
    for (std::uint32_t seq = 1; seq <= 5; ++seq) {
      add_event(seq);
      panel.answer.events[seq - 1].boot = 0;
      panel.answer.events[seq - 1].at_s = kThen;
      panel.answer.events[seq - 1].at_cs = 50;
    }
    // A minute by a clock that then went ten years on.
    constexpr std::uint32_t kStep = 315'360'000;
    panel.answer.events[0].at_s = kThen - kStep - 60;
    panel.answer.events[1].kind =
        strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_CLOCK_STEPPED;
    panel.answer.events[1].value = kStep;
    panel.answer.events[3].at_s = kThen + 3;           // in its future
    panel.answer.events[4].at_s = kThen - 40'000'000;  // more than a year
    panel.answer.unix_ms = kThen * 1000ULL + 2000;
    answer_exchange();
    ASSERT_EQ(told<PanelFacts>().size(), 1U);
    const auto facts = told<PanelFacts>()[0].facts;
    ASSERT_EQ(facts.size(), 5U);
    const WallTime wall = kWall + (now - kStart);
    EXPECT_EQ(facts[0].occurred, wall - milliseconds(61'500));
    EXPECT_EQ(facts[1].occurred, wall - milliseconds(1500));
    EXPECT_EQ(facts[2].occurred, wall - milliseconds(1500));
    EXPECT_EQ(facts[2].clock, PanelClockKind::kWall);
    EXPECT_EQ(facts[3].clock, PanelClockKind::kUnknown);
    EXPECT_EQ(facts[4].clock, PanelClockKind::kUnknown);
  }
}

TEST_F(PanelDriverEventsTest,
       APanelThatLostTheTimeIsNotHeldAgainstAnUnknownClock) {
  quality = ClockQuality::kUnknown;
  start();
  connect();
  poll(1, 1);
  add_event(1);
  panel.answer.events[0].boot = 0;
  answer_exchange();
  ASSERT_EQ(told<PanelFacts>().size(), 1U);
  EXPECT_EQ(told<PanelFacts>()[0].facts[0].clock, PanelClockKind::kUnknown);
}

// What a panel stored is not news because it comes late.
TEST_F(PanelDriverEventsTest, AnAnswerToARepeatedFrameIsAsOldAsItsFirstTry) {
  start();
  connect();
  poll(1, 1);
  add_event(1);
  seen();
  const WallTime tried = kWall + (now - kStart);
  fail(LinkFault::kTimeout);
  now += milliseconds(700);
  answer_exchange();
  ASSERT_EQ(told<PanelFacts>().size(), 1U);
  EXPECT_EQ(told<PanelFacts>()[0].facts[0].occurred, tried);
}

TEST_F(PanelDriverEventsTest, ARingThatIsLostIsNamedAnew) {
  panel.hello.ring = 0;
  start();
  answer_hello();
  ASSERT_EQ(told<PanelRingLost>().size(), 1U);
  const PanelRingLost lost = told<PanelRingLost>()[0];
  EXPECT_EQ(lost.previous, 50U);
  EXPECT_NE(lost.next, 0U);
  EXPECT_NE(lost.next, 50U);
  add_event(1);
  const RequestSeen naming = answer_exchange();
  EXPECT_EQ(naming.request.ring, lost.next);
  EXPECT_EQ(naming.request.ack_seq, 0U);
  ASSERT_EQ(told<PanelFacts>().size(), 1U);
  EXPECT_EQ(told<PanelFacts>()[0].ring, lost.next);
}

TEST_F(PanelDriverEventsTest, AForeignRingIsAdoptedAndNothingOfItFreed) {
  auto settings = setup();
  settings.ring = 44;
  settings.held_seq = 10;
  start(settings);
  answer_hello();
  ASSERT_EQ(told<PanelRingLost>().size(), 1U);
  EXPECT_EQ(told<PanelRingLost>()[0].previous, 44U);
  EXPECT_EQ(told<PanelRingLost>()[0].next, 50U);
  const RequestSeen first = answer_exchange();
  EXPECT_EQ(first.request.ring, 50U);
  EXPECT_EQ(first.request.ack_seq, 0U);
}

TEST_F(PanelDriverEventsTest, WhileReportsWaitNoEventsAreAskedFor) {
  start();
  answer_hello();
  is_full = true;
  answer_exchange();  // that the link is up is not taken
  now += seconds(1);
  const RequestSeen beat = answer_exchange();
  EXPECT_FALSE(beat.request.wants_events);
  EXPECT_EQ(beat.request.ack_seq, 0U);
}

TEST_F(PanelDriverEventsTest, HostileAnswersAreCountedAndLeadToNothing) {
  start();
  connect();
  const auto tell = [&](auto change) {
    now += seconds(1);
    add_event(1);
    change(panel.answer);
    const auto before = told<PanelFacts>().size();
    answer_exchange();
    panel.answer.ring = 0;
    EXPECT_EQ(told<PanelFacts>().size(), before);
  };
  using Answer = strongroom_panel_v1_PanelAnswer;
  tell([](Answer& answer) { answer.ring = 60; });
  // Asked about its session, it says ring 50 again.
  now += seconds(1);
  answer_hello();
  tell([](Answer& answer) { answer.events[0].seq = 9; });
  EXPECT_EQ(status.invalid_answers, 2U);
  EXPECT_TRUE(status.is_up) << "it is the panel all the same";
}

TEST_F(PanelDriverEventsTest, TheConfigurationIsBroughtPartByPart) {
  auto settings = setup();
  settings.config.resize(2);
  settings.config[0].which_part = strongroom_panel_v1_ConfigPart_settings_tag;
  settings.config[1].which_part = strongroom_panel_v1_ConfigPart_leaf_tag;
  start(settings);
  answer_hello();
  const auto heard = told<PanelHeard>();
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].config_hash.size(), 32U);
  for (std::uint8_t i = 0; i < 2; ++i) {
    const RequestSeen part = answer_exchange();
    ASSERT_EQ(part.request.which_order,
              strongroom_panel_v1_PanelRequest_config_tag);
    EXPECT_EQ(part.request.order.config.index, i);
    EXPECT_EQ(part.request.order.config.version, heard[0].config_version);
    panel.answer.config_version = i == 0 ? heard[0].config_version : 0;
    now += milliseconds(20);
  }
}

TEST_F(PanelDriverEventsTest, AListLeavesTheLineToOthersBetweenItsParts) {
  start();
  connect();
  PanelList list{.version = 4, .entries = {}};
  for (std::uint8_t i = 0; i < 30; ++i) {
    list.entries.push_back({.bit_count = 26,
                            .bits = {i, 0, 0, 0},
                            .leaves = 1,
                            .expires_minutes = 0xffffff});
  }
  mailbox.push(list);
  RequestSeen part = answer_exchange();
  ASSERT_EQ(part.request.which_order,
            strongroom_panel_v1_PanelRequest_list_tag);
  EXPECT_EQ(part.request.order.list.entries.size, 144);
  const PanelWish between = wish();
  EXPECT_EQ(between.kind, Kind::kPoll);
  unlock(9);
  EXPECT_EQ(answer_exchange().request.order_id, 9U);
  now += milliseconds(100);
  part = answer_exchange();
  EXPECT_EQ(part.request.order.list.index, 1);
}

TEST_F(PanelDriverEventsTest, AnOldSignalIsNotShown) {
  start();
  connect();
  mailbox.push(PanelIndicate{.reader = 1,
                             .signal = strongroom_panel_v1_Signal_SIGNAL_DENIED,
                             .duration = {}});
  seen();
  fail(LinkFault::kTimeout);
  now += seconds(4);
  panel.session = 101;
  panel.last_counter = 0;
  poll(16, 0);
  for (int i = 0; i < 3; ++i) {
    const RequestSeen request = seen();
    if (request.type == PanelFrameType::kHello) {
      give(panel.hello_answer(request));
    } else {
      EXPECT_EQ(request.request.which_order, 0);
      give(panel.exchange_answer(request));
    }
    now += seconds(1);
  }
}

}  // namespace
}  // namespace strongroom
