// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ledger/log/stored_entries.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom {
namespace {

using testing_ledger::test_signer;
using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

class LedgerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(at.open()) << at.why;
    const auto done = at.enrol(agent);
    ASSERT_TRUE(done) << done.error().what;
    ASSERT_TRUE(std::holds_alternative<OrderDone>(*done))
        << std::get<OrderRefused>(*done).why;
  }

  /// The first batch of a stream, and an ack that proves it.
  TestAgent::Batch begin(Stream stream, std::size_t count = 3) {
    auto batch = agent.cut(
        stream,
        {.count = count, .resync = true, .held = agent.held_note[stream]});
    EXPECT_TRUE(at.proves(agent, at.exchange(agent, batch.payload), batch));
    return batch;
  }

  /// Events of one body in a log, oldest first.
  std::vector<EventMessage> bodies(const std::string& site,
                                   Stream stream,
                                   pb_size_t body) {
    std::vector<EventMessage> found;
    (void)at.reader->scan(at.log(site, stream), 0, [&](const BatchRow& row) {
      const auto entries = entries_of(row);
      for (const ByteView entry : *entries) {
        const auto view = parse_entry(entry);
        const auto event = decode_event(view->body);
        if (view->type == EntryType::kEvent && event &&
            event->which_body == body) {
          found.push_back(*event);
        }
      }
      return true;
    });
    return found;
  }
  std::vector<EventMessage> findings() {
    return bodies("bj1", Stream::kRecord, strongroom_v1_Event_finding_tag);
  }

  TestLedger at;
  TestAgent agent{"edge-1@bj1", 1};
};

TEST_F(LedgerTest, FirstStart_EnrolsTheConsoleAndSignsEveryLog) {
  EXPECT_EQ(
      bodies(
          "central", Stream::kRegistry, strongroom_v1_Event_source_enrolled_tag)
          .size(),
      3U);  // console@central, console@bj1, edge-1@bj1
  for (const auto& log : at.publication->all()) {
    const auto checkpoint = open_checkpoint(log->note, at.trust());
    ASSERT_TRUE(checkpoint) << checkpoint.error().what;
    EXPECT_EQ(*checkpoint, log->checkpoint);
    EXPECT_EQ(log->edge.size(), checkpoint->size);
  }
  EXPECT_EQ(at.publication->all().size(), 3U);
}

TEST_F(LedgerTest, Enrol_Again_IsAnsweredWithTheSameIndex) {
  const auto again = at.enrol(agent);
  EXPECT_EQ(std::get<OrderDone>(*again).index,
            at.ledger->registry().find(agent.source)->keys.back().since);
}

TEST_F(LedgerTest, Enrol_WithForeignPossession_IsRefused) {
  TestAgent other("edge-2@bj1", 2);
  other.signer = test_signer(3);
  EnrolOrder order{.source = other.source,
                   .event_key = other.signer->public_key(),
                   .sealing_key = Bytes(32, 1)};
  order.possession = agent.signer->sign(
      possession_input(order.source, order.event_key, order.sealing_key));
  const auto done = at.ledger->carry_out(order, "local:0");
  EXPECT_TRUE(std::holds_alternative<OrderRefused>(*done));
  EXPECT_EQ(at.ledger->registry().find(other.source), nullptr);
}

TEST_F(LedgerTest, Batches_OfAWindow_AreAckedWithProofsThatAdjoin) {
  std::vector<TestAgent::Batch> window;
  std::vector<Bytes> payloads;
  for (int i = 0; i < 4; ++i) {
    window.push_back(
        agent.cut(Stream::kTelemetry, {.count = 300, .resync = i == 0}));
    payloads.push_back(window.back().payload);
  }
  ASSERT_TRUE(at.send(agent, std::move(payloads)));
  ASSERT_EQ(at.acks.size(), 4U);
  std::uint64_t next = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(at.acks[i].first, "strongroom/v1/bj1/edge-1/ack");
    EXPECT_TRUE(at.proves(agent, at.acks[i].second, window[i])) << i;
    EXPECT_EQ(std::get<Held>(at.acks[i].second.outcome).first_index, next);
    next += 301;
  }
  EXPECT_EQ(at.views->counters().commits, 3U);  // registry, enrolment, these
}

TEST_F(LedgerTest, Resend_IsAckedAgainAtTheSamePlace) {
  auto first = begin(Stream::kRecord);
  auto second = agent.cut(Stream::kRecord, {});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, second.payload), second));
  // As an agent does that lost both acks: from what it held before.
  agent.held.clear();
  const auto payload = TestAgent::payload_of(first, {.resync = true});
  const Ack again = at.exchange(agent, payload);
  EXPECT_TRUE(at.proves(agent, again, first));
  EXPECT_EQ(std::get<Held>(again.outcome).first_index, 0U);
  EXPECT_EQ(at.ledger->logs().size(at.log("bj1", Stream::kRecord)), 8U);
}

TEST_F(LedgerTest, Resend_AfterRestart_IsFoundOnDisk) {
  auto first = begin(Stream::kRecord);
  ASSERT_TRUE(at.open()) << at.why;
  agent.held.clear();
  const auto payload = TestAgent::payload_of(first, {.resync = true});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, payload), first));
}

TEST_F(LedgerTest, Restart_GoesOnWhereItStood) {
  begin(Stream::kTelemetry, 500);
  begin(Stream::kRecord, 7);
  ASSERT_TRUE(at.open()) << at.why;
  // Without resync: the size of the last ack is remembered.
  auto next = agent.cut(Stream::kTelemetry, {.count = 500});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, next.payload), next));
  auto record = agent.cut(Stream::kRecord, {});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, record.payload), record));
  EXPECT_EQ(
      at.views->source(agent.source)->streams.at(Stream::kTelemetry).last_seq,
      1000U);
}

TEST_F(LedgerTest, FirstBatch_WithoutResync_IsRefused) {
  const auto batch = agent.cut(Stream::kRecord, {});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, batch.payload)), reason::kResync);
}

TEST_F(LedgerTest, Gap_IsRefusedWithWhatIsExpected) {
  auto held = begin(Stream::kRecord);
  agent.cut(Stream::kRecord, {});  // lost on the way
  const auto ahead = agent.cut(Stream::kRecord, {});
  const Ack ack = at.exchange(agent, ahead.payload);
  EXPECT_EQ(at.refusal_of(ack), reason::kGap);
  const auto& refused = std::get<Refused>(ack.outcome);
  EXPECT_EQ(refused.expected, 4U);
  EXPECT_EQ(refused.newest->header, held.signed_header.header);
  EXPECT_TRUE(findings().empty());
  // The same header again is no longer go-back-N at work.
  at.exchange(agent, ahead.payload);
  ASSERT_EQ(findings().size(), 1U);
  EXPECT_EQ(findings()[0].body.finding.reason, reason::kGap);
}

TEST_F(LedgerTest, UnknownSource_IsOnlyCounted) {
  TestAgent stranger("edge-9@bj1", 9);
  const auto batch = stranger.cut(Stream::kRecord, {.resync = true});
  EXPECT_EQ(at.refusal_of(at.exchange(stranger, batch.payload)),
            reason::kUnknownSource);
  EXPECT_EQ(at.views->counters().unknown_source, 1U);
  EXPECT_TRUE(findings().empty());
}

TEST_F(LedgerTest, ForeignSignature_BecomesAFindingOnce) {
  const auto thief = test_signer(7);
  const auto batch =
      agent.cut(Stream::kRecord, {.resync = true, .signer = thief.get()});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(at.refusal_of(at.exchange(agent, batch.payload)),
              reason::kSignature);
  }
  EXPECT_EQ(at.views->source(agent.source)->refusals.at("signature"), 3U);
  const auto written = findings();
  ASSERT_EQ(written.size(), 1U);
  const auto& finding = written[0].body.finding;
  EXPECT_STREQ(written[0].source, "console@bj1");
  EXPECT_STREQ(finding.subject, "edge-1@bj1");
  EXPECT_EQ(finding.reason, reason::kSignature);
  const Hash hash = sha256(batch.signed_header.header);
  EXPECT_TRUE(std::ranges::equal(
      ByteView(finding.hash.bytes, finding.hash.size), hash));
  // And after a restart it is still shown.
  ASSERT_TRUE(at.open()) << at.why;
  ASSERT_EQ(at.views->findings(10).size(), 1U);
  EXPECT_EQ(at.views->findings(10)[0].origin, "test.example/bj1/record/1");
}

TEST_F(LedgerTest, Findings_AreBoundedInAnHour) {
  const auto thief = test_signer(7);
  for (int i = 0; i < 40; ++i) {
    const auto batch = agent.cut(
        Stream::kRecord, {.count = 1, .resync = true, .signer = thief.get()});
    at.exchange(agent, batch.payload);
  }
  EXPECT_EQ(findings().size(), FindingLimiter::kPerHour);
  at.now.wall += std::chrono::hours(1);
  ASSERT_TRUE(at.ledger->turn({}));
  ASSERT_EQ(findings().size(), FindingLimiter::kPerHour + 1);
  EXPECT_EQ(findings().back().body.finding.count,
            40U - FindingLimiter::kPerHour);
}

TEST_F(LedgerTest, Equivocation_IsRefusedAndWrittenDown) {
  begin(Stream::kRecord);
  TestAgent clone("edge-1@bj1", 1);
  auto other = clone.cut(Stream::kRecord, {.count = 2, .resync = true});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, other.payload)),
            reason::kEquivocation);
  ASSERT_EQ(findings().size(), 2U);
  EXPECT_EQ(findings()[0].body.finding.kind,
            strongroom_v1_FindingKind_FINDING_KIND_SOURCE_ROLLED_BACK);
  EXPECT_EQ(findings()[1].body.finding.kind,
            strongroom_v1_FindingKind_FINDING_KIND_BATCH_REFUSED);
}

TEST_F(LedgerTest, NewEpoch_IsAppendedShownAndClosesTheOld) {
  begin(Stream::kRecord);
  const auto owed = agent.cut(Stream::kRecord, {});
  auto held_note = agent.held_note[Stream::kRecord];
  agent.open_epoch(0x2222);
  auto fresh = agent.cut(Stream::kRecord, {.resync = true, .held = held_note});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, fresh.payload), fresh));
  ASSERT_EQ(findings().size(), 1U);
  EXPECT_EQ(findings()[0].body.finding.kind,
            strongroom_v1_FindingKind_FINDING_KIND_NEW_EPOCH);
  EXPECT_EQ(findings()[0].body.finding.epoch, 0x2222U);
  EXPECT_EQ(at.refusal_of(at.exchange(agent, owed.payload)),
            reason::kEpochClosed);
  ASSERT_TRUE(at.open()) << at.why;
  EXPECT_EQ(at.refusal_of(at.exchange(agent, owed.payload)),
            reason::kEpochClosed);
}

TEST_F(LedgerTest, DeclaredLoss_IsSkippedAndNothingElse) {
  begin(Stream::kTelemetry);
  const Hash before = agent.telemetry->last_hash();
  agent.cut(Stream::kTelemetry, {.count = 5});  // 4..8 are dropped
  const Hash last = agent.telemetry->last_hash();
  const auto after = agent.cut(Stream::kTelemetry, {});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, after.payload)), reason::kGap);

  EventMessage lost = strongroom_v1_Event_init_zero;
  lost.which_body = strongroom_v1_Event_telemetry_lost_tag;
  lost.body.telemetry_lost.epoch = agent.epoch;
  lost.body.telemetry_lost.from_seq = 4;
  lost.body.telemetry_lost.to_seq = 8;
  std::ranges::copy(before, lost.body.telemetry_lost.hash_before_from);
  std::ranges::copy(last, lost.body.telemetry_lost.hash_of_to);
  auto record = agent.cut(Stream::kRecord, {.resync = true, .bodies = {lost}});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, record.payload), record));
  ASSERT_TRUE(at.open()) << at.why;
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, after.payload), after));
}

TEST_F(LedgerTest, Rotation_RetiresTheOldKeyOnceTheNewOneWrote) {
  begin(Stream::kRecord);
  const auto next_key = test_signer(21);
  RotateOrder order{.source = agent.source,
                    .old_key = agent.signer->public_key(),
                    .new_key = next_key->public_key(),
                    .new_sealing_key = Bytes(32, 2)};
  const Bytes input = rotation_input(
      order.source, order.old_key, order.new_key, order.new_sealing_key);
  order.old_signature = agent.signer->sign(input);
  order.new_signature = next_key->sign(input);
  const auto done = at.ledger->carry_out(order, "local:0");
  ASSERT_TRUE(std::holds_alternative<OrderDone>(*done))
      << std::get<OrderRefused>(*done).why;

  auto old_still = agent.cut(Stream::kRecord, {});
  EXPECT_TRUE(
      at.proves(agent, at.exchange(agent, old_still.payload), old_still));
  auto by_new = agent.cut(Stream::kRecord, {.signer = next_key.get()});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, by_new.payload), by_new));
  const auto by_old = agent.cut(Stream::kRecord, {});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, by_old.payload)),
            reason::kRevoked);
  ASSERT_TRUE(at.open()) << at.why;
  EXPECT_EQ(at.refusal_of(at.exchange(agent, by_old.payload)),
            reason::kRevoked);
}

TEST_F(LedgerTest, Revocation_NamesEveryLogAndHoldsAfterRestart) {
  auto batch = begin(Stream::kRecord);
  const auto done = at.ledger->carry_out(
      RevokeOrder{agent.source,
                  std::nullopt,
                  strongroom_v1_RevocationReason_REVOCATION_REASON_LOST},
      "local:0");
  ASSERT_TRUE(std::holds_alternative<OrderDone>(*done));
  const auto revoked =
      bodies("central", Stream::kRegistry, strongroom_v1_Event_key_revoked_tag);
  ASSERT_EQ(revoked.size(), 1U);
  const auto& body = revoked[0].body.key_revoked;
  ASSERT_EQ(body.invalid_from_count, 2U);
  EXPECT_STREQ(body.invalid_from[0].origin, "test.example/bj1/record/1");
  EXPECT_EQ(body.invalid_from[0].index, 4U);
  EXPECT_EQ(body.invalid_from[1].index, 0U);

  ASSERT_TRUE(at.open()) << at.why;
  const auto next = agent.cut(Stream::kRecord, {});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, next.payload)), reason::kRevoked);
  // What was held before stays provable.
  agent.held.clear();
  const auto payload = TestAgent::payload_of(batch, {.resync = true});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, payload), batch));
}

// An agent that has nothing to send shows what it holds in its status.
TEST_F(LedgerTest, RolledBackLog_FreezesOnWhatAStatusShows) {
  begin(Stream::kTelemetry);
  const auto show = [&](std::uint64_t size, const Signer& signer) {
    strongroom_v1_Status status = strongroom_v1_Status_init_zero;
    status.format = 1;
    status.held_count = 1;
    status.held[0].stream = strongroom_v1_Stream_STREAM_TELEMETRY;
    const std::string note = sign_checkpoint(
        {"test.example/bj1/telemetry/1", size, Hash{1}}, signer);
    note.copy(reinterpret_cast<char*>(status.held[0].checkpoint.bytes),
              note.size());
    status.held[0].checkpoint.size = static_cast<pb_size_t>(note.size());
    LedgerInbox::Work work;
    work.statuses.push_back({agent.source, encode_status(status)});
    EXPECT_TRUE(at.ledger->turn(std::move(work)));
    return !at.publication->find(*Origin::parse("test.example/bj1/telemetry/1"))
                ->frozen.empty();
  };
  EXPECT_FALSE(show(1000, *test_signer(77))) << "not our signature";
  EXPECT_FALSE(show(2, *at.log_signer)) << "judged with the next batch";
  EXPECT_TRUE(show(1000, *at.log_signer));
  ASSERT_FALSE(findings().empty());
  EXPECT_EQ(findings()[0].body.finding.kind,
            strongroom_v1_FindingKind_FINDING_KIND_LOG_ROLLED_BACK);
}

// Several batches of one turn, and the disk fails in the first commit: nothing
// that comes after is answered.
TEST_F(LedgerTest, FaultOfACommit_LeavesTheTurnUnanswered) {
  begin(Stream::kRecord);
  const auto held = agent.cut(Stream::kRecord, {});
  ASSERT_TRUE(at.proves(agent, at.exchange(agent, held.payload), held));
  ASSERT_TRUE(at.open()) << at.why;  // what was sent of late is forgotten
  const auto next = agent.cut(Stream::kRecord, {});
  at.plan.steps_until_fault = 1;  // the guard
  at.acks.clear();
  const auto done = at.send(agent,
                            {TestAgent::payload_of(next, {.resync = true}),
                             TestAgent::payload_of(held, {.resync = true}),
                             TestAgent::payload_of(next, {.resync = true})});
  EXPECT_FALSE(done);
  EXPECT_TRUE(at.acks.empty());
  at.plan.steps_until_fault = -1;
  EXPECT_FALSE(at.ledger->turn({})) << "it must be started anew";
}

TEST_F(LedgerTest, RolledBackLog_FreezesOnTheAgentsWord) {
  begin(Stream::kTelemetry);
  begin(Stream::kRecord);
  Checkpoint beyond{"test.example/bj1/telemetry/1", 1000, Hash{1}};
  const auto batch = agent.cut(
      Stream::kTelemetry, {.held = sign_checkpoint(beyond, *at.log_signer)});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, batch.payload)),
            reason::kLogFrozen);
  ASSERT_EQ(findings().size(), 2U);
  EXPECT_EQ(findings()[0].body.finding.kind,
            strongroom_v1_FindingKind_FINDING_KIND_LOG_ROLLED_BACK);
  EXPECT_EQ(findings()[1].body.finding.kind,
            strongroom_v1_FindingKind_FINDING_KIND_LOG_FROZEN);
  // It stays frozen, its last checkpoint stays served, other logs go on.
  ASSERT_TRUE(at.open()) << at.why;
  const auto frozen =
      at.publication->find(*Origin::parse("test.example/bj1/telemetry/1"));
  EXPECT_FALSE(frozen->frozen.empty());
  EXPECT_EQ(frozen->checkpoint.size, 4U);
  auto record = agent.cut(Stream::kRecord, {});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, record.payload), record));
}

TEST_F(LedgerTest, ForeignHeldCheckpoint_FreezesNothing) {
  begin(Stream::kTelemetry);
  const auto thief = test_signer(7);
  Checkpoint beyond{"test.example/bj1/telemetry/1", 1000, Hash{1}};
  auto batch =
      agent.cut(Stream::kTelemetry, {.held = sign_checkpoint(beyond, *thief)});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, batch.payload), batch));
}

TEST_F(LedgerTest, DiskThatAltersAnEntry_IsNeverSigned) {
  begin(Stream::kRecord);
  begin(Stream::kTelemetry);
  const LogId record = at.log("bj1", Stream::kRecord);
  at.store->alter = [record](CommitRows& rows) {
    if (rows.batches.front().log_id == record) {
      rows.batches.front().entries[40] ^= 1;
    }
  };
  const std::string before =
      at.publication->find(*Origin::parse("test.example/bj1/record/1"))->note;
  const auto batch = agent.cut(Stream::kRecord, {});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, batch.payload)),
            reason::kLogFrozen);
  const auto log =
      at.publication->find(*Origin::parse("test.example/bj1/record/1"));
  EXPECT_EQ(log->note, before);
  EXPECT_NE(log->frozen.find("index 4"), std::string::npos) << log->frozen;
  at.store->alter = nullptr;
  auto next = agent.cut(Stream::kTelemetry, {});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, next.payload), next));
}

TEST_F(LedgerTest, OlderDatabase_RefusesToSign) {
  begin(Stream::kRecord);
  at.close();
  const auto copy = at.store_path().string() + ".copy";
  std::filesystem::copy_file(at.store_path(), copy);
  ASSERT_TRUE(at.open()) << at.why;
  auto later = agent.cut(Stream::kRecord, {});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, later.payload), later));
  at.close();
  std::filesystem::copy_file(
      copy, at.store_path(), std::filesystem::copy_options::overwrite_existing);
  ASSERT_TRUE(at.open()) << at.why;
  const auto log =
      at.publication->find(*Origin::parse("test.example/bj1/record/1"));
  EXPECT_NE(log->frozen.find("older copy"), std::string::npos) << log->frozen;
  EXPECT_EQ(at.refusal_of(at.exchange(agent, later.payload)),
            reason::kLogFrozen);
}

TEST_F(LedgerTest, DatabaseFromBeforeALogWasMade_NeverMakesItAnew) {
  at.close();
  const auto copy = at.store_path().string() + ".copy";
  std::filesystem::copy_file(at.store_path(), copy);
  ASSERT_TRUE(at.open()) << at.why;
  TestAgent far("edge-1@sz2", 2);
  ASSERT_TRUE(std::holds_alternative<OrderDone>(*at.enrol(far)));
  at.close();
  std::filesystem::copy_file(
      copy, at.store_path(), std::filesystem::copy_options::overwrite_existing);
  ASSERT_TRUE(at.open()) << at.why;
  EXPECT_TRUE(std::holds_alternative<OrderRefused>(*at.enrol(far)));
  const auto log =
      at.publication->find(*Origin::parse("test.example/sz2/record/1"));
  ASSERT_NE(log, nullptr);
  EXPECT_FALSE(log->frozen.empty());
  EXPECT_TRUE(log->note.empty());
}

TEST_F(LedgerTest, Garbage_IsCountedAndAnsweredOnlyWhenItNamesABatch) {
  ASSERT_TRUE(at.send(agent, {Bytes{1, 2, 3}}));
  EXPECT_TRUE(at.acks.empty());
  EXPECT_EQ(at.views->source(agent.source)->refusals.at("malformed"), 1U);
  ASSERT_EQ(findings().size(), 1U);
  EXPECT_EQ(findings()[0].body.finding.reason, reason::kMalformed);
}

TEST_F(LedgerTest, OtherAgentsBatch_OnOnesOwnTopic_IsRefused) {
  TestAgent other("edge-2@bj1", 2);
  ASSERT_TRUE(at.enrol(other));
  const auto batch = other.cut(Stream::kRecord, {.resync = true});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, batch.payload)), reason::kStream);
}

}  // namespace
}  // namespace strongroom
