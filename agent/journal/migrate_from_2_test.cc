// SPDX-License-Identifier: Apache-2.0
// A file of version 2, with everything that can stand in one.
#include <gtest/gtest.h>

#include "agent/journal/twin_test_util.h"
#include "platform/system/files.h"
#include "tests/support/power_cut_disk.h"
#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using testing_journal::kNow;
using testing_journal::kSource;
using testing_journal::test_signer;

constexpr auto kGoesOn = strongroom_v1_EpochReason_EPOCH_REASON_UNSPECIFIED;
constexpr auto kCorrupt =
    strongroom_v1_EpochReason_EPOCH_REASON_JOURNAL_CORRUPT;

// Version 2 as it was released.
constexpr const char* kTables = R"sql(
CREATE TABLE meta (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL,
  row_hash BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE record_events (
  position INTEGER NOT NULL PRIMARY KEY,
  event BLOB NOT NULL
);
CREATE TABLE telemetry_events (
  position INTEGER NOT NULL PRIMARY KEY,
  event BLOB NOT NULL
);
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
CREATE TABLE streams (
  stream INTEGER NOT NULL PRIMARY KEY,
  tail INTEGER NOT NULL,
  tail_hash BLOB NOT NULL,
  delivered INTEGER NOT NULL,
  pruned INTEGER NOT NULL,
  owed_bytes INTEGER NOT NULL,
  kept_bytes INTEGER NOT NULL,
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
  salvaged_to INTEGER NOT NULL,
  row_hash BLOB NOT NULL,
  PRIMARY KEY (stream, first_position)
) WITHOUT ROWID;
CREATE TABLE batches (
  stream INTEGER NOT NULL,
  first_position INTEGER NOT NULL,
  count INTEGER NOT NULL,
  header BLOB NOT NULL,
  signature BLOB NOT NULL,
  first_index INTEGER,
  delivered_us INTEGER,
  generation INTEGER,
  row_hash BLOB NOT NULL,
  PRIMARY KEY (stream, first_position)
) WITHOUT ROWID;
CREATE TABLE losses (
  first_position INTEGER NOT NULL PRIMARY KEY,
  last_position INTEGER NOT NULL,
  hash_before BLOB NOT NULL,
  hash_of_last BLOB NOT NULL,
  announced INTEGER NOT NULL,
  row_hash BLOB NOT NULL
);
)sql";

// The full sample as version 2 would have written it: the rows and their hashes
// are the same.
void write_old(const fs::path& path) {
  const fs::path now = path.string() + ".now";
  testing_journal::write_full_sample(now);
  SQLite::Database db(path.string(),
                      SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA application_id = 0x53524a31");
  db.exec(kTables);
  db.exec("ATTACH '" + now.string() + "' AS now");
  for (const char* table : {"meta",
                            "record_events",
                            "telemetry_events",
                            "held",
                            "descriptions",
                            "streams",
                            "epochs",
                            "batches",
                            "losses"}) {
    db.exec(std::string("INSERT INTO main.") + table + " SELECT * FROM now." +
            table);
  }
  db.exec("DETACH now; PRAGMA user_version = 2");
}

class MigrateFrom2 : public ::testing::Test {
 protected:
  MigrateFrom2() {
    write_old(path_);
    testing_journal::write_full_sample(sample_);
  }
  void run(const std::string& sql) {
    SQLite::Database db(path_.string(), SQLite::OPEN_READWRITE);
    db.exec(sql);
  }
  std::optional<std::string> flaw() const {
    const std::vector<PublicKey> keys = {test_signer(2)->public_key()};
    const auto report = check_journal(path_, {keys, std::nullopt});
    return report ? report->flaw : report.error().what;
  }
  void expect_everything() {
    {
      const OpenedJournal opened = testing_journal::open(path_);
      const OpenedJournal sample = testing_journal::open(sample_);
      ASSERT_EQ(opened.opened_because, kGoesOn) << opened.damage;
      EXPECT_EQ(opened.state.last_transaction, sample.state.last_transaction);
      EXPECT_EQ(opened.state.descriptions, sample.state.descriptions);
      EXPECT_EQ(opened.state.losses, sample.state.losses);
      EXPECT_TRUE(opened.state.panel_cursors.empty());
      EXPECT_EQ(opened.journal->usage().owed_bytes,
                sample.journal->usage().owed_bytes);
      for (const Stream stream : kAgentStreams) {
        const StreamState& a = opened.state.streams[slot_of(stream)];
        const StreamState& b = sample.state.streams[slot_of(stream)];
        EXPECT_EQ(a.epochs, b.epochs);
        EXPECT_EQ(a.tail_hash, b.tail_hash);
        EXPECT_EQ(a.cut, b.cut);
        EXPECT_EQ(a.delivered, b.delivered);
        EXPECT_EQ(a.held_origin, b.held_origin);
      }
    }
    EXPECT_EQ(flaw(), std::nullopt);
  }

  TemporaryDirectory directory_;
  const fs::path path_ = directory_ / "disk" / "journal.db";
  const fs::path sample_ = directory_ / "sample.db";

 private:
  // Before path_ is used.
  const bool made_ = fs::create_directories(directory_ / "disk");
};

TEST_F(MigrateFrom2, EverythingIsKept) {
  expect_everything();
  expect_everything();  // and from then on it is as any other
}

// A disk that fails at any of its changes: the start says so, and the next one
// finds the old file or the new one, whole.
TEST_F(MigrateFrom2, FailingAtEachChange_LosesNothing) {
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
      disk.fail(nth, 1, nth % 2 == 0);
      failed = !open_journal(path_, kSource, kNow).has_value();
      // As the disk holds it when power goes now.
      disk.rebuild(disk.operations(), nth, directory_ / "cut");
    }
    for (const fs::path& there : {path_, directory_ / "cut" / "journal.db"}) {
      const auto again = open_journal(there, kSource, kNow);
      ASSERT_TRUE(again.has_value()) << nth << ": " << again.error().what;
      ASSERT_EQ(again->opened_because, kGoesOn) << nth << ": " << again->damage;
      ASSERT_EQ(again->state.losses.size(), 2U) << nth;
    }
  }
  EXPECT_GT(nth, 4U) << "nothing ever failed";
  EXPECT_FALSE(failed) << "it never came through";
}

class DamagedVersion2 : public MigrateFrom2,
                        public ::testing::WithParamInterface<const char*> {};

TEST_P(DamagedVersion2, IsSetAsideWithItsBytes) {
  run(GetParam());
  const std::string bytes = *read_file(path_, 1 << 24);
  const OpenedJournal opened = testing_journal::open(path_);
  EXPECT_EQ(opened.opened_because, kCorrupt);
  EXPECT_NE(opened.damage, "");
  EXPECT_EQ(*read_file(directory_ / "disk" / opened.set_aside, 1 << 24), bytes);
}

INSTANTIATE_TEST_SUITE_P(
    Statements,
    DamagedVersion2,
    ::testing::Values("UPDATE streams SET delivered = 1 WHERE stream = 1",
                      "UPDATE descriptions SET seq = 3",
                      "UPDATE losses SET announced = 1",
                      "DROP TABLE losses",
                      "CREATE TABLE panel_cursors (x)",
                      // Half of a migration, as no crash leaves it.
                      "PRAGMA user_version = 1",
                      "PRAGMA user_version = 3"));

}  // namespace
}  // namespace strongroom
