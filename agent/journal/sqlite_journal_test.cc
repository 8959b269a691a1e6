// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/sqlite_journal.h"

#include <csignal>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "agent/journal/check_journal.h"
#include "agent/journal/journal_test_util.h"
#include "platform/system/files.h"
#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using testing_journal::kEpochOne;
using testing_journal::kEpochTwo;
using testing_journal::kNow;
using testing_journal::kSource;
using testing_journal::open;
using testing_journal::test_signer;
using testing_journal::TestSource;
using testing_journal::write_sample;
using testing_journal::Writer;

constexpr auto kFirstStart = strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START;
constexpr auto kLost = strongroom_v1_EpochReason_EPOCH_REASON_JOURNAL_LOST;
constexpr auto kCorrupt =
    strongroom_v1_EpochReason_EPOCH_REASON_JOURNAL_CORRUPT;
constexpr auto kGoesOn = strongroom_v1_EpochReason_EPOCH_REASON_UNSPECIFIED;

class SqliteJournalTest : public ::testing::Test {
 protected:
  std::vector<fs::path> set_aside() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(directory_.path())) {
      if (entry.path().filename().string().find("set-aside") !=
          std::string::npos) {
        found.push_back(entry.path());
      }
    }
    std::ranges::sort(found);
    return found;
  }
  void damage(const std::string& sql) {
    SQLite::Database db(path_.string(), SQLite::OPEN_READWRITE);
    db.exec(sql);
  }

  TemporaryDirectory directory_;
  const fs::path path_ = directory_ / "journal.db";
};

// --- start ------------------------------------------------------------------

TEST_F(SqliteJournalTest, Open_Fresh_IsFirstStart) {
  const OpenedJournal opened = open(path_);
  EXPECT_EQ(opened.opened_because, kFirstStart);
  EXPECT_EQ(opened.state.streams[0].tail, 0U);
  EXPECT_TRUE(opened.set_aside.empty());
}

TEST_F(SqliteJournalTest, Open_AfterWriting_ContinuesWithEverything) {
  write_sample(path_);
  const OpenedJournal opened = open(path_);
  EXPECT_EQ(opened.opened_because, kGoesOn);
  const StreamState& record = opened.state.streams[0];
  EXPECT_EQ(record.tail, 6U);
  EXPECT_EQ(record.cut, 4U);
  EXPECT_EQ(record.delivered, 2U);
  EXPECT_EQ(record.held_origin, "ledger.example/bj1/record/1");
  EXPECT_GT(record.tail_recorded, WallTime{});
  const StreamState& telemetry = opened.state.streams[1];
  ASSERT_EQ(telemetry.epochs.size(), 2U);
  EXPECT_EQ(telemetry.epochs[0].stopped_at, 2U);
  EXPECT_EQ(telemetry.epochs[1].epoch, kEpochTwo);
  EXPECT_EQ(telemetry.delivered, 4U);
  ASSERT_EQ(opened.state.descriptions.size(), 1U);
  const std::vector<PanelCursor> cursors = {
      {"door-1", 0xfedcba98, 4711, 3, sha256(as_bytes("list")), 0x305}};
  EXPECT_EQ(opened.state.panel_cursors, cursors);
  EXPECT_EQ(opened.state.last_transaction, 3U);
}

TEST_F(SqliteJournalTest, Open_FileGone_SaysLost) {
  write_sample(path_);
  fs::remove(path_);
  EXPECT_EQ(open(path_).opened_because, kLost);
}

TEST_F(SqliteJournalTest, Open_EmptyFile_BeginsAnew) {
  write_sample(path_);
  fs::resize_file(path_, 0);
  EXPECT_EQ(open(path_).opened_because, kLost);
}

TEST_F(SqliteJournalTest, Open_Garbage_IsSetAsideWithItsBytes) {
  const std::string garbage(5000, 'x');
  write_text(path_, garbage);
  const OpenedJournal opened = open(path_);
  EXPECT_EQ(opened.opened_because, kCorrupt);
  ASSERT_EQ(set_aside().size(), 1U);
  EXPECT_EQ(set_aside()[0].filename(), opened.set_aside);
  EXPECT_EQ(*read_file(set_aside()[0]), garbage);
  EXPECT_FALSE(opened.damage.empty());
}

TEST_F(SqliteJournalTest, Open_TornFile_IsSetAsideWithItsBytes) {
  write_sample(path_);
  fs::resize_file(path_, fs::file_size(path_) / 2 + 100);
  const std::string torn = *read_file(path_);
  const OpenedJournal opened = open(path_);
  EXPECT_EQ(opened.opened_because, kCorrupt);
  ASSERT_GE(set_aside().size(), 1U);
  EXPECT_EQ(*read_file(set_aside()[0]), torn);
}

TEST_F(SqliteJournalTest,
       Open_AlteredOwedEvent_IsSetAside_AndTellsThePrevious) {
  write_sample(path_);
  damage(
      "UPDATE record_events SET event = substr(event, 1, 60) || x'00' || "
      "substr(event, 62) WHERE position = 5");
  OpenedJournal opened = open(path_);
  EXPECT_EQ(opened.opened_because, kCorrupt);
  EXPECT_TRUE(opened.damage.starts_with("record 5")) << opened.damage;
  const auto none = strongroom_v1_ChainHead{};
  EXPECT_EQ(opened.previous[0].value_or(none).epoch, kEpochOne);
  EXPECT_EQ(opened.previous[0].value_or(none).seq, 6U);
  EXPECT_EQ(opened.previous[1].value_or(none).epoch, kEpochTwo);
  // The new one works, and the old one can still be looked at.
  opened.journal.reset();
  const auto report = check_journal(set_aside()[0], {{}, std::nullopt});
  ASSERT_TRUE(report.has_value()) << report.error().what;
  EXPECT_TRUE(report->flaw.value_or("").starts_with("record 5"));
}

TEST_F(SqliteJournalTest, Open_AlteredDeliveredEvent_IsLeftToFsck) {
  write_sample(path_);
  damage("UPDATE record_events SET event = x'00' WHERE position = 1");
  EXPECT_EQ(open(path_).opened_because, kGoesOn);
}

TEST_F(SqliteJournalTest, Open_CrashWithoutClose_RecoversTheWal) {
  const fs::path crashed = directory_ / "crashed.db";
  {
    OpenedJournal opened = open(path_);
    Writer writer(opened);
    TestSource record("edge-1@bj1", Stream::kRecord, kEpochOne);
    TestSource telemetry("edge-1@bj1", Stream::kTelemetry, kEpochOne);
    writer.open_epoch(Stream::kRecord, kEpochOne, record);
    writer.open_epoch(Stream::kTelemetry, kEpochOne, telemetry);
    writer.commit();
    fs::copy_file(path_, crashed);
    fs::copy_file(path_.string() + "-wal", crashed.string() + "-wal");
  }
  const OpenedJournal opened = open(crashed);
  EXPECT_EQ(opened.opened_because, kGoesOn);
  EXPECT_EQ(opened.state.streams[0].tail, 1U);
}

TEST_F(SqliteJournalTest, Open_TornWal_IsAnEarlierState_OrSetAside) {
  {
    OpenedJournal opened = open(path_);
    Writer writer(opened);
    TestSource record("edge-1@bj1", Stream::kRecord, kEpochOne);
    TestSource telemetry("edge-1@bj1", Stream::kTelemetry, kEpochOne);
    writer.open_epoch(Stream::kRecord, kEpochOne, record);
    writer.open_epoch(Stream::kTelemetry, kEpochOne, telemetry);
    writer.commit();
    for (int i = 0; i < 5; ++i) {
      writer.boots(Stream::kRecord, record, 1);
      writer.commit();
    }
    fs::copy_file(path_, directory_ / "base");
    fs::copy_file(path_.string() + "-wal", directory_ / "wal");
  }
  const auto size = fs::file_size(directory_ / "wal");
  for (std::uintmax_t cut = 0; cut < size; cut += 1237) {
    const TemporaryDirectory torn;
    fs::copy_file(directory_ / "base", torn / "journal.db");
    fs::copy_file(directory_ / "wal", torn / "journal.db-wal");
    fs::resize_file(torn / "journal.db-wal", cut);
    const auto opened = open_journal(torn / "journal.db", kSource, kNow);
    ASSERT_TRUE(opened.has_value()) << cut << ": " << opened.error().what;
    EXPECT_LE(opened->state.streams[0].tail, 6U);
  }
}

TEST_F(SqliteJournalTest, Open_SetAsideKeepsTheWalUnfolded) {
  const fs::path crashed = directory_ / "crashed.db";
  {
    OpenedJournal opened = open(path_);
    Writer writer(opened);
    TestSource record("edge-1@bj1", Stream::kRecord, kEpochOne);
    TestSource telemetry("edge-1@bj1", Stream::kTelemetry, kEpochOne);
    writer.open_epoch(Stream::kRecord, kEpochOne, record);
    writer.open_epoch(Stream::kTelemetry, kEpochOne, telemetry);
    // A chain that does not hold: damage that only our check sees.
    TestSource stranger("edge-1@bj1", Stream::kRecord, kEpochTwo);
    writer.boots(Stream::kRecord, stranger, 1);
    writer.commit();
    fs::copy_file(path_, crashed);
    fs::copy_file(path_.string() + "-wal", crashed.string() + "-wal");
  }
  const std::string wal = *read_file(crashed.string() + "-wal", 1 << 24);
  const OpenedJournal opened = open(crashed);
  EXPECT_EQ(opened.opened_because, kCorrupt);
  const fs::path kept = directory_ / (opened.set_aside + "-wal");
  ASSERT_TRUE(fs::exists(kept));
  EXPECT_EQ(*read_file(kept, 1 << 24), wal);
}

TEST_F(SqliteJournalTest, Open_ReasonSurvivesACrashBeforeTheFirstEvent) {
  write_text(path_, std::string(5000, 'x'));
  const std::string aside = open(path_).set_aside;
  const OpenedJournal again = open(path_);
  EXPECT_EQ(again.opened_because, kCorrupt);
  EXPECT_EQ(again.set_aside, aside);
}

TEST_F(SqliteJournalTest, Open_TwiceInOneSecond_KeepsBothSetAside) {
  write_text(path_, std::string(5000, 'x'));
  open(path_);
  fs::remove(path_.string() + "-wal");
  write_text(path_, std::string(5000, 'y'));
  open(path_);
  EXPECT_EQ(set_aside().size(), 2U);
}

TEST_F(SqliteJournalTest, Open_WhileHeld_IsAFaultAndTouchesNothing) {
  const OpenedJournal first = open(path_);
  const auto second = open_journal(path_, kSource, kNow);
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().what.find(".lock"), std::string::npos);
  EXPECT_TRUE(set_aside().empty());
}

TEST_F(SqliteJournalTest, Open_OfAnotherSource_IsAFault) {
  write_sample(path_);
  const auto opened = open_journal(path_, {"edge-2", "bj1"}, kNow);
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().what.find("edge-1@bj1"), std::string::npos);
  EXPECT_TRUE(set_aside().empty());
}

// Whatever is flipped in the file, the agent starts, and keeps the bytes.
TEST_F(SqliteJournalTest, Open_AnyFlippedByteOfTheFile_Starts) {
  write_sample(path_);
  const std::string whole = *read_file(path_);
  for (std::size_t at = 0; at < whole.size(); at += 1021) {
    const TemporaryDirectory place;
    std::string altered = whole;
    altered[at] = static_cast<char>(altered[at] ^ 0x20);
    write_text(place / "journal.db", altered);
    const auto opened = open_journal(place / "journal.db", kSource, kNow);
    ASSERT_TRUE(opened.has_value()) << at << ": " << opened.error().what;
    if (opened->opened_because == kCorrupt) {
      EXPECT_EQ(*read_file(place / opened->set_aside), altered) << at;
    }
  }
}

// --- commit -----------------------------------------------------------------

class WritingTest : public SqliteJournalTest {
 protected:
  WritingTest() : opened_(open(path_)), writer_(opened_) {
    writer_.open_epoch(Stream::kRecord, kEpochOne, record_);
    writer_.open_epoch(Stream::kTelemetry, kEpochOne, telemetry_);
    writer_.commit();
  }
  OpenedJournal opened_;
  Writer writer_;
  TestSource record_{"edge-1@bj1", Stream::kRecord, kEpochOne};
  TestSource telemetry_{"edge-1@bj1", Stream::kTelemetry, kEpochOne};
};

TEST_F(WritingTest, Commit_RepeatedUnderItsNumber_IsDoneOnce) {
  writer_.boots(Stream::kRecord, record_, 1);
  JournalTransaction turn = writer_.turn();
  writer_.commit();
  turn.number = 2;
  EXPECT_TRUE(opened_.journal->commit(turn).has_value());
  EXPECT_EQ(opened_.journal->events(Stream::kRecord, 1, 10, 1 << 20)->size(),
            2U);
}

TEST_F(WritingTest, Commit_FullDisk_StandsWhenThereIsRoomAgain) {
  writer_.boots(Stream::kRecord, record_, 2000);
  const std::vector<Bytes> events = writer_.turn().events[0];
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  rlimit tight = old;
  tight.rlim_cur = fs::file_size(path_.string() + "-wal") + 4096;
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const auto failed = writer_.try_commit();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, ignored);
  ASSERT_FALSE(failed.has_value());
  EXPECT_FALSE(failed.error().broken) << failed.error().what;
  EXPECT_EQ(opened_.journal->events(Stream::kRecord, 2, 1, 1 << 20)->size(),
            0U);
  writer_.commit();
  EXPECT_EQ(*opened_.journal->events(Stream::kRecord, 2, 5000, 1 << 20),
            events);
}

TEST_F(WritingTest, Events_AreBoundedByCountAndBytes) {
  writer_.boots(Stream::kRecord, record_, 9);
  writer_.commit();
  Journal& journal = *opened_.journal;
  EXPECT_EQ(journal.events(Stream::kRecord, 4, 3, 1 << 20)->size(), 3U);
  EXPECT_EQ(journal.events(Stream::kRecord, 4, 100, 0)->size(), 1U);
  EXPECT_EQ(journal.events(Stream::kRecord, 4, 100, 1 << 20)->size(), 7U);
  EXPECT_TRUE(journal.events(Stream::kRecord, 11, 100, 1 << 20)->empty());
}

TEST_F(WritingTest, BatchAt_KnowsWhatWasCut) {
  const auto key = test_signer(2);
  writer_.boots(Stream::kRecord, record_, 1);
  const std::vector<Bytes> events = writer_.turn().events[0];
  const auto batch =
      writer_.cut(Stream::kRecord, 2, 1, events, kEpochOne, 2, *key);
  writer_.commit();
  const auto read = opened_.journal->batch_at(Stream::kRecord, 2);
  ASSERT_TRUE(read.has_value());
  const CutBatch found = read->value_or(CutBatch{});
  EXPECT_EQ(found.sealed.header, batch.cut.header);
  EXPECT_EQ(found.sealed.signature, batch.cut.signature);
  EXPECT_FALSE(opened_.journal->batch_at(Stream::kRecord, 1)->has_value());
}

// --- prune ------------------------------------------------------------------

class PruneTest : public WritingTest {
 protected:
  PruneTest() {
    const auto key = test_signer(2);
    for (Position first = 2; first <= 8; first += 2) {
      writer_.boots(Stream::kRecord, record_, 2);
      const std::vector<Bytes> events = writer_.turn().events[0];
      writer_.cut(Stream::kRecord, first, 2, events, kEpochOne, first, *key);
      writer_.commit();
    }
    const auto first = *opened_.journal->events(Stream::kRecord, 1, 1, 0);
    writer_.cut(Stream::kRecord, 1, 1, first, kEpochOne, 1, *key);
    writer_.deliver(Stream::kRecord, 1, 1, 0, "note");
    for (Position at = 2; at <= 6; at += 2) {
      writer_.deliver(Stream::kRecord, at, 2, at, "note");
    }
    writer_.commit();
  }
};

TEST_F(PruneTest, YoungRowsStay) {
  EXPECT_EQ(*opened_.journal->prune(Stream::kRecord, kNow), 0U);
}

TEST_F(PruneTest, OldDeliveredRowsGo_TheNewestBatchAndOwedRowsStay) {
  const auto gone = opened_.journal->prune(Stream::kRecord,
                                           kNow + std::chrono::microseconds(1));
  ASSERT_TRUE(gone.has_value()) << gone.error().what;
  EXPECT_EQ(*gone, 5U);
  EXPECT_EQ(opened_.journal->events(Stream::kRecord, 6, 10, 1 << 20)->size(),
            4U);
  opened_.journal.reset();
  const std::vector<PublicKey> keys = {test_signer(2)->public_key()};
  EXPECT_EQ(check_journal(path_, {keys, std::nullopt})->flaw, std::nullopt);
  const OpenedJournal again = open(path_);
  EXPECT_EQ(again.opened_because, kGoesOn);
  EXPECT_EQ(again.state.streams[0].tail, 9U);
}

}  // namespace
}  // namespace strongroom
