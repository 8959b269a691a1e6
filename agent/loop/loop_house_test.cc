// SPDX-License-Identifier: Apache-2.0
// The loop: room by the quota, and follow orders.
#include <future>
#include <gtest/gtest.h>
#include <thread>

#include "agent/loop/agent_rig_test_util.h"
#include "agent/loop/loop.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;
using testing_agent::AgentRig;

class NoUplink final : public Uplink {
 public:
  bool publish(UplinkTopic, Bytes) override { return true; }
};

class LoopHouseTest : public ::testing::Test {
 protected:
  LoopHouseTest() {
    rig_.start();
    loop_ = std::make_unique<Loop>(LoopPorts{*rig_.core,
                                             rig_.journal,
                                             uplink_,
                                             inbox_,
                                             snapshots_,
                                             [this] { return rig_.now; }},
                                   LoopOptions{.max_polls = 512, .retry = 1ms});
    loop_->turn();
  }
  void turn() {
    rig_.pass(10ms);
    inbox_.push_poll(rig_.poll("room-1"));
    loop_->turn();
  }

  FollowOrder order() const {
    FollowOrder out;
    out.stream = Stream::kTelemetry;
    out.predecessor = {"ledger.example", "bj1", Stream::kTelemetry, 1};
    out.successor = {"ledger.example", "bj1", Stream::kTelemetry, 2};
    out.first_person = "ann";
    out.second_person = "bob";
    return out;
  }
  // What the reply says; empty while there is none.
  FollowRequest request(std::string& reply) const {
    return {order(), [&reply](const Result<std::string>& outcome) {
              reply = outcome ? "done: " + *outcome : outcome.error().what;
            }};
  }

  AgentRig rig_;
  NoUplink uplink_;
  Inbox inbox_;
  SnapshotHolder snapshots_;
  std::unique_ptr<Loop> loop_;
};

// --- room
// ---------------------------------------------------------------------

TEST_F(LoopHouseTest, UnderPressure_PrunesAtEveryTurn_TelemetryBeforeRecord) {
  const int before = rig_.journal.prunes;
  // All but full, of both.
  rig_.journal.used = {1000ULL << 20, {0, 0}, {500ULL << 20, 480ULL << 20}};
  turn();
  turn();  // one turn measures, the next one may act on it
  EXPECT_GE(rig_.journal.prunes, before + 2) << "nothing to go: both are asked";
  const int asked = rig_.journal.prunes;
  turn();
  EXPECT_EQ(rig_.journal.prunes, asked) << "not again within a second";
  rig_.pass(1s);
  turn();
  EXPECT_GT(rig_.journal.prunes, asked);
}

TEST_F(LoopHouseTest, WithoutPressure_OnlyByAge) {
  const int before = rig_.journal.prunes;
  rig_.journal.used = {500ULL << 20, {0, 0}, {300ULL << 20, 100ULL << 20}};
  for (int i = 0; i < 10; ++i) {
    turn();
  }
  EXPECT_EQ(rig_.journal.prunes, before);
}

TEST_F(LoopHouseTest, PruneThatFails_IsTriedAgain) {
  rig_.journal.used = {1000ULL << 20, {0, 0}, {500ULL << 20, 480ULL << 20}};
  rig_.journal.fail_prune(FakeJournal::Failure::kBefore);
  turn();
  const int before = rig_.journal.prunes;
  rig_.pass(1s);
  turn();
  EXPECT_GT(rig_.journal.prunes, before);
}

// --- follow orders
// --------------------------------------------------------------

TEST_F(LoopHouseTest, Follow_IsAnsweredWhenItStands) {
  std::string reply;
  EXPECT_TRUE(inbox_.push_follow(request(reply)));
  std::string second;
  EXPECT_FALSE(inbox_.push_follow(request(second))) << "one at a time";
  rig_.journal.fail_commit(1, FakeJournal::Failure::kBefore, 3);
  loop_->turn();
  EXPECT_EQ(reply.find("done: telemetry follows "
                       "ledger.example/bj1/telemetry/2: "),
            0U)
      << reply;
  EXPECT_EQ(rig_.journal.held[1].first, "ledger.example/bj1/telemetry/2");
  EXPECT_EQ(second, "");
  // The next one waits for no other. Nothing is proven yet: it may be said
  // again.
  EXPECT_TRUE(inbox_.push_follow(request(second)));
  loop_->turn();
  EXPECT_EQ(second.find("done: telemetry follows "), 0U) << second;
}

TEST_F(LoopHouseTest, Follow_ThatDoesNotStand_SaysSo) {
  std::string reply;
  EXPECT_TRUE(inbox_.push_follow(request(reply)));
  rig_.journal.fail_commit(1, FakeJournal::Failure::kBroken);
  EXPECT_EQ(loop_->turn(), LoopEnd::kJournalBroken);
  EXPECT_EQ(reply, "the journal does not take it: told to fail");
  EXPECT_EQ(rig_.journal.held[1].first, "");
}

TEST_F(LoopHouseTest, Follow_WhenTheLoopIsToldToStop_IsNotTaken) {
  inbox_.push_stop();
  std::string reply;
  EXPECT_FALSE(inbox_.push_follow(request(reply)));
}

// As the admin socket's thread does it.
TEST_F(LoopHouseTest, Follow_FromAnotherThread) {
  std::thread loop([this] { EXPECT_EQ(loop_->run(), LoopEnd::kStopped); });
  std::promise<bool> replied;
  auto future = replied.get_future();
  EXPECT_TRUE(inbox_.push_follow(
      {order(), [&replied](const Result<std::string>& outcome) {
         replied.set_value(outcome.has_value());
       }}));
  EXPECT_TRUE(future.get());
  inbox_.push_stop();
  loop.join();
}

}  // namespace
}  // namespace strongroom
