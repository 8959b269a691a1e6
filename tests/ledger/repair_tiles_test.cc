// SPDX-License-Identifier: Apache-2.0
// Tiles that were damaged, while all entries are sound.
#include "ledger/log/repair_tiles.h"

#include <gtest/gtest.h>

#include "ledger/check/scrubber.h"
#include "tests/ledger/test_logs.h"

namespace strongroom {
namespace {

using testing_ledger::TestLogs;

constexpr Stream kTelemetry = Stream::kTelemetry;

/// 707 entries in batches of 101: tiles 0 and 1, and an edge.
class RepairTilesTest : public ::testing::Test, protected TestLogs {
 protected:
  void SetUp() override {
    begin();
    grow(kTelemetry, 100, 7);
    log = id(kTelemetry);
  }

  void damage_tile(int number) {
    execute("UPDATE tiles SET hashes = zeroblob(8192) WHERE log_id = " +
            std::to_string(log) +
            " AND level = 0 AND number = " + std::to_string(number));
  }
  LogRow row() {
    const auto rows = reader->logs();
    return *std::ranges::find(*rows, log, &LogRow::log_id);
  }
  Result<TileRepair> try_repair(std::optional<TileCopy> copy = {}) {
    const auto trees =
        trees_to_prove(*reader, row(), guarded(kTelemetry), trust());
    if (!trees) {
      return std::unexpected(trees.error());
    }
    return repair_tiles(*store, *reader, row(), *trees, copy);
  }
  TileRepair repair(std::optional<TileCopy> copy = {}) {
    const auto done = try_repair(copy);
    EXPECT_TRUE(done) << done.error().what;
    return done ? *done : TileRepair{};
  }
  void freeze(const std::string& text, const std::string& shown = {}) {
    ASSERT_TRUE(store->freeze_log(log, text, shown));
  }
  std::size_t flaws() {
    Scrubber scrubber(*LedgerReader::open(store_path()), *publication);
    std::size_t count = 0;
    for (bool done = false; !done;) {
      const auto step = scrubber.step(100);
      EXPECT_TRUE(step);
      count += step->flaws.size();
      done = step->round_done;
    }
    return count;
  }
  using Paths = std::vector<std::string>;

  LogId log = 0;
};

TEST_F(RepairTilesTest, DamagedOrMissing_IsMadeAgain) {
  for (const char* sql :
       {"UPDATE tiles SET hashes = zeroblob(8192) WHERE number = 1",
        "UPDATE tiles SET hashes = x'00' WHERE number = 1",
        "DELETE FROM tiles WHERE number = 1"}) {
    SCOPED_TRACE(sql);
    execute(sql);
    ASSERT_NE(flaws(), 0U);
    const TileRepair done = repair();
    EXPECT_EQ(done.replaced, Paths{"tile/0/001"});
    EXPECT_EQ(done.refused, "");
    EXPECT_FALSE(done.unfrozen) << "it was not frozen";
    EXPECT_EQ(flaws(), 0U);
    EXPECT_TRUE(repair().replaced.empty()) << "nothing more to do";
  }
  ASSERT_TRUE(open()) << why;
  EXPECT_EQ(logs->frozen(log), "");
}

TEST_F(RepairTilesTest, AllOfThem_AreMadeAgain) {
  execute("DELETE FROM tiles");
  EXPECT_EQ(repair().replaced.size(), 2U);
  EXPECT_EQ(flaws(), 0U);
}

TEST_F(RepairTilesTest, LogThatFrozeForIt_SignsAgain) {
  damage_tile(0);
  freeze("tile/0/000 does not hash to what stands above it; see ...");
  const TileRepair done = repair();
  EXPECT_TRUE(done.unfrozen);
  EXPECT_EQ(row().frozen, "");
  ASSERT_TRUE(open()) << why;
  EXPECT_EQ(logs->frozen(log), "");
  grow(kTelemetry, 5, 1);
  EXPECT_EQ(flaws(), 0U);
}

TEST_F(RepairTilesTest, LogThatFrozeForAnythingElse_StaysFrozen) {
  damage_tile(0);
  freeze("an agent shows a checkpoint of ours beyond our tree");
  EXPECT_EQ(repair().replaced, Paths{"tile/0/000"});
  EXPECT_NE(row().frozen, "");
  // Whatever the text: the note that somebody showed speaks against it.
  freeze("tile/0/000 is damaged", guarded(kTelemetry));
  EXPECT_FALSE(repair().unfrozen);
  EXPECT_NE(row().frozen, "");
  EXPECT_FALSE(store->replace_tiles(log, {}, true));
}

TEST_F(RepairTilesTest, DamagedEntry_NothingIsWritten) {
  damage_tile(1);
  freeze("tile/0/001 is damaged");
  execute(
      "UPDATE batches SET entries = zeroblob(length(entries)) WHERE"
      " first_index = 202");
  const TileRepair done = repair();
  EXPECT_TRUE(done.replaced.empty());
  EXPECT_FALSE(done.unfrozen);
  EXPECT_NE(done.refused.find("index 202"), std::string::npos) << done.refused;
  EXPECT_NE(row().frozen, "");
}

TEST_F(RepairTilesTest, BehindItsGuard_NothingIsWritten) {
  damage_tile(0);
  freeze("tile/0/000 is damaged");
  execute("DELETE FROM batches WHERE first_index = 606");
  const TileRepair done = repair();
  EXPECT_TRUE(done.replaced.empty());
  EXPECT_NE(done.refused.find("older copy"), std::string::npos);
  EXPECT_NE(row().frozen, "");
}

TEST_F(RepairTilesTest, AnotherRootThanWasSigned_NothingIsWritten) {
  damage_tile(0);
  freeze("tile/0/000 is damaged");
  auto trees = trees_to_prove(*reader, row(), guarded(kTelemetry), trust());
  ASSERT_TRUE(trees);
  trees->front().root[0] ^= 1;
  const auto done = repair_tiles(*store, *reader, row(), *trees, {});
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_TRUE(done->replaced.empty());
  EXPECT_NE(done->refused.find("another root"), std::string::npos);
  EXPECT_NE(row().frozen, "");
}

TEST_F(RepairTilesTest, OlderGuard_ProvesNothing) {
  const std::string newest = guarded(kTelemetry);
  copy(guard_path(), dir.path() / "guard.old");
  grow(kTelemetry, 5, 2);
  close();
  copy(dir.path() / "guard.old", guard_path());
  ASSERT_TRUE(open()) << why;
  const auto trees = trees_to_prove(*reader, row(), newest, trust());
  ASSERT_FALSE(trees);
  EXPECT_NE(trees.error().what.find("older copy"), std::string::npos);
}

TEST_F(RepairTilesTest, Pruned_ComesFromACopyOrNotAtAll) {
  const auto backup = dir.path() / "copy.db";
  ASSERT_TRUE(logs->prune(log, 512, 1000));
  execute_at(store_path(), "VACUUM INTO '" + backup.string() + "'");
  damage_tile(0);
  const TileRepair alone = repair();
  EXPECT_TRUE(alone.replaced.empty());
  EXPECT_NE(alone.refused.find("pruned"), std::string::npos) << alone.refused;
  auto held = LedgerReader::open(backup);
  ASSERT_TRUE(held) << held.error().what;
  EXPECT_EQ(repair(TileCopy{**held, log}).replaced, Paths{"tile/0/000"});
  EXPECT_EQ(flaws(), 0U);
}

TEST_F(RepairTilesTest, ClosedLog_IsProvenByTheNoteThatCoversIt) {
  const auto size = *reader->log_size(log);
  ASSERT_TRUE(
      store->succeed_log(log, size, {kName, "bj1", kTelemetry, 2}, {}, {}));
  damage_tile(1);
  EXPECT_EQ(repair().replaced, Paths{"tile/0/001"});
  EXPECT_FALSE(row().frozen.empty());
  EXPECT_EQ(row().closed_at, size);
}

TEST_F(RepairTilesTest, Fault_IsNoRepair_AndTheNextRunGoesOn) {
  for (const bool after : {false, true}) {
    damage_tile(0);
    plan.steps_until_fault = 0;
    plan.after_doing_it = after;
    EXPECT_FALSE(try_repair());
    plan.steps_until_fault = -1;
    EXPECT_EQ(repair().replaced.size(), after ? 0U : 1U);
    EXPECT_EQ(flaws(), 0U);
  }
}

}  // namespace
}  // namespace strongroom
