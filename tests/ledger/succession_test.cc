// SPDX-License-Identifier: Apache-2.0
// The daemon over a log that succeeds another one: chains go on where the first
// batches say, agents that do not know of it are told, the old log stays as it
// was.
#include <gtest/gtest.h>

#include "ledger/log/stored_entries.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom {
namespace {

using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

/// One chain that a successor goes on with.
struct Resumed {
  std::uint64_t epoch = 0;
  std::uint64_t next_seq = 1;
  Hash head{};
  bool closed = false;
};

constexpr std::size_t kNoFirstBatch = SIZE_MAX;

class SuccessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(at.open()) << at.why;
    ASSERT_TRUE(at.enrol(agent));
  }

  TestAgent::Batch send(Stream stream, TestAgent::Options options) {
    auto batch = agent.cut(stream, options);
    EXPECT_TRUE(at.proves(agent, at.exchange(agent, batch.payload), batch));
    return batch;
  }

  Resumed resumed_here(Stream stream) {
    const EventChain& chain = agent.chain(stream);
    return {agent.epoch, chain.last_seq() + 1, chain.last_hash(), false};
  }

  /// What `strongroom recover` does, beside the running ledger: closes the log
  /// and begins its successor. `said`: how many of the chains the first batch
  /// counts.
  void succeed(Stream stream,
               std::uint64_t closed_at,
               const std::vector<Resumed>& chains,
               std::size_t said) {
    const LogId old = at.log("bj1", stream);
    at.close();
    auto store =
        *open_sqlite_ledger_store(at.store_path(), at.disclosures_path());
    auto guard = *open_sqlite_guard(at.guard_path());
    auto reader = *LedgerReader::open(at.store_path());
    Publication publication;
    auto logs = LogWriter::open(
        at.kName, {*store, *guard, *reader, *at.log_signer, publication});
    ASSERT_TRUE(logs) << logs.error().what;
    std::vector<ChainRow> rows;
    const auto stored = reader->chains();
    ASSERT_TRUE(stored);
    for (const ChainRow& row : *stored) {
      for (const Resumed& chain : chains) {
        if (row.log_id == old && row.epoch == chain.epoch) {
          rows.push_back(row);
          // The table may say what it likes: the first batch is believed.
          rows.back().next_seq = chain.next_seq + 7;
          rows.back().closed = chain.closed;
        }
      }
    }
    const auto id = (*logs)->succeed(old, closed_at, rows, {});
    ASSERT_TRUE(id) << id.error().what;
    if (said != kNoFirstBatch) {
      write_first_batch(**logs, *id, chains, said);
      const auto done = (*logs)->commit();
      ASSERT_TRUE(done) << done.error().what;
    }
    agent.generation[stream] = 2;
  }

  void write_first_batch(LogWriter& logs,
                         LogId id,
                         const std::vector<Resumed>& chains,
                         std::size_t said) {
    const Origin& origin = logs.origin(id);
    const Source console{std::string(kConsoleAgent), origin.site};
    EventChain chain(console, origin.stream, 0xcc02);
    std::vector<EventMessage> events(2, strongroom_v1_Event_init_zero);
    events[0].which_body = strongroom_v1_Event_epoch_opened_tag;
    events[0].body.epoch_opened.reason =
        strongroom_v1_EpochReason_EPOCH_REASON_LOG_SUCCEEDED;
    events[1].which_body = strongroom_v1_Event_log_succeeded_tag;
    events[1].body.log_succeeded.frozen_size = 4;
    events[1].body.log_succeeded.chain_count = said;
    for (const Resumed& each : chains) {
      events.push_back(strongroom_v1_Event_init_zero);
      events.back().which_body = strongroom_v1_Event_chain_resumed_tag;
      auto& body = events.back().body.chain_resumed;
      agent.source.text().copy(body.source, sizeof(body.source) - 1);
      body.epoch = each.epoch;
      body.next_seq = each.next_seq;
      std::ranges::copy(each.head, body.head);
      body.closed = each.closed;
    }
    std::vector<Bytes> bytes;
    for (EventMessage& event : events) {
      const std::array<std::uint8_t, 16> blind{1};
      bytes.push_back(*chain.append(event, at.now, blind));
    }
    const std::vector<ByteView> views(bytes.begin(), bytes.end());
    std::vector<Hash> leaves;
    std::ranges::transform(views, std::back_inserter(leaves), event_leaf);
    const SignedHeader header = cut_batch(console,
                                          origin.stream,
                                          chain.epoch(),
                                          1,
                                          Hash{},
                                          views,
                                          *at.console_signer);
    const Bytes entry = header_entry(header.signature, header.header);
    logs.append(id,
                {.source = console.text(),
                 .epoch = chain.epoch(),
                 .first_seq = 1,
                 .events = views,
                 .leaves = leaves,
                 .header_entry = entry});
    logs.rows().chains.push_back({.log_id = id,
                                  .source = console.text(),
                                  .epoch = chain.epoch(),
                                  .next_seq = chain.last_seq() + 1,
                                  .head = chain.last_hash(),
                                  .acked_size = 1,
                                  .newest_header = entry,
                                  .key = at.console_signer->public_key()});
  }

  std::vector<FindingView> findings(int kind) {
    std::vector<FindingView> found;
    for (FindingView& each : at.views->findings(100)) {
      if (each.kind == kind) {
        found.push_back(std::move(each));
      }
    }
    return found;
  }
  const Refused& refused(const Ack& ack) {
    static const Refused kNone{};
    const auto* said = std::get_if<Refused>(&ack.outcome);
    EXPECT_NE(said, nullptr);
    return said == nullptr ? kNone : *said;
  }

  TestLedger at;
  TestAgent agent{"edge-1@bj1", 1};
};

TEST_F(SuccessionTest, ResumedChain_GoesOnWhereTheFirstBatchSays) {
  send(Stream::kTelemetry, {.count = 3, .resync = true});
  const Resumed resumed = resumed_here(Stream::kTelemetry);
  const std::string old_note = agent.held_note[Stream::kTelemetry];
  succeed(Stream::kTelemetry, 4, {resumed}, 1);
  ASSERT_TRUE(at.open()) << at.why;
  EXPECT_TRUE(at.warnings.empty()) << at.warnings.front();

  // Who shows the predecessor's checkpoint is told to follow.
  const auto next = agent.cut(Stream::kTelemetry, {.count = 2});
  const auto shown =
      TestAgent::payload_of(next, {.resync = true, .held = old_note});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, shown)), reason::kSucceeded);
  const auto without_resync = TestAgent::payload_of(next, {.held = old_note});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, without_resync)),
            reason::kSucceeded);
  // No ack of the predecessor counts here.
  EXPECT_EQ(at.refusal_of(at.exchange(agent, TestAgent::payload_of(next, {}))),
            reason::kResync);
  // Who follows sends it whole, and holds nothing yet.
  agent.held.clear();
  const auto followed = TestAgent::payload_of(next, {.resync = true});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, followed), next));
  // Again after a lost ack: held here, acked here.
  agent.held.clear();
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, followed), next));
  send(Stream::kTelemetry, {.count = 2});
  // And after a restart.
  ASSERT_TRUE(at.open()) << at.why;
  send(Stream::kTelemetry,
       {.count = 2,
        .resync = true,
        .held = agent.held_note[Stream::kTelemetry]});
}

TEST_F(SuccessionTest, WhatThePredecessorHolds_IsAskedForNoMore) {
  send(Stream::kTelemetry, {.count = 3, .resync = true});
  const Resumed resumed = resumed_here(Stream::kTelemetry);
  for (const bool closed : {false, true}) {
    TestAgent again("edge-1@bj1", 1);
    if (!closed) {
      succeed(Stream::kTelemetry, 4, {resumed}, 1);
      ASSERT_TRUE(at.open()) << at.why;
    } else {
      // Closed here, by a new epoch in the successor.
      agent.open_epoch(0x2222);
      agent.held.clear();
      send(Stream::kTelemetry, {.count = 1, .resync = true});
      ASSERT_TRUE(at.open()) << at.why;
    }
    const auto batch = again.cut(Stream::kTelemetry, {.resync = true});
    const Ack ack = at.exchange(again, batch.payload);
    EXPECT_EQ(refused(ack).reason, reason::kGap) << closed;
    EXPECT_EQ(refused(ack).expected, resumed.next_seq) << closed;
  }
}

TEST_F(SuccessionTest, UnfinishedSuccessor_TakesNothing) {
  send(Stream::kTelemetry, {.count = 3, .resync = true});
  succeed(
      Stream::kTelemetry, 4, {resumed_here(Stream::kTelemetry)}, kNoFirstBatch);
  ASSERT_TRUE(at.open()) << at.why;
  const auto next = agent.cut(Stream::kTelemetry, {.resync = true});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, next.payload)),
            reason::kLogFrozen);
  const auto held = at.views->held_back();
  ASSERT_EQ(held.size(), 1U);
  EXPECT_NE(held.begin()->second.find("strongroom recover"), std::string::npos);
  // Other logs go on.
  send(Stream::kRecord, {.count = 1, .resync = true});
}

TEST_F(SuccessionTest, SuccessorThatCountsMoreChains_TakesNothing) {
  send(Stream::kTelemetry, {.count = 3, .resync = true});
  succeed(Stream::kTelemetry, 4, {resumed_here(Stream::kTelemetry)}, 2);
  ASSERT_TRUE(at.open()) << at.why;
  const auto next = agent.cut(Stream::kTelemetry, {.resync = true});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, next.payload)),
            reason::kLogFrozen);
  EXPECT_EQ(at.views->held_back().size(), 1U);
}

TEST_F(SuccessionTest, OwnEvents_GoOnInTheEpochThatTheSuccessorBegan) {
  send(Stream::kRecord, {.count = 3, .resync = true});
  const Resumed resumed = resumed_here(Stream::kRecord);
  succeed(Stream::kRecord, 4, {resumed}, 1);
  for (int start = 0; start < 2; ++start) {
    ASSERT_TRUE(at.open()) << at.why;
    const auto succeeded =
        findings(strongroom_v1_FindingKind_FINDING_KIND_LOG_SUCCEEDED);
    ASSERT_EQ(succeeded.size(), 1U) << "start " << start;
    EXPECT_EQ(succeeded[0].subject, "test.example/bj1/record/2");
    EXPECT_EQ(succeeded[0].origin, "test.example/bj1/record/2");
    EXPECT_EQ(succeeded[0].seq, 4U);
  }
  std::set<std::uint64_t> epochs;
  (void)at.reader->scan(
      at.log("bj1", Stream::kRecord), 0, [&](const BatchRow& row) {
        epochs.insert(row.epoch);
        return true;
      });
  EXPECT_EQ(epochs, std::set<std::uint64_t>{0xcc02});
}

// The whole ledger, guard and all, was put back to before it was succeeded.
TEST_F(SuccessionTest, NoteOfALaterGeneration_FreezesTheLog) {
  send(Stream::kTelemetry, {.count = 3, .resync = true});
  const std::string later = sign_checkpoint(
      {"test.example/bj1/telemetry/2", 3, Hash{1}}, *at.log_signer);
  const auto batch = agent.cut(Stream::kTelemetry, {.held = later});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, batch.payload)),
            reason::kLogFrozen);
  EXPECT_EQ(
      findings(strongroom_v1_FindingKind_FINDING_KIND_LOG_ROLLED_BACK).size(),
      1U);
  const auto rows = at.reader->logs();
  ASSERT_TRUE(rows);
  for (const LogRow& row : *rows) {
    EXPECT_EQ(row.shown_note,
              row.origin.stream == Stream::kTelemetry ? later : "");
  }
}

TEST_F(SuccessionTest, OldLog_StaysServedAndSignsNothing) {
  send(Stream::kTelemetry, {.count = 3, .resync = true});
  const std::string old_note = agent.held_note[Stream::kTelemetry];
  succeed(Stream::kTelemetry, 4, {resumed_here(Stream::kTelemetry)}, 1);
  ASSERT_TRUE(at.open()) << at.why;
  const auto old =
      at.publication->find(*Origin::parse("test.example/bj1/telemetry/1"));
  ASSERT_NE(old, nullptr);
  EXPECT_EQ(old->note, old_note);
  EXPECT_EQ(old->closed_at, std::optional<std::uint64_t>(4));
  EXPECT_TRUE(
      findings(strongroom_v1_FindingKind_FINDING_KIND_LOG_FROZEN).empty());
}

}  // namespace
}  // namespace strongroom
