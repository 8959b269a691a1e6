// SPDX-License-Identifier: Apache-2.0
// An enrolled agent that means harm: everything it sends is well signed and
// well chained. It may spoil its own chain, and nothing else: not the program,
// not its memory, not what others see, not what fsck says of the ledger.
#include <gtest/gtest.h>

#include "ledger/check/check_ledger.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom {
namespace {

using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

Bytes blind() {
  return Bytes(16, 0xb1);
}

class HostileAgentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(at.open()) << at.why;
    ASSERT_TRUE(at.enrol(agent));
    ASSERT_TRUE(at.enrol(honest));
  }

  Ack send(TestAgent& from, const TestAgent::Batch& batch) {
    return at.exchange(from, batch.payload);
  }

  /// One event at any place that a batch can name.
  TestAgent::Batch at_place(Stream stream,
                            std::uint64_t first_seq,
                            const Hash& before) {
    EventChain chain(agent.source, stream, agent.epoch, first_seq - 1, before);
    EventMessage event = TestAgent::boot();
    TestAgent::Batch batch;
    const Bytes random = blind();
    batch.events.push_back(*chain.append(
        event, at.now, std::span<const std::uint8_t, 16>(random)));
    const std::vector<ByteView> views(batch.events.begin(), batch.events.end());
    batch.signed_header = cut_batch(agent.source,
                                    stream,
                                    agent.epoch,
                                    first_seq,
                                    before,
                                    views,
                                    *agent.signer);
    batch.payload = TestAgent::payload_of(batch, {.resync = true});
    return batch;
  }

  static EventMessage loss(std::uint64_t epoch,
                           std::uint64_t from,
                           std::uint64_t to,
                           const Hash& before,
                           const Hash& of_to) {
    EventMessage event = strongroom_v1_Event_init_zero;
    event.which_body = strongroom_v1_Event_telemetry_lost_tag;
    auto& lost = event.body.telemetry_lost;
    lost.epoch = epoch;
    lost.from_seq = from;
    lost.to_seq = to;
    std::ranges::copy(before, lost.hash_before_from);
    std::ranges::copy(of_to, lost.hash_of_to);
    return event;
  }

  static EventMessage finding(const std::string& subject) {
    EventMessage event = strongroom_v1_Event_init_zero;
    event.which_body = strongroom_v1_Event_finding_tag;
    event.body.finding.kind =
        strongroom_v1_FindingKind_FINDING_KIND_ACK_INVALID;
    subject.copy(event.body.finding.subject,
                 sizeof(event.body.finding.subject) - 1);
    event.body.finding.count = 1;
    return event;
  }

  std::vector<std::string> flaws() {
    const auto found =
        check_ledger(at.store_path(), at.guard_path(), at.trust());
    EXPECT_TRUE(found) << found.error().what;
    std::vector<std::string> all;
    for (const LedgerFlaw& flaw : found->flaws) {
      all.push_back(flaw.text());
    }
    return all;
  }

  TestLedger at;
  TestAgent agent{"edge-1@bj1", 1};
  TestAgent honest{"edge-2@bj1", 2, 0x7777};
};

// A jump beyond what a signed 64-bit column holds in order: after the next
// start the chain would stand where it stood before, and the same place could
// be written twice, which the database refuses by ending the program.
TEST_F(HostileAgentTest, NumbersBeyondTheColumns_AreRefused) {
  const auto begun =
      agent.cut(Stream::kTelemetry, {.count = 1, .resync = true});
  EXPECT_EQ(at.refusal_of(send(agent, begun)), RefusalReason{});
  const Hash before = agent.telemetry->last_hash();
  constexpr std::uint64_t kJump = std::uint64_t{1} << 63U;
  const auto declared =
      agent.cut(Stream::kRecord,
                {.resync = true,
                 .bodies = {loss(agent.epoch, 2, kJump, before, Hash{9})}});
  EXPECT_EQ(at.refusal_of(send(agent, declared)), RefusalReason{});
  for (int start = 0; start < 2; ++start) {
    const auto beyond = at_place(Stream::kTelemetry, kJump + 1, Hash{9});
    EXPECT_EQ(at.refusal_of(send(agent, beyond)), reason::kMalformed);
    ASSERT_TRUE(at.open()) << at.why;
  }
  EXPECT_EQ(flaws(), std::vector<std::string>());
}

// Each declared loss is remembered until the chain has passed it: of epochs
// that are nobody's, and without end, that would fill the memory.
TEST_F(HostileAgentTest, DeclaredLosses_AreRememberedInBounds) {
  auto begun = agent.cut(Stream::kTelemetry, {.count = 1, .resync = true});
  EXPECT_TRUE(at.proves(agent, send(agent, begun), begun));
  for (int i = 0; i < 20; ++i) {
    TestAgent::Options options{.resync = true};
    for (std::uint64_t j = 0; j < 400; ++j) {
      const std::uint64_t seq = 3 + 2 * (400 * std::uint64_t(i) + j);
      options.bodies.push_back(
          j % 2 == 0 ? loss(seq * 977, seq, seq, Hash{1}, Hash{2})
                     : loss(agent.epoch, seq, seq, Hash{1}, Hash{2}));
    }
    const auto flood = agent.cut(Stream::kRecord, options);
    EXPECT_EQ(at.refusal_of(send(agent, flood)), RefusalReason{});
  }
  const auto stored = at.reader->losses();
  ASSERT_TRUE(stored);
  EXPECT_LE(stored->size(), 2 * ChainState::kMaxLosses);
}

TEST_F(HostileAgentTest, AdjoiningLosses_CountAsOne) {
  auto begun = agent.cut(Stream::kTelemetry, {.count = 1, .resync = true});
  EXPECT_TRUE(at.proves(agent, send(agent, begun), begun));
  const std::size_t many = 3 * ChainState::kMaxLosses;
  TestAgent::Options options{.resync = true};
  for (std::size_t i = 0; i < many; ++i) {
    const Hash before = agent.telemetry->last_hash();
    agent.cut(Stream::kTelemetry, {.count = 2});
    const std::uint64_t to = agent.telemetry->last_seq();
    options.bodies.push_back(
        loss(agent.epoch, to - 1, to, before, agent.telemetry->last_hash()));
  }
  const auto declared = agent.cut(Stream::kRecord, options);
  EXPECT_EQ(at.refusal_of(send(agent, declared)), RefusalReason{});
  for (int start = 0; start < 2; ++start) {
    auto after = agent.cut(Stream::kTelemetry, {.count = 1});
    EXPECT_TRUE(at.proves(agent, send(agent, after), after)) << start;
    ASSERT_TRUE(at.open()) << at.why;
  }
  EXPECT_EQ(flaws(), std::vector<std::string>());
}

// The second declaration is a lie, or the first was: the log holds both, and
// a stranger must not read damage of the ledger out of it.
TEST_F(HostileAgentTest, LossDeclaredTwice_IsNoFlawOfTheLedger) {
  auto begun = agent.cut(Stream::kTelemetry, {.count = 1, .resync = true});
  EXPECT_TRUE(at.proves(agent, send(agent, begun), begun));
  const Hash before = agent.telemetry->last_hash();
  agent.cut(Stream::kTelemetry, {.count = 5});  // 2..6
  const auto declare = [&](std::uint64_t to, const Hash& of_to) {
    const auto batch = agent.cut(
        Stream::kRecord,
        {.resync = true, .bodies = {loss(agent.epoch, 2, to, before, of_to)}});
    EXPECT_EQ(at.refusal_of(send(agent, batch)), RefusalReason{});
  };
  declare(6, agent.telemetry->last_hash());
  declare(60, Hash{6});
  ASSERT_TRUE(at.open()) << at.why;  // disk and memory agree on the first
  auto after = agent.cut(Stream::kTelemetry, {.count = 1});
  EXPECT_TRUE(at.proves(agent, send(agent, after), after));
  declare(90, Hash{9});
  EXPECT_EQ(flaws(), std::vector<std::string>());
}

// Each new epoch closes the one before it, is a finding and is remembered for
// good.
TEST_F(HostileAgentTest, Epochs_AreTakenAtABoundedRate) {
  std::size_t taken = 0;
  std::size_t busy = 0;
  for (std::uint64_t epoch = 1; epoch <= 3 * Ledger::kEpochsPerHour; ++epoch) {
    agent.open_epoch(epoch);
    const auto batch = agent.cut(Stream::kRecord, {.count = 1, .resync = true});
    const auto refusal = at.refusal_of(send(agent, batch));
    taken += refusal == RefusalReason{} ? 1 : 0;
    busy += refusal == reason::kBusy ? 1 : 0;
  }
  EXPECT_EQ(taken, Ledger::kEpochsPerHour + 1);
  EXPECT_EQ(busy, 2 * Ledger::kEpochsPerHour - 1);
  // Nobody else pays for it, and the epoch that was taken last goes on.
  auto other = honest.cut(Stream::kRecord, {.resync = true});
  EXPECT_TRUE(at.proves(honest, send(honest, other), other));
  at.now.wall += std::chrono::hours(1);
  const auto again = agent.cut(Stream::kRecord, {.count = 1, .resync = true});
  EXPECT_EQ(at.refusal_of(send(agent, again)), reason::kGap);
  agent.open_epoch(0xffff);
  auto later = agent.cut(Stream::kRecord, {.count = 1, .resync = true});
  EXPECT_TRUE(at.proves(agent, send(agent, later), later));
  EXPECT_EQ(flaws(), std::vector<std::string>());
}

// What one writer has found out a thousand times must not push out of sight
// what others found once.
TEST_F(HostileAgentTest, Findings_OfOneWriterLeaveRoomForOthers) {
  const auto shown = honest.cut(
      Stream::kRecord, {.resync = true, .bodies = {finding("look here")}});
  EXPECT_EQ(at.refusal_of(send(honest, shown)), RefusalReason{});
  for (int i = 0; i < 10; ++i) {
    const auto flood = agent.cut(
        Stream::kRecord,
        {.resync = true,
         .bodies = std::vector<EventMessage>(300, finding("nothing"))});
    EXPECT_EQ(at.refusal_of(send(agent, flood)), RefusalReason{});
  }
  for (int start = 0; start < 2; ++start) {
    const auto found = at.views->findings(Views::kMaxFindings);
    EXPECT_TRUE(std::ranges::any_of(
        found,
        [](const FindingView& each) { return each.subject == "look here"; }))
        << "start " << start;
    ASSERT_TRUE(at.open()) << at.why;
  }
}

// A message of a hundred bytes that speaks of a thousand points.
TEST_F(HostileAgentTest, LiveValues_TakeNoMoreThanWasHeard) {
  const auto live = [](const std::string& device, std::uint32_t point) {
    strongroom_v1_Live message = strongroom_v1_Live_init_zero;
    message.format = kWireFormat;
    device.copy(message.device, sizeof(message.device) - 1);
    message.point_count = Views::kMaxPoints;
    message.first_point = point;
    message.values_count = 1;
    std::string_view("t").copy(message.values[0].name, 1);
    return encode_live(message);
  };
  LedgerInbox::Work work;
  for (std::size_t i = 0; i < 2 * Views::kMaxDevices; ++i) {
    work.live.push_back({agent.source, live("d" + std::to_string(i), 1023)});
  }
  ASSERT_TRUE(at.ledger->turn(std::move(work)));
  std::size_t values = 0;
  for (const DeviceView& device : at.views->devices()) {
    values += device.values.size();
  }
  EXPECT_LE(values, Views::kMaxPointsOfSource);
}

// The page is told once a turn of a device, however often it was heard.
TEST_F(HostileAgentTest, LiveValues_AreToldOnceATurn) {
  strongroom_v1_Live message = strongroom_v1_Live_init_zero;
  message.format = kWireFormat;
  std::string_view("d").copy(message.device, 1);
  message.point_count = 1;
  message.values_count = 1;
  message.values[0].measured = true;
  std::string_view("t").copy(message.values[0].name, 1);
  LedgerInbox::Work work;
  for (int i = 1; i <= 100; ++i) {
    message.values[0].mantissa = i;
    work.live.push_back({agent.source, encode_live(message)});
  }
  at.told.clear();
  ASSERT_TRUE(at.ledger->turn(std::move(work)));
  ASSERT_EQ(at.told.size(), 1U);
  EXPECT_NE(at.told[0].second.find("\"100\""), std::string::npos)
      << at.told[0].second;
}

// Hints are small. Large ones would fill the queues with what is refused
// anyway when it is read.
TEST(LedgerInbox, LargeHints_AreDroppedAtTheDoor) {
  LedgerInbox inbox;
  const Source source{"edge-1", "bj1"};
  for (std::size_t i = 0; i < LedgerInbox::kLive; ++i) {
    inbox.post({source, TopicKind::kLive}, Bytes(kMaxBatchBytes));
    inbox.post({source, TopicKind::kStatus}, Bytes(kMaxBatchBytes));
  }
  const auto work = inbox.take(1, std::chrono::steady_clock::now());
  EXPECT_TRUE(work.live.empty());
  EXPECT_TRUE(work.statuses.empty());
  EXPECT_EQ(inbox.counters().live_dropped, LedgerInbox::kLive);
  EXPECT_EQ(inbox.counters().statuses_dropped, LedgerInbox::kLive);
}

// True signatures of our own key, each beside the point.
TEST_F(HostileAgentTest, OwnNotesOfOtherLogs_FreezeNothing) {
  auto begun = agent.cut(Stream::kTelemetry, {.count = 1, .resync = true});
  EXPECT_TRUE(at.proves(agent, send(agent, begun), begun));
  const std::string true_note = agent.held_note[Stream::kTelemetry];
  std::vector<std::string> notes;
  for (const char* origin : {"test.example/bj1/record/1",
                             "test.example/sh1/telemetry/1",
                             "test.example/central/registry/1"}) {
    notes.push_back(sign_checkpoint({origin, 1000, Hash{1}}, *at.log_signer));
  }
  // The signature of a small tree under the text of a large one, and a larger
  // text that ends in a true note.
  const Checkpoint beyond{"test.example/bj1/telemetry/1", 1000, Hash{1}};
  notes.push_back(beyond.text() + true_note.substr(true_note.find("\n\n") + 1));
  notes.push_back(beyond.text() + "\n" + true_note);
  // Signed by a key of the agent's own under the log's name.
  notes.push_back(sign_checkpoint(beyond, *agent.signer));
  for (const std::string& note : notes) {
    for (const bool resync : {false, true}) {
      const auto batch = agent.cut(
          Stream::kTelemetry, {.count = 1, .resync = resync, .held = note});
      const auto refusal = at.refusal_of(send(agent, batch));
      EXPECT_EQ(refusal, resync ? reason::kMalformed : RefusalReason{}) << note;
      if (resync) {
        at.exchange(agent, TestAgent::payload_of(batch, {.resync = true}));
      }
    }
  }
  EXPECT_TRUE(
      at.ledger->logs().frozen(at.log("bj1", Stream::kTelemetry)).empty());
  auto good = agent.cut(Stream::kTelemetry,
                        {.count = 1, .resync = true, .held = true_note});
  EXPECT_TRUE(at.proves(agent, send(agent, good), good));
}

}  // namespace
}  // namespace strongroom
