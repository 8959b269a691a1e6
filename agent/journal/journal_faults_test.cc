// SPDX-License-Identifier: Apache-2.0
// The journal on a disk that is full, fails, or is held by somebody: at each
// change that it makes.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "agent/journal/twin_test_util.h"
#include "tests/support/power_cut_disk.h"
#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using testing_journal::kEpochOne;
using testing_journal::kEpochTwo;
using testing_journal::kNow;
using testing_journal::Twin;
constexpr auto kRecord = Stream::kRecord;
constexpr auto kTelemetry = Stream::kTelemetry;
constexpr WallTime kLater = kNow + std::chrono::microseconds(1);

enum class Fault { kFull, kBefore, kAfter };

void arm(PowerCutDisk& disk, Fault fault, std::size_t nth) {
  switch (fault) {
    case Fault::kFull:
      return disk.fill_up(nth);
    case Fault::kBefore:
      return disk.fail(nth, 1, false);
    case Fault::kAfter:
      return disk.fail(nth, 1, true);
  }
}

// A life whose next turn does everything that a turn can do.
void live(Twin& twin) {
  twin.open_epoch(kEpochOne);
  twin.boots(kRecord, 5);
  twin.boots(kTelemetry, 9);
  twin.cut(kRecord, 1, 2);
  twin.cut(kRecord, 3, 2);
  twin.cut(kTelemetry, 1, 2);
  twin.deliver(twin.side(kRecord).batches[0]);
  twin.deliver(twin.side(kRecord).batches[1]);
  twin.commit();
}

void prepare_everything(Twin& twin) {
  auto& record = twin.side(kRecord);
  twin.cut(kTelemetry, 3, 1);
  twin.lose(4, 6);
  twin.stop(kRecord, record.epochs[0], 5, 7);
  twin.open_epoch(kEpochTwo);
  // More than the page cache holds: it spills before the commit.
  twin.boots(kTelemetry, 9000);
  twin.deliver(twin.side(kTelemetry).batches[0]);
  twin.follow(kRecord, 2, 3);
  twin.turn().descriptions.push_back({"room-1", kEpochTwo, 1, {}});
}

class JournalFaults : public ::testing::TestWithParam<Fault> {
 protected:
  TemporaryDirectory directory_;
  const fs::path root_ = directory_.path();
  PowerCutDisk disk_{root_};
};

// Each attempt gets one change further than the one before it. None is taken
// for damage, and the transaction stands in the end, once.
TEST_P(JournalFaults, Commit_FailsAtEachChange_AndThenStandsOnce) {
  Twin twin(root_ / "journal.db");
  live(twin);
  prepare_everything(twin);
  JournalTransaction turn = twin.turn();
  turn.number = 2;
  std::size_t failures = 0;
  for (std::size_t nth = 1;; nth += 1 + nth / 4) {
    const JournalUsage before = twin.sqlite().usage();
    arm(disk_, GetParam(), nth);
    const auto done = twin.sqlite().commit(turn);
    disk_.mend();
    if (done) {
      break;
    }
    ++failures;
    EXPECT_FALSE(done.error().broken) << nth << ": " << done.error().what;
    EXPECT_EQ(twin.sqlite().usage().owed_bytes, before.owed_bytes) << nth;
    EXPECT_EQ(twin.sqlite().events(kRecord, 7, 9, 1 << 20)->size(), 0U) << nth;
    ASSERT_LT(nth, 100'000U) << "it never came through";
  }
  EXPECT_GT(failures, 3U);
  twin.commit();  // the same number once more: done already
  twin.reopen_and_compare();
}

TEST_P(JournalFaults, Prune_FailsAtEachChange_AndThenIsDone) {
  Twin twin(root_ / "journal.db");
  live(twin);
  std::size_t failures = 0;
  for (std::size_t nth = 1;; ++nth) {
    arm(disk_, GetParam(), nth);
    const auto gone = twin.sqlite().prune(kRecord, kLater);
    disk_.mend();
    if (gone) {
      EXPECT_EQ(*gone, 2U);
      break;
    }
    ++failures;
    EXPECT_FALSE(gone.error().broken) << nth << ": " << gone.error().what;
    ASSERT_LT(nth, 1000U);
  }
  EXPECT_GT(failures, 1U);
  EXPECT_EQ(*twin.fake().prune(kRecord, kLater), 2U);
  twin.boots(kRecord, 1);
  twin.commit();
  twin.reopen_and_compare();
}

INSTANTIATE_TEST_SUITE_P(Faults,
                         JournalFaults,
                         ::testing::Values(Fault::kFull,
                                           Fault::kBefore,
                                           Fault::kAfter));

class JournalTest : public ::testing::Test {
 protected:
  std::int64_t pragma(const std::string& name) const {
    SQLite::Database db(path_.string(), SQLite::OPEN_READONLY);
    return db.execAndGet("PRAGMA " + name).getInt64();
  }
  TemporaryDirectory directory_;
  const fs::path path_ = directory_ / "journal.db";
};

TEST_F(JournalTest, Commit_WhileSomebodyElseWrites_IsBusyAndNotBroken) {
  Twin twin(path_);
  live(twin);
  twin.boots(kRecord, 1);
  JournalTransaction turn = twin.turn();
  turn.number = 2;
  {
    SQLite::Database other(path_.string(), SQLite::OPEN_READWRITE);
    sqlite3_db_config(
        other.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    other.exec("BEGIN IMMEDIATE");
    const auto busy = twin.sqlite().commit(turn);
    ASSERT_FALSE(busy.has_value());
    EXPECT_FALSE(busy.error().broken) << busy.error().what;
    other.exec("ROLLBACK");
  }
  twin.commit();
  twin.reopen_and_compare();
}

TEST_F(JournalTest, Commit_OntoARowThatIsThere_IsBroken) {
  Twin twin(path_);
  live(twin);
  {
    SQLite::Database other(path_.string(), SQLite::OPEN_READWRITE);
    sqlite3_db_config(
        other.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    other.exec("INSERT INTO record_events VALUES (7, x'00')");
  }
  twin.boots(kRecord, 1);
  JournalTransaction turn = twin.turn();
  turn.number = 2;
  const auto done = twin.sqlite().commit(turn);
  ASSERT_FALSE(done.has_value());
  EXPECT_TRUE(done.error().broken);
}

// --- what it takes ----------------------------------------------------------

TEST_F(JournalTest, Usage_IsThatOfThePages) {
  Twin twin(path_);
  live(twin);
  prepare_everything(twin);
  twin.commit();
  const auto expect_exact = [&] {
    const auto pages = pragma("page_count") - pragma("freelist_count");
    EXPECT_EQ(twin.sqlite().usage().used_bytes,
              static_cast<std::uint64_t>(pages * pragma("page_size")));
  };
  expect_exact();
  for (Position at = 3; at < 7; ++at) {
    twin.boots(kTelemetry, 200);
    twin.commit();
    expect_exact();
  }
  twin.prune(kRecord, kLater);
  expect_exact();
}

// Filled and pruned without end: the room that deletion frees is used again.
TEST_F(JournalTest, FilledAndPruned_DoesNotGrowBeyondItsHighWaterMark) {
  Twin twin(path_);
  twin.open_epoch(kEpochOne);
  twin.commit();
  std::uint64_t high_water = 0;
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 4; ++i) {
      const Position first = twin.side(kTelemetry).cut + 1;
      twin.boots(kTelemetry, 500);
      twin.cut(kTelemetry, first, 500);
      twin.deliver(twin.side(kTelemetry).batches.back());
      twin.commit();
    }
    while (twin.prune(kTelemetry, kLater) > 0) {
    }
    twin.sqlite().checkpoint();
    const std::uint64_t size = fs::file_size(path_);
    if (round == 4) {
      high_water = size;
    }
    if (round > 4) {
      EXPECT_LE(size, high_water + 3 * 4096U) << round;
    }
  }
  EXPECT_GT(high_water, 100'000U);
  EXPECT_LE(fs::file_size(path_.string() + "-wal"), 33U << 20U);
  EXPECT_LT(twin.sqlite().usage().used_bytes, high_water);
}

}  // namespace
}  // namespace strongroom
