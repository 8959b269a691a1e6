// SPDX-License-Identifier: Apache-2.0
#include "ledger/store/sqlite_guard.h"

#include <sys/stat.h>

#include "ledger/store/schema.h"

namespace strongroom {
namespace {

std::vector<GuardEntry> read_entries(SQLite::Database& db) {
  std::vector<GuardEntry> entries;
  SQLite::Statement rows(db, "SELECT origin, note FROM guard ORDER BY origin");
  while (rows.executeStep()) {
    entries.push_back(
        {rows.getColumn(0).getString(), rows.getColumn(1).getString()});
  }
  return entries;
}

constexpr const char* kNeverMadeAnew =
    "; the guard is never made anew beside a ledger that has signed: bring its "
    "disk back, or see strongroom recover";

/// Which file stands at a path.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};
FileId file_at(const std::filesystem::path& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 ? FileId{found.st_dev, found.st_ino}
                                           : FileId{};
}

class SqliteGuard final : public Guard {
 public:
  SqliteGuard(std::filesystem::path path, WriterDatabase writer)
      : path_(std::move(path)),
        writer_(std::move(writer)),
        file_(file_at(path_)) {}

  Result<std::vector<GuardEntry>> entries() override {
    return schema::guarded(path_, [&]() -> Result<std::vector<GuardEntry>> {
      return read_entries(writer_.db());
    });
  }

  Result<void> swap(std::span<const GuardSwap> swaps) override {
    // A file that was moved away or replaced would still take notes, and nobody
    // would find them again.
    if (file_at(path_) != file_) {
      return fault(path_.string() +
                   ": is not the file any more that was opened");
    }
    return schema::guarded(path_, [&]() -> Result<void> {
      SQLite::Transaction transaction(writer_.db());
      for (const GuardSwap& swap : swaps) {
        if (!swap_one(swap)) {
          return fault(path_.string() + ": the last checkpoint of " +
                       swap.origin +
                       " is not the one that this ledger signed last: another "
                       "ledger writes here, or the guard was put back");
        }
      }
      transaction.commit();
      return {};
    });
  }

 private:
  bool swap_one(const GuardSwap& swap) {
    if (swap.expected.empty()) {
      // An origin that is there makes this a fault (primary key).
      SQLite::Statement insert(writer_.db(),
                               "INSERT INTO guard (origin, note) VALUES (?, ?) "
                               "ON CONFLICT (origin) DO NOTHING");
      insert.bindNoCopy(1, swap.origin);
      insert.bindNoCopy(2, swap.note);
      return insert.exec() == 1;
    }
    SQLite::Statement update(
        writer_.db(),
        "UPDATE guard SET note = ? WHERE origin = ? AND note = ?");
    update.bindNoCopy(1, swap.note);
    update.bindNoCopy(2, swap.origin);
    update.bindNoCopy(3, swap.expected);
    return update.exec() == 1;
  }

  std::filesystem::path path_;
  WriterDatabase writer_;
  FileId file_;
};

}  // namespace

Result<std::unique_ptr<Guard>> open_sqlite_guard(
    const std::filesystem::path& path) {
  auto writer = WriterDatabase::open(path, schema::kGuardId, false);
  if (!writer) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored)
               ? std::unexpected(writer.error())
               : fault(writer.error().what + kNeverMadeAnew);
  }
  if (auto right =
          schema::require_version(writer->db(), path, schema::kGuardVersion);
      !right) {
    return std::unexpected(right.error());
  }
  return std::make_unique<SqliteGuard>(path, *std::move(writer));
}

Result<std::vector<GuardEntry>> read_guard(const std::filesystem::path& path) {
  auto db = open_reader(path, schema::kGuardId);
  if (!db) {
    return std::unexpected(db.error());
  }
  return schema::guarded(path, [&]() -> Result<std::vector<GuardEntry>> {
    return read_entries(**db);
  });
}

}  // namespace strongroom
