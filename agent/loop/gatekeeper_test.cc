// SPDX-License-Identifier: Apache-2.0
// From a badge to an order, and what becomes of it.
#include "agent/loop/gatekeeper.h"

#include <set>

#include "agent/loop/doors_test_util.h"
#include "agent/loop/offline_entries.h"

namespace strongroom {
namespace {

using namespace testing_doors;

class GatekeeperTest : public DoorsTest {
 protected:
  GatekeeperTest() { begin_ring(); }
};

TEST_F(GatekeeperTest, ReadingOfAPersonWithARight_Unlocks) {
  badge_at(1);
  ASSERT_EQ(events(kRead).size(), 1U);
  const auto read = events(kRead)[0].body.badge_read;
  EXPECT_EQ(read.origin.seq, 1U);
  EXPECT_STREQ(read.leaf, "vault");
  EXPECT_STREQ(read.reader, "in");
  EXPECT_EQ(read.direction, strongroom_v1_Direction_DIRECTION_IN);
  EXPECT_EQ(read.bit_count, 26U);
  EXPECT_STREQ(read.credential, "card-ann");
  EXPECT_EQ(read.commitment.size, 0U) << "whose bits are known by an id";
  const auto body = last(kGranted);
  EXPECT_EQ(body.reason, STRONGROOM_REASON(GRANT));
  EXPECT_EQ(body.decided_by, strongroom_v1_DecidedBy_DECIDED_BY_AGENT);
  EXPECT_STREQ(body.person, "ann");
  EXPECT_STREQ(body.zone, "vault-room");
  EXPECT_EQ(body.policy_version, 12U);
  EXPECT_EQ(body.origin.seq, 1U);
  EXPECT_EQ(body.lifetime_ms, 5000U);
  const auto unlocks = wanted<PanelUnlock>();
  ASSERT_EQ(unlocks.size(), 1U);
  EXPECT_NE(unlocks[0].order, 0U);
  EXPECT_EQ(unlocks[0].order, body.order);
  EXPECT_EQ(unlocks[0].leaf, 1);
  EXPECT_EQ(unlocks[0].not_after, rig_.now.monotonic + 5s);
  EXPECT_EQ(signal(), strongroom_panel_v1_Signal_SIGNAL_GRANTED);
}

TEST_F(GatekeeperTest, UnknownBadge_IsACommitmentThatNobodyCanGuess) {
  badge_at(99);
  badge_at(99);
  const auto reads = events(kRead);
  ASSERT_EQ(reads.size(), 2U);
  const auto& one = reads[0].body.badge_read;
  const auto& two = reads[1].body.badge_read;
  EXPECT_STREQ(one.credential, "");
  ASSERT_EQ(one.commitment.size, 32U);
  EXPECT_FALSE(std::ranges::equal(one.commitment.bytes, two.commitment.bytes));
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(UNKNOWN_CREDENTIAL));
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
  EXPECT_EQ(signal(), strongroom_panel_v1_Signal_SIGNAL_DENIED);
}

TEST_F(GatekeeperTest, WithoutPolicy_EverybodyIsDeniedAndRecorded) {
  reload(std::nullopt);
  badge_at(1);
  EXPECT_EQ(events(kRead).size(), 1U);
  EXPECT_EQ(events(kRead)[0].body.badge_read.commitment.size, 32U);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(NO_SHARE));
  EXPECT_STREQ(last(kDenied).zone, "vault-room") << "as configured";
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
  reload(policy());
  badge_at(1);
  EXPECT_EQ(last(kGranted).reason, STRONGROOM_REASON(GRANT));
}

TEST_F(GatekeeperTest, ReadTooLongAgo_IsRecordedAndNeverGranted) {
  PanelFact late = reading(1, 1);
  late.occurred = rig_.now.wall - 10s - 1ms;
  tell(facts({late}, 0));
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(TOO_LATE));
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
  EXPECT_TRUE(wanted<PanelIndicate>().empty()) << "nobody stands there";
  PanelFact earlier_boot = reading(2, 1);
  earlier_boot.clock = PanelClockKind::kUnknown;
  earlier_boot.occurred = rig_.now.wall;
  tell(facts({earlier_boot}, 1));
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(TOO_LATE));
  PanelFact just = reading(3, 1);
  just.occurred = rig_.now.wall - kHeardLate + 1ms;
  tell(facts({just}, 2));
  EXPECT_EQ(wanted<PanelUnlock>().size(), 1U);
  PanelFact heard_late = reading(4, 1);  // the panel may have been alone since
  heard_late.occurred = rig_.now.wall - kHeardLate;
  tell(facts({heard_late}, 3));
  EXPECT_EQ(last(kDenied).origin.seq, 4U);
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
}

// The report lay in the inbox while the journal could not commit.
TEST_F(GatekeeperTest, ReportThatWaited_IsTooLateAsWell) {
  PanelReport waited = facts({reading(1, 1)}, 0);
  rig_.pass(11s);
  tell(std::move(waited));
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(TOO_LATE));
}

TEST_F(GatekeeperTest, SharedReader_NeedsALeaf) {
  badge_at(1, 3, 0);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(NO_LEAF));
  badge_at(1, 3, 2);
  EXPECT_STREQ(last(kGranted).leaf, "cage");
  EXPECT_EQ(wanted<PanelUnlock>()[0].leaf, 2);
  badge_at(1, 1, 0);
  EXPECT_STREQ(last(kGranted).leaf, "vault") << "the only one it serves";
}

TEST_F(GatekeeperTest, BitsThatAreNone_AreUnreadable) {
  PanelFact wrong = reading(0, 1);
  wrong.event.credential.size = 3;
  next(wrong);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(UNREADABLE));
}

TEST_F(GatekeeperTest, LockedDownLeaf_OpensForNobody) {
  next(fact(0, STRONGROOM_KIND(LOCKDOWN), 1));
  badge_at(1);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(LOCKDOWN));
  restart();
  badge_at(1);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(LOCKDOWN));
  badge_at(1, 3, 2);
  EXPECT_STREQ(last(kGranted).leaf, "cage");
  next(fact(0, STRONGROOM_KIND(LOCKDOWN), 0));
  badge_at(1);
  EXPECT_STREQ(last(kGranted).leaf, "vault");
}

// --- orders -----------------------------------------------------------------

TEST_F(GatekeeperTest, EveryOutcome_IsRecorded) {
  using Outcome = PanelOrderEnded::Outcome;
  const std::vector<std::pair<Outcome, strongroom_v1_OrderOutcome>> all = {
      {Outcome::kDone, strongroom_v1_OrderOutcome_ORDER_OUTCOME_DONE},
      {Outcome::kExpired, strongroom_v1_OrderOutcome_ORDER_OUTCOME_EXPIRED},
      {Outcome::kRefused, strongroom_v1_OrderOutcome_ORDER_OUTCOME_REFUSED},
      {Outcome::kUnknown, strongroom_v1_OrderOutcome_ORDER_OUTCOME_UNKNOWN}};
  std::set<std::uint32_t> ids;
  for (const auto& [outcome, recorded] : all) {
    badge_at(1);
    const std::uint32_t order = wanted<PanelUnlock>().at(0).order;
    EXPECT_TRUE(ids.insert(order).second);
    rig_.pass(200ms);
    tell(report(PanelOrderEnded{
        order,
        outcome,
        strongroom_panel_v1_OrderResult_ORDER_RESULT_LOCKDOWN}));
    const auto body = events(kEnded).back().body.order_ended;
    EXPECT_EQ(body.order, order);
    EXPECT_EQ(body.outcome, recorded);
    EXPECT_EQ(body.kind, strongroom_v1_OrderKind_ORDER_KIND_UNLOCK);
    EXPECT_STREQ(body.leaf, "vault");
    EXPECT_EQ(body.result, 5U);
  }
  const DoorsSnapshot doors = rig_.core->snapshot().doors;
  EXPECT_EQ(doors.orders, (OpenOrders::Counts{1, 1, 1, 1}));
  EXPECT_EQ(doors.open_orders, 0U);
  EXPECT_EQ(doors.unlock.total, 1U) << "of those that were done";
  EXPECT_EQ(doors.unlock.sum, 300ms) << "from the reading on";
}

TEST_F(GatekeeperTest, OrderWithoutRoom_IsRefusedAndRecorded) {
  badge_at(1);
  const auto effects = rig_.doors.orders;
  for (const PanelEffect& effect : effects) {
    rig_.core->refused(effect);
  }
  EXPECT_EQ(rig_.core->next_deadline(), rig_.now.monotonic);
  rig_.turn();
  ASSERT_EQ(events(kEnded).size(), 1U);
  EXPECT_EQ(events(kEnded)[0].body.order_ended.outcome,
            strongroom_v1_OrderOutcome_ORDER_OUTCOME_REFUSED);
  rig_.turn();
  EXPECT_EQ(events(kEnded).size(), 1U);
}

// Its line was taken away: nobody will tell.
TEST_F(GatekeeperTest, OrderThatNobodyTellsOf_IsUnknownInTheEnd) {
  badge_at(1);
  rig_.pass(59s);
  rig_.turn();
  EXPECT_EQ(events(kEnded).size(), 0U);
  rig_.pass(2s);
  rig_.turn();
  ASSERT_EQ(events(kEnded).size(), 1U);
  EXPECT_EQ(events(kEnded)[0].body.order_ended.outcome,
            strongroom_v1_OrderOutcome_ORDER_OUTCOME_UNKNOWN);
}

TEST_F(GatekeeperTest, WhatFollowsFromAnOrder_NamesIt) {
  badge_at(1);
  const std::uint32_t order = wanted<PanelUnlock>().at(0).order;
  next(fact(0, STRONGROOM_KIND(RELEASED), order, 1));
  next(fact(0,
            STRONGROOM_KIND(OPENED),
            strongroom_panel_v1_PanelOpening_PANEL_OPENING_ORDER,
            1));
  next(fact(0, STRONGROOM_KIND(SECURED), 0, 1));
  next(fact(0, STRONGROOM_KIND(NOT_OPENED), order, 1));
  next(fact(0,
            STRONGROOM_KIND(OPENED),
            strongroom_panel_v1_PanelOpening_PANEL_OPENING_EXIT,
            1));
  const auto all = events(kLeaf);
  ASSERT_EQ(all.size(), 5U);
  for (std::size_t at = 0; at < 4; ++at) {
    EXPECT_EQ(all[at].body.leaf_changed.order, order) << at;
  }
  EXPECT_EQ(all[4].body.leaf_changed.order, 0U);
}

// --- the panel alone --------------------------------------------------------

TEST_F(GatekeeperTest, WhatThePanelDecided_IsNotDecidedAgain) {
  tell(facts({fact(1, STRONGROOM_KIND(MASTER_LOST)),
              reading(2, 1),
              granted_alone(3, 1),
              reading(4, 99),
              fact(5, STRONGROOM_KIND(OFFLINE_DENIED), 1, 1, 1)},
             0,
             5,
             1s));
  EXPECT_EQ(events(kRead).size(), 2U);
  ASSERT_EQ(events(kGranted).size(), 1U);
  ASSERT_EQ(events(kDenied).size(), 1U);
  const auto granted = last(kGranted);
  EXPECT_EQ(granted.decided_by, strongroom_v1_DecidedBy_DECIDED_BY_PANEL);
  EXPECT_EQ(granted.reason, STRONGROOM_REASON(OFFLINE_LIST));
  EXPECT_STREQ(granted.person, "ann");
  EXPECT_STREQ(granted.credential, "card-ann");
  EXPECT_STREQ(granted.leaf, "vault");
  EXPECT_EQ(granted.origin.seq, 3U);
  EXPECT_EQ(granted.order, 0U);
  const auto denied = last(kDenied);
  EXPECT_EQ(denied.reason, STRONGROOM_REASON(PANEL_DENIED));
  EXPECT_EQ(denied.panel_denial, 1U);
  EXPECT_STREQ(denied.person, "");
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
}

// The ring was full: the reading was routine.
TEST_F(GatekeeperTest, WhomAPanelLetIn_IsKnownWithoutTheReading) {
  tell(facts({fact(1, STRONGROOM_KIND(MASTER_LOST)), granted_alone(3, 1)}, 0));
  EXPECT_EQ(events(kRead).size(), 0U);
  EXPECT_STREQ(last(kGranted).person, "ann");
  EXPECT_STREQ(last(kGranted).credential, "card-ann");
  EXPECT_EQ(events(kGone).size(), 1U);
}

// The report ends between the reading and the panel's decision, and the agent
// dies there too.
TEST_F(GatekeeperTest, WhatThePanelIsAboutToDecide_IsLeftToIt) {
  tell(facts({fact(1, STRONGROOM_KIND(MASTER_LOST)), reading(2, 1)}, 0));
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
  restart();
  tell(facts({reading(3, 1)}, 2));
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
  EXPECT_EQ(events(kDenied).size(), 0U);
  tell(facts({fact(4, STRONGROOM_KIND(MASTER_RETURNED)), reading(5, 1)}, 3));
  EXPECT_EQ(wanted<PanelUnlock>().size(), 1U);
}

// It was alone, and knows nothing of that after a reset.
TEST_F(GatekeeperTest, PanelThatStartedAnew_IsNotAloneAnyMore) {
  tell(facts({fact(1, STRONGROOM_KIND(MASTER_LOST)),
              fact(2, STRONGROOM_KIND(FIRE_INPUT)),
              fact(3, STRONGROOM_KIND(STARTED), 3)},
             0));
  tell(facts({reading(4, 1)}, 3));
  EXPECT_EQ(wanted<PanelUnlock>().size(), 1U);
  EXPECT_FALSE(last(kGranted).under_fire);
  tell(facts({fact(5, STRONGROOM_KIND(MASTER_LOST))}, 4));
  tell(facts({reading(9, 1)}, 5));  // what is missing may be its return
  EXPECT_EQ(wanted<PanelUnlock>().size(), 1U);
}

// The loss of its master was dropped: the decision alone tells.
TEST_F(GatekeeperTest, DecisionBehindTheReading_IsEnough) {
  tell(facts({reading(1, 1), reading(2, 2, 2), granted_alone(3, 1)}, 0));
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
  EXPECT_EQ(events(kGranted).size(), 1U);
  ASSERT_EQ(events(kDenied).size(), 1U) << "of the other reader alone";
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(TOO_LATE));
  EXPECT_STREQ(last(kDenied).person, "bob");
}

// She was let in by the panel in the end, or went away.
TEST_F(GatekeeperTest, ReadingBeforeThePanelWasAlone_OpensNothing) {
  tell(facts({reading(1, 1),
              fact(2, STRONGROOM_KIND(MASTER_LOST)),
              reading(3, 1),
              granted_alone(4, 1),
              fact(5, STRONGROOM_KIND(MASTER_RETURNED))},
             0));
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
  EXPECT_EQ(events(kGranted).size(), 1U) << "the panel's";
  ASSERT_EQ(events(kDenied).size(), 1U);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(TOO_LATE));
  EXPECT_EQ(last(kDenied).origin.seq, 1U);
  for (const auto kind : {STRONGROOM_KIND(MASTER_RETURNED),
                          STRONGROOM_KIND(STARTED),
                          STRONGROOM_KIND(MASTER_LOST)}) {
    const std::uint32_t held = cursor().seq;
    tell(facts({reading(held + 1, 1), fact(held + 2, kind)}, held));
    EXPECT_TRUE(wanted<PanelUnlock>().empty()) << kind;
    EXPECT_EQ(last(kDenied).origin.seq, held + 1) << kind;
  }
}

TEST_F(GatekeeperTest, TwoReadingsOfAReaderInAReport_AreOneUnlock) {
  tell(facts({reading(1, 1), reading(2, 1)}, 0));
  EXPECT_EQ(wanted<PanelUnlock>().size(), 1U);
  EXPECT_EQ(last(kGranted).origin.seq, 2U);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(TOO_LATE));
  EXPECT_EQ(last(kDenied).origin.seq, 1U);
}

TEST_F(GatekeeperTest, ReadingBeforeAHole_OpensNothing) {
  tell(facts({reading(1, 1), fact(3, STRONGROOM_KIND(CLOSED), 0, 1)}, 0));
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
  tell(facts({reading(4, 1)}, 3, 9));
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
  EXPECT_EQ(events(kDenied).size(), 2U);
}

// What follows may be the panel's own decision.
TEST_F(GatekeeperTest, WhileMoreIsToCome_NothingIsDecided) {
  const auto more = [this](PanelFact one) {
    const std::uint32_t seq = one.event.seq;
    PanelReport out = facts({std::move(one)}, seq - 1);
    std::get<PanelFacts>(out.what).has_more = true;
    return out;
  };
  tell(more(reading(1, 1)));
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
  tell(facts({granted_alone(2, 1)}, 1));
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
  EXPECT_EQ(events(kDenied).size(), 0U);
  tell(more(reading(3, 1)));
  tell(facts({fact(4, STRONGROOM_KIND(CLOSED), 0, 1)}, 3));
  EXPECT_EQ(wanted<PanelUnlock>().size(), 1U);
  tell(more(reading(5, 1)));
  rig_.pass(kHeardLate);  // it went away in the middle of it
  rig_.turn();
  EXPECT_EQ(last(kDenied).origin.seq, 5U);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(TOO_LATE));
}

TEST_F(GatekeeperTest, DenialBehindAHole_IsOfNobody) {
  tell(facts({fact(1, STRONGROOM_KIND(MASTER_LOST)), reading(2, 1)}, 0));
  tell(facts({fact(5, STRONGROOM_KIND(OFFLINE_DENIED), 1, 1, 1)}, 2));
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(PANEL_DENIED));
  EXPECT_STREQ(last(kDenied).person, "");
}

TEST_F(GatekeeperTest, WhoLeaves_IsStoppedByNoLockdown) {
  next(fact(0, STRONGROOM_KIND(LOCKDOWN), 1));
  badge_at(1, 2);
  EXPECT_EQ(wanted<PanelUnlock>().size(), 1U);
}

// --- presence ---------------------------------------------------------------

class PassbackTest : public GatekeeperTest {
 protected:
  PassbackTest() {
    Policy rules = policy();
    rules.zones["vault-room"].passback = PassbackMode::kHard;
    reload(rules);
  }
  void pass(std::uint8_t reader) {
    badge_at(1, reader);
    const auto unlocks = wanted<PanelUnlock>();
    ASSERT_EQ(unlocks.size(), 1U);
    next(fact(0, STRONGROOM_KIND(RELEASED), unlocks[0].order, 1));
    next(fact(0,
              STRONGROOM_KIND(OPENED),
              strongroom_panel_v1_PanelOpening_PANEL_OPENING_ORDER,
              1));
  }
};

TEST_F(PassbackTest, WhoIsInside_DoesNotComeInAgain) {
  pass(1);
  badge_at(1);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(PASSBACK));
  pass(2);
  pass(1);
}

// The panel restarted before it answered, and tells afterwards.
TEST_F(PassbackTest, WhoPassedByAnOrderOfUnknownOutcome_IsInside) {
  badge_at(1);
  const std::uint32_t order = wanted<PanelUnlock>().at(0).order;
  tell(report(PanelOrderEnded{order, PanelOrderEnded::Outcome::kUnknown, {}}));
  next(fact(0, STRONGROOM_KIND(RELEASED), order, 1));
  next(fact(0,
            STRONGROOM_KIND(OPENED),
            strongroom_panel_v1_PanelOpening_PANEL_OPENING_ORDER,
            1));
  badge_at(1);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(PASSBACK));
}

TEST_F(PassbackTest, WhoDidNotOpen_IsNotInside) {
  badge_at(1);
  next(fact(
      0, STRONGROOM_KIND(NOT_OPENED), wanted<PanelUnlock>().at(0).order, 1));
  badge_at(1);
  EXPECT_EQ(wanted<PanelUnlock>().size(), 1U);
}

// --- two persons ------------------------------------------------------------

class TwoPersons : public GatekeeperTest {
 protected:
  TwoPersons() {
    Policy rules = policy();
    rules.zones["vault-room"].wants_two_persons = true;
    reload(rules);
  }
};

TEST_F(TwoPersons, OpenTogether) {
  badge_at(1);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(SECOND_PERSON_WANTED));
  EXPECT_EQ(signal(), strongroom_panel_v1_Signal_SIGNAL_SECOND_WANTED);
  badge_at(1);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(SAME_PERSON));
  badge_at(2);
  const auto body = last(kGranted);
  EXPECT_STREQ(body.person, "bob");
  EXPECT_STREQ(body.second_person, "ann");
  EXPECT_EQ(wanted<PanelUnlock>().size(), 1U);
  badge_at(2);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(SECOND_PERSON_WANTED))
      << "each time anew";
}

TEST_F(TwoPersons, WhoWaitsInVain_IsRecorded) {
  badge_at(1);
  rig_.pass(15s);
  rig_.turn();
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(SECOND_PERSON_TIMEOUT));
  EXPECT_STREQ(last(kDenied).person, "ann");
  EXPECT_EQ(last(kDenied).origin.seq, 1U);
  badge_at(2);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(SECOND_PERSON_WANTED));
  EXPECT_EQ(events(kGranted).size(), 0U);
}

// By a policy that came while she waited.
TEST_F(TwoPersons, WhoMayNotEnterAnyMore_IsNotTheFirst) {
  badge_at(1);
  Policy rules = *rig_.options.devices.policy;
  rules.persons["ann"].is_suspended = true;
  reload(rules);
  badge_at(2);
  EXPECT_EQ(events(kGranted).size(), 0U);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(SECOND_PERSON_TIMEOUT));
  EXPECT_STREQ(last(kDenied).person, "ann");
  EXPECT_EQ(signal(), strongroom_panel_v1_Signal_SIGNAL_SECOND_WANTED);
}

TEST_F(TwoPersons, WhoLeaves_LeavesTheFirstWaiting) {
  badge_at(1);
  badge_at(2, 2);
  EXPECT_EQ(wanted<PanelUnlock>().size(), 1U);
  rig_.pass(15s);
  rig_.turn();
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(SECOND_PERSON_TIMEOUT));
  EXPECT_STREQ(last(kDenied).person, "ann");
}

// --- PINs -------------------------------------------------------------------

class Pins : public GatekeeperTest {
 protected:
  Pins() {
    Policy rules = policy();
    rules.zones["vault-room"].wants_pin = true;
    reload(rules);
  }
};

TEST_F(Pins, RightOne_Unlocks) {
  badge_at(1);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(PIN_WANTED));
  EXPECT_EQ(signal(), strongroom_panel_v1_Signal_SIGNAL_PIN_WANTED);
  EXPECT_EQ(wanted<PanelIndicate>().back().duration, 15s);
  EXPECT_TRUE(rig_.doors.pins.empty());
  rig_.pass(12s);  // the badge alone would be too late by now
  key_in("4711");
  ASSERT_EQ(rig_.doors.pins.size(), 1U);
  EXPECT_EQ(rig_.doors.pins[0].digits, "4711");
  EXPECT_EQ(rig_.doors.pins[0].verifier, "verifier-of-ann");
  answer_pin(true);
  EXPECT_EQ(last(kGranted).origin.seq, 1U);
  EXPECT_EQ(wanted<PanelUnlock>().size(), 1U);
}

TEST_F(Pins, WrongOne_Denies_AndFiveLockThePerson) {
  for (int i = 0; i < kMaxWrongPins; ++i) {
    badge_at(1);
    key_in();
    answer_pin(false);
    EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(PIN_WRONG)) << i;
    EXPECT_EQ(signal(), strongroom_panel_v1_Signal_SIGNAL_DENIED);
  }
  badge_at(1);
  key_in();
  EXPECT_TRUE(rig_.doors.pins.empty()) << "not even compared";
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(PIN_LOCKED));
  badge_at(2);
  key_in();
  answer_pin(true);
  EXPECT_STREQ(last(kGranted).person, "bob");
  rig_.pass(kPinLock);
  rig_.turn();
  badge_at(1);
  key_in();
  answer_pin(true);
  EXPECT_STREQ(last(kGranted).person, "ann");
}

TEST_F(Pins, RightOne_ForgetsTheWrongOnes) {
  for (int i = 0; i < 2 * kMaxWrongPins; ++i) {
    badge_at(1);
    key_in();
    answer_pin(i % 2 == 1);
  }
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(PIN_WANTED));
  EXPECT_EQ(events(kGranted).size(), 5U);
}

TEST_F(Pins, ThatNobodyAskedFor_AreWiped) {
  PanelReport stray = report(PanelPin{1, 1, 1, "1234"});
  rig_.turn([&] { rig_.core->panel_reported(stray); });
  EXPECT_TRUE(std::get<PanelPin>(stray.what).digits.empty());
  EXPECT_TRUE(rig_.doors.pins.empty());
  badge_at(1);
  PanelReport wanted = report(PanelPin{1, 1, 2, "1234"});
  rig_.turn([&] { rig_.core->panel_reported(wanted); });
  EXPECT_TRUE(std::get<PanelPin>(wanted.what).digits.empty());
  EXPECT_EQ(rig_.doors.pins.size(), 1U);
}

TEST_F(Pins, TooLate_CountNoMore) {
  badge_at(1);
  rig_.pass(18s);
  key_in();
  EXPECT_TRUE(rig_.doors.pins.empty());
  EXPECT_EQ(events(kGranted).size(), 0U);
}

// The comparison took so long that nobody can stand there any more.
TEST_F(Pins, ComparedTooLate_OpenNothing) {
  badge_at(1);
  key_in();
  const std::uint64_t ticket = rig_.doors.pins.at(0).ticket;
  rig_.pass(11s);
  rig_.turn([&] { rig_.core->pin_answered({ticket, true}); });
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(TOO_LATE));
  EXPECT_EQ(events(kGranted).size(), 0U);
}

TEST_F(Pins, OfTheBadgeBefore_OpenNothing) {
  badge_at(1);
  key_in();
  const std::uint64_t ticket = rig_.doors.pins.at(0).ticket;
  badge_at(2);
  rig_.turn([&] { rig_.core->pin_answered({ticket, true}); });
  EXPECT_EQ(events(kGranted).size(), 0U);
}

TEST_F(Pins, WhileALockdownCame_OpenNothing) {
  badge_at(1);
  next(fact(0, STRONGROOM_KIND(LOCKDOWN), 1));
  key_in();
  answer_pin(true);
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(LOCKDOWN));
  EXPECT_EQ(events(kGranted).size(), 0U);
}

TEST_F(Pins, ComparedWithTheOneBefore_OpenNothing) {
  badge_at(1);
  key_in();
  const std::uint64_t ticket = rig_.doors.pins.at(0).ticket;
  Policy rules = *rig_.options.devices.policy;
  rules.persons["ann"].pin_verifier = "another";
  reload(rules);
  rig_.turn([&] { rig_.core->pin_answered({ticket, true}); });
  EXPECT_EQ(last(kDenied).reason,
            STRONGROOM_REASON(AUTHENTICATION_UNAVAILABLE));
  EXPECT_EQ(events(kGranted).size(), 0U);
}

// Who guesses badges again before the answer, so that the try is forgotten.
TEST_F(Pins, WrongOnesOfABadgeBefore_Count) {
  for (int i = 0; i < kMaxWrongPins; ++i) {
    badge_at(1);
    key_in();
    const std::uint64_t ticket = rig_.doors.pins.at(0).ticket;
    badge_at(1);
    rig_.turn([&] { rig_.core->pin_answered({ticket, false}); });
    EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(PIN_WRONG)) << i;
  }
  key_in();
  EXPECT_TRUE(rig_.doors.pins.empty());
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(PIN_LOCKED));
}

TEST_F(Pins, ThatNobodyCanCompare_AreUnavailable) {
  badge_at(1);
  key_in();
  rig_.core->refused_pin(rig_.doors.pins.at(0).ticket);
  rig_.turn();
  EXPECT_EQ(last(kDenied).reason,
            STRONGROOM_REASON(AUTHENTICATION_UNAVAILABLE));
}

// --- the offline list -------------------------------------------------------

TEST_F(GatekeeperTest, List_HoldsStandingRightsAlone) {
  Policy rules = policy();
  const auto leaves = [&](std::uint32_t card) -> int {
    const auto entries = offline_entries(door(), &rules, rig_.now.wall);
    for (const auto& entry : entries) {
      const CredentialBits bits = badge(card);
      if (std::ranges::equal(entry.bits,
                             ByteView(bits.bits).first(entry.bits.size()))) {
        return entry.leaves;
      }
    }
    return 0;
  };
  EXPECT_EQ(leaves(1), 5) << "the cage does not use the list";
  EXPECT_EQ(leaves(2), 1);
  EXPECT_EQ(leaves(3), 0) << "hours";
  EXPECT_EQ(leaves(4), 0) << "suspended";
  rules.zones["vault-room"].wants_pin = true;
  EXPECT_EQ(leaves(1), 4);
  rules.zones["vault-room"].wants_pin = false;
  rules.zones["vault-room"].wants_two_persons = true;
  EXPECT_EQ(leaves(2), 0);
  rules = policy();
  rules.leaves["vault"].is_disabled = true;
  EXPECT_EQ(leaves(1), 4);
  rules = policy();
  rules.credentials.at({kH10301, badge(1)}).is_revoked = true;
  EXPECT_EQ(leaves(1), 0);
  rules = policy();
  rules.credentials.at({kH10301, badge(1)}).valid_from = rig_.now.wall + 1h;
  EXPECT_EQ(leaves(1), 0);
  EXPECT_TRUE(offline_entries(door(), nullptr, rig_.now.wall).empty());
}

TEST_F(GatekeeperTest, ListEntry_ExpiresWithItsCredentialOrThePolicy) {
  Policy rules = policy();
  const WallTime begin = std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);
  auto& card = rules.credentials.at({kH10301, badge(2)});
  const auto minutes = [&] {
    for (const auto& entry : offline_entries(door(), &rules, rig_.now.wall)) {
      if (entry.leaves == 1) {
        return entry.expires_minutes;
      }
    }
    return 0U;
  };
  EXPECT_EQ(minutes(), 0xffffffU);
  card.valid_until = begin + 4'000'000min + 59s;
  EXPECT_EQ(minutes(), 4'000'000U) << "never later than it says";
  rules.valid_until = begin + 3'999'999min;
  EXPECT_EQ(minutes(), 3'999'999U);
}

TEST_F(GatekeeperTest, List_IsSentWithGreaterVersionsWhenItChanges) {
  const auto versions = [this] {
    std::vector<std::uint32_t> out;
    for (const PanelList& list : wanted<PanelList>()) {
      out.push_back(list.version);
    }
    return out;
  };
  using Versions = std::vector<std::uint32_t>;
  EXPECT_EQ(cursor().list_version, 1U) << "the start sent it";
  reload(policy());
  EXPECT_EQ(versions(), Versions{1}) << "the same list";
  Policy rules = policy();
  rules.persons["bob"].is_suspended = true;
  reload(rules);
  EXPECT_EQ(versions(), Versions{2});
  rig_.start();
  rig_.turn();
  EXPECT_EQ(versions(), Versions{2}) << "as the journal knows";
  PanelHeard heard;
  heard.hello.list_version = 2;
  tell(report(heard));
  EXPECT_EQ(versions(), Versions{});
  heard.hello.list_version = 40;  // of another journal
  tell(report(heard));
  EXPECT_EQ(versions(), Versions{41});
  reload(std::nullopt);
  EXPECT_EQ(versions(), Versions{42});
  EXPECT_TRUE(wanted<PanelList>()[0].entries.empty());
}

TEST_F(GatekeeperTest, ListWithoutRoom_IsOfferedAgainInASecond) {
  Policy rules = policy();
  rules.persons["bob"].is_suspended = true;
  reload(rules);
  const auto effects = rig_.doors.orders;
  for (const PanelEffect& effect : effects) {
    rig_.core->refused(effect);
  }
  rig_.turn();
  EXPECT_TRUE(wanted<PanelList>().empty());
  rig_.pass(1s);
  rig_.turn();
  EXPECT_EQ(wanted<PanelList>().size(), 1U);
}

}  // namespace
}  // namespace strongroom
