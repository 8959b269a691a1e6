// SPDX-License-Identifier: Apache-2.0
// The core: the way to the ledger, and its refusals.
#include "agent/loop/agent_core.h"
#include "agent/loop/agent_core_test_util.h"

namespace strongroom::testing_agent {
namespace {

// --- the way up -------------------------------------------------------------

TEST_F(AgentCoreTest, Offline_NothingIsCut) {
  rig_.start();
  EXPECT_TRUE(rig_.turn().empty());
  EXPECT_TRUE(poll("room-1").empty());
  EXPECT_TRUE(rig_.journal.batches[0].empty());
}

TEST_F(AgentCoreTest, Connected_SendsRecordThenTelemetryThenStatus) {
  rig_.start();
  rig_.turn();
  poll("room-1");
  const auto effects = connect();
  const auto batches = AgentRig::of(UplinkTopic::kBatch, effects);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(AgentRig::header_of(batches[0]).stream, Stream::kRecord);
  EXPECT_EQ(AgentRig::header_of(batches[0]).count, 4U);
  EXPECT_EQ(AgentRig::header_of(batches[1]).stream, Stream::kTelemetry);
  EXPECT_TRUE(decode_batch(batches[0])->resync);
  EXPECT_TRUE(decode_batch(batches[1])->resync);
  const auto statuses = AgentRig::of(UplinkTopic::kStatus, effects);
  ASSERT_EQ(statuses.size(), 1U);
  const auto status = *decode_status(statuses[0]);
  EXPECT_TRUE(status.online);
  EXPECT_EQ(status.backlog[0].events, 4U);
  EXPECT_GT(status.backlog[0].oldest_us, 0);
  EXPECT_EQ(status.held_count, 0);
}

TEST_F(AgentCoreTest, Proof_MovesTheDeliveredMarkAndTheHeldCheckpoint) {
  rig_.start();
  rig_.turn();
  settle(connect());
  EXPECT_EQ(rig_.journal.delivered[0], 4U);
  EXPECT_EQ(rig_.journal.delivered[1], 1U);
  EXPECT_EQ(rig_.journal.held[0].first, "ledger.example/bj1/record/1");
  EXPECT_FALSE(rig_.journal.held[0].second.empty());
  const AgentSnapshot snapshot = rig_.core->snapshot();
  EXPECT_EQ(snapshot.streams[0].backlog, 0U);
  EXPECT_EQ(snapshot.streams[0].state, "idle");
}

TEST_F(AgentCoreTest, IdleReading_IsSentInItsOwnTurn) {
  rig_.start();
  rig_.turn();
  settle(connect());
  rig_.pass(1s);
  const auto batches = AgentRig::of(UplinkTopic::kBatch, poll("room-1"));
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_FALSE(decode_batch(batches[0])->resync);
  EXPECT_EQ(AgentRig::header_of(batches[0]).count, 1U);
}

TEST_F(AgentCoreTest, FullWindow_EventsGatherIntoOneBatch) {
  rig_.start();
  rig_.turn();
  connect();
  for (int i = 0; i < 20; ++i) {
    poll("room-1");
  }
  EXPECT_EQ(rig_.journal.batches[1].size(), 4U);
  const int reads = rig_.journal.reads;
  // The window opens by one: one batch with all that waited.
  const auto first = rig_.journal.batches[1].begin()->second;
  const auto rows = *rig_.journal.events(Stream::kTelemetry, 1, 1, 0);
  BatchView view;
  view.header_bytes = first.sealed.header;
  view.signature = first.sealed.signature;
  view.events = {rows[0]};
  view.resync = true;
  const auto sent = rig_.turn([&] {
    rig_.core->ack_arrived(encode_ack(telemetry_log_.take(encode_batch(view))));
  });
  const auto batches = AgentRig::of(UplinkTopic::kBatch, sent);
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(AgentRig::header_of(batches[0]).count, 17U);
  EXPECT_EQ(rig_.journal.reads, reads + 1) << "fresh events are in memory";
}

TEST_F(AgentCoreTest, Backlog_IsReadBackFromTheJournal) {
  rig_.start();
  rig_.turn();
  for (int i = 0; i < 3000; ++i) {
    poll(i % 2 == 0 ? "room-1" : "room-2", i % 700);
    rig_.pass(10ms);
  }
  rig_.start();
  rig_.turn();
  settle(connect());
  EXPECT_EQ(rig_.journal.delivered[1], 3001U);
  EXPECT_EQ(telemetry_log_.appended(), 3001U);
  for (const auto& [first, batch] : rig_.journal.batches[1]) {
    EXPECT_LE(batch.count, kMaxBatchEvents);
  }
}

TEST_F(AgentCoreTest, RecordBacklog_GoesBeforeTelemetry) {
  rig_.start();
  rig_.turn();
  // More of `record` than a window holds: boots of many starts.
  for (int i = 0; i < 2600; ++i) {
    rig_.start();
    rig_.turn();
  }
  auto effects = connect();
  auto batches = AgentRig::of(UplinkTopic::kBatch, effects);
  ASSERT_EQ(batches.size(), 4U);
  for (const Bytes& batch : batches) {
    EXPECT_EQ(AgentRig::header_of(batch).stream, Stream::kRecord);
  }
  settle(effects);
  EXPECT_EQ(rig_.journal.delivered[0], rig_.journal.rows[0].size());
  EXPECT_EQ(rig_.journal.delivered[1], 1U);
}

TEST_F(AgentCoreTest, Restart_SendsTheSameCutAgain) {
  rig_.start();
  rig_.turn();
  const auto before = AgentRig::of(UplinkTopic::kBatch, connect());
  rig_.start();
  rig_.turn();
  poll("room-1");
  const auto after = AgentRig::of(UplinkTopic::kBatch, connect());
  ASSERT_GE(after.size(), 2U);
  const auto a = *decode_batch(before[0]);
  const auto b = *decode_batch(after[0]);
  EXPECT_TRUE(std::ranges::equal(a.header_bytes, b.header_bytes));
  EXPECT_EQ(a.signature, b.signature);
}

TEST_F(AgentCoreTest, JournalThatGivesBackOtherBytes_BreaksTheTurn) {
  rig_.start();
  rig_.turn();
  rig_.start();
  rig_.turn();
  rig_.journal.rows[0][1][40] ^= 1;
  rig_.start();
  rig_.core->begin(rig_.now);
  rig_.core->connected();
  EXPECT_TRUE(rig_.core->finish().broken.has_value());
}

TEST_F(AgentCoreTest, GarbageForAnAck_IsCounted) {
  rig_.start();
  rig_.turn();
  rig_.turn([this] { rig_.core->ack_arrived(as_bytes("garbage")); });
  EXPECT_EQ(rig_.core->snapshot().invalid_acks, 1U);
}

// --- refusals ---------------------------------------------------------------

TEST_F(AgentCoreTest, UnknownSource_OneFindingAnHour) {
  rig_.start();
  rig_.turn();
  record_log_.refuse_all =
      refusal(strongroom_v1_RefusalReason_REFUSAL_REASON_UNKNOWN_SOURCE);
  telemetry_log_.refuse_all = record_log_.refuse_all;
  auto effects = connect();
  for (int i = 0; i < 60; ++i) {
    answer(effects);
    rig_.pass(75s);  // the resend timer at its longest
    effects = rig_.turn();
  }
  EXPECT_EQ(rig_.count(Stream::kRecord, kFinding), 4U)
      << "two streams, 75 minutes";
  const auto last = rig_.events(Stream::kRecord).back();
  EXPECT_GT(last.body.finding.count, 10U);
  EXPECT_EQ(rig_.core->snapshot().streams[0].blocked_by, "unknown_source");
  record_log_.refuse_all.reset();
  telemetry_log_.refuse_all.reset();
  settle(effects);
  EXPECT_EQ(rig_.core->snapshot().streams[0].backlog, 0U);
}

TEST_F(AgentCoreTest, RefusedChain_OpensAnEpoch_KeepsTheRows_AndGoesOnThere) {
  rig_.start();
  rig_.turn();
  auto effects = connect();
  record_log_.refuse_all =
      refusal(strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN);
  const std::uint64_t old_epoch = rig_.events(Stream::kRecord)[0].epoch;
  effects = answer(effects);
  record_log_.refuse_all.reset();
  settle(effects);

  const auto record = rig_.events(Stream::kRecord);
  ASSERT_EQ(rig_.bodies(Stream::kRecord),
            (std::vector<pb_size_t>{kOpened,
                                    kBoot,
                                    kDescribed,
                                    kDescribed,
                                    kOpened,
                                    kDescribed,
                                    kDescribed,
                                    kFinding,
                                    // Told again, once the epoch was taken.
                                    kBoot,
                                    kDescribed,
                                    kDescribed,
                                    kSalvageEnded,
                                    kFinding}));
  EXPECT_NE(record[4].epoch, old_epoch);
  EXPECT_EQ(record[4].seq, 1U);
  EXPECT_EQ(record[4].body.epoch_opened.reason,
            strongroom_v1_EpochReason_EPOCH_REASON_REFUSED);
  EXPECT_EQ(record[4].body.epoch_opened.previous.epoch, old_epoch);
  EXPECT_EQ(record[4].body.epoch_opened.previous.seq, 4U);
  EXPECT_EQ(record[7].body.finding.reason,
            strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN);
  EXPECT_EQ(rig_.journal.epochs[0][1].stopped_at, 1U);
  EXPECT_EQ(rig_.journal.epochs[1][1].stopped_at, 0U)
      << "telemetry of the old epoch is still owed";
  EXPECT_EQ(record_log_.next_seq(old_epoch), 1U);
  EXPECT_EQ(record_log_.next_seq(record[4].epoch), 10U);
  EXPECT_EQ(telemetry_log_.next_seq(old_epoch), 2U);
  EXPECT_EQ(telemetry_log_.next_seq(record[4].epoch), 2U);

  // A restart skips the stopped rows too.
  rig_.start();
  rig_.turn();
  settle(connect());
  EXPECT_EQ(rig_.journal.delivered[0], rig_.journal.rows[0].size());
  EXPECT_EQ(record_log_.next_seq(old_epoch), 1U);
}

TEST_F(AgentCoreTest, RefusedChain_RestartAtOnce_SkipsTheStoppedRows) {
  rig_.start();
  rig_.turn();
  const auto effects = connect();
  record_log_.refuse_all =
      refusal(strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN);
  answer(effects);
  record_log_.refuse_all.reset();
  rig_.start();
  rig_.turn();
  settle(connect());
  const auto record = rig_.events(Stream::kRecord);
  EXPECT_EQ(record_log_.next_seq(record[0].epoch), 1U)
      << "what was refused is not sent again";
  EXPECT_EQ(rig_.journal.delivered[0], rig_.journal.rows[0].size());
}

TEST_F(AgentCoreTest, RefusedAgainAtOnce_WaitsBeforeAnotherEpoch) {
  rig_.start();
  rig_.turn();
  auto effects = connect();
  record_log_.refuse_all =
      refusal(strongroom_v1_RefusalReason_REFUSAL_REASON_SIGNATURE);
  for (int i = 0; i < 8; ++i) {
    effects = answer(effects);
    rig_.pass(30s);
    const auto more = rig_.turn();
    effects.insert(effects.end(), more.begin(), more.end());
  }
  EXPECT_EQ(rig_.count(Stream::kRecord, kOpened), 2U);
  EXPECT_EQ(rig_.core->snapshot().streams[0].blocked_by, "signature");
  rig_.pass(600s);
  answer(rig_.turn());
  EXPECT_EQ(rig_.count(Stream::kRecord, kOpened), 3U);
}

TEST_F(AgentCoreTest, HeaderOfOursThatTheJournalLacks_IsARollBack) {
  rig_.start();
  rig_.turn();
  const FakeJournal old = rig_.journal;
  settle(connect());
  rig_.pass(1s);
  settle(poll("room-1"));
  // The journal is put back to an earlier copy, and lives another life.
  rig_.journal = old;
  rig_.random.seed(99);
  rig_.pass(1s);
  rig_.start();
  rig_.turn();
  settle(connect());
  const auto record = rig_.events(Stream::kRecord);
  const auto opened = std::ranges::find_if(
      record.rbegin(), record.rend(), [](const auto& event) {
        return event.which_body == kOpened;
      });
  EXPECT_EQ(opened->body.epoch_opened.reason,
            strongroom_v1_EpochReason_EPOCH_REASON_ROLLED_BACK);
  EXPECT_EQ(rig_.core->snapshot().streams[0].backlog, 0U);
}

}  // namespace
}  // namespace strongroom::testing_agent
