// SPDX-License-Identifier: Apache-2.0
#include "ledger/backup/snapshot.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <cerrno>
#include <fcntl.h>
#include <sqlite3.h>
#include <system_error>
#include <unistd.h>

#include "platform/sqlite/database.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

constexpr int kPagesAStep = 2048;

struct Finish {
  void operator()(sqlite3_backup* backup) const {
    sqlite3_backup_finish(backup);
  }
};

std::unexpected<Error> copy_fault(const fs::path& path, int code) {
  return fault(path.string() + ": cannot be copied: " + sqlite3_errstr(code));
}

}  // namespace

struct Snapshot::State {
  fs::path path;
  std::unique_ptr<SQLite::Database> db;
  std::uint64_t bytes = 0;
};

Snapshot::Snapshot(std::unique_ptr<State> state) : state_(std::move(state)) {}
Snapshot::~Snapshot() = default;

std::uint64_t Snapshot::bytes() const {
  return state_->bytes;
}

Result<std::unique_ptr<Snapshot>> Snapshot::hold(const fs::path& database,
                                                 std::int32_t application_id) {
  auto db = open_reader(database, application_id);
  if (!db) {
    return std::unexpected(db.error());
  }
  try {
    // A transaction sees the database as of its first read.
    (*db)->exec("BEGIN");
    const auto pages = (*db)->execAndGet("PRAGMA page_count").getInt64();
    const auto page = (*db)->execAndGet("PRAGMA page_size").getInt64();
    (*db)->execAndGet("SELECT count(*) FROM sqlite_schema");
    return std::unique_ptr<Snapshot>(new Snapshot(std::make_unique<State>(State{
        database, *std::move(db), static_cast<std::uint64_t>(pages * page)})));
  } catch (const SQLite::Exception& error) {
    return fault(database.string() + ": " + error.what());
  }
}

Result<void> Snapshot::copy_to(const fs::path& to, const Progress& progress) {
  // Sealed values are in it: its owner's alone, wherever it is copied to.
  const int made =
      ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t{0600});
  if (made < 0) {
    return fault(to.string() +
                 ": cannot be made: " + std::generic_category().message(errno));
  }
  ::close(made);
  const std::string what = "copying " + state_->path.filename().string();
  try {
    SQLite::Database copy(to.string(), SQLite::OPEN_READWRITE);
    // Nothing of an unfinished copy is ever looked at.
    copy.exec("PRAGMA synchronous = OFF");
    {
      const std::unique_ptr<sqlite3_backup, Finish> pages(sqlite3_backup_init(
          copy.getHandle(), "main", state_->db->getHandle(), "main"));
      if (pages == nullptr) {
        return copy_fault(to, sqlite3_errcode(copy.getHandle()));
      }
      for (int step = SQLITE_OK; step != SQLITE_DONE;) {
        step = sqlite3_backup_step(pages.get(), kPagesAStep);
        if (step != SQLITE_OK && step != SQLITE_DONE) {
          return copy_fault(to, step);
        }
        const auto total =
            static_cast<std::uint64_t>(sqlite3_backup_pagecount(pages.get()));
        const auto left =
            static_cast<std::uint64_t>(sqlite3_backup_remaining(pages.get()));
        progress(what,
                 total == 0 ? 0 : state_->bytes * (total - left) / total,
                 state_->bytes);
      }
    }
    // One file, that can be read from a disc, too.
    copy.exec("PRAGMA journal_mode = DELETE");
  } catch (const SQLite::Exception& error) {
    return fault(to.string() + ": " + error.what());
  }
  return sync_path(to);
}

Result<void> Snapshot::put_notes(const fs::path& copy,
                                 std::span<const GuardEntry> notes) {
  try {
    SQLite::Database db(copy.string(), SQLite::OPEN_READWRITE);
    db.exec("PRAGMA synchronous = OFF");
    SQLite::Transaction transaction(db);
    SQLite::Statement put(db,
                          "INSERT OR REPLACE INTO notes (log_id, note)"
                          " SELECT log_id, ? FROM logs WHERE origin = ?"
                          // Of a closed log the guard's is of what was lost.
                          " AND closed_at IS NULL");
    for (const GuardEntry& entry : notes) {
      put.bindNoCopy(1, entry.note);
      put.bindNoCopy(2, entry.origin);
      put.exec();
      put.reset();
    }
    transaction.commit();
  } catch (const SQLite::Exception& error) {
    return fault(copy.string() + ": " + error.what());
  }
  return sync_path(copy);
}

}  // namespace strongroom
