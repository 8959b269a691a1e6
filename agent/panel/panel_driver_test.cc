// SPDX-License-Identifier: Apache-2.0
// Sessions, frames, orders: what the driver sends, and what it makes of what
// becomes of it.
#include "agent/panel/panel_fixture.h"

namespace strongroom {
namespace {

using Outcome = PanelOrderEnded::Outcome;
using Kind = PanelWish::Kind;
constexpr auto kIllegalValue = ModbusException::kIllegalValue;

class PanelDriverTest : public PanelDriverFixture {};

TEST_F(PanelDriverTest, ItBeginsWithAHello_ThenAnExchange_ThenPolls) {
  start();
  const RequestSeen hello = answer_hello();
  EXPECT_EQ(hello.session, 0U);
  EXPECT_EQ(hello.counter, 0U);
  EXPECT_NE(hello.nonce, 0U);
  const RequestSeen first = answer_exchange();
  EXPECT_EQ(first.session, 100U);
  EXPECT_EQ(first.counter, 1U);
  EXPECT_EQ(first.request.ring, 50U);
  EXPECT_TRUE(first.request.wants_events);
  EXPECT_TRUE(first.request.wants_status);
  EXPECT_EQ(first.request.unix_ms, 1'800'000'000'010U);
  const PanelWish next = wish();
  EXPECT_EQ(next.kind, Kind::kPoll);
  EXPECT_EQ(next.due, now - milliseconds(10) + milliseconds(40));
  ASSERT_EQ(told<PanelHeard>().size(), 1U);
  ASSERT_EQ(told<PanelLink>().size(), 1U);
  EXPECT_TRUE(told<PanelLink>()[0].is_up);
}

TEST_F(PanelDriverTest, TheTimeIsNotToldWhenItIsNotKnown) {
  quality = ClockQuality::kUnknown;
  start();
  answer_hello();
  EXPECT_EQ(answer_exchange().request.unix_ms, 0U);
}

TEST_F(PanelDriverTest, AnAgentThatRestartsGoesOnWithThePanelsCounter) {
  panel.last_counter = 41;
  start();
  answer_hello();
  EXPECT_EQ(answer_exchange().counter, 42U);
}

TEST_F(PanelDriverTest, AnUnlockGoesAtOnceAndBeforeEverythingElse) {
  panel.hello.config_version = 1;
  auto settings = setup();
  settings.config.resize(1);
  settings.config[0].which_part = strongroom_panel_v1_ConfigPart_settings_tag;
  start(settings);
  connect();
  mailbox.push(
      PanelIndicate{.reader = 1,
                    .signal = strongroom_panel_v1_Signal_SIGNAL_GRANTED,
                    .duration = {}});
  ASSERT_TRUE(unlock(9));
  const RequestSeen request = answer_exchange();
  EXPECT_EQ(request.request.which_order,
            strongroom_panel_v1_PanelRequest_unlock_tag);
  EXPECT_EQ(request.request.order_id, 9U);
  EXPECT_EQ(request.request.unix_ms, 0U);
  ASSERT_EQ(told<PanelOrderEnded>().size(), 1U);
  EXPECT_EQ(told<PanelOrderEnded>()[0].outcome, Outcome::kDone);
  EXPECT_EQ(answer_exchange().request.which_order,
            strongroom_panel_v1_PanelRequest_indicate_tag);
}

// The panel's uptime was at least 1000 when the agent heard it.
TEST_F(PanelDriverTest, AnUnlockEndsInThePanelsTimeNotAfterItEndsInOurs) {
  start();
  connect();
  const MonoTime heard = now;
  now += milliseconds(300);
  mailbox.push(PanelUnlock{.order = 9,
                           .leaf = 1,
                           .pulse = milliseconds(700),
                           .not_after = heard + seconds(5)});
  const RequestSeen request = answer_exchange();
  EXPECT_EQ(request.request.order.unlock.not_after_uptime_ms,
            1000U + 5000U - 5U - 1U);
  EXPECT_EQ(request.request.order.unlock.pulse_ms, 700U);
}

TEST_F(PanelDriverTest, AnUnlockThatIsLateIsNotSent) {
  start();
  connect();
  unlock(9, milliseconds(20));
  now += milliseconds(20);
  EXPECT_EQ(wish().kind, Kind::kPoll);
  ASSERT_EQ(told<PanelOrderEnded>().size(), 1U);
  EXPECT_EQ(told<PanelOrderEnded>()[0].outcome, Outcome::kExpired);
}

TEST_F(PanelDriverTest, TheSameBytesUntilAnAnswerComes) {
  start();
  connect();
  unlock(9);
  seen();
  const Bytes first = sent;
  fail(LinkFault::kTimeout);
  seen();
  EXPECT_EQ(to_hex(sent), to_hex(first));
  fail(LinkFault::kGarbled);
  seen();
  EXPECT_EQ(to_hex(sent), to_hex(first));
  fail(LinkFault::kTimeout);
  // Three tries: is the session still there? It is, and took nothing yet.
  now += milliseconds(250);
  answer_hello();
  answer_exchange();
  EXPECT_EQ(to_hex(sent), to_hex(first));
  ASSERT_EQ(told<PanelOrderEnded>().size(), 1U);
  EXPECT_EQ(told<PanelOrderEnded>()[0].outcome, Outcome::kDone);
}

TEST_F(PanelDriverTest, AnUnlockIsNeverSentInAnotherSession) {
  start();
  connect();
  unlock(9);
  seen();
  fail(LinkFault::kException, kIllegalValue);
  panel.session = 200;
  panel.last_counter = 0;
  now += milliseconds(250);
  answer_hello();
  ASSERT_EQ(told<PanelOrderEnded>().size(), 1U);
  EXPECT_EQ(told<PanelOrderEnded>()[0].outcome, Outcome::kUnknown);
  for (int i = 0; i < 50; ++i) {
    const PanelWish next = wish();
    if (is_wished()) {
      EXPECT_EQ(answer_exchange().request.which_order, 0);
    }
    now = std::max(now, next.due);
    if (next.kind == Kind::kPoll) {
      poll(0, 0);
    }
  }
}

// It was not sent yet: the new session executes it as any other.
TEST_F(PanelDriverTest, AnUnlockThatWaitedForTheSessionIsSentInIt) {
  start();
  unlock(9);
  answer_hello();
  EXPECT_EQ(answer_exchange().request.which_order, 0) << "no uptime is known";
  EXPECT_EQ(answer_exchange().request.order_id, 9U);
}

TEST_F(PanelDriverTest, AFrameThatWasNotAskedYetTakesTheUnlockAlong) {
  start();
  connect();
  now += seconds(1);
  const RequestSeen beat = seen();
  unlock(9);
  const RequestSeen request = seen();
  EXPECT_EQ(request.counter, beat.counter);
  EXPECT_EQ(request.request.order_id, 9U);
}

TEST_F(PanelDriverTest, ResultsAreOutcomes) {
  const struct {
    TestResult result;
    Outcome outcome;
  } table[] = {
      {strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE, Outcome::kDone},
      {strongroom_panel_v1_OrderResult_ORDER_RESULT_EXPIRED, Outcome::kExpired},
      {strongroom_panel_v1_OrderResult_ORDER_RESULT_REPEATED,
       Outcome::kRefused},
      {strongroom_panel_v1_OrderResult_ORDER_RESULT_LOCKDOWN,
       Outcome::kRefused},
      {strongroom_panel_v1_OrderResult_ORDER_RESULT_UNSPECIFIED,
       Outcome::kUnknown},
  };
  start();
  connect();
  std::uint32_t order = 0;
  for (const auto& row : table) {
    unlock(++order);
    panel.answer.result = row.result;
    answer_exchange();
    ASSERT_EQ(told<PanelOrderEnded>().size(), order);
    EXPECT_EQ(told<PanelOrderEnded>().back().order, order);
    EXPECT_EQ(told<PanelOrderEnded>().back().outcome, row.outcome) << order;
    EXPECT_EQ(told<PanelOrderEnded>().back().result, row.result) << order;
  }
}

TEST_F(PanelDriverTest, AnswersThatAreNotToThisRequestAreRefused) {
  start();
  const RequestSeen hello = seen();
  const Bytes good = panel.hello_answer(hello);
  RequestSeen other = hello;
  other.nonce ^= 1;
  EXPECT_FALSE(give(panel.hello_answer(other))) << "another nonce";
  now += seconds(1);
  EXPECT_FALSE(give(good)) << "of an earlier hello";
  now += seconds(1);
  answer_hello();
  const RequestSeen first = answer_exchange();
  now += seconds(1);
  RequestSeen request = seen();
  EXPECT_FALSE(give(panel.exchange_answer(first))) << "an earlier counter";
  seen();
  Bytes flipped = panel.exchange_answer(request);
  flipped[20] ^= 1;
  EXPECT_FALSE(give(flipped)) << "another tag";
  now += seconds(1);
  answer_exchange();
  EXPECT_EQ(status.invalid_answers, 4U);
}

TEST_F(PanelDriverTest, AHelloIsNotAskedAgainAndAgain) {
  start();
  connect();
  int hellos = 0;
  const MonoTime end = now + seconds(2);
  while (now < end) {
    if (is_wished()) {
      hellos += seen().type == PanelFrameType::kHello ? 1 : 0;
      fail(LinkFault::kException, kIllegalValue);
    } else {
      poll(16, 0);
      now += milliseconds(1);
    }
  }
  EXPECT_LE(hellos, 9);
  EXPECT_GE(hellos, 2);
}

TEST_F(PanelDriverTest, APanelThatIsGoneCostsItsLineATwentieth) {
  start();
  connect();
  now += seconds(5);
  std::chrono::microseconds busy{};
  const MonoTime begin = now;
  while (now < begin + seconds(60)) {
    const PanelWish next = wish();
    if (next.kind == Kind::kNothing || next.due > now) {
      now = std::max(now + milliseconds(1), next.due);
      continue;
    }
    fail(LinkFault::kTimeout);
    busy += milliseconds(50);
  }
  EXPECT_LT(busy * 15, seconds(60));
  ASSERT_EQ(told<PanelLink>().size(), 2U);
  EXPECT_FALSE(told<PanelLink>()[1].is_up);
  EXPECT_FALSE(status.is_up);
}

TEST_F(PanelDriverTest, TheHeartbeatComesEveryThirdOfTheOfflineTime) {
  start();
  connect();
  std::vector<MonoTime> beats;
  for (int i = 0; i < 400; ++i) {
    const PanelWish next = wish();
    now = std::max(now, next.due);
    if (next.kind == Kind::kPoll) {
      poll(0, 0);
    } else if (wish().kind == Kind::kExchange) {
      beats.push_back(now);
      answer_exchange();
    }
  }
  ASSERT_GT(beats.size(), 3U);
  for (std::size_t i = 1; i < beats.size(); ++i) {
    EXPECT_EQ(beats[i] - beats[i - 1], milliseconds(1000)) << i;
  }
}

TEST_F(PanelDriverTest, SilencedItAsksNothingAndClaimsNoLoss) {
  start();
  connect();
  unlock(9, seconds(1));
  mailbox.silence(true);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(wish().kind, Kind::kNothing);
    now += milliseconds(100);
  }
  EXPECT_TRUE(status.is_silenced);
  EXPECT_EQ(told<PanelLink>().size(), 1U) << "nobody asked";
  EXPECT_EQ(told<PanelOrderEnded>().size(), 1U);
  mailbox.silence(false);
  EXPECT_EQ(answer_exchange().request.which_order, 0);
  EXPECT_EQ(told<PanelLink>().size(), 1U);
}

TEST_F(PanelDriverTest, ALockdownIsSentAgainWhenThePanelLostIt) {
  start();
  connect();
  mailbox.push(PanelLockdown{.order = 5, .leaves = 1});
  EXPECT_EQ(answer_exchange().request.order.lockdown.leaves, 1);
  ASSERT_EQ(told<PanelOrderEnded>().size(), 1U);
  panel.session = 200;
  panel.last_counter = 0;
  poll(16, 0);
  now += milliseconds(250);
  answer_hello();
  const RequestSeen again = answer_exchange();
  EXPECT_EQ(again.request.which_order,
            strongroom_panel_v1_PanelRequest_lockdown_tag);
  // Its status says the leaf is not locked down.
  panel.answer.has_status = true;
  panel.answer.status.leaves.size = 1;
  now += seconds(1);
  answer_exchange();
  now += seconds(1);
  EXPECT_EQ(answer_exchange().request.which_order,
            strongroom_panel_v1_PanelRequest_lockdown_tag);
  EXPECT_EQ(told<PanelOrderEnded>().size(), 1U) << "told once";
}

TEST_F(PanelDriverTest, AnOrderThatEndsAFireIsSentOnceAndRepeatsEndNothing) {
  start();
  connect();
  mailbox.push(PanelLockdown{.order = 5,
                             .leaves = 1,
                             .end_fire = true,
                             .not_after = now + seconds(5)});
  EXPECT_TRUE(answer_exchange().request.order.lockdown.end_fire);
  ASSERT_EQ(told<PanelOrderEnded>().size(), 1U);
  panel.session = 200;
  panel.last_counter = 0;
  poll(16, 0);
  now += milliseconds(250);
  answer_hello();
  const RequestSeen again = answer_exchange();
  EXPECT_EQ(again.request.order.lockdown.leaves, 1);
  EXPECT_FALSE(again.request.order.lockdown.end_fire);
}

TEST_F(PanelDriverTest, AnOrderThatEndsAFireIsUnknownWhenItWasNotAnswered) {
  start();
  connect();
  mailbox.push(PanelLockdown{.order = 5,
                             .leaves = 1,
                             .end_fire = true,
                             .not_after = now + seconds(5)});
  EXPECT_TRUE(seen().request.order.lockdown.end_fire);
  fail(LinkFault::kTimeout);
  const Bytes first = sent;
  seen();
  EXPECT_EQ(sent, first) << "the panel executes it once";
  fail(LinkFault::kTimeout);
  now += milliseconds(1100);
  const RequestSeen next = seen();
  ASSERT_EQ(told<PanelOrderEnded>().size(), 1U);
  EXPECT_EQ(told<PanelOrderEnded>()[0].outcome,
            PanelOrderEnded::Outcome::kUnknown);
  EXPECT_EQ(next.request.order.lockdown.leaves, 1) << "is wanted still";
  EXPECT_FALSE(next.request.order.lockdown.end_fire);
}

TEST_F(PanelDriverTest, AnOrderThatEndsAFireExpires) {
  start();
  connect();
  panel.session = 200;  // its link is down, for an hour
  mailbox.push(PanelLockdown{.order = 5,
                             .leaves = 0,
                             .end_fire = true,
                             .not_after = now + seconds(5)});
  poll(16, 0);
  now += milliseconds(250);
  for (int i = 0; i < 360; ++i) {
    seen();
    fail(LinkFault::kTimeout);
    now += seconds(10);
  }
  ASSERT_EQ(told<PanelOrderEnded>().size(), 1U);
  EXPECT_EQ(told<PanelOrderEnded>()[0].outcome,
            PanelOrderEnded::Outcome::kExpired);
  panel.last_counter = 0;
  answer_hello();
  EXPECT_FALSE(answer_exchange().request.order.lockdown.end_fire);
  EXPECT_EQ(told<PanelOrderEnded>().size(), 1U);
}

TEST_F(PanelDriverTest, AnUptimeThatGoesBackGivesNoUnlockMoreTime) {
  start();
  connect();
  panel.answer.uptime_ms = 10;
  now += seconds(1);
  answer_exchange();
  EXPECT_EQ(status.invalid_answers, 1U);
  panel.answer.uptime_ms = ~std::uint64_t{0};
  now += seconds(1);
  answer_exchange();
  unlock(9);
  const auto last = answer_exchange().request.order.unlock.not_after_uptime_ms;
  EXPECT_LT(last, 1000U + 2100U + 5000U);
  EXPECT_GT(last, 1000U + 1900U + 5000U);
}

TEST_F(PanelDriverTest, ReportsThatTheLoopHasNoRoomForWait) {
  is_full = true;
  start();
  connect();
  unlock(9);
  answer_exchange();
  EXPECT_TRUE(reports.empty());
  is_full = false;
  now += milliseconds(20);
  wish();
  ASSERT_EQ(reports.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<PanelHeard>(reports[0]));
  EXPECT_TRUE(std::holds_alternative<PanelLink>(reports[1]));
  EXPECT_TRUE(std::holds_alternative<PanelOrderEnded>(reports[2]));
}

TEST_F(PanelDriverTest, APinIsToldOnceAndInTheClearOnlyThere) {
  start();
  connect();
  poll(2, 0);
  const RequestSeen request = seen();
  const PanelLinkKeys keys = derive_panel_keys(panel.key);
  panel.answer.has_pin = true;
  panel.answer.pin = {.reader = 2, .leaf = 1, .entry = 3, .digits = {}};
  std::ranges::fill(panel.answer.pin.digits, 0xff);
  for (std::uint8_t i = 0; i < 4; ++i) {
    panel.answer.pin.digits[i] = i;
  }
  std::array<std::uint8_t, 12> nonce{};
  nonce[7] = 100;
  nonce[11] = static_cast<std::uint8_t>(request.counter);
  chacha20(keys.pin, nonce, panel.answer.pin.digits);
  ASSERT_TRUE(give(panel.exchange_answer(request)));
  ASSERT_EQ(told<PanelPin>().size(), 1U);
  EXPECT_EQ(told<PanelPin>()[0].digits, "0123");
  EXPECT_EQ(told<PanelPin>()[0].reader, 2);
  now += seconds(1);
  poll(2, 0);
  answer_exchange();  // the same entry, under another counter: not read
  EXPECT_EQ(told<PanelPin>().size(), 1U);
}

}  // namespace
}  // namespace strongroom
