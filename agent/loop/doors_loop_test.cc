// SPDX-License-Identifier: Apache-2.0
// Journal, then open: what the loop releases to panels, and when.
#include <thread>

#include "agent/loop/doors_test_util.h"
#include "agent/loop/loop.h"

namespace strongroom {
namespace {

using namespace testing_doors;

class NoUplink final : public Uplink {
 public:
  bool publish(UplinkTopic, Bytes) override { return true; }
};

// Takes what the loop wants of panels, and fails the test when an order leaves
// before its grant stands in the journal, or an event is thanked for before it
// does.
class WatchfulPanels final : public PanelOrders {
 public:
  explicit WatchfulPanels(const AgentRig& rig) : rig_(rig) {}

  bool push(const std::string& panel, PanelOrder order) override {
    if (const auto* unlock = std::get_if<PanelUnlock>(&order)) {
      bool stands = false;
      for (const auto& event : rig_.events(Stream::kRecord, kGranted)) {
        stands |= event.body.access_granted.order == unlock->order;
      }
      EXPECT_TRUE(stands) << "an unlock without a durable record";
      ++unlocks;
    }
    if (const auto* held = std::get_if<PanelHeld>(&order)) {
      EXPECT_EQ(rig_.journal.panel_cursors.at(panel).seq, held->seq);
    }
    return has_room;
  }
  void silence(bool is_silent) override {
    const std::scoped_lock lock(mutex_);
    silences_.push_back(is_silent);
  }
  std::vector<bool> silences() const {
    const std::scoped_lock lock(mutex_);
    return silences_;
  }

  bool has_room = true;
  int unlocks = 0;

 private:
  const AgentRig& rig_;
  mutable std::mutex mutex_;
  std::vector<bool> silences_;
};

class NoPins final : public PinChecks {
 public:
  bool ask(PinQuestion question) override {
    wipe(question.digits);
    return false;
  }
};

class DoorsLoopTest : public DoorsTest {
 protected:
  DoorsLoopTest() : DoorsTest(), panels_(rig_) {
    loop_ = std::make_unique<Loop>(LoopPorts{*rig_.core,
                                             rig_.journal,
                                             uplink_,
                                             inbox_,
                                             snapshots_,
                                             [this] { return time(); },
                                             [] {},
                                             &panels_,
                                             &pins_},
                                   LoopOptions{.max_polls = 512, .retry = 1ms});
    EXPECT_EQ(loop_->turn(), std::nullopt);
    push(report(PanelRingLost{0, kRing}));
    EXPECT_EQ(loop_->turn(), std::nullopt);
  }
  Now time() const {
    Now now = rig_.now;
    now.monotonic += MonoTime(ahead_.load());
    now.wall += MonoTime(ahead_.load());
    return now;
  }
  void push(PanelReport report) {
    EXPECT_TRUE(inbox_.push_panel(std::move(report)));
  }

  WatchfulPanels panels_;
  NoPins pins_;
  NoUplink uplink_;
  Inbox inbox_;
  SnapshotHolder snapshots_;
  std::atomic<std::int64_t> ahead_{0};
  std::unique_ptr<Loop> loop_;
};

TEST_F(DoorsLoopTest, Unlock_LeavesOnlyAfterItsCommit) {
  push(facts({reading(1, 1)}, 0));
  rig_.journal.fail_commit(1, FakeJournal::Failure::kBefore, 3);
  loop_->turn();
  EXPECT_EQ(panels_.unlocks, 1);
  push(facts({reading(2, 1)}, 1));
  rig_.journal.fail_commit(1, FakeJournal::Failure::kAfterDoingTheWork);
  loop_->turn();
  EXPECT_EQ(panels_.unlocks, 2);
}

TEST_F(DoorsLoopTest, BrokenJournal_OpensNothing) {
  push(facts({reading(1, 1)}, 0));
  rig_.journal.fail_commit(1, FakeJournal::Failure::kBroken);
  EXPECT_EQ(loop_->turn(), LoopEnd::kJournalBroken);
  EXPECT_EQ(panels_.unlocks, 0);
}

TEST_F(DoorsLoopTest, OrderWithoutRoom_IsRecordedInTheNextTurn) {
  panels_.has_room = false;
  push(facts({reading(1, 1)}, 0));
  loop_->turn();
  panels_.has_room = true;
  loop_->turn();
  ASSERT_EQ(events(kEnded).size(), 1U);
  EXPECT_EQ(events(kEnded)[0].body.order_ended.outcome,
            strongroom_v1_OrderOutcome_ORDER_OUTCOME_REFUSED);
}

TEST_F(DoorsLoopTest,
       CommitsFailForFiveSeconds_PanelsAreSilencedUntilTheyWork) {
  push(facts({reading(1, 1)}, 0));
  rig_.journal.fail_commit(1, FakeJournal::Failure::kBefore, 1'000'000);
  std::thread loop([this] { loop_->turn(); });
  const auto failing = [this] {
    const auto snapshot = snapshots_.get();
    return snapshot && snapshot->journal.failing_since.has_value();
  };
  while (!failing()) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(panels_.silences().empty());
  ahead_ = std::chrono::microseconds(5s).count();
  while (panels_.silences().empty()) {
    std::this_thread::yield();
  }
  inbox_.push_stop();
  loop.join();
  EXPECT_EQ(panels_.silences(), std::vector<bool>{true});
  EXPECT_EQ(panels_.unlocks, 0);
}

TEST_F(DoorsLoopTest, CommitsWorkAgain_PanelsAreHeardAgain) {
  push(facts({reading(1, 1)}, 0));
  rig_.journal.fail_commit(1, FakeJournal::Failure::kBefore, 3);
  // Each try is seconds after the one before.
  loop_ = std::make_unique<Loop>(LoopPorts{*rig_.core,
                                           rig_.journal,
                                           uplink_,
                                           inbox_,
                                           snapshots_,
                                           [this] {
                                             ahead_ += 4'000'000;
                                             return time();
                                           },
                                           [] {},
                                           &panels_,
                                           &pins_},
                                 LoopOptions{.max_polls = 512, .retry = 1ms});
  loop_->turn();
  EXPECT_EQ(panels_.silences(), (std::vector<bool>{true, false}));
}

// Many threads push at once: no report is lost but those that were refused.
TEST(PanelInbox, FullLane_RefusesAndKeepsTheRest) {
  Inbox inbox;
  std::atomic<int> taken{0};
  std::atomic<int> refused{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 100; ++n) {
          PanelReport report{"door-1", {}, {}, PanelPin{1, 1, 1, "1234"}};
          if (inbox.push_panel(std::move(report))) {
            ++taken;
          } else {
            EXPECT_EQ(std::get<PanelPin>(report.what).digits, "1234");
            ++refused;
          }
          inbox.push_pin({static_cast<std::uint64_t>(n), true});
        }
      });
    }
  }
  EXPECT_EQ(taken, 256);
  EXPECT_EQ(refused, 144);
  const Inputs inputs = inbox.take(1, std::chrono::steady_clock::now());
  EXPECT_EQ(inputs.panels.size(), 256U);
  EXPECT_EQ(inputs.pins.size(), 400U);
  EXPECT_TRUE(inbox.push_panel({"door-1", {}, {}, PanelLink{}}));
  inbox.push_stop();
  EXPECT_FALSE(inbox.push_panel({"door-1", {}, {}, PanelLink{}}));
}

// --- persons ----------------------------------------------------------------

TEST_F(DoorsLoopTest, Lockdown_IsAnsweredWhenItStands) {
  std::string reply;
  const auto ask = [&](const std::string& panel) {
    EXPECT_TRUE(inbox_.push_lockdown(
        {{panel, {"vault"}, false, "li.wei"}, [&](const auto& said) {
           reply = said ? "done: " + *said : said.error().what;
           if (said) {
             EXPECT_NE(rig_.journal.panel_cursors.at("door-1").flags, 0U);
           }
         }}));
    EXPECT_EQ(loop_->turn(), std::nullopt);
  };
  ask("door-1");
  EXPECT_EQ(reply.find("done: door-1: vault, and no other leaf"), 0U) << reply;
  ask("door-9");
  EXPECT_EQ(reply, "there is no panel \"door-9\"");
}

}  // namespace
}  // namespace strongroom
