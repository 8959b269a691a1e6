// SPDX-License-Identifier: Apache-2.0
// The single writer over real files: generations, notes, and bytes that do not
// read back.
#include <gtest/gtest.h>

#include "tests/ledger/test_logs.h"

namespace strongroom {
namespace {

using testing_ledger::TestLogs;

constexpr Stream kRecord = Stream::kRecord;
constexpr Stream kTelemetry = Stream::kTelemetry;

class LogWriterTest : public ::testing::Test, protected TestLogs {
 protected:
  void SetUp() override { begin(); }

  /// Every event and header of a published log is proven under its note.
  void expect_proven(const std::shared_ptr<const PublishedLog>& log) {
    ASSERT_NE(log, nullptr);
    const auto checkpoint = open_checkpoint(log->note, trust());
    ASSERT_TRUE(checkpoint) << checkpoint.error().what;
    EXPECT_EQ(*checkpoint, log->checkpoint);
    EXPECT_EQ(log->edge.size(), checkpoint->size);
    EXPECT_EQ(log->edge.root(), checkpoint->root);
    TileCache cache(8);
    Subtrees tree(log->edge, cache, [&](int level, std::uint64_t number) {
      return reader->tile(log->log_id, level, number);
    });
    for (std::uint64_t index = 0; index < checkpoint->size; index += 37) {
      const auto row = reader->batch_at(log->log_id, index);
      ASSERT_TRUE(row && *row) << index;
      const auto leaves = all_leaves_of(**row, *reader);
      ASSERT_TRUE(leaves) << leaves.error().what;
      const auto path = tree.inclusion(index, checkpoint->size);
      ASSERT_TRUE(path) << path.error().what;
      EXPECT_EQ(root_from_inclusion(index,
                                    checkpoint->size,
                                    (*leaves)[index - (*row)->first_index],
                                    *path),
                checkpoint->root);
    }
  }
};

TEST_F(LogWriterTest, EachCommit_StoresTheNoteBeforeIt) {
  const LogId log = id(kTelemetry);
  std::string before = logs->note(log);
  for (int i = 0; i < 3; ++i) {
    grow(kTelemetry, 5, 1);
    EXPECT_EQ(reader->note(log).value(), before);
    before = logs->note(log);
    EXPECT_EQ(guarded(kTelemetry), before);
  }
  EXPECT_EQ(reader->note(id(kRecord)).value(), "") << "nothing was committed";
}

TEST_F(LogWriterTest, Successor_IsEmptyAndTheOldLogIsServedAsItWas) {
  grow(kTelemetry, 100, 6);
  const LogId old = id(kTelemetry);
  const std::string note = logs->note(old);
  const auto next = logs->succeed(old, 606, {}, {});
  ASSERT_TRUE(next) << next.error().what;
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(id(kTelemetry), *next) << "the newest generation is written";
    EXPECT_TRUE(logs->awaits_succession(*next));
    EXPECT_FALSE(logs->awaits_succession(id(kRecord)));
    EXPECT_EQ(logs->closed_at(old), 606U);
    EXPECT_FALSE(logs->closed_at(*next));
    EXPECT_EQ(logs->frozen(old), "succeeded by test.example/bj1/telemetry/2");
    EXPECT_EQ(logs->frozen(*next), "");
    const auto closed = published(kTelemetry);
    EXPECT_EQ(closed->note, note);
    EXPECT_EQ(closed->closed_at, 606U);
    expect_proven(closed);
    EXPECT_EQ(published(kTelemetry, 2)->checkpoint.size, 0U);
    EXPECT_EQ(published(kTelemetry, 2)->note, guarded(kTelemetry, 2));
    ASSERT_TRUE(open()) << why;
  }
  grow(kTelemetry, 3, 1);
  EXPECT_FALSE(logs->awaits_succession(*next));
  EXPECT_EQ(published(kTelemetry, 2)->checkpoint.size, 4U);
  EXPECT_EQ(published(kTelemetry)->note, note);
}

TEST_F(LogWriterTest, ClosedLog_NeverSigns) {
  grow(kTelemetry, 100, 3);
  const LogId old = id(kTelemetry);
  // Committed and not signed: what a start would go on with.
  plan.steps_until_fault = 1;
  stage(kTelemetry, 100);
  EXPECT_FALSE(logs->commit());
  plan.steps_until_fault = -1;
  const std::string note = guarded(kTelemetry);
  close();
  {
    auto at =
        open_sqlite_ledger_store(store_path(), dir.path() / "erasable.db");
    ASSERT_TRUE((*at)->succeed_log(
        old, 404, *Origin::parse("test.example/bj1/telemetry/2"), {}, {}));
  }
  for (int start = 0; start < 2; ++start) {
    ASSERT_TRUE(open()) << why;
    EXPECT_EQ(guarded(kTelemetry), note);
    EXPECT_EQ(published(kTelemetry)->note, note);
    EXPECT_EQ(published(kTelemetry)->checkpoint.size, 303U);
    EXPECT_EQ(published(kTelemetry)->closed_at, 404U);
    EXPECT_FALSE(guarded(kTelemetry, 2).empty()) << "the successor is signed";
    for (const GuardEntry& entry : guard->signed_notes) {
      EXPECT_NE(entry.origin, "test.example/bj1/telemetry/1");
    }
  }
  const Bytes event{1};
  const std::vector<ByteView> events{event};
  const std::vector<Hash> leaves{Hash{}};
  EXPECT_DEATH(logs->append(old, {.events = events, .leaves = leaves}),
               "a frozen log takes no entry");
}

TEST_F(LogWriterTest, ClosedLog_IsServedUnderTheNewestNoteThatItMatches) {
  grow(kTelemetry, 100, 4);  // guard: 404; stored: 303
  const LogId old = id(kTelemetry);
  ASSERT_TRUE(logs->succeed(old, 303, {}, {}));
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(published(kTelemetry)->checkpoint.size, 303U);
    EXPECT_EQ(published(kTelemetry)->note, reader->note(old).value());
    expect_proven(published(kTelemetry));
    EXPECT_EQ(reader->log_size(old).value(), 303U);
    ASSERT_TRUE(open()) << why;
  }
}

// The tiles beyond its end are still there, and would give the root.
TEST_F(LogWriterTest, ClosedLog_IsNotServedBeyondItsEndByTilesAlone) {
  grow(kTelemetry, 127, 4);  // ends at 128, 256, 384, 512
  ASSERT_TRUE(logs->succeed(id(kTelemetry), 384, {}, {}));
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(published(kTelemetry)->checkpoint.size, 384U);
    expect_proven(published(kTelemetry));
    ASSERT_TRUE(open()) << why;
  }
}

TEST_F(LogWriterTest, ClosedLog_WithoutANoteThatItMatches_IsNotServed) {
  grow(kTelemetry, 100, 4);
  ASSERT_TRUE(logs->succeed(id(kTelemetry), 202, {}, {}));
  EXPECT_EQ(published(kTelemetry)->note, "");
  ASSERT_TRUE(open()) << why;
  EXPECT_EQ(published(kTelemetry)->note, "");
  // And one whose tree was altered.
  grow(kRecord, 3, 2);
  const LogId record = id(kRecord);
  ASSERT_TRUE(logs->succeed(record, 8, {}, {}));
  EXPECT_EQ(published(kRecord)->checkpoint.size, 8U);
  execute("UPDATE batches SET header = x'02' WHERE log_id = " +
          std::to_string(record));
  ASSERT_TRUE(open()) << why;
  EXPECT_EQ(published(kRecord)->note, "");
}

TEST_F(LogWriterTest, SuccessionStoppedAtAnyStep_GoesOnAtTheNextStart) {
  grow(kTelemetry, 10, 2);
  for (const bool after : {false, true}) {
    for (int step = 0; step < 2; ++step) {
      SCOPED_TRACE(step);
      const LogId old = id(kTelemetry);
      const std::uint32_t generation = logs->origin(old).generation;
      const std::uint64_t size = logs->signed_checkpoint(old).size;
      plan.steps_until_fault = step;
      plan.after_doing_it = after;
      EXPECT_FALSE(logs->succeed(old, size, {}, {}));
      plan.steps_until_fault = -1;
      ASSERT_TRUE(open()) << why;
      if (step == 0 && !after) {
        EXPECT_EQ(id(kTelemetry), old) << "nothing was done";
        continue;
      }
      EXPECT_EQ(logs->origin(id(kTelemetry)).generation, generation + 1);
      EXPECT_TRUE(logs->awaits_succession(id(kTelemetry)));
      EXPECT_EQ(published(kTelemetry, generation + 1)->note,
                guarded(kTelemetry, generation + 1));
      EXPECT_FALSE(guarded(kTelemetry, generation + 1).empty());
      EXPECT_EQ(published(kTelemetry, generation)->checkpoint.size, size);
      grow(kTelemetry, 4, 1);
    }
  }
}

// Step 3: a bit turns on its way to the disk.
TEST_F(LogWriterTest, FlippedBit_FreezesThatLogAlone) {
  grow(kTelemetry, 5, 1);
  grow(kRecord, 5, 1);
  const std::string telemetry = logs->note(id(kTelemetry));
  store->alter = [&](CommitRows& rows) {
    for (BatchRow& row : rows.batches) {
      if (row.log_id == id(kTelemetry)) {
        row.entries[40] ^= 4;
      }
    }
  };
  stage(kTelemetry, 5);
  stage(kRecord, 5);
  const auto done = logs->commit();
  ASSERT_TRUE(done) << done.error().what;
  store->alter = nullptr;
  EXPECT_NE(logs->frozen(id(kTelemetry)), "");
  EXPECT_EQ(logs->frozen(id(kRecord)), "");
  EXPECT_EQ(published(kRecord)->checkpoint.size, 12U);
  EXPECT_EQ(published(kTelemetry)->note, telemetry);
  EXPECT_EQ(guarded(kTelemetry), telemetry);
  grow(kRecord, 5, 1);
  // The altered row stands in the database; it is never signed.
  ASSERT_TRUE(open()) << why;
  EXPECT_NE(logs->frozen(id(kTelemetry)), "");
  EXPECT_EQ(guarded(kTelemetry), telemetry);
  expect_proven(published(kTelemetry));
  expect_proven(published(kRecord));
}

TEST_F(LogWriterTest, FlippedBitOfATile_FreezesThatLogAlone) {
  grow(kRecord, 5, 1);
  store->alter = [](CommitRows& rows) {
    for (TileRow& row : rows.tiles) {
      row.hashes[99] ^= 1;
    }
  };
  stage(kTelemetry, 300);
  stage(kRecord, 5);
  ASSERT_TRUE(logs->commit());
  store->alter = nullptr;
  EXPECT_NE(logs->frozen(id(kTelemetry)).find("tile/0/000"), std::string::npos);
  EXPECT_EQ(published(kRecord)->checkpoint.size, 12U);
  EXPECT_EQ(published(kTelemetry)->checkpoint.size, 0U);
}

TEST_F(LogWriterTest, ShownNote_IsKeptWithTheFrozenLog) {
  grow(kRecord, 5, 1);
  ASSERT_TRUE(logs->freeze(id(kRecord), "somebody showed a note", "the note"));
  EXPECT_EQ(reader->logs()->at(1).shown_note, "the note");
  ASSERT_TRUE(open());
  EXPECT_NE(logs->frozen(id(kRecord)), "");
  expect_proven(published(kRecord));
}

/// A log of 1 212 entries whose tiles are sound.
class PruningTest : public LogWriterTest {
 protected:
  void SetUp() override {
    LogWriterTest::SetUp();
    grow(kTelemetry, 100, 12);
  }
  std::uint64_t prune(std::uint64_t to) {
    for (;;) {
      const auto done = logs->prune(id(kTelemetry), to, 2);
      EXPECT_TRUE(done) << done.error().what;
      refused = done ? done->refused : done.error().what;
      bad_index = done ? done->bad_index : std::nullopt;
      const std::uint64_t at = logs->pruned_to(id(kTelemetry));
      EXPECT_EQ(done->pruned_to, at);
      if (!refused.empty() || at >= to) {
        return at;
      }
    }
  }
  std::string refused;
  std::optional<std::uint64_t> bad_index;
};

TEST_F(PruningTest, KeepsEveryProof) {
  const std::string note = logs->note(id(kTelemetry));
  EXPECT_EQ(prune(1024), 1024U);
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(published(kTelemetry)->pruned_to, 1024U);
    EXPECT_EQ(published(kTelemetry)->note, note);
    expect_proven(published(kTelemetry));
    ASSERT_TRUE(open()) << why;
  }
  grow(kTelemetry, 100, 3);
  expect_proven(published(kTelemetry));
  // What is gone is said to be gone, not to be damaged.
  const auto row = reader->batch_at(id(kTelemetry), 5);
  const auto entries = entries_of(**row);
  ASSERT_FALSE(entries);
  EXPECT_NE(entries.error().what.find("pruned"), std::string::npos);
  const auto kept = kept_entries_of(**row);
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept->front().empty());
  EXPECT_FALSE(kept->back().empty());
}

TEST_F(PruningTest, NeverGoesBeyondWhatWasSigned) {
  EXPECT_EQ(prune(1280), 0U);
  EXPECT_NE(refused, "");
}

TEST_F(PruningTest, StopsBeforeAnEntryThatIsNotWhatItsTileSays) {
  execute(
      "UPDATE batches SET header = x'02' WHERE first_index = 505"
      " AND log_id = " +
      std::to_string(id(kTelemetry)));
  EXPECT_EQ(prune(1024), 512U) << "index 605 is beyond two tiles";
  EXPECT_EQ(bad_index, 605U);
  EXPECT_NE(refused.find("index 605"), std::string::npos) << refused;
  expect_proven(published(kTelemetry));
}

TEST_F(PruningTest, StopsBeforeADamagedTile) {
  execute("UPDATE tiles SET hashes = zeroblob(8192) WHERE number = 1");
  EXPECT_EQ(prune(1024), 256U);
  EXPECT_NE(refused.find("tile/0/001"), std::string::npos) << refused;
  EXPECT_FALSE(bad_index);
}

TEST_F(PruningTest, OfAFrozenLog_IsRefused_OfAClosedOne_IsNot) {
  const LogId log = id(kTelemetry);
  ASSERT_TRUE(logs->freeze(log, "why"));
  EXPECT_EQ(prune(512), 0U);
  EXPECT_NE(refused, "");
  ASSERT_TRUE(logs->succeed(log, 1212, {}, {}));
  const auto done = logs->prune(log, 512, 100);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->pruned_to, 512U);
  expect_proven(published(kTelemetry));
  ASSERT_TRUE(open()) << why;
  EXPECT_EQ(published(kTelemetry)->pruned_to, 512U);
  expect_proven(published(kTelemetry));
}

TEST_F(PruningTest, StoppedAtAnyStep_IsDoneOrNot) {
  for (const bool after : {false, true}) {
    const std::uint64_t before = logs->pruned_to(id(kTelemetry));
    plan.steps_until_fault = 0;
    plan.after_doing_it = after;
    EXPECT_FALSE(logs->prune(id(kTelemetry), before + 256, 100));
    plan.steps_until_fault = -1;
    ASSERT_TRUE(open()) << why;
    EXPECT_EQ(logs->pruned_to(id(kTelemetry)), before + (after ? 256 : 0));
    EXPECT_EQ(logs->frozen(id(kTelemetry)), "");
    expect_proven(published(kTelemetry));
  }
}

// The next start verifies what the guard does not know, pruned or not.
TEST_F(PruningTest, BelowAnOlderGuardWithoutNotes_IsReplayedFromTheTiles) {
  close();
  copy(guard_path(), dir.path() / "guard.old");
  ASSERT_TRUE(open()) << why;
  grow(kTelemetry, 100, 12);
  EXPECT_EQ(prune(2304), 2304U);
  const std::string note = logs->note(id(kTelemetry));
  close();
  copy(dir.path() / "guard.old", guard_path());
  execute("DELETE FROM notes");  // as in a file that was of version 2
  ASSERT_TRUE(open()) << why;
  EXPECT_EQ(logs->frozen(id(kTelemetry)), "");
  EXPECT_EQ(published(kTelemetry)->checkpoint.size, 2424U);
  expect_proven(published(kTelemetry));
}

}  // namespace
}  // namespace strongroom
