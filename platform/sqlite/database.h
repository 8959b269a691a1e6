// SPDX-License-Identifier: Apache-2.0
// How we open SQLite: WAL, synchronous FULL, secure_delete ON, one writer
// connection that also does every checkpoint, no mmap (SQLite 3.40.1 has the
// WAL-reset fault: docs/decisions/0031).
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <memory>

#include "core/base/result.h"

namespace strongroom {

/// The writer. Takes an exclusive lock file beside the database
/// (`<path>.lock`), so that a second process is refused with the name of the
/// file. Creates the database only with `create`. Faults: missing, locked, not
/// a database, another application_id.
class WriterDatabase {
 public:
  static Result<WriterDatabase> open(const std::filesystem::path& path,
                                     std::int32_t application_id,
                                     bool create);
  SQLite::Database& db() { return *db_; }
  /// Passive checkpoint; call from the owner's loop when idle or the WAL grows.
  void checkpoint();

 private:
  struct Lock;
  std::unique_ptr<Lock> lock_;
  std::unique_ptr<SQLite::Database> db_;

 public:
  WriterDatabase(WriterDatabase&&) noexcept;
  WriterDatabase& operator=(WriterDatabase&&) noexcept;
  ~WriterDatabase();

 private:
  WriterDatabase();
};

/// A read-only connection; never checkpoints. One thread each.
Result<std::unique_ptr<SQLite::Database>> open_reader(
    const std::filesystem::path& path, std::int32_t application_id);

/// True when nothing was ever committed into the database: there is no file, an
/// empty one, or one without tables, as a power cut while it was made leaves
/// it. Plays back what SQLite left beside it. False when it cannot be told:
/// held, no database, damaged, or a WAL without its database.
bool holds_nothing(const std::filesystem::path& path);

/// user_version of the schema.
int schema_version(SQLite::Database& db);
void set_schema_version(SQLite::Database& db, int version);

}  // namespace strongroom
