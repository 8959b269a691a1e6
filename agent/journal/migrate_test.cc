// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/migrate.h"

#include <gtest/gtest.h>

#include "agent/journal/check_journal.h"
#include "agent/journal/journal_test_util.h"
#include "platform/system/files.h"
#include "tests/support/power_cut_disk.h"
#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using journal_rows::RowBytes;
using testing_journal::kNow;
using testing_journal::kSource;
using testing_journal::test_signer;
using testing_journal::write_sample;

constexpr auto kGoesOn = strongroom_v1_EpochReason_EPOCH_REASON_UNSPECIFIED;
constexpr auto kCorrupt =
    strongroom_v1_EpochReason_EPOCH_REASON_JOURNAL_CORRUPT;
constexpr auto kLost = strongroom_v1_EpochReason_EPOCH_REASON_JOURNAL_LOST;

// Version 1 as it was released.
constexpr const char* kTables = R"sql(
CREATE TABLE meta (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL,
  row_hash BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE streams (
  stream INTEGER NOT NULL PRIMARY KEY,
  tail INTEGER NOT NULL,
  tail_hash BLOB NOT NULL,
  delivered INTEGER NOT NULL,
  pruned INTEGER NOT NULL,
  last_transaction INTEGER NOT NULL,
  row_hash BLOB NOT NULL
);
CREATE TABLE epochs (
  stream INTEGER NOT NULL,
  first_position INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  stopped_at INTEGER NOT NULL,
  stopped_reason INTEGER NOT NULL,
  row_hash BLOB NOT NULL,
  PRIMARY KEY (stream, first_position)
) WITHOUT ROWID;
CREATE TABLE record_events (
  position INTEGER NOT NULL PRIMARY KEY,
  event BLOB NOT NULL
);
CREATE TABLE telemetry_events (
  position INTEGER NOT NULL PRIMARY KEY,
  event BLOB NOT NULL
);
CREATE TABLE batches (
  stream INTEGER NOT NULL,
  first_position INTEGER NOT NULL,
  count INTEGER NOT NULL,
  header BLOB NOT NULL,
  signature BLOB NOT NULL,
  first_index INTEGER,
  delivered_us INTEGER,
  row_hash BLOB NOT NULL,
  PRIMARY KEY (stream, first_position)
) WITHOUT ROWID;
CREATE TABLE held (
  stream INTEGER NOT NULL PRIMARY KEY,
  origin TEXT NOT NULL,
  checkpoint TEXT NOT NULL,
  row_hash BLOB NOT NULL
);
CREATE TABLE descriptions (
  device TEXT NOT NULL PRIMARY KEY,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  row_hash BLOB NOT NULL
) WITHOUT ROWID;
)sql";

// A row's hash as version 1 took it: over its columns in order.
Hash old_hash(const std::string& table, SQLite::Statement& row, int columns) {
  RowBytes bytes(table);
  for (int i = 0; i < columns; ++i) {
    const SQLite::Column column = row.getColumn(i);
    const bool optional = table == "batches" && (i == 5 || i == 6);
    if (optional) {
      bytes.number(column.isNull() ? 0 : 1);
    }
    if (column.isInteger() || column.isNull()) {
      bytes.number(static_cast<std::uint64_t>(column.getInt64()));
    } else {
      bytes.blob({static_cast<const std::uint8_t*>(column.getBlob()),
                  static_cast<std::size_t>(column.getBytes())});
    }
  }
  return bytes.hash();
}

// The sample as version 1 would have written it.
void write_old(const fs::path& path) {
  const fs::path now = path.string() + ".now";
  write_sample(now);
  SQLite::Database db(path.string(),
                      SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA application_id = 0x53524a31");
  db.exec(kTables);
  db.exec("ATTACH '" + now.string() + "' AS now");
  for (const char* table :
       {"meta", "record_events", "telemetry_events", "held", "descriptions"}) {
    db.exec(std::string("INSERT INTO main.") + table + " SELECT * FROM now." +
            table);
  }
  for (const auto& [table, columns] :
       {std::pair<std::string, std::string>{
            "streams",
            "stream, tail, tail_hash, delivered, pruned, last_transaction"},
        {"epochs",
         "stream, first_position, epoch, reason, stopped_at, stopped_reason"},
        {"batches",
         "stream, first_position, count, header, signature, first_index, "
         "delivered_us"}}) {
    SQLite::Statement rows(db, "SELECT " + columns + " FROM now." + table);
    while (rows.executeStep()) {
      const int count = rows.getColumnCount();
      std::string marks = "?";
      for (int i = 0; i < count; ++i) {
        marks += ", ?";
      }
      SQLite::Statement insert(
          db, "INSERT INTO main." + table + " VALUES (" + marks + ")");
      for (int i = 0; i < count; ++i) {
        const SQLite::Column column = rows.getColumn(i);
        if (column.isInteger()) {
          insert.bind(i + 1, column.getInt64());
        } else if (!column.isNull()) {
          insert.bind(i + 1, column.getBlob(), column.getBytes());
        }
      }
      const Hash hash = old_hash(table, rows, count);
      insert.bind(count + 1, hash.data(), static_cast<int>(hash.size()));
      insert.exec();
    }
  }
  db.exec("DETACH now; PRAGMA user_version = 1");
}

class MigrateTest : public ::testing::Test {
 protected:
  MigrateTest() {
    write_old(path_);
    write_sample(sample_);
  }
  void run(const std::string& sql) {
    SQLite::Database db(path_.string(), SQLite::OPEN_READWRITE);
    db.exec(sql);
  }
  std::int64_t number(const std::string& sql) {
    SQLite::Database db(path_.string(), SQLite::OPEN_READONLY);
    return db.execAndGet(sql).getInt64();
  }
  std::optional<std::string> flaw() const {
    const std::vector<PublicKey> keys = {test_signer(2)->public_key()};
    const Trust trust{"ledger.example", {test_signer(1)->public_key()}};
    const auto report = check_journal(path_, {keys, trust});
    return report ? report->flaw : report.error().what;
  }
  // Opens, and finds everything that the same life left in a new file.
  void expect_everything() {
    {
      const OpenedJournal opened = testing_journal::open(path_);
      const OpenedJournal sample = testing_journal::open(sample_);
      ASSERT_EQ(opened.opened_because, kGoesOn) << opened.damage;
      EXPECT_EQ(opened.state.last_transaction, 3U);
      EXPECT_EQ(opened.state.descriptions, sample.state.descriptions);
      EXPECT_EQ(opened.journal->usage().owed_bytes,
                sample.journal->usage().owed_bytes);
      EXPECT_EQ(opened.journal->usage().kept_bytes,
                sample.journal->usage().kept_bytes);
      for (const Stream stream : kAgentStreams) {
        const StreamState& a = opened.state.streams[slot_of(stream)];
        const StreamState& b = sample.state.streams[slot_of(stream)];
        EXPECT_EQ(a.epochs, b.epochs);
        EXPECT_EQ(a.tail, b.tail);
        EXPECT_EQ(a.tail_hash, b.tail_hash);
        EXPECT_EQ(a.cut, b.cut);
        EXPECT_EQ(a.delivered, b.delivered);
        EXPECT_EQ(a.held_origin, b.held_origin);
        EXPECT_EQ(a.held_checkpoint, b.held_checkpoint);
        EXPECT_EQ(*opened.journal->events(stream, 1, 99, 1 << 20),
                  *sample.journal->events(stream, 1, 99, 1 << 20));
      }
    }
    EXPECT_EQ(flaw(), std::nullopt);
    EXPECT_EQ(number("PRAGMA user_version"), 3);
    EXPECT_EQ(number("SELECT count(*) FROM batches WHERE generation = 1 AND "
                     "first_index IS NOT NULL"),
              3);
    EXPECT_EQ(number("SELECT count(*) FROM batches WHERE generation IS NULL"),
              2);
  }

  TemporaryDirectory directory_;
  const fs::path path_ = directory_ / "disk" / "journal.db";
  const fs::path sample_ = directory_ / "sample.db";

 private:
  // Before path_ is used.
  const bool made_ = fs::create_directories(directory_ / "disk");
};

TEST_F(MigrateTest, EverythingIsKept) {
  expect_everything();
  expect_everything();  // and from then on it is as any other
}

TEST_F(MigrateTest, OfALiveWal_ToTheLastCommit) {
  const fs::path crashed = directory_ / "crashed.db";
  {
    SQLite::Database db(path_.string(), SQLite::OPEN_READWRITE);
    db.exec("PRAGMA wal_autocheckpoint = 0");
    db.exec("DELETE FROM record_events WHERE position = 1");  // delivered
    fs::copy_file(path_, crashed);
    fs::copy_file(path_.string() + "-wal", crashed.string() + "-wal");
  }
  const auto opened = open_journal(crashed, kSource, kNow);
  ASSERT_TRUE(opened.has_value()) << opened.error().what;
  EXPECT_EQ(opened->opened_because, kGoesOn);
  EXPECT_FALSE(opened->journal->events(Stream::kRecord, 1, 1, 0).has_value());
}

// A disk that fails at any of its changes: the start says so, and the next one
// finds the old file or the new one, whole.
class FailingMigration : public MigrateTest,
                         public ::testing::WithParamInterface<int> {};

TEST_P(FailingMigration, AtEachChange_LosesNothing) {
  const fs::path kept = directory_ / "kept.db";
  fs::copy_file(path_, kept);
  bool failed = true;
  std::size_t nth = 1;
  for (; failed && nth < 400; ++nth) {
    fs::remove_all(directory_ / "disk");
    fs::create_directories(directory_ / "disk");
    fs::copy_file(kept, path_);
    {
      PowerCutDisk disk(directory_ / "disk");
      switch (GetParam()) {
        case 0:
          disk.fill_up(nth);
          break;
        case 1:
          disk.fail(nth, 1, false);
          break;
        default:
          disk.fail(nth, 1, true);
      }
      const auto opened = open_journal(path_, kSource, kNow);
      failed = !opened.has_value();
      if (opened) {
        EXPECT_EQ(opened->opened_because, kGoesOn) << nth << opened->damage;
      }
      // As the disk holds it when power goes now.
      disk.rebuild(disk.operations(), nth, directory_ / "cut");
    }
    for (const fs::path& there : {path_, directory_ / "cut" / "journal.db"}) {
      const auto again = open_journal(there, kSource, kNow);
      ASSERT_TRUE(again.has_value()) << nth << ": " << again.error().what;
      ASSERT_EQ(again->opened_because, kGoesOn) << nth << ": " << again->damage;
      ASSERT_EQ(again->state.streams[0].tail, 6U) << nth;
      ASSERT_EQ(again->state.streams[1].delivered, 4U) << nth;
    }
    if (HasFailure()) {
      return;
    }
  }
  EXPECT_GT(nth, 5U) << "nothing ever failed";
  EXPECT_FALSE(failed) << "it never came through";
}

INSTANTIATE_TEST_SUITE_P(Faults, FailingMigration, ::testing::Values(0, 1, 2));

// --- damage -----------------------------------------------------------------

class DamagedOldFile : public MigrateTest,
                       public ::testing::WithParamInterface<const char*> {};

TEST_P(DamagedOldFile, IsSetAsideWithItsBytes) {
  run(GetParam());
  const std::string bytes = *read_file(path_, 1 << 24);
  const OpenedJournal opened = testing_journal::open(path_);
  EXPECT_EQ(opened.opened_because, kCorrupt);
  EXPECT_NE(opened.damage, "");
  EXPECT_EQ(*read_file(directory_ / "disk" / opened.set_aside, 1 << 24), bytes);
}

INSTANTIATE_TEST_SUITE_P(
    Statements,
    DamagedOldFile,
    ::testing::Values(
        "UPDATE streams SET delivered = 1 WHERE stream = 1",
        "UPDATE epochs SET stopped_at = 0 WHERE stream = 2",
        "UPDATE held SET origin = 'x' WHERE stream = 1",
        "UPDATE meta SET value = 'edge-2@bj1' WHERE key = 'source'",
        "UPDATE descriptions SET seq = 3",
        "UPDATE batches SET header = x'00' WHERE stream = 1 AND "
        "first_position = 3",
        "DELETE FROM record_events WHERE position = 5",
        "UPDATE telemetry_events SET event = x'00' WHERE position = 5",
        // Half of a migration, as no crash leaves it.
        "PRAGMA user_version = 2",
        "ALTER TABLE streams RENAME TO old_streams",
        "CREATE TABLE losses (x)",
        "PRAGMA user_version = 0",
        "PRAGMA application_id = 7"));

TEST_F(MigrateTest, NewFileCalledOld_IsSetAside) {
  {
    SQLite::Database db(sample_.string(), SQLite::OPEN_READWRITE);
    db.exec("PRAGMA user_version = 1");
  }
  EXPECT_EQ(testing_journal::open(sample_).opened_because, kCorrupt);
}

TEST_F(MigrateTest, DamageOfWhatWasDelivered_IsNeitherHiddenNorInTheWay) {
  run("UPDATE batches SET delivered_us = 5 WHERE stream = 1 AND "
      "first_position = 1");
  EXPECT_EQ(testing_journal::open(path_).opened_because, kGoesOn);
  EXPECT_EQ(flaw(), "batches record 1: the row differs from its row_hash");
}

// Another version is not evidence of damage, but nothing that this program can
// go on with: it is kept as it is, and the new epoch does not speak of damage.
TEST_F(MigrateTest, NewerVersion_IsKeptForTheProgramThatWroteIt) {
  run("PRAGMA user_version = 4; ALTER TABLE held ADD COLUMN more INTEGER");
  const std::string bytes = *read_file(path_, 1 << 24);
  const OpenedJournal opened = testing_journal::open(path_);
  EXPECT_EQ(opened.opened_because, kLost);
  EXPECT_NE(opened.damage.find("version 4"), std::string::npos);
  EXPECT_EQ(*read_file(directory_ / "disk" / opened.set_aside, 1 << 24), bytes);
}

TEST_F(MigrateTest, OldFile_IsNoDamageForFsck) {
  const auto report = check_journal(path_, {{}, std::nullopt});
  ASSERT_FALSE(report.has_value());
  EXPECT_NE(report.error().what.find("version 1"), std::string::npos);
}

}  // namespace
}  // namespace strongroom
