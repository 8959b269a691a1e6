// SPDX-License-Identifier: Apache-2.0
#include "ledger/store/sqlite_guard.h"

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

class SqliteGuard final : public Guard {
 public:
  SqliteGuard(std::filesystem::path path, WriterDatabase writer)
      : path_(std::move(path)), writer_(std::move(writer)) {}

  Result<std::vector<GuardEntry>> entries() override {
    return schema::guarded(path_, [&]() -> Result<std::vector<GuardEntry>> {
      return read_entries(writer_.db());
    });
  }

  Result<void> swap(std::span<const GuardSwap> swaps) override {
    return schema::guarded(path_, [&]() -> Result<void> {
      SQLite::Transaction transaction(writer_.db());
      for (const GuardSwap& swap : swaps) {
        if (!swap_one(swap)) {
          return fault(path_.string() + ": the last checkpoint of " +
                       swap.origin +
                       " is not the one that this ledger signed last");
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
};

}  // namespace

Result<std::unique_ptr<Guard>> open_sqlite_guard(
    const std::filesystem::path& path) {
  auto writer = WriterDatabase::open(path, schema::kGuardId, false);
  if (!writer) {
    return std::unexpected(writer.error());
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
