// SPDX-License-Identifier: Apache-2.0
// What rots on the disk beside a running writer: the scrubber names it.
#include "ledger/check/scrubber.h"

#include <gtest/gtest.h>

#include "tests/ledger/test_logs.h"

namespace strongroom {
namespace {

using testing_ledger::TestLogs;

constexpr Stream kRecord = Stream::kRecord;
constexpr Stream kTelemetry = Stream::kTelemetry;

struct Round {
  std::vector<ScrubFlaw> flaws;
  std::uint64_t batches = 0;
  int steps = 0;
  std::string text() const {
    std::string all;
    for (const ScrubFlaw& flaw : flaws) {
      all += flaw.origin.text() + " " + std::to_string(flaw.index) +
             (flaw.tile ? " tile " : " entry ") + flaw.what + "\n";
    }
    return all;
  }
};

class ScrubberTest : public ::testing::Test, protected TestLogs {
 protected:
  /// 606 telemetry entries (2 full tiles and an edge), 12 in record.
  void SetUp() override {
    begin();
    grow(kTelemetry, 100, 6);
    grow(kRecord, 3, 3);
  }

  std::unique_ptr<Scrubber> scrubber() {
    auto own = LedgerReader::open(store_path());
    EXPECT_TRUE(own);
    return std::make_unique<Scrubber>(*std::move(own), *publication);
  }
  Round round(Scrubber& at, std::size_t max_batches = 3) {
    Round round;
    for (;;) {
      const auto step = at.step(max_batches);
      EXPECT_TRUE(step) << step.error().what;
      ++round.steps;
      round.batches += step->batches;
      EXPECT_LE(step->batches, max_batches);
      EXPECT_LE(step->at.index, step->at.size);
      std::ranges::copy(step->flaws, std::back_inserter(round.flaws));
      if (step->round_done || round.steps > 100'000) {
        EXPECT_TRUE(step->round_done);
        return round;
      }
    }
  }
  Round round() { return round(*scrubber()); }

  /// Alters one byte of a blob, expects exactly this, puts it back.
  void expect_named(const std::string& table,
                    const std::string& column,
                    const std::string& where,
                    std::size_t offset,
                    std::uint64_t index,
                    bool tile) {
    SCOPED_TRACE(table + " " + where + " byte " + std::to_string(offset));
    SQLite::Database db(store_path().string(), SQLite::OPEN_READWRITE, 5000);
    SQLite::Statement read(
        db, "SELECT " + column + " FROM " + table + " WHERE " + where);
    ASSERT_TRUE(read.executeStep());
    const auto* data =
        static_cast<const std::uint8_t*>(read.getColumn(0).getBlob());
    Bytes bytes(data, data + read.getColumn(0).getBytes());
    read.reset();
    const auto put = [&] {
      SQLite::Statement write(
          db, "UPDATE " + table + " SET " + column + " = ? WHERE " + where);
      write.bind(1, bytes.data(), static_cast<int>(bytes.size()));
      ASSERT_EQ(write.exec(), 1);
    };
    bytes[offset] ^= 0x10;
    put();
    const Round found = round();
    bytes[offset] ^= 0x10;
    put();
    ASSERT_EQ(found.flaws.size(), 1U) << found.text();
    EXPECT_EQ(found.flaws[0].index, index) << found.text();
    EXPECT_EQ(found.flaws[0].tile, tile) << found.text();
  }
  std::string of(Stream stream) {
    return "log_id = " + std::to_string(id(stream));
  }
};

TEST_F(ScrubberTest, SoundLogs_AreReadWholeAndFoundSound) {
  auto at = scrubber();
  for (const std::size_t max_batches : {1U, 2U, 3U, 5U, 1000U}) {
    const Round found = round(*at, max_batches);
    EXPECT_EQ(found.text(), "") << max_batches;
    EXPECT_EQ(found.batches, 9U) << "each batch once";
  }
  EXPECT_EQ(round(*at, 1).steps, 10) << "a batch each, and the empty registry";
}

TEST_F(ScrubberTest, AlteredEntry_IsNamed) {
  // Batches of 101 entries; the bundle's first entry begins at byte 2.
  for (const std::uint64_t first : {0U, 202U, 505U}) {
    const std::string where =
        of(kTelemetry) + " AND first_index = " + std::to_string(first);
    expect_named("batches", "entries", where, 2, first, false);
    expect_named("batches", "entries", where, 90, first, false);
    expect_named("batches", "header", where, 0, first + 100, false);
    expect_named("batches", "header", where, 70, first + 100, false);
  }
  expect_named(
      "batches", "entries", of(kRecord) + " AND first_index = 4", 9, 4, false);
}

TEST_F(ScrubberTest, LengthsThatDoNotAddUp_NameTheBatch) {
  const std::string where = of(kTelemetry) + " AND first_index = 202";
  expect_named("batches", "entries", where, 0, 202, false);
}

TEST_F(ScrubberTest, AlteredTile_IsNamedAtItsEntry) {
  for (const std::size_t offset : {0U, 33U, 4000U, 8191U}) {
    for (const int number : {0, 1}) {
      expect_named("tiles",
                   "hashes",
                   of(kTelemetry) + " AND number = " + std::to_string(number),
                   offset,
                   static_cast<std::uint64_t>(number) * 256 + offset / 32,
                   true);
    }
  }
}

TEST_F(ScrubberTest, AlteredUpperTile_IsNamedOnce) {
  grow(kTelemetry, 511, 129);  // 66 654 entries: one full tile above
  expect_named("tiles",
               "hashes",
               of(kTelemetry) + " AND level = 1 AND number = 0",
               200 * 32 + 5,
               0,
               true);
  EXPECT_EQ(round().text(), "");
}

TEST_F(ScrubberTest, MissingTileAndMissingBatch_AreNamed) {
  execute("DELETE FROM tiles WHERE number = 1 AND " + of(kTelemetry));
  const Round tile = round();
  ASSERT_EQ(tile.flaws.size(), 1U) << tile.text();
  EXPECT_EQ(tile.flaws[0].what, "tile/0/001 is missing");
  EXPECT_EQ(tile.flaws[0].index, 256U);
  execute("DELETE FROM batches WHERE first_index >= 303 AND " + of(kTelemetry));
  const Round rest = round();
  ASSERT_FALSE(rest.flaws.empty());
  EXPECT_LE(rest.flaws.size(), Scrubber::kMaxFlaws);
  EXPECT_TRUE(std::ranges::any_of(rest.flaws, [](const ScrubFlaw& flaw) {
    return flaw.index <= 303;
  })) << rest.text();
}

TEST_F(ScrubberTest, EntryAndTileOfOnePlace_AreBothNamed) {
  execute("UPDATE tiles SET hashes = zeroblob(8192) WHERE number = 0 AND " +
          of(kTelemetry));
  execute("UPDATE batches SET header = x'02' WHERE first_index = 0 AND " +
          of(kTelemetry));
  const Round found = round();
  ASSERT_EQ(found.flaws.size(), 2U) << found.text();
  EXPECT_TRUE(found.flaws[0].tile);
  EXPECT_FALSE(found.flaws[1].tile);
}

TEST_F(ScrubberTest, Flaw_IsNamedOnceARound) {
  execute("UPDATE batches SET header = x'02' WHERE first_index = 101 AND " +
          of(kTelemetry));
  auto at = scrubber();
  EXPECT_EQ(round(*at, 1).flaws.size(), 1U);
  EXPECT_EQ(round(*at, 2).flaws.size(), 1U);
}

TEST_F(ScrubberTest, PrunedRange_IsSoundAndItsTilesAreRead) {
  const auto done = logs->prune(id(kTelemetry), 512, 1000);
  ASSERT_TRUE(done);
  ASSERT_EQ(done->pruned_to, 512U);
  EXPECT_EQ(round().text(), "");
  expect_named(
      "tiles", "hashes", of(kTelemetry) + " AND number = 1", 64, 256, true);
  // A header that stays is read, too.
  expect_named("batches",
               "header",
               of(kTelemetry) + " AND first_index = 101",
               70,
               201,
               false);
}

TEST_F(ScrubberTest, ClosedLog_IsReadToItsEnd) {
  grow(kTelemetry, 100, 1);
  ASSERT_TRUE(logs->succeed(id(kTelemetry), 606, {}, {}));
  const std::string old =
      "log_id = " + std::to_string(published(kTelemetry)->log_id);
  EXPECT_EQ(round().text(), "");
  execute("UPDATE batches SET header = x'02' WHERE first_index = 606 AND " +
          old);
  EXPECT_EQ(round().text(), "") << "beyond its end";
  expect_named(
      "batches", "header", old + " AND first_index = 505", 70, 605, false);
}

TEST_F(ScrubberTest, LogWithoutANote_IsPassedOver) {
  ASSERT_TRUE(logs->succeed(id(kTelemetry), 101, {}, {}));
  ASSERT_EQ(published(kTelemetry)->note, "");
  const Round found = round();
  EXPECT_EQ(found.text(), "");
  EXPECT_EQ(found.batches, 3U);
}

TEST_F(ScrubberTest, BesideAWriter_ReadsWhatWasPublishedWhenItCame) {
  auto at = scrubber();
  std::uint64_t steps = 0;
  for (bool done = false; !done && steps < 100; ++steps) {
    grow(kTelemetry, 40, 1);
    grow(kRecord, 2, 1);
    const auto step = at->step(1);
    ASSERT_TRUE(step) << step.error().what;
    EXPECT_TRUE(step->flaws.empty());
    done = step->round_done;
  }
  EXPECT_LT(steps, 40U) << "a log that grows comes to an end";
  EXPECT_EQ(round(*at).text(), "");
}

TEST_F(ScrubberTest, Resumed_GoesOnWhereItWas) {
  execute(
      "UPDATE batches SET header = x'02' WHERE first_index IN (0, 505)"
      " AND " +
      of(kTelemetry));
  auto at = scrubber();
  at->resume({*Origin::parse("test.example/bj1/telemetry/1"), 300, 606});
  const Round rest = round(*at);
  ASSERT_EQ(rest.flaws.size(), 1U) << rest.text();
  EXPECT_EQ(rest.flaws[0].index, 605U);
  EXPECT_EQ(round(*at).flaws.size(), 2U) << "the next round is a whole one";
  // A place that there is not any more.
  at->resume({*Origin::parse("test.example/bj1/telemetry/1"), 9999, 9999});
  EXPECT_EQ(round(*at).batches, 1U) << "that of the last tile";
  EXPECT_EQ(round(*at).flaws.size(), 2U);
}

}  // namespace
}  // namespace strongroom
