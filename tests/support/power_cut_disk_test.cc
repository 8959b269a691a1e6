// SPDX-License-Identifier: Apache-2.0
#include "tests/support/power_cut_disk.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sqlite3.h>
#include <sstream>

#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSeeds = 24;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return fs::exists(path) ? bytes.str() : "(none)";
}

/// A file as SQLite would open it, by hand.
class HandMade {
 public:
  HandMade(const fs::path& path, int kind) : path_(path.string() + '\0') {
    sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
    memory_.resize(static_cast<std::size_t>(vfs->szOsFile));
    file_ = reinterpret_cast<sqlite3_file*>(memory_.data());
    // (a journal of a name without a dot would be looked up by its database)
    opened_ = vfs->xOpen(vfs,
                         path_.c_str(),
                         file_,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | kind,
                         nullptr);
  }
  ~HandMade() {
    if (opened_ == SQLITE_OK) {
      file_->pMethods->xClose(file_);
    }
  }
  HandMade(const HandMade&) = delete;
  HandMade& operator=(const HandMade&) = delete;

  int opened() const { return opened_; }
  int write(int offset, const std::string& text) {
    return file_->pMethods->xWrite(
        file_, text.data(), static_cast<int>(text.size()), offset);
  }
  int truncate(int length) { return file_->pMethods->xTruncate(file_, length); }
  int sync() { return file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL); }

 private:
  std::string path_;
  std::vector<char> memory_;
  sqlite3_file* file_ = nullptr;
  int opened_ = SQLITE_CANTOPEN;
};

int delete_by_hand(const fs::path& path, int sync_directory) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
  return vfs->xDelete(vfs, path.c_str(), sync_directory);
}

class PowerCut : public testing::Test {
 protected:
  fs::path root() const { return directory_ / "disk"; }
  fs::path rebuilt() const { return directory_ / "rebuilt"; }
  PowerCutDisk& disk(PowerCutDisk::Sync sync = PowerCutDisk::Sync::kAsAsked) {
    disk_.emplace(root(), sync);
    return *disk_;
  }
  std::vector<std::string> operations() const {
    std::vector<std::string> words;
    for (std::size_t i = 1; i <= disk_->operations(); ++i) {
      words.push_back(disk_->operation(i));
    }
    return words;
  }
  void SetUp() override { fs::create_directories(root()); }
  void TearDown() override { disk_.reset(); }

  std::optional<PowerCutDisk> disk_;

 private:
  TemporaryDirectory directory_;
};

using Words = std::vector<std::string>;

TEST_F(PowerCut, EveryChangeIsRecorded_InItsOrder) {
  write_text(root() / "there", "old");
  disk();
  {
    HandMade there(root() / "there", SQLITE_OPEN_MAIN_DB);
    HandMade made(root() / "made.w", SQLITE_OPEN_WAL);
    ASSERT_EQ(made.opened(), SQLITE_OK);
    there.write(1, "xy");
    made.write(0, "new");
    there.sync();
    made.sync();
    made.sync();
    there.truncate(1);
  }
  EXPECT_EQ(delete_by_hand(root() / "made.w", 0), SQLITE_OK);
  EXPECT_EQ(delete_by_hand(root() / "made.w", 0), SQLITE_IOERR_DELETE_NOENT);
  EXPECT_EQ(delete_by_hand(root() / "there", 1), SQLITE_OK);
  EXPECT_EQ(operations(),
            (Words{"make 'made.w'",
                   "write 'there' at 1 +2",
                   "write 'made.w' at 0 +3",
                   "sync 'there'",
                   "sync 'made.w'",
                   "sync directory ''",
                   "sync 'made.w'",
                   "truncate 'there' at 1 +0",
                   "delete 'made.w'",
                   "delete 'there'",
                   "sync directory ''"}));
}

TEST_F(PowerCut, Rebuild_IsWhatStoodAtThatOperation) {
  write_text(root() / "there", "old");
  write_text(root() / "there.lock", "77");
  PowerCutDisk& at = disk();
  {
    HandMade there(root() / "there", SQLITE_OPEN_MAIN_DB);
    there.write(0, "new");
    there.sync();
    there.write(0, "NEW");
  }
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"old", "old"}, {"old", "new"}, {"new", "new"}, {"new", "NEW"}};
  ASSERT_EQ(at.operations(), expected.size() - 1);
  for (const std::size_t cut : {0U, 1U, 2U, 3U, 1U}) {  // and back
    at.rebuild(cut, 0, rebuilt());
    EXPECT_EQ(read(rebuilt() / "there"), expected[cut].first) << cut;
    EXPECT_EQ(read(rebuilt() / "there.lock"), "77");
    at.rebuild(cut, 1, rebuilt());
    EXPECT_EQ(read(rebuilt() / "there"), expected[cut].second) << cut;
  }
  at.settle();
  EXPECT_EQ(at.operations(), 0U);
  at.rebuild(0, 0, rebuilt());
  EXPECT_EQ(read(rebuilt() / "there"), "NEW");
}

TEST_F(PowerCut, FileThatCamePastSqlite_CountsAsMadeWhenOpened) {
  PowerCutDisk& at = disk();
  write_text(root() / "copied", "text");
  {
    const HandMade copied(root() / "copied", SQLITE_OPEN_MAIN_DB);
  }
  EXPECT_EQ(operations(), (Words{"make 'copied'", "write 'copied' at 0 +4"}));
  at.rebuild(2, 0, rebuilt());
  EXPECT_EQ(read(rebuilt() / "copied"), "(none)");
}

TEST_F(PowerCut, Renames_AndDirectorySyncs_AreReported) {
  write_text(root() / "a", "1");
  PowerCutDisk& at = disk();
  fs::rename(root() / "a", root() / "b");
  at.renamed(root() / "a", root() / "b");
  at.directory_synced(root());
  at.rebuild(1, 0, rebuilt());
  EXPECT_EQ(read(rebuilt() / "a") + read(rebuilt() / "b"), "1(none)");
  at.rebuild(2, 0, rebuilt());
  EXPECT_EQ(read(rebuilt() / "a") + read(rebuilt() / "b"), "(none)1");
}

// --- programs that are right, and programs that forget ----------------------

enum class Forgets : std::uint8_t { kNothing, kDataSync, kDirectorySync };

/// Writes data, then a mark beside it that says that the data is there. How
/// many states of the disk have the mark without the data, of how many.
std::pair<int, int> marks_without_data(PowerCutDisk& disk,
                                       const fs::path& root,
                                       const fs::path& rebuilt,
                                       Forgets forgets) {
  {
    HandMade data(root / "data.w",
                  forgets == Forgets::kDirectorySync ? SQLITE_OPEN_MAIN_DB
                                                     : SQLITE_OPEN_WAL);
    HandMade mark(root / "mark", SQLITE_OPEN_MAIN_DB);
    data.write(0, std::string(1000, 'd'));
    data.write(1000, std::string(1000, 'e'));
    if (forgets != Forgets::kDataSync) {
      data.sync();
    }
    mark.write(0, "done");
    mark.sync();
  }
  const std::string whole = std::string(1000, 'd') + std::string(1000, 'e');
  int wrong = 0;
  int all = 0;
  for (std::size_t at = 0; at <= disk.operations(); ++at) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed, ++all) {
      disk.rebuild(at, seed, rebuilt);
      wrong +=
          read(rebuilt / "mark") == "done" && read(rebuilt / "data.w") != whole
              ? 1
              : 0;
    }
  }
  return {wrong, all};
}

class Forgetful : public PowerCut,
                  public testing::WithParamInterface<Forgets> {};

TEST_P(Forgetful, OneSync_IsCaught) {
  write_text(root() / "mark", "");
  PowerCutDisk& at = disk();
  const auto [wrong, all] =
      marks_without_data(at, root(), rebuilt(), GetParam());
  if (GetParam() == Forgets::kNothing) {
    EXPECT_EQ(wrong, 0) << "of " << all;
  } else {
    EXPECT_GT(wrong, 0) << "of " << all;
  }
}

INSTANTIATE_TEST_SUITE_P(Programs,
                         Forgetful,
                         testing::Values(Forgets::kNothing,
                                         Forgets::kDataSync,
                                         Forgets::kDirectorySync));

// --- SQLite itself ----------------------------------------------------------

struct SqliteCase {
  const char* mode;
  const char* synchronous;
  PowerCutDisk::Sync sync;
  bool durable;  // what SQLite promises of a commit that returned
};

/// Says what the parameter is, in a test's name.
void PrintTo(const SqliteCase& at, std::ostream* out) {
  *out << at.mode << " " << at.synchronous
       << (at.sync == PowerCutDisk::Sync::kOff ? " made off" : "");
}

class SqliteKeeps : public PowerCut,
                    public testing::WithParamInterface<SqliteCase> {
 protected:
  struct Told {
    std::size_t at;  // operations when the commit had returned
    int rows;
  };

  std::vector<Told> write_rows(const SqliteCase& as) {
    std::vector<Told> told;
    SQLite::Database db((root() / "t.db").string(), SQLite::OPEN_READWRITE);
    db.exec(std::string("PRAGMA journal_mode = ") + as.mode +
            "; PRAGMA synchronous = " + as.synchronous);
    for (int row = 1; row <= 8; ++row) {
      db.exec("INSERT INTO t VALUES (" + std::to_string(row) +
              ", randomblob(3000))");
      told.push_back({disk_->operations(), row});
      if (row == 5) {
        db.exec("PRAGMA wal_checkpoint(PASSIVE)");
      }
    }
    return told;
  }

  // Rows that are there without a gap; nothing: not to be read.
  std::optional<int> rows_found() const {
    try {
      SQLite::Database db((rebuilt() / "t.db").string(),
                          SQLite::OPEN_READWRITE);
      if (db.execAndGet("PRAGMA integrity_check").getString() != "ok" ||
          db.execAndGet("SELECT count(*) - coalesce(max(a), 0) FROM t")
                  .getInt() != 0) {
        return std::nullopt;
      }
      return db.execAndGet("SELECT count(*) FROM t").getInt();
    } catch (const SQLite::Exception&) {
      return std::nullopt;
    }
  }
};

TEST_P(SqliteKeeps, WhatItPromises) {
  {
    SQLite::Database db((root() / "t.db").string(),
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b)");
  }
  PowerCutDisk& at = disk(GetParam().sync);
  const std::vector<Told> told = write_rows(GetParam());
  int lost = 0;
  int damaged = 0;
  for (std::size_t cut = 0; cut <= at.operations(); ++cut) {
    int owed = 0;
    for (const Told& one : told) {
      owed = one.at <= cut ? one.rows : owed;
    }
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      at.rebuild(cut, seed, rebuilt());
      const auto found = rows_found();
      damaged += found ? 0 : 1;
      lost += found && *found < owed ? 1 : 0;
      EXPECT_LE(found.value_or(0), owed + 1);
    }
  }
  if (GetParam().durable) {
    EXPECT_EQ(lost + damaged, 0) << lost << " lost, " << damaged << " damaged";
  } else {
    EXPECT_GT(lost + damaged, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Modes,
    SqliteKeeps,
    testing::Values(
        SqliteCase{"WAL", "FULL", PowerCutDisk::Sync::kAsAsked, true},
        SqliteCase{"WAL", "NORMAL", PowerCutDisk::Sync::kAsAsked, false},
        SqliteCase{"WAL", "OFF", PowerCutDisk::Sync::kAsAsked, false},
        SqliteCase{"WAL", "FULL", PowerCutDisk::Sync::kOff, false},
        // The deletion of the journal is the commit, and only EXTRA syncs it.
        SqliteCase{"DELETE", "EXTRA", PowerCutDisk::Sync::kAsAsked, true},
        SqliteCase{"DELETE", "FULL", PowerCutDisk::Sync::kAsAsked, false},
        SqliteCase{"DELETE", "OFF", PowerCutDisk::Sync::kAsAsked, false},
        SqliteCase{"TRUNCATE", "FULL", PowerCutDisk::Sync::kAsAsked, true}));

TEST_F(PowerCut, SyncOff_NoConnectionSyncs_WhateverItAsks) {
  disk(PowerCutDisk::Sync::kOff);
  {
    SQLite::Database db((root() / "t.db").string(),
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "PRAGMA synchronous = 3; CREATE TABLE t (a);"
        "INSERT INTO t VALUES (1)");
    EXPECT_EQ(db.execAndGet("PRAGMA synchronous").getInt(), 0);
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  EXPECT_GT(operations().size(), 5U);
  for (const std::string& operation : operations()) {
    EXPECT_FALSE(operation.starts_with("sync")) << operation;
  }
}

TEST_F(PowerCut, Gone_LeavesSqliteAsItWas) {
  const std::string before = sqlite3_vfs_find(nullptr)->zName;
  disk(PowerCutDisk::Sync::kOff);
  EXPECT_NE(sqlite3_vfs_find(nullptr)->zName, before);
  disk_.reset();
  EXPECT_EQ(sqlite3_vfs_find(nullptr)->zName, before);
  SQLite::Database db((root() / "t.db").string(),
                      SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  EXPECT_EQ(db.execAndGet("PRAGMA synchronous").getInt(), 2);
}

// --- faults -----------------------------------------------------------------

TEST_F(PowerCut, FullDisk_LeavesPartOfTheWrite_AndEndsWithMend) {
  PowerCutDisk& at = disk();
  HandMade file(root() / "a", SQLITE_OPEN_MAIN_DB);
  at.fill_up(2);
  EXPECT_EQ(file.write(0, "one."), SQLITE_OK);
  EXPECT_EQ(file.write(4, "two."), SQLITE_FULL);
  EXPECT_EQ(file.write(4, "two."), SQLITE_FULL);
  EXPECT_EQ(file.sync(), SQLITE_OK);
  EXPECT_EQ(HandMade(root() / "b.w", SQLITE_OPEN_WAL).opened(),
            SQLITE_CANTOPEN);
  EXPECT_FALSE(fs::exists(root() / "b.w"));
  EXPECT_EQ(read(root() / "a"), "one.tw");
  at.mend();
  EXPECT_EQ(file.write(4, "two."), SQLITE_OK);
  EXPECT_EQ(read(root() / "a"), "one.two.");
}

TEST_F(PowerCut, Failure_BeforeDoingIt_OrAfter) {
  for (const bool after : {false, true}) {
    disk_.reset();
    fs::remove(root() / "a");
    PowerCutDisk& at = disk();
    {
      HandMade file(root() / "a", SQLITE_OPEN_MAIN_DB);
      at.fail(1, 2, after);
      EXPECT_EQ(file.write(0, "x"), SQLITE_IOERR_WRITE);
      EXPECT_EQ(file.sync(), SQLITE_IOERR_FSYNC);
      EXPECT_EQ(file.write(1, "y"), SQLITE_OK);
    }
    at.fail(1, 1, after);
    EXPECT_EQ(delete_by_hand(root() / "a", 0), SQLITE_IOERR_DELETE);
    EXPECT_EQ(fs::exists(root() / "a"), !after);
    EXPECT_EQ(
        operations(),
        after ? (Words{"make 'a'",
                       "write 'a' at 0 +1",
                       "sync 'a'",
                       "write 'a' at 1 +1",
                       "delete 'a'"})
              : (Words{"make 'a'", "failed sync 'a'", "write 'a' at 1 +1"}));
  }
}

}  // namespace
}  // namespace strongroom
