// SPDX-License-Identifier: Apache-2.0
// Lockdown: by whom, until when, over restarts, power cuts and lies.
#include "agent/loop/doors_test_util.h"

namespace strongroom {
namespace {

using namespace testing_doors;

constexpr std::uint8_t kLocked = 1U << 7U;

class LockdownTest : public DoorsTest {
 protected:
  LockdownTest() { begin_ring(); }
  void order(std::vector<std::string> leaves, bool end_fire = false) {
    rig_.turn([&] {
      const auto done = rig_.core->lock_down(
          {"door-1", std::move(leaves), end_fire, "li.wei"});
      EXPECT_TRUE(done) << done.error().what;
    });
  }
  PanelReport status(std::vector<int> leaves, std::uint32_t flags = 0) const {
    PanelState state;
    state.status.flags = flags;
    for (const int leaf : leaves) {
      state.status.leaves.bytes[state.status.leaves.size++] =
          static_cast<std::uint8_t>(leaf);
    }
    return report(state);
  }
  bool lets_in() {
    const std::size_t before = events(kGranted).size();
    badge_at(1);
    return events(kGranted).size() == before + 1;
  }
};

TEST_F(LockdownTest, Order_IsGivenAndItsEndNamesThePerson) {
  order({"vault", "gate"}, true);
  const auto orders = wanted<PanelLockdown>();
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].leaves, 5);
  EXPECT_TRUE(orders[0].end_fire);
  EXPECT_NE(orders[0].order, 0U);
  EXPECT_EQ(orders[0].not_after, rig_.now.monotonic + kLockdownLifetime);
  tell(report(
      PanelOrderEnded{orders[0].order,
                      PanelOrderEnded::Outcome::kDone,
                      strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE}));
  ASSERT_EQ(events(kEnded).size(), 1U);
  const auto body = events(kEnded)[0].body.order_ended;
  EXPECT_EQ(body.kind, strongroom_v1_OrderKind_ORDER_KIND_LOCKDOWN);
  EXPECT_STREQ(body.person, "li.wei");
  EXPECT_EQ(body.leaves, 5U);
  EXPECT_TRUE(body.end_fire);
}

TEST_F(LockdownTest, OrderForWhatIsNotThere_DoesNothing) {
  rig_.turn([&] {
    EXPECT_FALSE(rig_.core->lock_down({"door-9", {}, false, "li.wei"}));
    const auto no_leaf =
        rig_.core->lock_down({"door-1", {"shed"}, false, "li.wei"});
    ASSERT_FALSE(no_leaf);
    EXPECT_NE(no_leaf.error().what.find("vault, cage, gate"),
              std::string::npos);
  });
  EXPECT_TRUE(wanted<PanelLockdown>().empty());
  EXPECT_TRUE(lets_in());
}

// Whether the panel has heard of it or not.
TEST_F(LockdownTest, OrderedLeaf_LetsNobodyInFromTheOrderOn) {
  order({"vault"});
  EXPECT_FALSE(lets_in());
  EXPECT_EQ(last(kDenied).reason, STRONGROOM_REASON(LOCKDOWN));
  order({});
  EXPECT_TRUE(lets_in());
}

// The panel forgot it, and so did its driver.
TEST_F(LockdownTest, OutlivesRestartAndPowerCut) {
  order({"vault"});
  next(fact(0, STRONGROOM_KIND(LOCKDOWN), 1));
  restart();
  tell(report(PanelRingLost{kRing, 77}));
  tell(facts({reading(1, 1)}, 0, {}, 100ms, 77));
  EXPECT_EQ(events(kGranted).size(), 0U);
  tell(report(PanelHeard{}));
  ASSERT_EQ(wanted<PanelLockdown>().size(), 1U);
  EXPECT_EQ(wanted<PanelLockdown>()[0].leaves, 1);
  EXPECT_EQ(wanted<PanelLockdown>()[0].order, 0U);
  EXPECT_FALSE(wanted<PanelLockdown>()[0].end_fire);
  restart();
  order({});
  tell(report(PanelHeard{}));
  EXPECT_TRUE(wanted<PanelLockdown>().empty()) << "nobody wants any";
}

TEST_F(LockdownTest, PanelThatDoesOtherwise_IsToldAgainWithoutHaste) {
  order({"vault"});
  tell(status({0, 0, 0}));
  EXPECT_TRUE(wanted<PanelLockdown>().empty()) << "it was told just now";
  rig_.pass(2s);
  tell(status({0, 0, 0}));
  ASSERT_EQ(wanted<PanelLockdown>().size(), 1U);
  EXPECT_EQ(wanted<PanelLockdown>()[0].leaves, 1);
  EXPECT_FALSE(wanted<PanelLockdown>()[0].end_fire);
  rig_.pass(1s);
  tell(status({0, 0, 0}));
  EXPECT_TRUE(wanted<PanelLockdown>().empty());
  rig_.pass(2s);
  tell(status({kLocked, 0, 0}));
  EXPECT_TRUE(wanted<PanelLockdown>().empty());
  EXPECT_FALSE(lets_in());
}

// Nobody ordered anything: what the panel does is its own business.
TEST_F(LockdownTest, WithoutAnOrder_NothingIsTold) {
  rig_.pass(5s);
  tell(status({kLocked, 0, 0}));
  EXPECT_TRUE(wanted<PanelLockdown>().empty());
  EXPECT_FALSE(lets_in());
}

// Its event of the end is lost, or its memory decayed.
TEST_F(LockdownTest, StatusIsTheTruthAboutWhatThePanelHolds) {
  next(fact(0, STRONGROOM_KIND(LOCKDOWN), 1));
  EXPECT_FALSE(lets_in());
  tell(status({0, 0, 0}));
  EXPECT_TRUE(lets_in());
  restart();
  EXPECT_TRUE(lets_in()) << "the journal knows";
}

TEST_F(LockdownTest, ReleaseByFireThatNobodyEnded_IsUnderFire) {
  tell(status({0, 0, 0}, 32));
  EXPECT_TRUE(seen().is_under_fire);
  tell(status({0, 0, 0}, 0));
  EXPECT_FALSE(seen().is_under_fire);
}

// Its driver told of it after all, long after.
TEST_F(LockdownTest, OrderThatWasGivenUp_EndsOnce) {
  badge_at(1);
  const std::uint32_t order = wanted<PanelUnlock>().at(0).order;
  rig_.pass(61s);
  rig_.turn();
  ASSERT_EQ(events(kEnded).size(), 1U);
  tell(report(PanelOrderEnded{order, PanelOrderEnded::Outcome::kExpired, {}}));
  EXPECT_EQ(events(kEnded).size(), 1U);
}

// A hostile panel, with its key: the agent and the other doors go on.
TEST_F(LockdownTest, RingThatComesBack_IsAnUnknownLoss) {
  for (int each = 0; each < 3; ++each) {
    badge_at(1);
  }
  std::vector<PanelReport> reports;
  reports.push_back(report(PanelRingLost{kRing, 77}));
  reports.push_back(report(PanelRingLost{77, kRing}));
  tell(std::move(reports));
  EXPECT_EQ(cursor().ring, kRing);
  EXPECT_EQ(cursor().seq, 0U);
  ASSERT_EQ(events(kGone).size(), 2U);
  EXPECT_TRUE(events(kGone)[1].body.panel_events_lost.is_unknown);
  EXPECT_EQ(events(kGone)[1].body.panel_events_lost.next_ring, kRing);
}

}  // namespace
}  // namespace strongroom
