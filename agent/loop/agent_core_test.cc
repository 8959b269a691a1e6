// SPDX-License-Identifier: Apache-2.0
// The core: start, clock, and what screens see.
#include "agent/loop/agent_core.h"

#include "agent/loop/agent_core_test_util.h"

namespace strongroom::testing_agent {
namespace {

// --- start ------------------------------------------------------------------

TEST_F(AgentCoreTest, FirstTurn_OpensTheEpochBootsAndDescribes) {
  rig_.start();
  rig_.turn();
  EXPECT_EQ(rig_.bodies(Stream::kRecord),
            (std::vector<pb_size_t>{kOpened, kBoot, kDescribed, kDescribed}));
  EXPECT_EQ(rig_.bodies(Stream::kTelemetry), (std::vector<pb_size_t>{kOpened}));
  const auto record = rig_.events(Stream::kRecord);
  const auto telemetry = rig_.events(Stream::kTelemetry);
  EXPECT_EQ(record[0].epoch, telemetry[0].epoch) << "one id for both streams";
  EXPECT_NE(record[0].epoch, 0U);
  EXPECT_EQ(record[0].body.epoch_opened.reason,
            strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START);
  EXPECT_FALSE(record[0].body.epoch_opened.has_previous);
}

TEST_F(AgentCoreTest, Restart_GoesOnInTheEpoch_AndDoesNotDescribeAgain) {
  rig_.start();
  rig_.turn();
  rig_.start();
  rig_.pass(1s);
  poll("room-1");
  EXPECT_EQ(rig_.count(Stream::kRecord, kOpened), 1U);
  EXPECT_EQ(rig_.count(Stream::kRecord, kBoot), 2U);
  EXPECT_EQ(rig_.count(Stream::kRecord, kDescribed), 2U);
  const auto telemetry = rig_.events(Stream::kTelemetry);
  ASSERT_EQ(telemetry.back().which_body, kWindows);
  EXPECT_EQ(telemetry.back().body.windows.described_seq, 3U);
}

TEST_F(AgentCoreTest, Restart_WithAnotherProfile_DescribesThatDevice) {
  rig_.start();
  rig_.turn();
  auto changed = testing_agent::two_points();
  changed->hash = sha256(as_bytes("another file"));
  rig_.options.devices.devices[1].profile = changed;
  rig_.start();
  rig_.turn();
  EXPECT_EQ(rig_.count(Stream::kRecord, kDescribed), 3U);
  poll("room-2");
  EXPECT_EQ(rig_.events(Stream::kTelemetry).back().body.windows.described_seq,
            6U);
}

TEST_F(AgentCoreTest, Start_AfterDamage_SaysWhyAndNamesTheFile) {
  strongroom_v1_ChainHead head = strongroom_v1_ChainHead_init_zero;
  head.epoch = 7;
  head.seq = 9;
  rig_.start({strongroom_v1_EpochReason_EPOCH_REASON_JOURNAL_CORRUPT,
              {head, std::nullopt},
              "journal.db.set-aside-1"});
  rig_.turn();
  const auto record = rig_.events(Stream::kRecord);
  const auto& opened = record[0].body.epoch_opened;
  EXPECT_EQ(opened.reason,
            strongroom_v1_EpochReason_EPOCH_REASON_JOURNAL_CORRUPT);
  EXPECT_EQ(opened.previous.seq, 9U);
  EXPECT_FALSE(
      rig_.events(Stream::kTelemetry)[0].body.epoch_opened.has_previous);
  ASSERT_EQ(record[2].which_body, kFinding);
  EXPECT_EQ(record[2].body.finding.kind,
            strongroom_v1_FindingKind_FINDING_KIND_JOURNAL_SET_ASIDE);
  EXPECT_STREQ(record[2].body.finding.subject, "journal.db.set-aside-1");
}

// --- clock ------------------------------------------------------------------

TEST_F(AgentCoreTest, ClockStep_IsAnEvent) {
  rig_.start();
  rig_.turn();
  rig_.pass(1s);
  rig_.now.wall += 3600s;
  rig_.turn();
  const auto record = rig_.events(Stream::kRecord);
  ASSERT_EQ(record.back().which_body, kStepped);
  EXPECT_EQ(record.back().body.clock_stepped.step_us, 3'600'000'000);
  EXPECT_EQ(record.back().body.clock_stepped.before.quality,
            strongroom_v1_ClockQuality_CLOCK_QUALITY_GOOD);
}

TEST_F(AgentCoreTest, ClockSteppedBack_TimeInEventsNeverGoesBack) {
  rig_.start();
  rig_.turn();
  rig_.pass(1s);
  rig_.now.wall -= 86'400s;
  for (int i = 0; i < 20; ++i) {
    poll("room-1");
    rig_.pass(1s);
  }
  std::int64_t last = 0;
  for (const EventMessage& event : rig_.events(Stream::kTelemetry)) {
    EXPECT_GE(event.recorded_us, last);
    last = event.recorded_us;
  }
  EXPECT_EQ(rig_.events(Stream::kTelemetry).back().clock.quality,
            strongroom_v1_ClockQuality_CLOCK_QUALITY_UNKNOWN);
  EXPECT_EQ(rig_.count(Stream::kRecord, kStepped), 1U) << "one step, one event";
}

TEST_F(AgentCoreTest, StartBelowTheJournal_IsAStep) {
  rig_.start();
  rig_.turn();
  const std::int64_t before = rig_.events(Stream::kRecord).back().recorded_us;
  rig_.now.wall -= 1000s;
  rig_.start();
  rig_.turn();
  const auto record = rig_.events(Stream::kRecord);
  EXPECT_EQ(record.back().which_body, kStepped);
  EXPECT_GE(record.back().recorded_us, before);
}

// --- what screens see -------------------------------------------------------

TEST_F(AgentCoreTest, Live_AtMostOncePerSecondAndDevice_OnlyWhileConnected) {
  rig_.start();
  rig_.turn();
  EXPECT_TRUE(AgentRig::of(UplinkTopic::kLive, poll("room-1")).empty());
  connect();
  std::size_t shown = 0;
  for (int i = 0; i < 50; ++i) {
    shown += AgentRig::of(UplinkTopic::kLive, poll("room-1")).size();
    rig_.pass(100ms);
  }
  EXPECT_GE(shown, 5U);
  EXPECT_LE(shown, 6U);
  const auto live = AgentRig::of(UplinkTopic::kLive, poll("room-2", 231));
  ASSERT_EQ(live.size(), 1U);
  EXPECT_EQ(decode_live(live[0])->values[0].mantissa, 231);
}

TEST_F(AgentCoreTest, Status_EveryThirtySeconds_AndOfflineAtTheEnd) {
  rig_.start();
  rig_.turn();
  settle(connect());
  std::size_t statuses = 0;
  for (int i = 0; i < 61; ++i) {
    rig_.pass(1s);
    statuses += AgentRig::of(UplinkTopic::kStatus, rig_.turn()).size();
  }
  EXPECT_EQ(statuses, 2U);
  const auto last = AgentRig::of(UplinkTopic::kStatus,
                                 rig_.turn([this] { rig_.core->stopping(); }));
  ASSERT_EQ(last.size(), 1U);
  const auto status = *decode_status(last[0]);
  EXPECT_FALSE(status.online);
  EXPECT_EQ(status.held_count, 2);
}

}  // namespace
}  // namespace strongroom::testing_agent
