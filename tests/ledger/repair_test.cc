// SPDX-License-Identifier: Apache-2.0
#include "ledger/log/repair.h"

#include <gtest/gtest.h>

#include "ledger/check/scrubber.h"
#include "tests/ledger/test_logs.h"

namespace strongroom {
namespace {

using testing_ledger::TestLogs;

constexpr Stream kTelemetry = Stream::kTelemetry;

/// 606 entries in batches of 101: the ones at 0, 101, 202 and 303 are below
/// full tiles, that of 404 reaches over the last one's end (512), 505 is
/// behind.
class RepairTest : public ::testing::Test, protected TestLogs {
 protected:
  void SetUp() override {
    begin();
    grow(kTelemetry, 100, 6);
    grow(kTelemetry, 10, 2);
    log = id(kTelemetry);
    ASSERT_TRUE(reader->scan(log, 0, [&](const BatchRow& row) {
      rows[row.first_index] = row;
      return true;
    }));
  }

  Repair repair(const std::vector<BatchRow>& batches) {
    const auto done =
        repair_batches(*store, *reader, logs->signed_checkpoint(log), batches);
    EXPECT_TRUE(done) << done.error().what;
    return done ? *done : Repair{};
  }
  void damage(std::uint64_t first) {
    execute(
        "UPDATE batches SET entries = zeroblob(length(entries))"
        " WHERE log_id = " +
        std::to_string(log) + " AND first_index = " + std::to_string(first));
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
  using Indices = std::vector<std::uint64_t>;

  LogId log = 0;
  std::map<std::uint64_t, BatchRow> rows;
};

TEST_F(RepairTest, DamagedBatch_IsPutBackWhereverItStands) {
  for (const auto& [first, row] : rows) {
    SCOPED_TRACE(first);
    damage(first);
    ASSERT_EQ(flaws(), 1U);
    const Repair done = repair({row});
    EXPECT_EQ(done.replaced, Indices{first});
    EXPECT_TRUE(done.refused.empty());
    EXPECT_EQ(flaws(), 0U);
    EXPECT_EQ(repair({row}).sound, Indices{first}) << "nothing to do";
  }
  ASSERT_TRUE(open()) << why;
  EXPECT_EQ(logs->frozen(log), "");
}

TEST_F(RepairTest, MissingRow_IsPutBack) {
  for (const std::uint64_t first : {101U, 505U, 617U}) {
    execute("DELETE FROM batches WHERE log_id = " + std::to_string(log) +
            " AND first_index = " + std::to_string(first));
    ASSERT_NE(flaws(), 0U);
    EXPECT_EQ(repair({rows[first]}).replaced, Indices{first});
    EXPECT_EQ(flaws(), 0U);
  }
}

TEST_F(RepairTest, TwoAtTheEdge_GoTogetherOrNotAtAll) {
  damage(606);
  damage(505);
  const Repair alone = repair({rows[505]});
  EXPECT_TRUE(alone.replaced.empty());
  ASSERT_EQ(alone.refused.size(), 1U);
  EXPECT_EQ(repair({rows[505], rows[606]}).replaced, (Indices{505, 606}));
  EXPECT_EQ(flaws(), 0U);
}

TEST_F(RepairTest, OtherBytes_AreRefusedWhateverTheySay) {
  for (const std::uint64_t first : {101U, 505U, 606U}) {
    SCOPED_TRACE(first);
    damage(first);
    const BatchRow right = rows[first];
    std::vector<std::pair<const char*, BatchRow>> wrong;
    const auto with = [&](const char* what, auto change) {
      BatchRow row = right;
      change(row);
      wrong.emplace_back(what, std::move(row));
    };
    with("an event", [](BatchRow& row) { row.entries[30] ^= 1; });
    with("the signature", [](BatchRow& row) { row.header[10] ^= 1; });
    with("the header", [](BatchRow& row) { row.header.back() ^= 1; });
    with("no header", [](BatchRow& row) { row.header = {1}; });
    with("the count", [](BatchRow& row) { --row.count; });
    with("the source", [](BatchRow& row) { row.source = "edge-2@bj1"; });
    with("the epoch", [](BatchRow& row) { ++row.epoch; });
    with("the sequence", [](BatchRow& row) { ++row.first_seq; });
    with("nothing", [](BatchRow& row) { row.entries.clear(); });
    // A whole batch, rightly signed, of another place.
    with("another batch", [&](BatchRow& row) {
      row = rows[202];
      row.first_index = right.first_index;
    });
    for (const auto& [what, row] : wrong) {
      const Repair done = repair({row});
      EXPECT_TRUE(done.replaced.empty()) << what;
      EXPECT_EQ(done.refused.size(), 1U) << what;
    }
    EXPECT_NE(flaws(), 0U);
    EXPECT_EQ(repair({right}).replaced, Indices{first});
  }
}

TEST_F(RepairTest, OneRefusal_StopsNoOther) {
  damage(0);
  damage(101);
  BatchRow wrong = rows[0];
  wrong.entries[30] ^= 1;
  const Repair done = repair({wrong, rows[101]});
  EXPECT_EQ(done.replaced, Indices{101});
  ASSERT_EQ(done.refused.size(), 1U);
  EXPECT_EQ(done.refused[0].first_index, 0U);
}

TEST_F(RepairTest, PrunedAndUnsigned_AreRefused) {
  ASSERT_TRUE(logs->prune(log, 256, 1000));
  EXPECT_EQ(repair({rows[0]}).refused.size(), 1U);
  EXPECT_EQ(repair({rows[202]}).refused.size(), 1U);
  EXPECT_EQ(flaws(), 0U) << "what was pruned stays so";
  BatchRow beyond = rows[617];
  beyond.first_index = 628;
  EXPECT_EQ(repair({beyond}).refused.size(), 1U);
}

TEST_F(RepairTest, DamagedTile_LetsNothingIn) {
  execute("UPDATE tiles SET hashes = zeroblob(8192) WHERE number = 0");
  damage(0);
  EXPECT_EQ(repair({rows[0]}).refused.size(), 1U);
}

TEST_F(RepairTest, Fault_IsNoRepair) {
  damage(101);
  plan.steps_until_fault = 0;
  EXPECT_FALSE(repair_batches(*store,
                              *reader,
                              logs->signed_checkpoint(log),
                              std::vector<BatchRow>{rows[101]}));
  plan.steps_until_fault = -1;
  EXPECT_EQ(repair({rows[101]}).replaced, Indices{101});
}

}  // namespace
}  // namespace strongroom
