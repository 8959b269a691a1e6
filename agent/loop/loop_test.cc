// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/loop.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include "agent/loop/agent_rig_test_util.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;
using testing_agent::AgentRig;
using testing_agent::ModelLedger;

// Takes what the loop releases, and fails the test when a batch leaves before
// the journal holds its cut and its events.
class WatchfulUplink final : public Uplink {
 public:
  explicit WatchfulUplink(const FakeJournal& journal) : journal_(journal) {}

  bool publish(UplinkTopic topic, Bytes payload) override {
    if (topic == UplinkTopic::kBatch) {
      const auto header = AgentRig::header_of(payload);
      const auto& epochs = journal_.epochs[slot_of(header.stream)];
      const Position first =
          epochs.begin()->second.first_position + header.first_seq - 1;
      const auto& batches = journal_.batches[slot_of(header.stream)];
      EXPECT_TRUE(batches.contains(first)) << "sent before it was journalled";
      EXPECT_GE(journal_.rows[slot_of(header.stream)].size(),
                first + header.count - 1);
    }
    if (on_publish) {
      on_publish(topic, payload);
    }
    published.push_back({topic, std::move(payload)});
    return true;
  }
  std::vector<Bytes> of(UplinkTopic topic) const {
    return AgentRig::of(topic, published);
  }

  std::vector<Publish> published;
  std::function<void(UplinkTopic, const Bytes&)> on_publish;

 private:
  const FakeJournal& journal_;
};

class LoopTest : public ::testing::Test {
 protected:
  LoopTest() : uplink_(rig_.journal) {
    rig_.start();
    loop_ = std::make_unique<Loop>(LoopPorts{*rig_.core,
                                             rig_.journal,
                                             uplink_,
                                             inbox_,
                                             snapshots_,
                                             [this] { return rig_.now; },
                                             [this] { ++alive_; }},
                                   LoopOptions{.max_polls = 512, .retry = 1ms});
    EXPECT_EQ(loop_->turn(), std::nullopt);
  }
  void poll(const std::string& device = "room-1") {
    rig_.pass(10ms);
    inbox_.push_poll(rig_.poll(device));
  }

  AgentRig rig_;
  WatchfulUplink uplink_;
  Inbox inbox_;
  SnapshotHolder snapshots_;
  int alive_ = 0;
  std::unique_ptr<Loop> loop_;
};

TEST_F(LoopTest, FirstTurn_DoesNotWait) {
  EXPECT_EQ(rig_.journal.rows[1].size(), 1U);
  ASSERT_NE(snapshots_.get(), nullptr);
  EXPECT_EQ(snapshots_.get()->source, "edge-1@bj1");
  EXPECT_GT(alive_, 0);
}

TEST_F(LoopTest, ManyInputs_AreOneTransaction) {
  for (int i = 0; i < 20; ++i) {
    poll();
  }
  const int attempts = rig_.journal.attempts;
  loop_->turn();
  EXPECT_EQ(rig_.journal.attempts, attempts + 1);
  EXPECT_EQ(rig_.journal.rows[1].size(), 21U);
}

TEST_F(LoopTest, FailedCommit_WithholdsEffectsUntilItStands) {
  inbox_.push_connected();
  rig_.journal.fail_commit(1, FakeJournal::Failure::kBefore, 3);
  uplink_.on_publish = [this](UplinkTopic, const Bytes&) {
    EXPECT_EQ(rig_.journal.attempts, 5) << "published before the commit stood";
  };
  loop_->turn();
  EXPECT_EQ(uplink_.of(UplinkTopic::kBatch).size(), 2U);
  EXPECT_EQ(rig_.journal.rows[1].size(), 1U);
}

TEST_F(LoopTest, CommitThatStandsButReportsAFault_IsNotDoneTwice) {
  poll();
  rig_.journal.fail_commit(1, FakeJournal::Failure::kAfterDoingTheWork);
  loop_->turn();
  EXPECT_EQ(rig_.journal.rows[1].size(), 2U);
  poll();
  loop_->turn();
  EXPECT_EQ(rig_.journal.rows[1].size(), 3U);
}

TEST_F(LoopTest, CommitsFailForFiveSeconds_TheSnapshotSaysSo) {
  poll();
  rig_.journal.fail_commit(1, FakeJournal::Failure::kBefore, 1'000'000);
  std::thread loop([this] { EXPECT_EQ(loop_->run(), LoopEnd::kUncommitted); });
  const auto failing = [this] {
    const auto snapshot = snapshots_.get();
    return snapshot->journal.failing_since.has_value();
  };
  while (!failing()) {
    std::this_thread::yield();
  }
  const auto snapshot = snapshots_.get();
  EXPECT_EQ(snapshot->journal.error, "told to fail");
  const MonoTime since =
      snapshot->journal.failing_since.value_or(MonoTime::max());
  EXPECT_FALSE(journal_failed(*snapshot, since + 4s));
  EXPECT_TRUE(journal_failed(*snapshot, since + 5s));
  inbox_.push_stop();
  loop.join();
  EXPECT_TRUE(uplink_.published.empty());
}

TEST_F(LoopTest, BrokenJournal_EndsTheLoop) {
  poll();
  rig_.journal.fail_commit(1, FakeJournal::Failure::kBroken);
  EXPECT_EQ(loop_->turn(), LoopEnd::kJournalBroken);
  EXPECT_EQ(loop_->error(), "told to fail");
}

TEST_F(LoopTest, Stop_CommitsWhatWaits_AndSaysOffline) {
  inbox_.push_connected();
  loop_->turn();
  poll();
  inbox_.push_stop();
  EXPECT_EQ(loop_->turn(), LoopEnd::kStopped);
  EXPECT_EQ(rig_.journal.rows[1].size(), 2U);
  const auto statuses = uplink_.of(UplinkTopic::kStatus);
  ASSERT_GE(statuses.size(), 2U);
  EXPECT_FALSE(decode_status(statuses.back())->online);
}

TEST_F(LoopTest, DeliveredRows_ArePrunedInTime) {
  EXPECT_EQ(rig_.journal.prunes, 2) << "one a stream";
  rig_.pass(9min);
  poll();
  loop_->turn();
  EXPECT_EQ(rig_.journal.prunes, 2);
  rig_.pass(2min);
  poll();
  loop_->turn();
  EXPECT_EQ(rig_.journal.prunes, 4);
}

// All threads at once: lines, the MQTT library, readers of the snapshot.
TEST(LoopThreads, PollsFromManyLines_AllArriveProven) {
  AgentRig rig;
  rig.start();
  Inbox inbox;
  SnapshotHolder snapshots;
  WatchfulUplink uplink(rig.journal);
  ModelLedger record({"ledger.example", "bj1", Stream::kRecord, 1},
                     *rig.log_key,
                     rig.key->public_key());
  ModelLedger telemetry({"ledger.example", "bj1", Stream::kTelemetry, 1},
                        *rig.log_key,
                        rig.key->public_key());
  uplink.on_publish = [&](UplinkTopic topic, const Bytes& payload) {
    if (topic == UplinkTopic::kBatch) {
      auto& ledger = AgentRig::header_of(payload).stream == Stream::kRecord
                         ? record
                         : telemetry;
      // As the library's thread would, while the loop runs.
      inbox.push_ack(encode_ack(ledger.take(payload)));
    }
  };
  const auto start = std::chrono::steady_clock::now();
  const auto clock = [&start] {
    const auto since = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - start);
    return Now{WallTime(1'780'000'000s) + since,
               since + 1000s,
               ClockQuality::kGood,
               1us};
  };
  Loop loop({*rig.core, rig.journal, uplink, inbox, snapshots, clock});
  std::thread runner([&] { EXPECT_EQ(loop.run(), LoopEnd::kStopped); });
  inbox.push_connected();
  constexpr int kPolls = 200;
  std::vector<std::thread> lines;
  for (const char* device : {"room-1", "room-2"}) {
    lines.emplace_back([&, device, profile = rig.profile_of(device)] {
      for (int i = 0; i < kPolls; ++i) {
        PollDone poll;
        poll.line = "line-1";
        poll.device = device;
        poll.monotonic = clock().monotonic;
        poll.samples = {{PointQuality::kGood, i}, {PointQuality::kBad, 0}};
        poll.profile = profile;
        inbox.push_poll(std::move(poll));
      }
    });
  }
  std::thread breaker([&, set = rig.options.devices] {
    inbox.push_disconnected();
    inbox.push_devices(set);
    inbox.push_connected();
  });
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      if (const auto snapshot = snapshots.get()) {
        EXPECT_EQ(snapshot->streams.size(), 2U);
      }
      std::this_thread::yield();
    }
  });
  for (std::thread& line : lines) {
    line.join();
  }
  breaker.join();
  const auto delivered = [&] {
    const auto snapshot = snapshots.get();
    return snapshot != nullptr && snapshot->streams[1].tail == 401 &&
           snapshot->streams[1].backlog == 0;
  };
  const auto limit = std::chrono::steady_clock::now() + 30s;
  while (!delivered() && std::chrono::steady_clock::now() < limit) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_TRUE(delivered());
  done = true;
  reader.join();
  inbox.push_stop();
  runner.join();
  EXPECT_EQ(telemetry.appended(), 2U * kPolls + 1);
}

TEST_F(LoopTest, OtherDevices_AreTakenBeforePolls) {
  DeviceSet set = rig_.options.devices;
  set.devices.push_back({"line-2", "room-3", testing_agent::two_points()});
  inbox_.push_poll(rig_.poll("room-1"));
  rig_.options.devices = set;
  inbox_.push_poll(rig_.poll("room-3"));
  inbox_.push_devices(set);
  EXPECT_EQ(loop_->turn(), std::nullopt);
  EXPECT_EQ(rig_.count(Stream::kTelemetry, strongroom_v1_Event_windows_tag),
            2U);
  EXPECT_EQ(rig_.core->snapshot().stray_polls, 0U);
}

// --- inbox ------------------------------------------------------------------

PollDone numbered(int number) {
  PollDone poll;
  poll.device = std::to_string(number);
  return poll;
}

TEST(Inbox, FullPolls_DropTheOldestAfterWaiting) {
  Inbox inbox({.acks = 2, .polls = 3, .poll_wait = 1ms});
  for (int i = 0; i < 5; ++i) {
    inbox.push_poll(numbered(i));
  }
  const Inputs inputs = inbox.take(10, std::chrono::steady_clock::now());
  ASSERT_EQ(inputs.polls.size(), 3U);
  EXPECT_EQ(inputs.polls[0].device, "2");
  EXPECT_EQ(inbox.dropped_polls(), 2U);
}

TEST(Inbox, FullPolls_WaitForRoomFirst) {
  Inbox inbox({.acks = 2, .polls = 1, .poll_wait = 60s});
  inbox.push_poll(numbered(1));
  std::thread line([&] { inbox.push_poll(numbered(2)); });
  const auto later = std::chrono::steady_clock::now() + 60s;
  EXPECT_EQ(inbox.take(1, later).polls[0].device, "1");
  EXPECT_EQ(inbox.take(1, later).polls[0].device, "2");
  line.join();
  EXPECT_EQ(inbox.dropped_polls(), 0U);
}

TEST(Inbox, FullAcks_AreRefusedAtOnce) {
  Inbox inbox({.acks = 2});
  for (int i = 0; i < 3; ++i) {
    inbox.push_ack({static_cast<std::uint8_t>(i)});
  }
  EXPECT_EQ(inbox.take(1, {}).acks.size(), 2U);
  EXPECT_EQ(inbox.dropped_acks(), 1U);
}

TEST(Inbox, Connection_OnlyTheNewestStateCounts) {
  Inbox inbox;
  inbox.push_connected();
  inbox.push_disconnected();
  Inputs inputs = inbox.take(1, {});
  EXPECT_TRUE(inputs.disconnected);
  EXPECT_FALSE(inputs.connected);
  inbox.push_disconnected();
  inbox.push_connected();
  inputs = inbox.take(1, {});
  EXPECT_TRUE(inputs.disconnected && inputs.connected);
}

TEST(Inbox, Devices_TheNewestSetReplacesTheOlder) {
  Inbox inbox;
  EXPECT_FALSE(inbox.take(1, {}).devices.has_value());
  for (const char* name : {"room-1", "room-2"}) {
    inbox.push_devices({{{"line-1", name, nullptr}}, {}, {}});
  }
  const Inputs inputs = inbox.take(1, {});
  ASSERT_TRUE(inputs.devices.has_value());
  EXPECT_FALSE(inputs.empty());
  EXPECT_EQ(inputs.devices->devices.at(0).name, "room-2");
  EXPECT_TRUE(inbox.take(1, {}).empty());
}

TEST(Inbox, Stop_ReleasesWhoWaits) {
  Inbox inbox({.acks = 2, .polls = 1, .poll_wait = 60s});
  inbox.push_poll(numbered(1));
  std::thread line([&] { inbox.push_poll(numbered(2)); });
  inbox.push_stop();
  line.join();
  EXPECT_TRUE(inbox.take(1, {}).stop);
  EXPECT_TRUE(inbox.wait_stop(0ms));
}

TEST(Inbox, Empty_ReturnsAtTheDeadline) {
  Inbox inbox;
  EXPECT_TRUE(inbox.take(1, std::chrono::steady_clock::now() + 5ms).empty());
}

}  // namespace
}  // namespace strongroom
