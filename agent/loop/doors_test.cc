// SPDX-License-Identifier: Apache-2.0
// Every event of a panel once, in order; what is missing is named; crashes.
#include "agent/loop/doors.h"

#include "agent/loop/doors_test_util.h"

namespace strongroom {
namespace {

using namespace testing_doors;

// --- every kind -------------------------------------------------------------

struct KindCase {
  strongroom_panel_v1_PanelEventKind kind;
  strongroom_v1_LeafChange leaf;
  strongroom_v1_PanelChange panel;
};
constexpr strongroom_v1_LeafChange kNoLeaf =
    strongroom_v1_LeafChange_LEAF_CHANGE_UNSPECIFIED;
constexpr strongroom_v1_PanelChange kNoPanel =
    strongroom_v1_PanelChange_PANEL_CHANGE_UNSPECIFIED;
#define LEAF(name)                                                      \
  KindCase {                                                            \
    STRONGROOM_KIND(name), strongroom_v1_LeafChange_LEAF_CHANGE_##name, \
        kNoPanel                                                        \
  }
#define PANEL(name)                                   \
  KindCase {                                          \
    STRONGROOM_KIND(name), kNoLeaf,                   \
        strongroom_v1_PanelChange_PANEL_CHANGE_##name \
  }

class DoorKinds : public DoorsTest,
                  public ::testing::WithParamInterface<KindCase> {};

TEST_P(DoorKinds, IsRecordedInItsBody) {
  const KindCase& one = GetParam();
  begin_ring();
  PanelFact told = fact(0, one.kind, 41, 2, 1);
  told.occurred = rig_.now.wall - 7s;
  told.clock = PanelClockKind::kUptime;
  next(told);
  const bool is_leaf = one.leaf != kNoLeaf;
  const auto all = events(is_leaf ? kLeaf : kPanel);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(events(is_leaf ? kPanel : kLeaf).size(), 0U);
  const EventMessage& event = all[0];
  EXPECT_EQ(event.occurred_us, (rig_.now.wall - 7s).time_since_epoch().count());
  const auto& origin = is_leaf ? event.body.leaf_changed.origin
                               : event.body.panel_changed.origin;
  EXPECT_STREQ(origin.panel, "door-1");
  EXPECT_EQ(origin.ring, kRing);
  EXPECT_EQ(origin.seq, 1U);
  EXPECT_EQ(origin.clock, strongroom_v1_PanelClock_PANEL_CLOCK_UPTIME);
  if (is_leaf) {
    EXPECT_EQ(event.body.leaf_changed.change, one.leaf);
    EXPECT_STREQ(event.body.leaf_changed.leaf, "cage");
    EXPECT_EQ(event.body.leaf_changed.value, 41U);
    EXPECT_FALSE(event.body.leaf_changed.under_fire);
  } else {
    EXPECT_EQ(event.body.panel_changed.change, one.panel);
    EXPECT_STREQ(event.body.panel_changed.reader, "in");
    EXPECT_EQ(event.body.panel_changed.value, 41);
  }
  EXPECT_EQ(cursor().seq, 1U);
  ASSERT_EQ(wanted<PanelHeld>().size(), 1U);
  EXPECT_EQ(wanted<PanelHeld>()[0].ring, kRing);
  EXPECT_EQ(wanted<PanelHeld>()[0].seq, 1U);
}

INSTANTIATE_TEST_SUITE_P(All,
                         DoorKinds,
                         ::testing::Values(LEAF(FORCED),
                                           LEAF(HELD),
                                           LEAF(HELD_CLEARED),
                                           LEAF(KEY_OVERRIDE),
                                           LEAF(LOCK_FAULT),
                                           LEAF(RELEASED),
                                           LEAF(SECURED),
                                           LEAF(OPENED),
                                           LEAF(CLOSED),
                                           LEAF(NOT_OPENED),
                                           LEAF(REQUEST_TO_EXIT),
                                           LEAF(LOCKED),
                                           LEAF(UNLOCKED),
                                           LEAF(HANDLE_TURNED),
                                           LEAF(HANDLE_RESTORED),
                                           PANEL(STARTED),
                                           PANEL(TAMPER),
                                           PANEL(TAMPER_CLEARED),
                                           PANEL(SUPPLY_LOW),
                                           PANEL(SUPPLY_RESTORED),
                                           PANEL(MAINS_LOST),
                                           PANEL(MAINS_RESTORED),
                                           PANEL(FIRE_INPUT),
                                           PANEL(FIRE_INPUT_CLEARED),
                                           PANEL(CLOCK_STEPPED),
                                           PANEL(MASTER_LOST),
                                           PANEL(MASTER_RETURNED),
                                           PANEL(LOCKDOWN),
                                           PANEL(FRAMES_REFUSED),
                                           PANEL(CONFIGURED),
                                           PANEL(LIST_APPLIED),
                                           PANEL(COMMISSIONED),
                                           PANEL(BADGE_UNREADABLE)));

// A kind that is added to the protocol must get its row above.
TEST(DoorKindTable, HoldsEveryKindOfTheProtocol) {
  int known = 0;
  for (int kind = 1; kind <= _strongroom_panel_v1_PanelEventKind_MAX; ++kind) {
    const auto one = static_cast<strongroom_panel_v1_PanelEventKind>(kind);
    known += leaf_change_of(one) != kNoLeaf ||
             panel_change_of(one) !=
                 strongroom_v1_PanelChange_PANEL_CHANGE_UNKNOWN_KIND;
  }
  EXPECT_EQ(known, 33 + 3) << "with badge reads and the panel's own decisions";
}

TEST_F(DoorsTest, UnknownKind_IsRecordedWithItsNumber) {
  begin_ring();
  next(fact(0, static_cast<strongroom_panel_v1_PanelEventKind>(47), 9));
  const auto all = events(kPanel);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].body.panel_changed.change,
            strongroom_v1_PanelChange_PANEL_CHANGE_UNKNOWN_KIND);
  EXPECT_EQ(all[0].body.panel_changed.value, 47);
}

TEST_F(DoorsTest, StepOfThePanelsClock_MayGoBack) {
  begin_ring();
  next(fact(0, STRONGROOM_KIND(CLOCK_STEPPED), static_cast<std::uint32_t>(-5)));
  EXPECT_EQ(events(kPanel)[0].body.panel_changed.value, -5);
}

TEST_F(DoorsTest, LeafThatTheConfigurationHasNot_HasItsNumber) {
  begin_ring();
  next(fact(0, STRONGROOM_KIND(FORCED), 0, 7));
  EXPECT_STREQ(events(kLeaf)[0].body.leaf_changed.leaf, "#7");
}

TEST_F(DoorsTest, WhileTheFireInputIsActive_LeavesAreUnderFire) {
  begin_ring();
  next(fact(0, STRONGROOM_KIND(FIRE_INPUT)));
  next(fact(0, STRONGROOM_KIND(OPENED), 0, 1));
  restart();  // the journal knows
  next(fact(0, STRONGROOM_KIND(CLOSED), 0, 1));
  next(fact(0, STRONGROOM_KIND(FIRE_INPUT_CLEARED)));
  next(fact(0, STRONGROOM_KIND(OPENED), 0, 1));
  const auto all = events(kLeaf);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_TRUE(all[0].body.leaf_changed.under_fire);
  EXPECT_TRUE(all[1].body.leaf_changed.under_fire);
  EXPECT_FALSE(all[2].body.leaf_changed.under_fire);
}

// --- once, in order ---------------------------------------------------------

TEST_F(DoorsTest, ToldTwice_IsRecordedOnce) {
  begin_ring();
  const auto two = [this] {
    return facts({fact(1, STRONGROOM_KIND(OPENED), 0, 1),
                  fact(2, STRONGROOM_KIND(CLOSED), 0, 1)},
                 0);
  };
  tell(two());
  tell({two(), two()});
  tell(facts({fact(2, STRONGROOM_KIND(CLOSED), 0, 1),
              fact(3, STRONGROOM_KIND(OPENED), 0, 1)},
             1));
  EXPECT_EQ(events(kLeaf).size(), 3U);
  EXPECT_EQ(events(kGone).size(), 0U);
  EXPECT_EQ(cursor().seq, 3U);
  EXPECT_EQ(seen().doubled, 5U);
  EXPECT_EQ(seen().events, 3U);
  // It is thanked again each time: the thanks may have been lost.
  EXPECT_EQ(wanted<PanelHeld>().size(), 1U);
}

// A report before it was dropped: what lies between is told again.
TEST_F(DoorsTest, FactsBehindAHole_WaitUntilTheHoleIsTold) {
  begin_ring();
  tell(facts({fact(3, STRONGROOM_KIND(OPENED), 0, 1)}, 2));
  EXPECT_EQ(events(kLeaf).size(), 0U);
  EXPECT_EQ(events(kGone).size(), 0U);
  EXPECT_EQ(cursor().seq, 0U);
  tell(facts({fact(1, STRONGROOM_KIND(OPENED), 0, 1),
              fact(2, STRONGROOM_KIND(CLOSED), 0, 1),
              fact(3, STRONGROOM_KIND(OPENED), 0, 1)},
             0));
  EXPECT_EQ(events(kLeaf).size(), 3U);
  EXPECT_EQ(events(kGone).size(), 0U);
}

TEST_F(DoorsTest, MissingNumbers_AreLostExactly) {
  begin_ring();
  tell(facts({fact(3, STRONGROOM_KIND(OPENED), 0, 1),
              fact(4, STRONGROOM_KIND(CLOSED), 0, 1),
              fact(9, STRONGROOM_KIND(OPENED), 0, 1)},
             0,
             12));
  const auto all = events(kGone);
  ASSERT_EQ(all.size(), 3U);
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges = {
      {1, 2}, {5, 8}, {10, 12}};
  for (std::size_t at = 0; at < ranges.size(); ++at) {
    const auto& body = all[at].body.panel_events_lost;
    EXPECT_STREQ(body.panel, "door-1");
    EXPECT_EQ(body.ring, kRing);
    EXPECT_FALSE(body.is_unknown);
    EXPECT_EQ(body.from_seq, ranges[at].first);
    EXPECT_EQ(body.to_seq, ranges[at].second);
  }
  EXPECT_EQ(seen().lost, 9U);
  EXPECT_EQ(cursor().seq, 12U);
  EXPECT_EQ(wanted<PanelHeld>()[0].seq, 12U);
  // In the order of the ring: the loss before what follows it.
  EXPECT_LT(all[1].seq, events(kLeaf)[2].seq);
  EXPECT_GT(all[1].seq, events(kLeaf)[1].seq);
}

TEST_F(DoorsTest, LostRing_IsUnknownSinceTheLastThatWasHeard) {
  begin_ring();
  EXPECT_EQ(events(kGone).size(), 0U)
      << "a panel that nobody knew lost nothing";
  next(fact(0, STRONGROOM_KIND(OPENED), 0, 1));
  tell(report(PanelRingLost{kRing, 77}));
  tell(report(PanelRingLost{kRing, 77}));  // once
  const auto all = events(kGone);
  ASSERT_EQ(all.size(), 1U);
  const auto& body = all[0].body.panel_events_lost;
  EXPECT_TRUE(body.is_unknown);
  EXPECT_EQ(body.ring, kRing);
  EXPECT_EQ(body.from_seq, 1U);
  EXPECT_EQ(body.to_seq, 0U);
  EXPECT_EQ(body.next_ring, 77U);
  EXPECT_EQ(cursor().ring, 77U);
  EXPECT_EQ(cursor().seq, 0U);
  tell(facts({fact(1, STRONGROOM_KIND(CLOSED), 0, 1)}, 0, {}, 100ms, 77));
  EXPECT_EQ(events(kLeaf).size(), 2U);
  EXPECT_EQ(events(kGone).size(), 1U);
}

// The panel named the new ring, and the agent died before it had said so.
TEST_F(DoorsTest, FactsOfAnotherRing_AreALostRing) {
  begin_ring();
  next(fact(0, STRONGROOM_KIND(OPENED), 0, 1));
  restart();
  tell(facts({fact(1, STRONGROOM_KIND(CLOSED), 0, 1)}, 0, {}, 100ms, 78));
  ASSERT_EQ(events(kGone).size(), 1U);
  EXPECT_EQ(events(kGone)[0].body.panel_events_lost.next_ring, 78U);
  EXPECT_EQ(events(kLeaf).size(), 2U);
}

// A new journal: what another one may have been told is not counted as lost.
TEST_F(DoorsTest, RingInUse_AtItsBeginIsUnknown) {
  PanelHeard heard;
  heard.hello.ring = kRing;
  heard.hello.newest_seq = 41;
  tell({report(heard), report(PanelRingLost{0, kRing})});
  tell(facts({fact(40, STRONGROOM_KIND(OPENED), 0, 1),
              fact(42, STRONGROOM_KIND(CLOSED), 0, 1)},
             0));
  const auto all = events(kGone);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0].body.panel_events_lost.is_unknown);
  EXPECT_EQ(all[0].body.panel_events_lost.from_seq, 0U);
  EXPECT_EQ(all[0].body.panel_events_lost.ring, kRing);
  EXPECT_FALSE(all[1].body.panel_events_lost.is_unknown);
  EXPECT_EQ(all[1].body.panel_events_lost.from_seq, 41U);
  EXPECT_EQ(all[1].body.panel_events_lost.to_seq, 41U);
}

TEST_F(DoorsTest, UnknownPanel_IsNotThankedAndNotRecorded) {
  PanelReport stray = facts({fact(1, STRONGROOM_KIND(OPENED))}, 0);
  stray.panel = "door-9";
  tell(std::move(stray));
  EXPECT_EQ(events(kLeaf).size(), 0U);
  EXPECT_TRUE(rig_.doors.orders.empty());
  EXPECT_EQ(rig_.core->snapshot().doors.stray_reports, 1U);
}

TEST_F(DoorsTest, PanelThatComesBackToTheConfiguration_GoesOn) {
  begin_ring();
  next(fact(0, STRONGROOM_KIND(OPENED), 0, 1));
  DeviceSet without = rig_.options.devices;
  without.panels.clear();
  const DeviceSet with = rig_.options.devices;
  rig_.reload(without);
  rig_.reload(with);
  tell(facts({fact(1, STRONGROOM_KIND(OPENED), 0, 1)}, 0));
  EXPECT_EQ(events(kLeaf).size(), 1U);
  EXPECT_EQ(cursor().seq, 1U);
}

// --- crashes ----------------------------------------------------------------

// The turn is lost: nothing was thanked, so the panel tells it again.
TEST_F(DoorsTest, CrashBeforeTheCommit_RecordsItOnceAfterwards) {
  begin_ring();
  rig_.core->begin(rig_.now);
  PanelReport first = facts({reading(1, 1)}, 0);
  rig_.core->panel_reported(first);
  const Turn lost = rig_.core->finish();
  EXPECT_FALSE(lost.doors.orders.empty());
  restart();
  EXPECT_EQ(cursor().seq, 0U);
  EXPECT_EQ(events(kRead).size(), 0U);
  tell(facts({reading(1, 1)}, 0));
  EXPECT_EQ(events(kRead).size(), 1U);
  EXPECT_EQ(events(kGranted).size(), 1U);
}

// It stands, and the agent died before it could say or do anything: told again,
// it is a double. The order that was journalled is never given.
TEST_F(DoorsTest, CrashAfterTheCommit_GivesNoOrderTwice) {
  begin_ring();
  rig_.core->begin(rig_.now);
  PanelReport first = facts({reading(1, 1)}, 0);
  rig_.core->panel_reported(first);
  const Turn stood = rig_.core->finish();
  ASSERT_TRUE(rig_.journal.commit(stood.transaction).has_value());
  restart();
  EXPECT_EQ(cursor().seq, 1U);
  tell(facts({reading(1, 1)}, 0));
  EXPECT_EQ(events(kRead).size(), 1U);
  EXPECT_EQ(events(kGranted).size(), 1U);
  EXPECT_TRUE(wanted<PanelUnlock>().empty());
  EXPECT_EQ(wanted<PanelHeld>()[0].seq, 1U);
}

// --- the link, and what the panel is ----------------------------------------

TEST_F(DoorsTest, LinkLostAndReturned_AreSaidOnceEach) {
  const auto link = [this](bool is_up, int ms) {
    return report(PanelLink{is_up, std::chrono::milliseconds(ms)});
  };
  tell(link(true, 0));
  EXPECT_EQ(events(kPanel).size(), 0U);
  tell({link(false, 3100), link(false, 4000)});
  restart();
  tell({link(false, 9000), link(true, 12'000)});
  const auto all = events(kPanel);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].body.panel_changed.change,
            strongroom_v1_PanelChange_PANEL_CHANGE_LINK_LOST);
  EXPECT_EQ(all[0].body.panel_changed.value, 3100);
  EXPECT_EQ(all[0].body.panel_changed.origin.seq, 0U);
  EXPECT_EQ(all[1].body.panel_changed.change,
            strongroom_v1_PanelChange_PANEL_CHANGE_LINK_RETURNED);
  EXPECT_EQ(seen().is_up, true);
}

PanelHeard heard_of(std::string_view serial) {
  PanelHeard heard;
  heard.hello = strongroom_panel_v1_PanelHelloAnswer_init_zero;
  std::ranges::copy(std::string_view("native"), heard.hello.board);
  std::ranges::copy(std::string_view("0.1.0"), heard.hello.firmware);
  heard.hello.serial.size = static_cast<pb_size_t>(serial.size());
  std::ranges::copy(serial, heard.hello.serial.bytes);
  heard.hello.ring_capacity = 512;
  heard.hello.list_capacity = 256;
  heard.config_version = 0x01020304;
  heard.config_hash.assign(32, 0xcc);
  return heard;
}

TEST_F(DoorsTest, PanelIsDescribed_OnceAnEpoch_AndWhenItIsAnother) {
  tell(report(heard_of("one")));
  tell(report(heard_of("one")));
  restart();
  tell(report(heard_of("one")));
  ASSERT_EQ(events(kIs).size(), 1U);
  const auto first = events(kIs)[0].body.panel_described;
  EXPECT_STREQ(first.panel, "door-1");
  EXPECT_STREQ(first.board, "native");
  EXPECT_EQ(first.serial.size, 3U);
  EXPECT_EQ(first.previous_serial.size, 0U);
  EXPECT_EQ(first.config_version, 0x01020304U);
  ASSERT_EQ(first.leaves_count, 3U);
  EXPECT_STREQ(first.leaves[1], "cage");
  ASSERT_EQ(first.readers_count, 4U);
  EXPECT_STREQ(first.readers[0], "in");
  restart();  // the old one's serial is in the journal alone
  tell(report(heard_of("other")));
  ASSERT_EQ(events(kIs).size(), 2U);
  const auto second = events(kIs)[1].body.panel_described;
  EXPECT_EQ(second.previous_serial.size, 3U);
  EXPECT_EQ(second.serial.size, 5U);
  PanelHeard changed = heard_of("other");
  changed.config_hash.assign(32, 0xdd);
  tell(report(changed));
  ASSERT_EQ(events(kIs).size(), 3U);
  EXPECT_EQ(events(kIs)[2].body.panel_described.previous_serial.size, 0U);
}

}  // namespace
}  // namespace strongroom
