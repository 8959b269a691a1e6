// SPDX-License-Identifier: Apache-2.0
// A day of a source that floods the ledger with all that it may and may not
// send: memory, findings and what the ledger writes of its own stay bounded,
// and an honest source is served in every turn.
#include <gtest/gtest.h>
#include <random>

#include "ledger/check/check_ledger.h"
#include "tests/endurance/meters.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom::endurance {
namespace {

using namespace std::chrono_literals;
using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

// docs/operations-faults.md
constexpr std::uint64_t kLedgerMemory = 512 * kMiB;
constexpr std::size_t kMaxBatches = 64;  // a turn

Topic topic(const Source& source, TopicKind kind) {
  return {source, kind};
}

// Nobody takes anything: what waits is bounded, by bytes.
TEST(AFlood, ThatNobodyTakes_IsBounded) {
  const MemoryMeter memory;
  LedgerInbox inbox;
  constexpr std::size_t kMessages = 40'000;
  for (std::size_t i = 0; i < kMessages; ++i) {
    const Source source{"edge-" + std::to_string(i % 50), "bj1"};
    inbox.post(topic(source, TopicKind::kBatch),
               Bytes(i % 3 == 0 ? 130'000 : 10));
    inbox.post(topic(source, TopicKind::kStatus), Bytes(16'000));
    inbox.post(topic(source, TopicKind::kLive), Bytes(16'000));
  }
  const LedgerInbox::Counters counters = inbox.counters();
  std::printf(
      "%zu batches posted, %zu wait (%.1f MiB), %llu dropped, %.0f MiB\n",
      kMessages,
      counters.batches_queued,
      static_cast<double>(counters.bytes_queued) / kMiB,
      static_cast<unsigned long long>(counters.batches_dropped),
      static_cast<double>(memory.peak_bytes()) / kMiB);
  EXPECT_LE(counters.bytes_queued, FairQueue::kBytes);
  EXPECT_LE(counters.batches_queued, FairQueue::kBatches);
  EXPECT_EQ(counters.batches_queued + counters.batches_dropped, kMessages);
  EXPECT_GE(counters.live_dropped, kMessages - LedgerInbox::kLive);
  EXPECT_LE(memory.peak_bytes(), kLedgerMemory / 4);
}

/// What a source that means harm, and has a key, sends.
class Mallory {
 public:
  explicit Mallory(LedgerInbox& inbox) : inbox_(inbox) {}

  // One of everything, the more often the cheaper it is to make.
  void flood() {
    auto batch = agent.cut(Stream::kTelemetry, {.count = 20, .resync = true});
    send(batch.payload);
    for (int i = 0; i < 5; ++i) {
      send(batch.payload);  // again
      send(noise(1 + random_() % 4000));
      send(damaged(batch.payload));
      send(signed_by_another());
    }
    agent.open_epoch(0x4000 + ++epochs_);
    send(agent.cut(Stream::kTelemetry, {.count = 1, .resync = true}).payload);
    for (int i = 0; i < 20; ++i) {
      inbox_.post(topic(agent.source, TopicKind::kStatus), noise(2000));
      inbox_.post(topic(agent.source, TopicKind::kLive), noise(2000));
      // Under names of its own invention.
      const Source other{"edge-" + std::to_string(random_() % 1'000'000),
                         "bj1"};
      inbox_.post(topic(other, TopicKind::kBatch), noise(200));
      inbox_.post(topic(other, TopicKind::kLive), noise(200));
    }
  }

  TestAgent agent{"mallory@bj1", 9, 0x3000};
  std::uint64_t sent = 0;

 private:
  void send(Bytes payload) {
    ++sent;
    inbox_.post(topic(agent.source, TopicKind::kBatch), std::move(payload));
  }
  Bytes noise(std::size_t size) {
    Bytes bytes(size);
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(random_());
    }
    return bytes;
  }
  Bytes damaged(Bytes payload) {
    payload[random_() % payload.size()] ^= 0x10;
    return payload;
  }
  Bytes signed_by_another() {
    const auto other = testing_ledger::test_signer(0x77);
    TestAgent copy(agent.source.text(), 9, 0x5000 + ++epochs_);
    return copy
        .cut(Stream::kRecord,
             {.count = 2, .resync = true, .signer = other.get()})
        .payload;
  }

  LedgerInbox& inbox_;
  std::mt19937_64 random_{7};
  std::uint64_t epochs_ = 0;
};

TEST(AFlood, OfADay_LeavesTheLedgerBounded) {
  const MemoryMeter memory;
  TestLedger at;
  ASSERT_TRUE(at.open()) << at.why;
  LedgerInbox inbox;
  Mallory mallory(inbox);
  TestAgent honest("edge-1@bj1", 1);
  ASSERT_TRUE(at.enrol(honest));
  ASSERT_TRUE(at.enrol(mallory.agent));
  const auto step = is_full() ? 10s : 120s;
  std::uint64_t turns = 0;
  for (MonoTime time{}; time < 24h; time += step, ++turns) {
    at.now.monotonic += step;
    at.now.wall += step;
    mallory.flood();
    const auto batch = honest.cut(Stream::kRecord,
                                  {.count = 2,
                                   .resync = turns == 0,
                                   .held = honest.held_note[Stream::kRecord]});
    inbox.post(topic(honest.source, TopicKind::kBatch), batch.payload);
    at.acks.clear();
    const auto done = at.ledger->turn(
        inbox.take(kMaxBatches, std::chrono::steady_clock::now()));
    ASSERT_TRUE(done) << done.error().what;
    const auto ack = std::ranges::find(
        at.acks, ack_topic(honest.source), &std::pair<std::string, Ack>::first);
    ASSERT_NE(ack, at.acks.end()) << "turn " << turns;
    ASSERT_TRUE(at.proves(honest, ack->second, batch)) << "turn " << turns;
    at.told.clear();
    at.warnings.clear();
    if (turns % 50 == 0) {
      at.store->checkpoint();
    }
  }
  std::uint64_t own = 0;
  std::uint64_t of_mallory = 0;
  for (const Stream stream : {Stream::kRecord, Stream::kTelemetry}) {
    ASSERT_TRUE(
        at.reader->scan(at.log("bj1", stream), 0, [&](const BatchRow& row) {
          own += row.source == "console@bj1" ? row.count : 0;
          of_mallory += row.source == "mallory@bj1" ? row.count : 0;
          return true;
        }));
  }
  const std::uint64_t memory_bytes = memory.peak_bytes();
  std::printf(
      "24 h of flood, %llu turns: %llu batches of mallory (%llu events taken), "
      "%llu events that the ledger wrote of it, %.0f MiB on disk, %.0f MiB\n",
      static_cast<unsigned long long>(turns),
      static_cast<unsigned long long>(mallory.sent),
      static_cast<unsigned long long>(of_mallory),
      static_cast<unsigned long long>(own),
      static_cast<double>(disk_bytes(at.store_path())) / kMiB,
      static_cast<double>(memory_bytes) / kMiB);
  EXPECT_LE(memory_bytes, kLedgerMemory);
  // Its findings, and an event for each epoch that the ledger closed; what the
  // limits of both say, with the first hour's full.
  EXPECT_LE(own,
            25 * (FindingLimiter::kPerHour + 1 + Ledger::kEpochsPerHour) + 10);
  // Never more than a turn serves of one source.
  EXPECT_LE(of_mallory, turns * kMaxBatches * 20);
  at.close();
  const auto found = check_ledger(at.store_path(), at.guard_path(), at.trust());
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_TRUE(found->flaws.empty()) << found->flaws.front().text();
}

}  // namespace
}  // namespace strongroom::endurance
