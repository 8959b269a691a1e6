// SPDX-License-Identifier: Apache-2.0
#include "platform/sqlite/database.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

constexpr std::int32_t kOurs = 0x53726a31;

class Database : public testing::Test {
 protected:
  WriterDatabase create() const {
    auto writer = WriterDatabase::open(path, kOurs, true);
    EXPECT_TRUE(writer) << writer.error().what;
    return *std::move(writer);
  }
  static std::string fault_of(const Result<WriterDatabase>& result) {
    return result ? "none" : result.error().what;
  }
  static bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  std::uintmax_t wal_size() const {
    return std::filesystem::file_size(path.string() + "-wal");
  }

  TemporaryDirectory directory;
  std::filesystem::path path = directory / "journal.db";
};

std::string pragma(SQLite::Database& db, const std::string& name) {
  return db.execAndGet("PRAGMA " + name).getString();
}

TEST_F(Database, Writer_HasItsPragmas) {
  WriterDatabase writer = create();
  EXPECT_EQ(pragma(writer.db(), "journal_mode"), "wal");
  EXPECT_EQ(pragma(writer.db(), "synchronous"), "2");
  EXPECT_EQ(pragma(writer.db(), "secure_delete"), "1");
  EXPECT_EQ(pragma(writer.db(), "foreign_keys"), "1");
  EXPECT_EQ(pragma(writer.db(), "mmap_size"), "0");
  EXPECT_EQ(pragma(writer.db(), "trusted_schema"), "0");
  EXPECT_EQ(pragma(writer.db(), "application_id"), std::to_string(kOurs));
}

TEST_F(Database, Reader_HasItsPragmas) {
  const WriterDatabase writer = create();
  const auto reader = open_reader(path, kOurs);
  ASSERT_TRUE(reader) << reader.error().what;
  EXPECT_EQ(pragma(**reader, "query_only"), "1");
  EXPECT_EQ(pragma(**reader, "mmap_size"), "0");
  EXPECT_EQ(pragma(**reader, "wal_autocheckpoint"), "0");
}

TEST_F(Database, Files_AreNotForEverybody) {
  WriterDatabase writer = create();
  writer.db().exec("CREATE TABLE t (a)");
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat status{};
    ASSERT_EQ(::stat((path.string() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 07U, 0U) << suffix;
  }
}

TEST_F(Database, Open_Missing_IsAFaultAndCreatesNothing) {
  EXPECT_TRUE(contains(fault_of(WriterDatabase::open(path, kOurs, false)),
                       "No such file"));
  EXPECT_FALSE(open_reader(path, kOurs));
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST_F(Database, Open_Again_FindsItsContent) {
  {
    WriterDatabase writer = create();
    writer.db().exec("CREATE TABLE t (a); INSERT INTO t VALUES (7)");
    set_schema_version(writer.db(), 3);
  }
  auto writer = WriterDatabase::open(path, kOurs, false);
  ASSERT_TRUE(writer) << writer.error().what;
  EXPECT_EQ(writer->db().execAndGet("SELECT a FROM t").getInt(), 7);
  EXPECT_EQ(schema_version(writer->db()), 3);
}

TEST_F(Database, SecondWriter_IsRefusedByNameOfTheLock) {
  WriterDatabase first = create();
  const std::string fault = fault_of(WriterDatabase::open(path, kOurs, false));
  EXPECT_TRUE(contains(
      fault,
      path.string() + ".lock: held by process " + std::to_string(::getpid())))
      << fault;
  {
    const WriterDatabase moved = std::move(first);
  }
  EXPECT_TRUE(WriterDatabase::open(path, kOurs, false));
}

TEST_F(Database, SecondWriter_OfAnotherProcess_IsRefused) {
  const WriterDatabase first = create();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::_exit(WriterDatabase::open(path, kOurs, false) ? 1 : 42);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST_F(Database, Assigned_Writer_GivesUpItsOwn) {
  WriterDatabase first = create();
  auto other = WriterDatabase::open(directory / "other.db", kOurs, true);
  ASSERT_TRUE(other);
  first = *std::move(other);
  EXPECT_TRUE(WriterDatabase::open(path, kOurs, false));
}

TEST_F(Database, AnotherPrograms_IsRefused) {
  {
    const WriterDatabase writer = create();
  }
  EXPECT_TRUE(contains(fault_of(WriterDatabase::open(path, 99, false)),
                       "another program"));
  EXPECT_TRUE(contains(fault_of(WriterDatabase::open(path, 99, true)),
                       "another program"));
  EXPECT_TRUE(contains(open_reader(path, 99).error().what, "another program"));
}

TEST_F(Database, Anonymous_WithTables_IsRefusedEvenToCreate) {
  {
    SQLite::Database db(path.string(),
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec("CREATE TABLE theirs (a)");
  }
  EXPECT_FALSE(WriterDatabase::open(path, kOurs, true));
}

TEST_F(Database, Empty_File_IsTakenOnlyToCreate) {
  write_text(path, "");
  EXPECT_FALSE(WriterDatabase::open(path, kOurs, false));
  EXPECT_TRUE(WriterDatabase::open(path, kOurs, true));
}

TEST_F(Database, Garbage_IsNotADatabase) {
  write_text(path, std::string(5000, 'x'));
  EXPECT_EQ(fault_of(WriterDatabase::open(path, kOurs, true)),
            path.string() + ": not a SQLite database");
  EXPECT_EQ(open_reader(path, kOurs).error().what,
            path.string() + ": not a SQLite database");
}

TEST_F(Database, HoldsNothing_UntilTheFirstTable) {
  EXPECT_TRUE(holds_nothing(path));
  write_text(path, "");
  EXPECT_TRUE(holds_nothing(path));
  WriterDatabase writer = create();
  EXPECT_TRUE(holds_nothing(path));
  writer.db().exec("BEGIN; CREATE TABLE t (a)");
  EXPECT_TRUE(holds_nothing(path));
  writer.db().exec("COMMIT");
  EXPECT_FALSE(holds_nothing(path));
}

TEST_F(Database, HoldsNothing_IsNotSaidOfWhatCannotBeRead) {
  write_text(path, std::string(5000, 'x'));
  EXPECT_FALSE(holds_nothing(path));
  std::filesystem::remove(path);
  write_text(path.string() + "-wal", "frames of a database that is gone");
  EXPECT_FALSE(holds_nothing(path));
}

TEST_F(Database, HoldsNothing_LeavesTheWalOfOthersAlone) {
  {
    WriterDatabase writer = create();
    sqlite3_db_config(
        writer.db().getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    writer.db().exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
  }
  const auto wal = wal_size();
  EXPECT_FALSE(holds_nothing(path));
  EXPECT_EQ(wal_size(), wal);
}

TEST_F(Database, Reader_SeesCommits_AndCannotWrite) {
  WriterDatabase writer = create();
  writer.db().exec("CREATE TABLE t (a)");
  const auto reader = open_reader(path, kOurs);
  ASSERT_TRUE(reader) << reader.error().what;
  writer.db().exec("INSERT INTO t VALUES (1)");
  EXPECT_EQ((*reader)->execAndGet("SELECT count(*) FROM t").getInt(), 1);
  EXPECT_THROW((*reader)->exec("INSERT INTO t VALUES (2)"), SQLite::Exception);
  EXPECT_THROW((*reader)->exec("PRAGMA application_id = 1"), SQLite::Exception);
}

TEST_F(Database, Checkpoint_MovesTheWalIntoTheDatabase) {
  WriterDatabase writer = create();
  writer.db().exec("CREATE TABLE t (a)");
  writer.checkpoint();
  const auto before = std::filesystem::file_size(path);
  for (int i = 0; i < 50; ++i) {
    writer.db().exec("INSERT INTO t VALUES (randomblob(4000))");
  }
  EXPECT_EQ(std::filesystem::file_size(path), before);
  writer.checkpoint();
  EXPECT_GT(std::filesystem::file_size(path), before + 50 * 4000);
  // The next write begins the WAL again instead of growing it.
  const auto wal = wal_size();
  writer.db().exec("INSERT INTO t VALUES (randomblob(4000))");
  EXPECT_EQ(wal_size(), wal);
}

TEST_F(Database, Reader_ThatClosesLast_LeavesTheWalAlone) {
  auto reader = [&] {
    WriterDatabase writer = create();
    writer.db().exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    return open_reader(path, kOurs);
  }();
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->execAndGet("SELECT a FROM t").getInt(), 1);
  ASSERT_TRUE(std::filesystem::exists(path.string() + "-wal"));
  const auto wal = wal_size();
  reader->reset();
  EXPECT_EQ(wal_size(), wal);
  const auto writer = WriterDatabase::open(path, kOurs, false);
  EXPECT_TRUE(writer);
}

TEST_F(Database, Killed_Writer_LosesNoCommit) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    WriterDatabase writer = create();
    writer.db().exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    writer.db().exec("BEGIN; INSERT INTO t VALUES (2)");
    ::_exit(0);  // no destructor: no COMMIT, no checkpoint, no close
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  auto reader = open_reader(path, kOurs);
  ASSERT_TRUE(reader) << reader.error().what;
  EXPECT_EQ((*reader)->execAndGet("SELECT count(*) FROM t").getInt(), 1);
  auto writer = WriterDatabase::open(path, kOurs, false);
  ASSERT_TRUE(writer) << fault_of(writer);
  EXPECT_EQ(writer->db().execAndGet("SELECT count(*) FROM t").getInt(), 1);
}

}  // namespace
}  // namespace strongroom
