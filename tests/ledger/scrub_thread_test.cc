// SPDX-License-Identifier: Apache-2.0
// The scrubber's thread beside a loop that takes batches.
#include "ledger/loop/scrub_thread.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include "tests/ledger/test_ledger.h"

namespace strongroom {
namespace {

using std::chrono::steady_clock;
using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

TEST(ScrubRate, OneRoundADayAndNeverNothing) {
  struct Case {
    std::uint64_t entries;
    double per_batch;
    std::size_t least;
    std::size_t most;
  };
  for (const Case& each : {Case{0, 16, 8, 8},
                           Case{1000, 1, 8, 8},
                           Case{86'400'000, 100, 10, 11},
                           Case{86'400'000, 1, 1000, 1001},
                           Case{UINT64_MAX, 0, 2000, 2000}}) {
    const std::size_t rate = scrub_rate(each.entries, each.per_batch);
    EXPECT_GE(rate, each.least) << each.entries;
    EXPECT_LE(rate, each.most) << each.entries;
  }
}

TEST(ScrubStart, IsAnywhere) {
  std::vector<std::shared_ptr<const PublishedLog>> logs;
  EXPECT_FALSE(scrub_start(logs, 7));
  for (const std::uint64_t size : {10U, 0U, 5U}) {
    auto log = std::make_shared<PublishedLog>();
    log->origin = {"l", "s" + std::to_string(logs.size()), Stream::kRecord, 1};
    log->checkpoint.size = size;
    logs.push_back(log);
  }
  EXPECT_EQ(scrub_start(logs, 0)->origin.site, "s0");
  EXPECT_EQ(scrub_start(logs, 9)->index, 9U);
  EXPECT_EQ(scrub_start(logs, 10)->origin.site, "s2");
  EXPECT_EQ(scrub_start(logs, 14)->index, 4U);
  EXPECT_EQ(scrub_start(logs, 15)->index, 0U);
}

class ScrubThreadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(at.open()) << at.why;
    ASSERT_TRUE(at.enrol(agent));
    for (int i = 0; i < 20; ++i) {
      auto batch =
          agent.cut(Stream::kTelemetry, {.count = 50, .resync = i == 0});
      EXPECT_TRUE(at.proves(agent, at.exchange(agent, batch.payload), batch));
    }
  }

  std::unique_ptr<ScrubThread> start(std::chrono::milliseconds pause) {
    return std::make_unique<ScrubThread>(ScrubThread::Parts{
        .scrubber = std::make_unique<Scrubber>(
            *LedgerReader::open(at.store_path()), *at.publication),
        .publication = *at.publication,
        .views = *at.views,
        .inbox = inbox,
        .now = [this] { return at.now; },
        .pause = pause});
  }
  /// Turns of the loop until it is so.
  template <typename Condition>
  bool turn_until(Condition condition) {
    const auto limit = steady_clock::now() + std::chrono::seconds(20);
    while (steady_clock::now() < limit) {
      auto work =
          inbox.take(16, steady_clock::now() + std::chrono::milliseconds(5));
      EXPECT_TRUE(at.ledger->turn(std::move(work)));
      if (condition()) {
        return true;
      }
    }
    return false;
  }

  TestLedger at;
  TestAgent agent{"edge-1@bj1", 1};
  LedgerInbox inbox;
};

TEST_F(ScrubThreadTest, RoundsOfASoundLedger_FindNothing) {
  const auto thread = start(std::chrono::milliseconds(1));
  EXPECT_TRUE(turn_until([&] { return at.views->scrub().rounds >= 3; }));
  EXPECT_TRUE(at.views->damaged().empty());
  EXPECT_GT(at.views->scrub().batches, 60U);
  EXPECT_EQ(at.views->scrub().round_done_us,
            at.now.wall.time_since_epoch().count());
  EXPECT_TRUE(at.views->scrub().error.empty());
}

TEST_F(ScrubThreadTest, RottenEntry_BecomesAFindingOnce) {
  {
    SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
    db.exec(
        "UPDATE batches SET entries = zeroblob(length(entries))"
        " WHERE first_index = 510");
  }
  const auto thread = start(std::chrono::milliseconds(1));
  EXPECT_TRUE(turn_until([&] { return !at.views->damaged().empty(); }));
  const auto rounds = at.views->scrub().rounds;
  EXPECT_TRUE(
      turn_until([&] { return at.views->scrub().rounds >= rounds + 3; }));
  std::size_t found = 0;
  for (const FindingView& each : at.views->findings(100)) {
    if (each.kind == strongroom_v1_FindingKind_FINDING_KIND_ENTRY_DAMAGED) {
      ++found;
      EXPECT_EQ(each.subject, "test.example/bj1/telemetry/1");
      EXPECT_EQ(each.seq, 510U);
    }
  }
  EXPECT_EQ(found, 1U);
  // The tree is sound: the log goes on.
  auto next = agent.cut(Stream::kTelemetry, {.count = 1});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, next.payload), next));
}

TEST_F(ScrubThreadTest, Stops_WithinASecond) {
  auto thread = start(std::chrono::hours(1));
  const auto before = steady_clock::now();
  thread.reset();
  EXPECT_LT(steady_clock::now() - before, std::chrono::seconds(1));
}

}  // namespace
}  // namespace strongroom
