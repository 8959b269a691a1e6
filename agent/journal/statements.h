// SPDX-License-Identifier: Apache-2.0
// What the journal asks of its file, prepared once. Only for the .cc files of
// this folder.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include "agent/journal/sqlite_journal.h"

namespace strongroom {

namespace journal_statements {

inline void bind(SQLite::Statement& statement, int at, ByteView bytes) {
  statement.bindNoCopy(at,
                       static_cast<const void*>(bytes.data()),
                       static_cast<int>(bytes.size()));
}

inline void bind(SQLite::Statement& statement, int at, std::uint64_t value) {
  statement.bind(at, static_cast<std::int64_t>(value));
}

inline void run(SQLite::Statement& statement) {
  statement.exec();
  statement.reset();
}

// A row that exists and must not, or the other way about, is no fault of the
// disk either: trying again does not help.
inline JournalError error_of(const SQLite::Exception& error) {
  const int code = error.getErrorCode() & 0xff;
  return {error.what(),
          code == SQLITE_CORRUPT || code == SQLITE_NOTADB ||
              code == SQLITE_CONSTRAINT};
}

inline std::unexpected<JournalError> broken(std::string what) {
  return std::unexpected(JournalError{std::move(what), true});
}

// What was written and does not fit what stands leaves a transaction so.
[[noreturn]] inline void corrupt(const std::string& what) {
  throw SQLite::Exception(what, SQLITE_CORRUPT);
}

// Leaves the statement ready for the next use, whatever happens.
class Using {
 public:
  explicit Using(SQLite::Statement& statement) : statement_(statement) {}
  ~Using() { statement_.tryReset(); }
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;

 private:
  SQLite::Statement& statement_;
};

}  // namespace journal_statements

struct SqliteJournal::Statements {
  explicit Statements(SQLite::Database& db)
      : add_record(db, "INSERT INTO record_events VALUES (?, ?)"),
        add_telemetry(db, "INSERT INTO telemetry_events VALUES (?, ?)"),
        read_record(db,
                    "SELECT position, event FROM record_events WHERE position "
                    ">= ? ORDER BY position LIMIT ?"),
        read_telemetry(db,
                       "SELECT position, event FROM telemetry_events WHERE "
                       "position >= ? ORDER BY position LIMIT ?"),
        sum_record(db,
                   "SELECT coalesce(sum(length(event)), 0) FROM record_events "
                   "WHERE position BETWEEN ? AND ?"),
        sum_telemetry(db,
                      "SELECT coalesce(sum(length(event)), 0) FROM "
                      "telemetry_events WHERE position BETWEEN ? AND ?"),
        delete_record(
            db, "DELETE FROM record_events WHERE position BETWEEN ? AND ?"),
        delete_telemetry(
            db, "DELETE FROM telemetry_events WHERE position BETWEEN ? AND ?"),
        put_epoch(
            db,
            "INSERT OR REPLACE INTO epochs VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
        add_batch(db,
                  "INSERT INTO batches VALUES (?, ?, ?, ?, ?, NULL, NULL, "
                  "NULL, ?)"),
        read_batch(db,
                   "SELECT count, header, signature FROM batches WHERE stream "
                   "= ? AND first_position = ?"),
        next_batch(db,
                   "SELECT first_position, count, delivered_us FROM batches "
                   "WHERE stream = ? AND first_position >= ? ORDER BY "
                   "first_position LIMIT 1"),
        batch_before(db,
                     "SELECT first_position, count, delivered_us FROM batches "
                     "WHERE stream = ? AND first_position < ? ORDER BY "
                     "first_position DESC LIMIT 1"),
        deliver(db,
                "UPDATE batches SET first_index = ?, delivered_us = ?, "
                "generation = ?, row_hash = ? WHERE stream = ? AND "
                "first_position = ?"),
        delete_batches(
            db, "DELETE FROM batches WHERE stream = ? AND first_position <= ?"),
        put_held(db, "INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?)"),
        put_description(
            db, "INSERT OR REPLACE INTO descriptions VALUES (?, ?, ?, ?, ?)"),
        put_panel_cursor(db,
                         "INSERT OR REPLACE INTO panel_cursors VALUES (?, ?, "
                         "?, ?, ?, ?, ?)"),
        add_loss(db, "INSERT INTO losses VALUES (?, ?, ?, ?, ?, ?)"),
        read_loss(db,
                  "SELECT hash_of_last FROM losses WHERE last_position = ?"),
        delete_losses(db, "DELETE FROM losses WHERE last_position <= ?"),
        put_mark(db,
                 "UPDATE streams SET tail = ?, tail_hash = ?, delivered = ?, "
                 "pruned = ?, owed_bytes = ?, kept_bytes = ?, "
                 "last_transaction = ?, row_hash = ? WHERE stream = ?"),
        page_count(db, "PRAGMA page_count"),
        freelist_count(db, "PRAGMA freelist_count") {}

  SQLite::Statement& add(Stream stream) {
    return stream == Stream::kRecord ? add_record : add_telemetry;
  }
  SQLite::Statement& read(Stream stream) {
    return stream == Stream::kRecord ? read_record : read_telemetry;
  }
  SQLite::Statement& sum(Stream stream) {
    return stream == Stream::kRecord ? sum_record : sum_telemetry;
  }
  SQLite::Statement& remove(Stream stream) {
    return stream == Stream::kRecord ? delete_record : delete_telemetry;
  }

  SQLite::Statement add_record;
  SQLite::Statement add_telemetry;
  SQLite::Statement read_record;
  SQLite::Statement read_telemetry;
  SQLite::Statement sum_record;
  SQLite::Statement sum_telemetry;
  SQLite::Statement delete_record;
  SQLite::Statement delete_telemetry;
  SQLite::Statement put_epoch;
  SQLite::Statement add_batch;
  SQLite::Statement read_batch;
  SQLite::Statement next_batch;
  SQLite::Statement batch_before;
  SQLite::Statement deliver;
  SQLite::Statement delete_batches;
  SQLite::Statement put_held;
  SQLite::Statement put_description;
  SQLite::Statement put_panel_cursor;
  SQLite::Statement add_loss;
  SQLite::Statement read_loss;
  SQLite::Statement delete_losses;
  SQLite::Statement put_mark;
  SQLite::Statement page_count;
  SQLite::Statement freelist_count;
};

}  // namespace strongroom
