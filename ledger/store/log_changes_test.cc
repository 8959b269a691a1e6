// SPDX-License-Identifier: Apache-2.0
// A log is closed for its successor; the oldest entries of one are pruned.
#include "ledger/store/log_changes.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

#include "ledger/store/create.h"
#include "ledger/store/ledger_reader.h"
#include "ledger/store/sqlite_ledger_store.h"

namespace strongroom {
namespace {

constexpr const char* kAgent = "edge-1@bj1";

class LogChangesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "store-XXXXXX";
    dir = ::mkdtemp(name.data());
    ASSERT_TRUE(create_ledger_store(
        dir / "ledger.db", dir / "guard.db", dir / "erasable.db", "a.example"));
    auto opened =
        open_sqlite_ledger_store(dir / "ledger.db", dir / "erasable.db");
    ASSERT_TRUE(opened) << opened.error().what;
    store = *std::move(opened);
    auto read = LedgerReader::open(dir / "ledger.db");
    ASSERT_TRUE(read) << read.error().what;
    reader = *std::move(read);
    log = *store->add_log(*Origin::parse("a.example/bj1/telemetry/1"));
  }
  void TearDown() override {
    reader.reset();
    store.reset();
    std::filesystem::remove_all(dir);
  }

  /// An entry says its index, in `bytes` bytes.
  static Bytes entry(std::uint64_t index, std::size_t bytes) {
    Bytes made(bytes, 7);
    made[0] = static_cast<std::uint8_t>(index >> 8U);
    made[1] = static_cast<std::uint8_t>(index);
    return made;
  }

  /// Batches of so many events, and the tiles that become full.
  void grow(std::uint32_t count, int batches, std::size_t bytes = 8) {
    CommitRows rows;
    for (int i = 0; i < batches; ++i) {
      BatchRow row{.log_id = log,
                   .first_index = size,
                   .count = count,
                   .source = kAgent,
                   .epoch = 1,
                   .first_seq = size + 1,
                   .header = Bytes{2}};
      for (std::uint32_t event = 0; event < count; ++event) {
        const Bytes one = entry(size + event, bytes);
        row.entries.push_back(static_cast<std::uint8_t>(one.size() >> 8U));
        row.entries.push_back(static_cast<std::uint8_t>(one.size()));
        append(row.entries, one);
      }
      size = row.end_index();
      rows.batches.push_back(std::move(row));
    }
    for (; (tiles + 1) * 256 <= size; ++tiles) {
      rows.tiles.push_back({log, 0, tiles, Bytes(8192, 1)});
    }
    ASSERT_TRUE(store->commit(rows));
  }

  /// What is left of every batch: events that were pruned, and the bundle.
  struct Left {
    std::uint64_t first = 0;
    std::uint32_t count = 0;
    std::uint32_t pruned = 0;
    Bytes entries;
  };
  std::vector<Left> left() {
    std::vector<Left> all;
    EXPECT_TRUE(reader->scan(log, 0, [&](const BatchRow& row) {
      all.push_back({row.first_index, row.count, row.pruned, row.entries});
      EXPECT_EQ(row.header, Bytes{2});
      return true;
    }));
    return all;
  }
  std::uint64_t pruned_to() { return reader->logs()->at(1).pruned_to; }

  /// Below `to` nothing is left of any event, from there on everything is.
  void expect_pruned_to(std::uint64_t to) {
    EXPECT_EQ(pruned_to(), to);
    for (const Left& batch : left()) {
      SCOPED_TRACE(batch.first);
      const std::uint64_t gone =
          to <= batch.first
              ? 0
              : std::min<std::uint64_t>(to - batch.first, batch.count);
      EXPECT_EQ(batch.pruned, gone);
      Bytes expected;
      for (std::uint64_t i = 0; i < batch.count && gone < batch.count; ++i) {
        if (i < gone) {
          append(expected, Bytes{0, 0});
        } else {
          append(expected, Bytes{0, 8});
          append(expected, entry(batch.first + i, 8));
        }
      }
      EXPECT_EQ(batch.entries, expected);
    }
  }

  std::filesystem::path dir;
  std::unique_ptr<LedgerStore> store;
  std::unique_ptr<LedgerReader> reader;
  LogId log = 0;
  std::uint64_t size = 0;
  std::uint64_t tiles = 0;
};

TEST_F(LogChangesTest, Pruning_TakesEventsAndLeavesHeaders) {
  grow(100, 12);  // 1 212 entries; no batch ends where a tile does
  EXPECT_EQ(store->prune_entries(log, 512, 100).value(), 512U);
  expect_pruned_to(512);
  EXPECT_EQ(store->prune_entries(log, 256, 100).value(), 512U) << "never back";
  expect_pruned_to(512);
  EXPECT_EQ(store->prune_entries(log, 1024, 100).value(), 1024U);
  expect_pruned_to(1024);
  EXPECT_EQ(reader->batch_at(log, 5).value()->pruned, 100U);
  EXPECT_TRUE(reader->batch_at(log, 1015).value()->is_pruned(1015));
  EXPECT_FALSE(reader->batch_at(log, 1100).value()->is_pruned(1100));
}

TEST_F(LogChangesTest, Pruning_OfBatchesThatEndWithTheTile_LeavesNoneHalf) {
  grow(255, 4);
  EXPECT_EQ(store->prune_entries(log, 512, 100).value(), 512U);
  expect_pruned_to(512);
  EXPECT_EQ(left()[1].entries, Bytes());
  EXPECT_EQ(left()[2].pruned, 0U);
}

// One event a batch: 128 of them are a tile, and fewer are never pruned.
// What a successor says first: without it nobody knows where chains go on.
TEST_F(LogChangesTest, Pruning_LeavesWhatTheLedgerItselfWrote) {
  grow(100, 12);
  SQLite::Database((dir / "ledger.db").string(), SQLite::OPEN_READWRITE)
      .exec(
          "UPDATE batches SET source = 'console@bj1'"
          " WHERE first_index IN (0, 202)");
  ASSERT_EQ(store->prune_entries(log, 256, 100).value(), 256U);
  ASSERT_EQ(store->prune_entries(log, 512, 100).value(), 512U);
  for (const Left& batch : left()) {
    const bool own = batch.first == 0 || batch.first == 202;
    EXPECT_EQ(batch.pruned == 0, own || batch.first >= 512) << batch.first;
    EXPECT_EQ(batch.entries.empty(), batch.pruned == 100) << batch.first;
  }
  EXPECT_EQ(left()[2].entries.size(), 1000U);
}

TEST_F(LogChangesTest, Pruning_GoesInSlicesOfWholeTiles) {
  grow(1, 640);
  std::uint64_t at = 0;
  int calls = 0;
  while (at < 1280) {
    const auto next = store->prune_entries(log, 1280, 10);
    ASSERT_TRUE(next) << next.error().what;
    ASSERT_EQ(*next, at + 256);
    at = *next;
    ++calls;
  }
  EXPECT_EQ(calls, 5);
  expect_pruned_to(1280);
}

TEST_F(LogChangesTest, Pruning_RefusesWhatItMayNot) {
  grow(100, 12);
  EXPECT_FALSE(store->prune_entries(log, 300, 100)) << "half a tile";
  EXPECT_FALSE(store->prune_entries(log, 1280, 100)) << "beyond the log";
  EXPECT_FALSE(store->prune_entries(1, 0, 100)) << "not telemetry";
  EXPECT_FALSE(store->prune_entries(77, 0, 100)) << "no such log";
  SQLite::Database db((dir / "ledger.db").string(), SQLite::OPEN_READWRITE);
  db.exec("DELETE FROM tiles WHERE number = 1");
  EXPECT_FALSE(store->prune_entries(log, 512, 100))
      << "no hashes would be left";
  expect_pruned_to(0);
  EXPECT_EQ(store->prune_entries(log, 256, 100).value(), 256U);
  expect_pruned_to(256);
}

TEST_F(LogChangesTest, Pruning_OfADamagedBatchAtTheBorder_TakesNothing) {
  grow(100, 12);
  SQLite::Database db((dir / "ledger.db").string(), SQLite::OPEN_READWRITE);
  // The batch of 202 reaches over 256.
  db.exec("UPDATE batches SET entries = x'ffff' WHERE first_index = 202");
  EXPECT_FALSE(store->prune_entries(log, 256, 100));
  EXPECT_EQ(pruned_to(), 0U);
  EXPECT_FALSE(left()[0].entries.empty());
}

TEST_F(LogChangesTest, Pruning_GivesSpaceBack) {
  grow(100, 60, 500);
  store->checkpoint();
  const auto pages = [&] {
    SQLite::Database db((dir / "ledger.db").string(), SQLite::OPEN_READONLY);
    return db.execAndGet("PRAGMA page_count").getInt();
  };
  const int before = pages();
  ASSERT_EQ(store->prune_entries(log, 5888, 1000).value(), 5888U);
  grow(100, 55, 500);
  store->checkpoint();
  EXPECT_LE(pages(), before + before / 20) << "freed pages were not used again";
}

TEST_F(LogChangesTest, Succession_ClosesTheLogAndBeginsTheNextOne) {
  grow(10, 4);  // ends at 11, 22, 33, 44
  CommitRows rows;
  rows.findings = {{log, 5}, {log, 30}};
  rows.devices = {{log, kAgent, "a", "40/0", 5},
                  {log, kAgent, "b", "40/0", 30}};
  ASSERT_TRUE(store->commit(rows));
  const Origin next = *Origin::parse("a.example/bj1/telemetry/2");
  const auto id = store->succeed_log(
      log,
      22,
      next,
      {{.log_id = 99, .source = kAgent, .epoch = 1, .next_seq = 21}},
      {{.log_id = 99,
        .source = kAgent,
        .epoch = 1,
        .from_seq = 30,
        .to_seq = 31}});
  ASSERT_TRUE(id) << id.error().what;
  const auto logs = reader->logs();
  ASSERT_EQ(logs->size(), 3U);
  EXPECT_EQ((*logs)[1].closed_at, 22U);
  EXPECT_EQ((*logs)[1].frozen, "succeeded by a.example/bj1/telemetry/2");
  EXPECT_EQ((*logs)[2].origin, next);
  EXPECT_EQ((*logs)[2].log_id, *id);
  EXPECT_EQ((*logs)[2].frozen, "");
  EXPECT_EQ(reader->log_size(*id).value(), 0U);
  ASSERT_EQ(reader->chains()->size(), 1U);
  EXPECT_EQ(reader->chains()->front().log_id, *id);
  ASSERT_EQ(reader->losses()->size(), 1U);
  EXPECT_EQ(reader->losses()->front().log_id, *id);

  // What lies beyond is no part of the log any more.
  EXPECT_EQ(reader->log_size(log).value(), 22U);
  EXPECT_EQ(left().size(), 2U);
  EXPECT_TRUE(reader->batch_at(log, 21).value());
  EXPECT_FALSE(reader->batch_at(log, 22).value());
  EXPECT_EQ(reader->batch_before(log, kAgent, 1, 99).value()->first_seq, 12U);
  EXPECT_EQ(reader->findings(log, 9)->size(), 1U);
  EXPECT_EQ(reader->devices()->size(), 1U);

  EXPECT_FALSE(store->succeed_log(log, 22, next, {}, {})) << "twice";
}

TEST_F(LogChangesTest, Succession_RefusesWhatIsNoneAndChangesNothing) {
  grow(10, 2);
  const Origin next = *Origin::parse("a.example/bj1/telemetry/2");
  EXPECT_FALSE(store->succeed_log(log, 21, next, {}, {})) << "within a batch";
  EXPECT_FALSE(store->succeed_log(log, 33, next, {}, {})) << "beyond the log";
  EXPECT_FALSE(store->succeed_log(77, 11, next, {}, {})) << "no such log";
  for (const char* other : {"a.example/bj1/telemetry/1",
                            "a.example/bj1/telemetry/3",
                            "a.example/bj1/record/2",
                            "a.example/sz2/telemetry/2",
                            "b.example/bj1/telemetry/2"}) {
    EXPECT_FALSE(store->succeed_log(log, 11, *Origin::parse(other), {}, {}))
        << other;
  }
  // A row that cannot be stored takes the closing with it.
  ASSERT_TRUE(store->add_log(next));
  EXPECT_FALSE(store->succeed_log(log, 11, next, {}, {}));
  EXPECT_FALSE(reader->logs()->at(1).closed_at);
  EXPECT_EQ(reader->logs()->at(1).frozen, "");
}

TEST_F(LogChangesTest, Succession_OfAnEmptyLog_ClosesItAtZero) {
  const auto id = store->succeed_log(
      log, 0, *Origin::parse("a.example/bj1/telemetry/2"), {}, {});
  ASSERT_TRUE(id) << id.error().what;
  EXPECT_EQ(reader->logs()->at(1).closed_at, 0U);
  EXPECT_EQ(reader->log_size(log).value(), 0U);
}

TEST_F(LogChangesTest, Freezing_KeepsTheNoteThatWasShown) {
  ASSERT_TRUE(store->freeze_log(log, "why", "a note"));
  EXPECT_EQ(reader->logs()->at(1).frozen, "why");
  EXPECT_EQ(reader->logs()->at(1).shown_note, "a note");
  ASSERT_TRUE(store->freeze_log(log, "again", ""));
  EXPECT_EQ(reader->logs()->at(1).frozen, "again");
  EXPECT_EQ(reader->logs()->at(1).shown_note, "a note");
}

TEST_F(LogChangesTest, Notes_AreTheNewestOfEachLog) {
  CommitRows rows;
  rows.notes = {{log, "one"}, {1, "other"}};
  ASSERT_TRUE(store->commit(rows));
  rows.notes = {{log, "two"}};
  ASSERT_TRUE(store->commit(rows));
  EXPECT_EQ(reader->note(log).value(), "two");
  EXPECT_EQ(reader->note(1).value(), "other");
  EXPECT_EQ(reader->note(77).value(), "");
}

TEST_F(LogChangesTest, ReplacedBatch_StandsWhereItStoodOrWasGone) {
  grow(2, 2);
  BatchRow row = *reader->batch_at(log, 3).value();
  row.entries = Bytes{9};
  ASSERT_TRUE(store->replace_batch(row));
  EXPECT_EQ(reader->batch_at(log, 3).value()->entries, Bytes{9});
  SQLite::Database db((dir / "ledger.db").string(), SQLite::OPEN_READWRITE);
  db.exec("DELETE FROM batches WHERE first_index = 3");
  ASSERT_FALSE(reader->batch_at(log, 3).value());
  ASSERT_TRUE(store->replace_batch(row));
  EXPECT_EQ(reader->batch_at(log, 3).value()->entries, Bytes{9});
  // It never pushes another batch out.
  row.first_index = 40;
  EXPECT_FALSE(store->replace_batch(row));
  EXPECT_EQ(left().size(), 2U);
}

}  // namespace
}  // namespace strongroom
