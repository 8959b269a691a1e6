// SPDX-License-Identifier: Apache-2.0
#include "tests/powercut/version_1.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "agent/journal/columns.h"
#include "agent/journal/rows.h"

namespace strongroom::powercut {
namespace {

using journal_columns::blob;
using journal_columns::number;
using journal_rows::RowBytes;

RowBytes& numbers(RowBytes& row,
                  SQLite::Statement& from,
                  std::initializer_list<int> columns) {
  for (const int column : columns) {
    row.number(number(from.getColumn(column)));
  }
  return row;
}

std::optional<std::uint64_t> maybe(SQLite::Statement& from, int column) {
  return from.getColumn(column).isNull()
             ? std::nullopt
             : std::optional(number(from.getColumn(column)));
}

void put_hash(SQLite::Statement& update, const Hash& hash) {
  update.bind(1, hash.data(), static_cast<int>(hash.size()));
  update.exec();
  update.reset();
}

void hash_streams(SQLite::Database& db) {
  SQLite::Statement rows(db,
                         "SELECT stream, tail, tail_hash, delivered, pruned, "
                         "last_transaction FROM streams");
  SQLite::Statement update(db,
                           "UPDATE streams SET row_hash = ? WHERE stream = ?");
  while (rows.executeStep()) {
    RowBytes row("streams");
    numbers(row, rows, {0, 1}).blob(blob(rows.getColumn(2)));
    numbers(row, rows, {3, 4, 5});
    update.bind(2, rows.getColumn(0).getInt64());
    put_hash(update, row.hash());
  }
}

void hash_epochs(SQLite::Database& db) {
  SQLite::Statement rows(db,
                         "SELECT stream, first_position, epoch, reason, "
                         "stopped_at, stopped_reason FROM epochs");
  SQLite::Statement update(db,
                           "UPDATE epochs SET row_hash = ? WHERE stream = ? "
                           "AND first_position = ?");
  while (rows.executeStep()) {
    RowBytes row("epochs");
    numbers(row, rows, {0, 1, 2, 3, 4, 5});
    update.bind(2, rows.getColumn(0).getInt64());
    update.bind(3, rows.getColumn(1).getInt64());
    put_hash(update, row.hash());
  }
}

void hash_batches(SQLite::Database& db) {
  SQLite::Statement rows(db,
                         "SELECT stream, first_position, count, header, "
                         "signature, first_index, delivered_us FROM batches");
  SQLite::Statement update(db,
                           "UPDATE batches SET row_hash = ? WHERE stream = ? "
                           "AND first_position = ?");
  while (rows.executeStep()) {
    RowBytes row("batches");
    numbers(row, rows, {0, 1, 2})
        .blob(blob(rows.getColumn(3)))
        .blob(blob(rows.getColumn(4)))
        .optional(maybe(rows, 5))
        .optional(maybe(rows, 6));
    update.bind(2, rows.getColumn(0).getInt64());
    update.bind(3, rows.getColumn(1).getInt64());
    put_hash(update, row.hash());
  }
}

}  // namespace

void write_as_version_1(const std::filesystem::path& journal) {
  SQLite::Database db(journal.string(), SQLite::OPEN_READWRITE);
  SQLite::Transaction transaction(db);
  db.exec(
      "ALTER TABLE streams DROP COLUMN owed_bytes;"
      "ALTER TABLE streams DROP COLUMN kept_bytes;"
      "ALTER TABLE epochs DROP COLUMN salvaged_to;"
      "ALTER TABLE batches DROP COLUMN generation;"
      "DROP TABLE losses;"
      "DROP TABLE panel_cursors");
  hash_streams(db);
  hash_epochs(db);
  hash_batches(db);
  db.exec("PRAGMA user_version = 1");
  transaction.commit();
}

}  // namespace strongroom::powercut
