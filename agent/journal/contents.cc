// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/contents.h"

#include "agent/journal/columns.h"

namespace strongroom {
namespace {

using namespace journal_columns;
using journal_rows::HeldRow;
using journal_rows::Mark;
using journal_rows::row_hash;

std::string schema_text(SQLite::Database& db) {
  SQLite::Statement query(
      db, "SELECT coalesce(sql, '') FROM sqlite_schema ORDER BY name");
  std::string all;
  while (query.executeStep()) {
    all += text(query.getColumn(0)) + "\n";
  }
  return all;
}

void check_schema(SQLite::Database& db) {
  const int version = db.execAndGet("PRAGMA user_version").getInt();
  if (version != journal_rows::kSchemaVersion) {
    flawed("file",
           fmt::format("schema version {}, not {}",
                       version,
                       journal_rows::kSchemaVersion));
  }
  SQLite::Database fresh(":memory:",
                         SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  fresh.exec(std::string(journal_rows::schema()));
  if (schema_text(db) != schema_text(fresh)) {
    flawed("file", "the tables are not those of the schema");
  }
}

void load_meta(SQLite::Database& db, JournalContents& contents) {
  SQLite::Statement query(db, "SELECT key, value, row_hash FROM meta");
  while (query.executeStep()) {
    const std::string key = text(query.getColumn(0));
    const std::string value = text(query.getColumn(1));
    require_row_hash(query.getColumn(2), row_hash(key, value), "meta " + key);
    contents.meta[key] = value;
  }
  for (const char* key : {"source", "opened_because", "set_aside"}) {
    if (!contents.meta.contains(key)) {
      flawed(std::string("meta ") + key, "the row is missing");
    }
  }
  if (contents.meta.size() != 3) {
    flawed("meta", "a row too many");
  }
  contents.source = contents.meta["source"];
}

void load_marks(SQLite::Database& db, JournalContents& contents) {
  SQLite::Statement query(
      db,
      "SELECT stream, tail, tail_hash, delivered, pruned, last_transaction, "
      "row_hash FROM streams ORDER BY stream");
  std::size_t rows = 0;
  while (query.executeStep()) {
    Mark row;
    row.stream = agent_stream(query.getColumn(0), "streams");
    const std::string place = place_of("streams", row.stream);
    row.tail = number(query.getColumn(1));
    row.tail_hash = hash_column(query.getColumn(2), place, "tail_hash");
    row.delivered = number(query.getColumn(3));
    row.pruned = number(query.getColumn(4));
    row.last_transaction = number(query.getColumn(5));
    require_row_hash(query.getColumn(6), row_hash(row), place);
    if (row.delivered > row.tail || row.pruned > row.delivered) {
      flawed(place, "its marks are not in order");
    }
    contents.marks[slot_of(row.stream)] = row;
    ++rows;
  }
  if (rows != kAgentStreams.size()) {
    flawed("streams", "a row is missing");
  }
  if (contents.marks[0].last_transaction !=
      contents.marks[1].last_transaction) {
    flawed("streams", "last_transaction differs between the streams");
  }
}

void check_epoch_order(const JournalContents& contents, Stream stream) {
  const auto& epochs = contents.epochs[slot_of(stream)];
  const Mark& mark = contents.marks[slot_of(stream)];
  if (mark.tail > 0 && (epochs.empty() || epochs[0].first_position != 1)) {
    flawed(place_of("epochs", stream), "the first epoch is missing");
  }
  for (const EpochRow& row : epochs) {
    const std::string place = place_of("epochs", stream, row.first_position);
    if (row.first_position > mark.tail) {
      flawed(place, "an epoch without events");
    }
    if (row.stopped_at != 0 && (row.stopped_at < row.first_position ||
                                row.stopped_at > contents.epoch_end(row) + 1)) {
      flawed(place, "stopped_at is outside the epoch");
    }
  }
}

void load_epochs(SQLite::Database& db, JournalContents& contents) {
  SQLite::Statement query(
      db,
      "SELECT stream, first_position, epoch, reason, stopped_at, "
      "stopped_reason, row_hash FROM epochs ORDER BY stream, first_position");
  while (query.executeStep()) {
    EpochRow row;
    row.stream = agent_stream(query.getColumn(0), "epochs");
    row.first_position = number(query.getColumn(1));
    row.epoch = number(query.getColumn(2));
    const std::string place =
        place_of("epochs", row.stream, row.first_position);
    row.reason = static_cast<strongroom_v1_EpochReason>(
        small_number(query.getColumn(3), place, "reason"));
    row.stopped_at = number(query.getColumn(4));
    row.stopped_reason = static_cast<strongroom_v1_RefusalReason>(
        small_number(query.getColumn(5), place, "stopped_reason"));
    require_row_hash(query.getColumn(6), row_hash(row), place);
    contents.epochs[slot_of(row.stream)].push_back(row);
  }
  for (const Stream stream : kAgentStreams) {
    check_epoch_order(contents, stream);
  }
}

void load_held(SQLite::Database& db, JournalContents& contents) {
  SQLite::Statement query(
      db, "SELECT stream, origin, checkpoint, row_hash FROM held");
  while (query.executeStep()) {
    HeldRow row;
    row.stream = agent_stream(query.getColumn(0), "held");
    row.origin = text(query.getColumn(1));
    row.checkpoint = text(query.getColumn(2));
    require_row_hash(
        query.getColumn(3), row_hash(row), place_of("held", row.stream));
    contents.held[slot_of(row.stream)] = row;
  }
  for (const Stream stream : kAgentStreams) {
    if (contents.marks[slot_of(stream)].delivered > 0 &&
        contents.held[slot_of(stream)].origin.empty()) {
      flawed(place_of("held", stream), "the row is missing");
    }
  }
}

void load_descriptions(SQLite::Database& db, JournalContents& contents) {
  SQLite::Statement query(
      db, "SELECT device, epoch, seq, hash, row_hash FROM descriptions");
  while (query.executeStep()) {
    DescriptionRow row;
    row.device = text(query.getColumn(0));
    const std::string place = "descriptions " + row.device;
    row.epoch = number(query.getColumn(1));
    row.seq = number(query.getColumn(2));
    row.hash = hash_column(query.getColumn(3), place, "hash");
    require_row_hash(query.getColumn(4), row_hash(row), place);
    contents.descriptions.push_back(std::move(row));
  }
}

}  // namespace

const EpochRow* JournalContents::epoch_at(Stream stream,
                                          Position position) const {
  const auto& rows = epochs[slot_of(stream)];
  const EpochRow* found = nullptr;
  for (const EpochRow& row : rows) {
    if (row.first_position <= position) {
      found = &row;
    }
  }
  return found;
}

Position JournalContents::epoch_end(const EpochRow& epoch) const {
  for (const EpochRow& row : epochs[slot_of(epoch.stream)]) {
    if (row.first_position > epoch.first_position) {
      return row.first_position - 1;
    }
  }
  return marks[slot_of(epoch.stream)].tail;
}

FlawOr<JournalContents> load_contents(SQLite::Database& db) {
  return catching([&] {
    JournalContents contents;
    check_schema(db);
    load_meta(db, contents);
    load_marks(db, contents);
    load_epochs(db, contents);
    load_held(db, contents);
    load_descriptions(db, contents);
    return contents;
  });
}

}  // namespace strongroom
