// SPDX-License-Identifier: Apache-2.0
// The retention policy at work: announced first, in bounded steps, over a crash
// in between, and never what is not known to be old.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include "ledger/check/check_ledger.h"
#include "ledger/log/stored_entries.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom {
namespace {

using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

class RetentionTest : public ::testing::Test {
 protected:
  static constexpr int kDays = 30;

  void SetUp() override {
    ASSERT_TRUE(at.open()) << at.why;
    ASSERT_TRUE(at.enrol(agent));
  }

  TestAgent::Batch send(Stream stream, int days_old, std::size_t count) {
    agent.now = at.now;
    agent.now.wall -= std::chrono::hours(24) * days_old;
    auto batch = agent.cut(
        stream, {.count = count, .resync = !agent.held.contains(stream)});
    EXPECT_TRUE(at.proves(agent, at.exchange(agent, batch.payload), batch));
    return batch;
  }

  /// Six batches of 100 that are older than the policy keeps, two younger ones.
  void fill() {
    for (int i = 0; i < 6; ++i) {
      send(Stream::kTelemetry, kDays + 10 - i, 100);
    }
    send(Stream::kTelemetry, 1, 100);
    send(Stream::kTelemetry, 0, 100);
    send(Stream::kRecord, kDays + 10, 300);
  }
  static constexpr std::uint64_t kMayGo = 512;  // of 606 entries

  void keep(int days) {
    at.telemetry_days = days;
    ASSERT_TRUE(at.open()) << at.why;
  }
  /// Turns until nothing is left to do; how many.
  int work() {
    int turns = 0;
    do {
      const auto done = at.ledger->turn({});
      EXPECT_TRUE(done) << done.error().what;
    } while (++turns < 1000 && at.ledger->is_busy());
    return turns;
  }

  std::uint64_t pruned_to(Stream stream) {
    return at.ledger->logs().pruned_to(at.log("bj1", stream));
  }
  std::vector<strongroom_v1_TelemetryPruned> announced() {
    std::vector<strongroom_v1_TelemetryPruned> all;
    (void)at.reader->scan(
        at.log("bj1", Stream::kRecord), 0, [&](const BatchRow& row) {
          const auto entries = entries_of(row);
          for (const ByteView entry : *entries) {
            const auto event = decode_event(parse_entry(entry)->body);
            if (event &&
                event->which_body == strongroom_v1_Event_telemetry_pruned_tag) {
              all.push_back(event->body.telemetry_pruned);
            }
          }
          return true;
        });
    return all;
  }

  TestLedger at;
  TestAgent agent{"edge-1@bj1", 1};
};

TEST_F(RetentionTest, WhatIsOlder_GoesAfterItWasAnnounced) {
  fill();
  keep(kDays);
  work();
  EXPECT_EQ(pruned_to(Stream::kTelemetry), kMayGo);
  EXPECT_EQ(pruned_to(Stream::kRecord), 0U);
  ASSERT_EQ(announced().size(), 1U);
  EXPECT_STREQ(announced()[0].origin, "test.example/bj1/telemetry/1");
  EXPECT_EQ(announced()[0].from_index, 0U);
  EXPECT_EQ(announced()[0].to_index, kMayGo);
  EXPECT_EQ(announced()[0].keep_days, 30U);
  EXPECT_EQ(at.views->counters().entries_pruned, kMayGo);
  // Nothing more within the hour, nor after it.
  work();
  at.now.wall += std::chrono::hours(2);
  work();
  EXPECT_EQ(announced().size(), 1U);
  // Ten days on, the rest is old enough.
  at.now.wall += std::chrono::hours(24) * kDays;
  work();
  EXPECT_EQ(announced().size(), 2U);
  EXPECT_EQ(announced()[1].from_index, kMayGo);
  EXPECT_EQ(pruned_to(Stream::kTelemetry), 768U);
  send(Stream::kTelemetry, 0, 3);
  const auto found = check_ledger(at.store_path(), at.guard_path(), at.trust());
  ASSERT_TRUE(found) << found.error().what;
  for (const LedgerFlaw& flaw : found->flaws) {
    ADD_FAILURE() << flaw.text();
  }
}

TEST_F(RetentionTest, Absent_NothingGoes) {
  fill();
  at.now.wall += std::chrono::hours(24 * 4000);
  EXPECT_EQ(work(), 1);
  EXPECT_EQ(pruned_to(Stream::kTelemetry), 0U);
  EXPECT_TRUE(announced().empty());
}

// What time it is must be known to those who say that something is old.
TEST_F(RetentionTest, UnknownClocks_KeepEverything) {
  struct Case {
    const char* name;
    ClockQuality ledger;
    ClockQuality agent;
  };
  for (const Case& each :
       {Case{"the ledger's", ClockQuality::kUnknown, ClockQuality::kGood},
        Case{"the agent's", ClockQuality::kGood, ClockQuality::kUnknown}}) {
    TestLedger fresh;
    ASSERT_TRUE(fresh.open());
    TestAgent source("edge-1@bj1", 1);
    ASSERT_TRUE(fresh.enrol(source));
    source.now = fresh.now;
    source.now.wall -= std::chrono::hours(24 * 100);
    source.now.quality = each.agent;
    for (int i = 0; i < 6; ++i) {
      auto batch =
          source.cut(Stream::kTelemetry, {.count = 100, .resync = i == 0});
      EXPECT_TRUE(
          fresh.proves(source, fresh.exchange(source, batch.payload), batch));
    }
    fresh.telemetry_days = kDays;
    fresh.now.quality = each.ledger;
    ASSERT_TRUE(fresh.open());
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(fresh.ledger->turn({}));
    }
    EXPECT_EQ(
        fresh.ledger->logs().pruned_to(fresh.log("bj1", Stream::kTelemetry)),
        0U)
        << each.name;
  }
}

// Every durable step fails once, before or after it was done; the next start
// goes on.
TEST_F(RetentionTest, EveryCrash_GoesOnAtTheNextStart) {
  for (const bool after : {false, true}) {
    for (int step = 0; step < 4; ++step) {
      TestLedger fresh;
      ASSERT_TRUE(fresh.open());
      TestAgent source("edge-1@bj1", 1);
      ASSERT_TRUE(fresh.enrol(source));
      source.now = fresh.now;
      source.now.wall -= std::chrono::hours(24 * 100);
      for (int i = 0; i < 6; ++i) {
        auto batch =
            source.cut(Stream::kTelemetry, {.count = 100, .resync = i == 0});
        EXPECT_TRUE(
            fresh.proves(source, fresh.exchange(source, batch.payload), batch));
      }
      fresh.telemetry_days = kDays;
      ASSERT_TRUE(fresh.open());
      fresh.plan.steps_until_fault = step;
      fresh.plan.after_doing_it = after;
      bool crashed = false;
      for (int i = 0; i < 100 && !crashed; ++i) {
        crashed = !fresh.ledger->turn({});
      }
      EXPECT_TRUE(crashed || step > 2) << step;
      fresh.plan.steps_until_fault = -1;
      ASSERT_TRUE(fresh.open()) << fresh.why;
      for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(fresh.ledger->turn({}));
      }
      EXPECT_EQ(
          fresh.ledger->logs().pruned_to(fresh.log("bj1", Stream::kTelemetry)),
          512U)
          << step << after;
      const auto found =
          check_ledger(fresh.store_path(), fresh.guard_path(), fresh.trust());
      ASSERT_TRUE(found);
      EXPECT_TRUE(found->flaws.empty())
          << step << after << found->flaws.front().text();
    }
  }
}

TEST_F(RetentionTest, FrozenRecord_NothingGoesUnannounced) {
  fill();
  const Checkpoint beyond{"test.example/bj1/record/1", 5000, Hash{1}};
  const auto batch = agent.cut(
      Stream::kRecord,
      {.resync = true, .held = sign_checkpoint(beyond, *at.log_signer)});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, batch.payload)),
            reason::kLogFrozen);
  keep(kDays);
  work();
  EXPECT_EQ(pruned_to(Stream::kTelemetry), 0U);
  EXPECT_TRUE(std::ranges::any_of(at.warnings, [](const std::string& line) {
    return line.starts_with("nothing_pruned ");
  }));
}

// The hashes are all that will be left: they must be right before.
TEST_F(RetentionTest, DamagedEntry_StopsIt) {
  fill();
  at.close();
  {
    SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
    db.exec(
        "UPDATE batches SET entries = zeroblob(length(entries))"
        " WHERE first_index = 303");
  }
  keep(kDays);
  work();
  EXPECT_EQ(pruned_to(Stream::kTelemetry), 256U);
  EXPECT_TRUE(
      std::ranges::any_of(at.views->findings(10), [](const FindingView& each) {
        return each.kind ==
               strongroom_v1_FindingKind_FINDING_KIND_ENTRY_DAMAGED;
      }));
}

TEST_F(RetentionTest, ResendOfWhatWasPruned_IsAckedAgain) {
  const auto first = send(Stream::kTelemetry, kDays + 10, 300);
  send(Stream::kTelemetry, 0, 300);
  keep(kDays);
  work();
  ASSERT_EQ(pruned_to(Stream::kTelemetry), 256U);
  agent.held.clear();
  const auto payload = TestAgent::payload_of(first, {.resync = true});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, payload), first));
}

}  // namespace
}  // namespace strongroom
