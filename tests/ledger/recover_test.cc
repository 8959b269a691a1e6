// SPDX-License-Identifier: Apache-2.0
// Logs that lost what they signed: they end where they are proven, others begin
// there, and agents send again what is missing.
#include "ledger/recover/recover.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include "core/pack/pack.h"
#include "ledger/backup/guard_file.h"
#include "ledger/check/check_ledger.h"
#include "ledger/log/stored_entries.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using testing_ledger::FaultPlan;
using testing_ledger::FaultyGuard;
using testing_ledger::FaultyStore;
using testing_ledger::TempDir;
using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

const Persons kPersons{"li.wei", "zhang.min"};
// Durable steps of a recovery of three logs.
constexpr int kSteps = 11;
constexpr Stream kStreams[] = {Stream::kRecord, Stream::kTelemetry};

/// An agent that keeps what it sent.
struct KeepingAgent {
  KeepingAgent(const std::string& name, std::uint8_t seed, std::uint64_t epoch)
      : agent(name, seed, epoch) {}
  TestAgent agent;
  std::map<Stream, std::vector<TestAgent::Batch>> sent;
};

class RecoverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(at.open()) << at.why;
    for (KeepingAgent* each : agents()) {
      ASSERT_TRUE(at.enrol(each->agent));
    }
  }
  std::vector<KeepingAgent*> agents() { return {&one, &two}; }

  void send(KeepingAgent& from, int batches) {
    for (int i = 0; i < batches; ++i) {
      for (const Stream stream : kStreams) {
        auto batch =
            from.agent.cut(stream,
                           {.count = 30,
                            .resync = !from.agent.held.contains(stream),
                            .held = from.agent.held_note[stream]});
        ASSERT_TRUE(at.proves(
            from.agent, at.exchange(from.agent, batch.payload), batch));
        from.sent[stream].push_back(std::move(batch));
      }
    }
  }
  void send_all(int batches) {
    for (KeepingAgent* each : agents()) {
      send(*each, batches);
    }
  }

  void save_store() {
    at.close();
    fs::copy_file(at.store_path(), saved, fs::copy_options::overwrite_existing);
    ASSERT_TRUE(at.open()) << at.why;
  }
  void bring_back_store() {
    at.close();
    fs::copy_file(saved, at.store_path(), fs::copy_options::overwrite_existing);
  }
  void lose_store() {
    at.close();
    for (const fs::path& path : {at.store_path(), at.disclosures_path()}) {
      fs::remove(path);
    }
  }

  RecoverySources sources() {
    return {.now = [this] { return at.now; },
            .random16 = [] { return std::array<std::uint8_t, 16>{7}; },
            .random64 = [this] { return ++random_; }};
  }

  /// One run of `strongroom recover`, the ledger stopped.
  Result<Recovered> run(const std::vector<std::string>& chosen = {}) {
    at.close();
    auto store =
        open_sqlite_ledger_store(at.store_path(), at.disclosures_path());
    auto guard = open_sqlite_guard(at.guard_path());
    auto reader = LedgerReader::open(at.store_path());
    if (!store || !guard || !reader) {
      return fault("cannot be opened");
    }
    FaultyStore faulty_store(*std::move(store), at.plan);
    FaultyGuard faulty_guard(*std::move(guard), at.plan);
    const auto logs =
        survey_logs(reader->get(), *faulty_guard.entries(), at.trust());
    if (!logs) {
      return std::unexpected(logs.error());
    }
    const auto planned = plan_recovery(*logs, chosen);
    if (const auto* refused = std::get_if<PlanRefused>(&planned)) {
      return fault(refused->what);
    }
    plan = std::get<RecoveryPlan>(planned);
    auto done = recover(TestLedger::kName,
                        plan,
                        kPersons,
                        {faulty_store,
                         faulty_guard,
                         **reader,
                         *at.log_signer,
                         *at.console_signer,
                         sources()});
    reader->reset();
    return done;
  }

  void expect_sound() {
    at.close();
    const auto found =
        check_ledger(at.store_path(), at.guard_path(), at.trust());
    ASSERT_TRUE(found) << found.error().what;
    for (const LedgerFlaw& flaw : found->flaws) {
      ADD_FAILURE() << flaw.text();
    }
  }

  /// How often each event of the agent stands in logs that count.
  std::map<Hash, int> held(const KeepingAgent& of) {
    std::map<Hash, int> times;
    auto reader = LedgerReader::open(at.store_path());
    const auto rows = (*reader)->logs();
    for (const LogRow& row : *rows) {
      EXPECT_TRUE((*reader)->scan(row.log_id, 0, [&](const BatchRow& batch) {
        if (batch.source == of.agent.source.text()) {
          const auto leaves = leaves_of(batch);
          for (const Hash& leaf : *leaves) {
            ++times[leaf];
          }
        }
        return true;
      }));
    }
    return times;
  }
  void expect_everything_once(const KeepingAgent& of) {
    const auto times = held(of);
    for (const auto& [stream, batches] : of.sent) {
      for (const TestAgent::Batch& batch : batches) {
        for (const Hash& leaf : batch.leaves) {
          const auto found = times.find(leaf);
          ASSERT_EQ(found == times.end() ? 0 : found->second, 1)
              << of.agent.source.text() << " " << describe(batch.header);
        }
      }
    }
  }

  const FollowFile* file_of(const Recovered& done,
                            const std::string& agent,
                            Stream stream) {
    const FollowFile* newest = nullptr;
    for (const FollowFile& each : done.files) {
      if (each.agent == agent && each.successor.stream == stream &&
          (newest == nullptr ||
           newest->successor.generation < each.successor.generation)) {
        newest = &each;
      }
    }
    return newest;
  }

  void follow(KeepingAgent& who, const Recovered& done) {
    for (const Stream stream : kStreams) {
      follow_one(who, done, stream);
    }
  }
  /// As an agent does it: whole batches again, from the first that the file
  /// does not say is there.
  void follow_one(KeepingAgent& who, const Recovered& done, Stream stream) {
    const FollowFile* file = file_of(done, who.agent.source.text(), stream);
    if (file == nullptr) {
      file = file_of(done, "_others@bj1", stream);
    }
    ASSERT_NE(file, nullptr);
    const auto verdict = verify_pack(file->pack, at.trust());
    ASSERT_TRUE(verdict) << verdict.error().what;
    std::uint64_t next_seq = 1;
    for (const ProvenEvent& proven : verdict->events) {
      const auto event = decode_event(proven.event);
      if (event->which_body == strongroom_v1_Event_chain_resumed_tag) {
        EXPECT_EQ(event->body.chain_resumed.source, who.agent.source.text());
        next_seq = event->body.chain_resumed.next_seq;
      }
    }
    who.agent.generation[stream] = file->successor.generation;
    who.agent.held.erase(stream);
    who.agent.held_note.erase(stream);
    resupply(who, stream, next_seq);
  }
  void resupply(KeepingAgent& who, Stream stream, std::uint64_t next_seq) {
    for (const TestAgent::Batch& batch : who.sent[stream]) {
      if (batch.header.first_seq < next_seq) {
        continue;
      }
      const Bytes payload =
          TestAgent::payload_of(batch,
                                {.resync = !who.agent.held.contains(stream),
                                 .held = who.agent.held_note[stream]});
      const Ack ack = at.exchange(who.agent, payload);
      ASSERT_TRUE(at.proves(who.agent, ack, batch))
          << describe(batch.header) << " refused: " << at.refusal_of(ack);
    }
  }

  TestLedger at;
  KeepingAgent one{"edge-1@bj1", 1, 0x1111};
  KeepingAgent two{"edge-2@bj1", 2, 0x2222};
  RecoveryPlan plan;
  TempDir dir;
  fs::path saved = dir.path() / "saved.db";

 private:
  std::uint64_t random_ = 0xeeee;
};

std::string name(const Origin& origin) {
  return origin.site + "/" + std::string(stream_name(origin.stream)) + "/" +
         std::to_string(origin.generation);
}

TEST_F(RecoverTest, HealthyLedger_HasNothingToRecover) {
  send_all(2);
  const auto done = run();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_TRUE(plan.logs.empty());
  EXPECT_TRUE(plan.succeeded.empty());
  EXPECT_TRUE(done->files.empty());
}

TEST_F(RecoverTest, RestoredFromAnOlderCopy_EndsWhereItIsProven) {
  send_all(3);
  save_store();
  send_all(2);
  bring_back_store();
  ASSERT_TRUE(at.open()) << at.why;
  EXPECT_NE(at.ledger->logs().frozen(at.log("bj1", Stream::kRecord)), "");
  const auto done = run();
  ASSERT_TRUE(done) << done.error().what;

  ASSERT_EQ(plan.logs.size(), 2U);  // nothing was lost of the registry
  for (const LogPlan& log : plan.logs) {
    // The database knows the note of the commit before its last one.
    EXPECT_EQ(log.frozen_size, 5 * 31U) << log.predecessor.text();
    EXPECT_EQ(log.provable_size, log.frozen_size);
    EXPECT_EQ(log.signed_size, 10 * 31U);
  }
  // Two agents and the others, in two logs.
  ASSERT_EQ(done->files.size(), 6U);
  EXPECT_EQ(done->files[0].name(), "_others@bj1.record.2.follow");
  EXPECT_EQ(done->files[1].name(), "edge-1@bj1.record.2.follow");
  EXPECT_EQ(done->files[1].chains, 1U);
  expect_sound();
}

TEST_F(RecoverTest, FollowFile_SaysWhatItSucceedsAndWhereChainsGoOn) {
  send_all(2);
  save_store();
  send_all(1);
  bring_back_store();
  const auto done = run();
  ASSERT_TRUE(done) << done.error().what;
  const FollowFile* file = file_of(*done, "edge-2@bj1", Stream::kTelemetry);
  ASSERT_NE(file, nullptr);
  const auto verdict = verify_pack(file->pack, at.trust());
  ASSERT_TRUE(verdict) << verdict.error().what;
  std::vector<EventMessage> said;
  for (const ProvenEvent& proven : verdict->events) {
    if (proven.origin == "test.example/bj1/telemetry/2") {
      EXPECT_EQ(proven.header.source.text(), "console@bj1");
      said.push_back(*decode_event(proven.event));
    }
  }
  ASSERT_EQ(said.size(), 2U);
  const auto& succeeded = said[0].body.log_succeeded;
  EXPECT_EQ(said[0].seq, 2U);
  EXPECT_EQ(succeeded.predecessor, std::string("test.example/bj1/telemetry/1"));
  EXPECT_EQ(succeeded.frozen_size, 3 * 31U);
  EXPECT_EQ(succeeded.signed_size, 6 * 31U);
  EXPECT_EQ(succeeded.chain_count, 2U);
  EXPECT_EQ(succeeded.first_person, kPersons.first);
  EXPECT_EQ(succeeded.second_person, kPersons.second);
  const auto& resumed = said[1].body.chain_resumed;
  EXPECT_EQ(resumed.source, std::string("edge-2@bj1"));
  EXPECT_EQ(resumed.epoch, 0x2222U);
  EXPECT_EQ(resumed.next_seq, 31U);
  EXPECT_TRUE(std::ranges::equal(
      resumed.head, two.sent[Stream::kTelemetry][1].header.first_prev_hash));
}

TEST_F(RecoverTest, AgentsSendAgain_AndEverythingIsThereOnce) {
  send_all(3);
  save_store();
  send_all(2);
  bring_back_store();
  const auto done = run();
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_TRUE(at.open()) << at.why;
  for (KeepingAgent* each : agents()) {
    follow(*each, *done);
  }
  send_all(2);
  expect_sound();
  for (const KeepingAgent* each : agents()) {
    expect_everything_once(*each);
  }
}

TEST_F(RecoverTest, DatabaseLost_BeginsFromNothing_AgentsAreEnrolledAgain) {
  send_all(3);
  lose_store();
  ASSERT_TRUE(make_empty_store(
      at.store_path(), at.disclosures_path(), TestLedger::kName));
  const auto done = run();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(plan.logs.size(), 3U);
  EXPECT_EQ(name(plan.logs[0].successor), "central/registry/2");
  ASSERT_EQ(done->files.size(), 2U);  // nobody is known
  expect_sound();
  ASSERT_TRUE(at.open()) << at.why;
  for (KeepingAgent* each : agents()) {
    const auto enrolled = at.enrol(each->agent);
    ASSERT_TRUE(enrolled) << enrolled.error().what;
    ASSERT_TRUE(std::holds_alternative<OrderDone>(*enrolled))
        << std::get<OrderRefused>(*enrolled).why;
    follow(*each, *done);
  }
  expect_sound();
  for (const KeepingAgent* each : agents()) {
    expect_everything_once(*each);
  }
}

TEST_F(RecoverTest, RegistryIsSaidAgain_AndIsTheWholeHistory) {
  send_all(1);
  ASSERT_TRUE(at.ledger->carry_out(
      RevokeOrder{two.agent.source,
                  {},
                  strongroom_v1_RevocationReason_REVOCATION_REASON_LOST},
      "local:0"));
  save_store();
  const TestAgent late("edge-3@bj1", 3, 0x3333);
  ASSERT_TRUE(at.enrol(late));
  bring_back_store();
  const auto done = run();
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_EQ(plan.logs.size(), 1U);
  EXPECT_EQ(name(plan.logs[0].successor), "central/registry/2");
  EXPECT_TRUE(done->files.empty()) << "agents have no part in a registry";
  expect_sound();
  ASSERT_TRUE(at.open()) << at.why;
  const KeyRegistry& registry = at.ledger->registry();
  EXPECT_TRUE(registry.find(one.agent.source)->has_valid_key());
  EXPECT_FALSE(registry.find(two.agent.source)->has_valid_key());
  EXPECT_EQ(registry.find(late.source), nullptr) << "to be enrolled again";
  ASSERT_TRUE(std::holds_alternative<OrderDone>(*at.enrol(late)));
  send(one, 1);
}

/// Stops at the n-th durable step of a recovery, before doing it or after, and
/// runs it again.
class InterruptedRecovery
    : public RecoverTest,
      public ::testing::WithParamInterface<std::tuple<int, bool>> {};

TEST_P(InterruptedRecovery, TheNextRunGoesOn) {
  send_all(2);
  const TestAgent late("edge-3@bj1", 3, 0x3333);
  save_store();
  ASSERT_TRUE(at.enrol(late));  // so the registry is behind, too
  send_all(2);
  bring_back_store();
  at.plan.steps = 0;
  at.plan.steps_until_fault = std::get<0>(GetParam());
  at.plan.after_doing_it = std::get<1>(GetParam());
  const auto stopped = run();
  const bool was_stopped = at.plan.steps > std::get<0>(GetParam());
  EXPECT_EQ(stopped.has_value(), !was_stopped);
  at.plan.steps_until_fault = -1;
  if (std::get<0>(GetParam()) == kSteps) {
    EXPECT_FALSE(was_stopped) << "there are more steps to stop at";
    return;
  }
  EXPECT_TRUE(was_stopped) << "fewer steps than are tried";
  const auto done = run();
  ASSERT_TRUE(done) << done.error().what;
  expect_sound();
  ASSERT_TRUE(at.open()) << at.why;
  for (KeepingAgent* each : agents()) {
    follow(*each, *done);
  }
  expect_sound();
  for (const KeepingAgent* each : agents()) {
    expect_everything_once(*each);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryStep,
                         InterruptedRecovery,
                         ::testing::Combine(::testing::Range(0, kSteps + 1),
                                            ::testing::Bool()));

TEST_F(RecoverTest, RecoveredTwice_ChainsGoOnFromBothParts) {
  send_all(2);
  save_store();
  send_all(1);
  bring_back_store();
  auto done = run();
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_TRUE(at.open()) << at.why;
  follow(one, *done);
  follow(two, *done);
  send(one, 1);  // two says nothing new in the second generation's end
  save_store();
  send(one, 1);
  bring_back_store();
  done = run();
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_EQ(plan.logs.size(), 2U);
  EXPECT_EQ(name(plan.logs[0].successor), "bj1/record/3");
  expect_sound();
  ASSERT_TRUE(at.open()) << at.why;
  for (KeepingAgent* each : agents()) {
    follow(*each, *done);
  }
  expect_sound();
  for (const KeepingAgent* each : agents()) {
    expect_everything_once(*each);
  }
}

TEST_F(RecoverTest, RecoveredTwice_WhoDidNotFollowInBetween_GoesOnToo) {
  send_all(2);
  save_store();
  send_all(1);
  bring_back_store();
  auto done = run();
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_TRUE(at.open()) << at.why;
  follow(one, *done);  // two says nothing in the second generation
  save_store();
  send(one, 1);
  bring_back_store();
  done = run();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(name(plan.logs.at(0).successor), "bj1/record/3");
  // Who was away for both goes step by step.
  std::vector<std::string> names;
  for (const FollowFile& each : done->files) {
    if (each.agent == "edge-2@bj1" &&
        each.successor.stream == Stream::kRecord) {
      names.push_back(each.name());
    }
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"edge-2@bj1.record.2.follow",
                                      "edge-2@bj1.record.3.follow"}));
  const FollowFile* file = file_of(*done, "edge-2@bj1", Stream::kRecord);
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->chains, 1U);
  ASSERT_TRUE(at.open()) << at.why;
  for (KeepingAgent* each : agents()) {
    follow(*each, *done);
  }
  expect_sound();
  for (const KeepingAgent* each : agents()) {
    expect_everything_once(*each);
  }
}

TEST_F(RecoverTest, CopyFromBeforeAnEarlierRecovery_GoesPastIt) {
  send_all(2);
  save_store();
  const fs::path oldest = dir.path() / "oldest.db";
  fs::copy_file(saved, oldest);
  send_all(1);
  bring_back_store();
  auto done = run();
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_TRUE(at.open()) << at.why;
  for (KeepingAgent* each : agents()) {
    follow(*each, *done);
  }
  at.close();
  fs::copy_file(oldest, saved, fs::copy_options::overwrite_existing);
  bring_back_store();
  done = run();
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_EQ(plan.logs.size(), 2U);
  EXPECT_EQ(name(plan.logs[0].predecessor), "bj1/record/2");
  EXPECT_EQ(name(plan.logs[0].successor), "bj1/record/3");
  expect_sound();
  ASSERT_TRUE(at.open()) << at.why;
  for (KeepingAgent* each : agents()) {
    follow(*each, *done);
  }
  expect_sound();
  for (const KeepingAgent* each : agents()) {
    expect_everything_once(*each);
  }
}

TEST_F(RecoverTest, RunAgain_WritesTheSameFiles) {
  send_all(2);
  save_store();
  send_all(1);
  bring_back_store();
  const auto first = run();
  ASSERT_TRUE(first) << first.error().what;
  const auto again = run();
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE(plan.logs.empty());
  EXPECT_EQ(plan.succeeded.size(), 2U);
  ASSERT_EQ(first->files.size(), again->files.size());
  for (std::size_t i = 0; i < first->files.size(); ++i) {
    EXPECT_EQ(first->files[i].pack, again->files[i].pack);
  }
}

TEST_F(RecoverTest, DamagedEntry_EndsTheLogBeforeIt_WhenItIsNamed) {
  send_all(3);
  at.close();
  {
    SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
    db.exec(
        "UPDATE batches SET entries = zeroblob(40) WHERE first_index = 62"
        " AND log_id = (SELECT log_id FROM logs WHERE origin ="
        " 'test.example/bj1/record/1')");
  }
  ASSERT_TRUE(at.open()) << at.why;
  const std::string frozen =
      at.ledger->logs().frozen(at.log("bj1", Stream::kRecord));
  EXPECT_LT(frozen.find("strongroom repair"), frozen.find("strongroom recover"))
      << frozen;
  ASSERT_TRUE(run());
  EXPECT_TRUE(plan.logs.empty()) << "a backup may have it";
  ASSERT_EQ(plan.left_alone.size(), 1U);
  EXPECT_NE(plan.left_alone[0].why.find("strongroom repair"),
            std::string::npos);
  const auto done = run({"test.example/bj1/record/1"});
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_EQ(plan.logs.size(), 1U);
  EXPECT_EQ(plan.logs[0].predecessor.text(), "test.example/bj1/record/1");
  EXPECT_EQ(plan.logs[0].frozen_size, 0U) << "no note covers what is before";
  EXPECT_NE(plan.logs[0].flaw, "");
  ASSERT_TRUE(at.open()) << at.why;
  for (KeepingAgent* each : agents()) {
    follow_one(*each, *done, Stream::kRecord);
  }
  for (const KeepingAgent* each : agents()) {
    expect_everything_once(*each);
  }
}

TEST_F(RecoverTest, DamagedTile_IsLeftToRepair_EvenWhenItIsNamed) {
  send_all(10);  // 620 entries a log
  at.close();
  {
    SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
    db.exec(
        "UPDATE tiles SET hashes = zeroblob(8192) WHERE number = 0"
        " AND log_id = (SELECT log_id FROM logs WHERE origin ="
        " 'test.example/bj1/record/1')");
  }
  for (const char* frozen : {"", "tile/0/000 is damaged"}) {
    {
      SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
      db.exec(std::string("UPDATE logs SET frozen = '") + frozen +
              "' WHERE origin = 'test.example/bj1/record/1'");
    }
    ASSERT_TRUE(run());
    EXPECT_TRUE(plan.logs.empty());
    ASSERT_EQ(plan.left_alone.size(), 1U);
    EXPECT_NE(plan.left_alone[0].why.find("strongroom repair"),
              std::string::npos);
    const auto named = run({"test.example/bj1/record/1"});
    ASSERT_FALSE(named);
    EXPECT_NE(named.error().what.find("strongroom repair"), std::string::npos);
  }
}

TEST_F(RecoverTest, DamagedTile_TakesNothingFromALogThatIsBehind) {
  send_all(10);
  save_store();
  send_all(1);
  bring_back_store();
  {
    SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
    db.exec("UPDATE tiles SET hashes = zeroblob(8192) WHERE number = 0");
  }
  const auto done = run();
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_EQ(plan.logs.size(), 2U);
  for (const LogPlan& log : plan.logs) {
    EXPECT_EQ(log.frozen_size, 19 * 31U);
    EXPECT_EQ(log.provable_size, 19 * 31U);
  }
}

TEST_F(RecoverTest, DamagedEntryBelowATile_TheTreeIsSound) {
  send_all(10);
  at.close();
  for (const char* sql :
       {"UPDATE batches SET entries = zeroblob(40) WHERE first_index = 62",
        "DELETE FROM batches WHERE first_index = 62"}) {
    {
      SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
      db.exec(sql);
    }
    auto guard = open_sqlite_guard(at.guard_path());
    auto reader = LedgerReader::open(at.store_path());
    const auto logs =
        survey_logs(reader->get(), *(*guard)->entries(), at.trust());
    ASSERT_TRUE(logs);
    ASSERT_EQ(logs->size(), 3U);
    for (const SurveyedLog& log : std::span(*logs).subspan(1)) {
      EXPECT_EQ(log.sound, 62U);
      EXPECT_NE(log.flaw, "");
      EXPECT_EQ(log.tile_flaw, "");
      EXPECT_TRUE(log.tree_is_signed) << sql;
      EXPECT_EQ(mending_of(log), Mending::kBytes);
    }
  }
}

TEST_F(RecoverTest, AnothersConsoleKey_IsRefusedBeforeAnythingIsDone) {
  send_all(1);
  save_store();
  send_all(1);
  bring_back_store();
  const auto right =
      std::exchange(at.console_signer, testing_ledger::test_signer(0x99));
  const auto before = fs::file_size(at.store_path());
  const auto done = run();
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().what.find("console key"), std::string::npos);
  EXPECT_EQ(fs::file_size(at.store_path()), before);
}

TEST_F(RecoverTest, OneLogAtATime) {
  send_all(1);
  save_store();
  send_all(1);
  bring_back_store();
  const auto done = run({"test.example/bj1/telemetry/1"});
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_EQ(plan.logs.size(), 1U);
  EXPECT_FALSE(run({"test.example/bj1/telemetry/1"}));
  EXPECT_TRUE(run({"test.example/bj1/record/1"}));
  expect_sound();
}

}  // namespace
}  // namespace strongroom
