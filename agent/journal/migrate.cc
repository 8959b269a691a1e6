// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/migrate.h"

#include <initializer_list>

#include "agent/journal/columns.h"
#include "platform/sqlite/database.h"

namespace strongroom {
namespace {

using namespace journal_columns;
using journal_rows::HeldRow;
using journal_rows::Mark;
using journal_rows::row_hash;
using journal_rows::RowBytes;
using journal_rows::StoredBatch;

constexpr std::string_view kVersion1 = R"sql(
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
)sql";

// Row hashes as version 1 had them.
Hash old_hash(const Mark& row) {
  return RowBytes("streams")
      .stream(row.stream)
      .number(row.tail)
      .blob(row.tail_hash)
      .number(row.delivered)
      .number(row.pruned)
      .number(row.last_transaction)
      .hash();
}

Hash old_hash(const EpochRow& row) {
  return RowBytes("epochs")
      .stream(row.stream)
      .number(row.first_position)
      .number(row.epoch)
      .number(static_cast<std::uint64_t>(row.reason))
      .number(row.stopped_at)
      .number(static_cast<std::uint64_t>(row.stopped_reason))
      .hash();
}

void put(SQLite::Statement& insert, int at, std::uint64_t value) {
  insert.bind(at, static_cast<std::int64_t>(value));
}
void put(SQLite::Statement& insert, int at, ByteView bytes) {
  insert.bind(at, bytes.data(), static_cast<int>(bytes.size()));
}

template <typename T>
void put_or_null(SQLite::Statement& insert,
                 int at,
                 const std::optional<T>& value) {
  if (value) {
    insert.bind(at, static_cast<std::int64_t>(*value));
  } else {
    insert.bind(at);
  }
}

std::uint64_t bytes_between(SQLite::Database& db,
                            Stream stream,
                            Position first,
                            Position last) {
  SQLite::Statement sum(
      db,
      fmt::format("SELECT coalesce(sum(length(event)), 0) FROM {} WHERE "
                  "position BETWEEN ? AND ?",
                  journal_rows::event_table(stream)));
  put(sum, 1, first);
  put(sum, 2, last);
  sum.executeStep();
  return number(sum.getColumn(0));
}

void move_streams(SQLite::Database& db) {
  SQLite::Statement old(
      db,
      "SELECT stream, tail, tail_hash, delivered, pruned, last_transaction, "
      "row_hash FROM old_streams");
  SQLite::Statement insert(
      db, "INSERT INTO streams VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  while (old.executeStep()) {
    Mark row;
    row.stream = agent_stream(old.getColumn(0), "streams");
    const std::string place = place_of("streams", row.stream);
    row.tail = number(old.getColumn(1));
    row.tail_hash = hash_column(old.getColumn(2), place, "tail_hash");
    row.delivered = number(old.getColumn(3));
    row.pruned = number(old.getColumn(4));
    row.last_transaction = number(old.getColumn(5));
    require_row_hash(old.getColumn(6), old_hash(row), place);
    row.kept_bytes =
        bytes_between(db, row.stream, row.pruned + 1, row.delivered);
    row.owed_bytes = bytes_between(db, row.stream, row.delivered + 1, row.tail);
    const Hash hash = row_hash(row);
    insert.bind(1, static_cast<int>(row.stream));
    put(insert, 2, row.tail);
    put(insert, 3, row.tail_hash);
    put(insert, 4, row.delivered);
    put(insert, 5, row.pruned);
    put(insert, 6, row.owed_bytes);
    put(insert, 7, row.kept_bytes);
    put(insert, 8, row.last_transaction);
    put(insert, 9, hash);
    insert.exec();
    insert.reset();
  }
}

void move_epochs(SQLite::Database& db) {
  SQLite::Statement old(
      db,
      "SELECT stream, first_position, epoch, reason, stopped_at, "
      "stopped_reason, row_hash FROM old_epochs ORDER BY stream, "
      "first_position");
  SQLite::Statement insert(
      db, "INSERT INTO epochs VALUES (?, ?, ?, ?, ?, ?, 0, ?)");
  while (old.executeStep()) {
    EpochRow row;
    row.stream = agent_stream(old.getColumn(0), "epochs");
    row.first_position = number(old.getColumn(1));
    row.epoch = number(old.getColumn(2));
    const std::string place =
        place_of("epochs", row.stream, row.first_position);
    row.reason = static_cast<strongroom_v1_EpochReason>(
        small_number(old.getColumn(3), place, "reason"));
    row.stopped_at = number(old.getColumn(4));
    row.stopped_reason = static_cast<strongroom_v1_RefusalReason>(
        small_number(old.getColumn(5), place, "stopped_reason"));
    require_row_hash(old.getColumn(6), old_hash(row), place);
    const Hash hash = row_hash(row);
    insert.bind(1, static_cast<int>(row.stream));
    put(insert, 2, row.first_position);
    put(insert, 3, row.epoch);
    insert.bind(4, static_cast<int>(row.reason));
    put(insert, 5, row.stopped_at);
    insert.bind(6, static_cast<int>(row.stopped_reason));
    put(insert, 7, hash);
    insert.exec();
    insert.reset();
  }
}

// Version 1 knew one log a stream: the one whose checkpoint it holds.
std::array<std::optional<std::uint32_t>, 2> generations(SQLite::Database& db) {
  std::array<std::optional<std::uint32_t>, 2> found;
  SQLite::Statement held(db, "SELECT stream, origin FROM held");
  while (held.executeStep()) {
    const Stream stream = agent_stream(held.getColumn(0), "held");
    if (const auto origin = Origin::parse(text(held.getColumn(1)))) {
      found[slot_of(stream)] = origin->generation;
    }
  }
  return found;
}

// The hash that the row has now when it had the right one before; else the one
// that it had, which is wrong still.
Bytes hash_to_keep(const SQLite::Statement& old, const StoredBatch& row) {
  const Hash before = RowBytes("batches")
                          .stream(row.batch.stream)
                          .number(row.batch.first_position)
                          .number(row.batch.count)
                          .blob(row.batch.sealed.header)
                          .blob(row.batch.sealed.signature)
                          .optional(row.first_index)
                          .optional(row.delivered_us)
                          .hash();
  const ByteView stored = blob(old.getColumn(7));
  if (hash_from(stored) != before) {
    return {stored.begin(), stored.end()};
  }
  const Hash now = row_hash(row);
  return {now.begin(), now.end()};
}

void move_batches(SQLite::Database& db) {
  const auto of_log = generations(db);
  SQLite::Statement old(
      db,
      "SELECT stream, first_position, count, header, signature, first_index, "
      "delivered_us, row_hash FROM old_batches ORDER BY stream, "
      "first_position");
  SQLite::Statement insert(
      db, "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  while (old.executeStep()) {
    StoredBatch row;
    row.batch.stream = agent_stream(old.getColumn(0), "batches");
    row.batch.first_position = number(old.getColumn(1));
    row.batch.count = static_cast<std::uint32_t>(number(old.getColumn(2)));
    const ByteView header = blob(old.getColumn(3));
    row.batch.sealed.header.assign(header.begin(), header.end());
    const ByteView signature = blob(old.getColumn(4));
    std::copy_n(signature.begin(),
                std::min(signature.size(), row.batch.sealed.signature.size()),
                row.batch.sealed.signature.begin());
    if (!old.getColumn(5).isNull()) {
      row.first_index = number(old.getColumn(5));
    }
    if (!old.getColumn(6).isNull()) {
      row.delivered_us = old.getColumn(6).getInt64();
      row.generation = of_log[slot_of(row.batch.stream)];
    }
    insert.bind(1, static_cast<int>(row.batch.stream));
    put(insert, 2, row.batch.first_position);
    insert.bind(3, old.getColumn(2).getInt64());
    put(insert, 4, header);
    put(insert, 5, signature);
    put_or_null(insert, 6, row.first_index);
    put_or_null(insert, 7, row.delivered_us);
    put_or_null(insert, 8, row.generation);
    put(insert, 9, hash_to_keep(old, row));
    insert.exec();
    insert.reset();
  }
}

void require_schema(SQLite::Database& db,
                    std::initializer_list<std::string_view> tables) {
  SQLite::Database fresh(":memory:",
                         SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  for (const std::string_view statements : tables) {
    fresh.exec(std::string(statements));
  }
  if (schema_text(db) != schema_text(fresh)) {
    flawed("file", "the tables are not those of the schema");
  }
}

void from_1_to_2(SQLite::Database& db) {
  require_schema(db, {journal_rows::tables_of_every_version(), kVersion1});
  db.exec(
      "ALTER TABLE streams RENAME TO old_streams;"
      "ALTER TABLE epochs RENAME TO old_epochs;"
      "ALTER TABLE batches RENAME TO old_batches");
  db.exec(std::string(journal_rows::tables_of_version_2()));
  move_streams(db);
  move_epochs(db);
  move_batches(db);
  db.exec(
      "DROP TABLE old_streams; DROP TABLE old_epochs; DROP TABLE old_batches");
}

// Nothing but a table more: no row changes.
void from_2_to_3(SQLite::Database& db) {
  require_schema(db,
                 {journal_rows::tables_of_every_version(),
                  journal_rows::tables_of_version_2()});
  db.exec(std::string(journal_rows::tables_of_version_3()));
}

}  // namespace

FlawOr<void> migrate(SQLite::Database& db) {
  return catching([&] {
    if (schema_version(db) == 1) {
      from_1_to_2(db);
    }
    from_2_to_3(db);
    set_schema_version(db, journal_rows::kSchemaVersion);
  });
}

}  // namespace strongroom
