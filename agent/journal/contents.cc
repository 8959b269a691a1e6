// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/contents.h"

#include "agent/journal/columns.h"

namespace strongroom {
namespace {

using namespace journal_columns;
using journal_rows::HeldRow;
using journal_rows::Mark;
using journal_rows::row_hash;

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
  fresh.exec(journal_rows::schema());
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

std::array<Mark, 2> read_marks(SQLite::Database& db) {
  SQLite::Statement query(
      db,
      "SELECT stream, tail, tail_hash, delivered, pruned, owed_bytes, "
      "kept_bytes, last_transaction, row_hash FROM streams ORDER BY stream");
  std::array<Mark, 2> marks;
  std::size_t rows = 0;
  while (query.executeStep()) {
    Mark row;
    row.stream = agent_stream(query.getColumn(0), "streams");
    const std::string place = place_of("streams", row.stream);
    row.tail = number(query.getColumn(1));
    row.tail_hash = hash_column(query.getColumn(2), place, "tail_hash");
    row.delivered = number(query.getColumn(3));
    row.pruned = number(query.getColumn(4));
    row.owed_bytes = number(query.getColumn(5));
    row.kept_bytes = number(query.getColumn(6));
    row.last_transaction = number(query.getColumn(7));
    require_row_hash(query.getColumn(8), row_hash(row), place);
    if (row.delivered > row.tail || row.pruned > row.delivered) {
      flawed(place, "its marks are not in order");
    }
    marks[slot_of(row.stream)] = row;
    ++rows;
  }
  if (rows != kAgentStreams.size()) {
    flawed("streams", "a row is missing");
  }
  if (marks[0].last_transaction != marks[1].last_transaction) {
    flawed("streams", "last_transaction differs between the streams");
  }
  return marks;
}

void check_epoch_order(const JournalContents& contents, Stream stream) {
  const StreamLayout& layout = contents.layout(stream);
  const auto& epochs = layout.epochs;
  if (layout.tail > 0 && (epochs.empty() || epochs[0].first_position != 1)) {
    flawed(place_of("epochs", stream), "the first epoch is missing");
  }
  for (const EpochRow& row : epochs) {
    const std::string place = place_of("epochs", stream, row.first_position);
    if (row.first_position > layout.tail) {
      flawed(place, "an epoch without events");
    }
    const Position end = layout.epoch_end(row);
    if (row.stopped_at != 0 &&
        (row.stopped_at < row.first_position || row.stopped_at > end + 1)) {
      flawed(place, "stopped_at is outside the epoch");
    }
    if (row.salvaged_to != 0 &&
        (row.stopped_at == 0 || row.salvaged_to < row.stopped_at ||
         row.salvaged_to > end)) {
      flawed(place, "salvaged_to is outside the stopped part");
    }
  }
}

void load_epochs(SQLite::Database& db, JournalContents& contents) {
  SQLite::Statement query(
      db,
      "SELECT stream, first_position, epoch, reason, stopped_at, "
      "stopped_reason, salvaged_to, row_hash FROM epochs ORDER BY stream, "
      "first_position");
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
    row.salvaged_to = number(query.getColumn(6));
    require_row_hash(query.getColumn(7), row_hash(row), place);
    contents.layouts[slot_of(row.stream)].epochs.push_back(row);
  }
  for (const Stream stream : kAgentStreams) {
    check_epoch_order(contents, stream);
  }
}

// A loss stands within one epoch, after its first row, before the tail, and
// continues the one that it adjoins.
void check_loss(const JournalContents& contents,
                const Loss& row,
                const Loss* before) {
  const StreamLayout& layout = contents.layout(Stream::kTelemetry);
  const std::string place = fmt::format("losses {}", row.first);
  const EpochRow* epoch = layout.epoch_at(row.first);
  if (row.first > row.last || row.last >= layout.tail || epoch == nullptr ||
      row.first == epoch->first_position ||
      row.last > layout.epoch_end(*epoch) ||
      row.last <= contents.marks[slot_of(Stream::kTelemetry)].pruned) {
    flawed(place, "a loss cannot stand there");
  }
  if (row.announced == 0 ||
      row.announced > contents.layout(Stream::kRecord).tail) {
    flawed(place, "announced by no event");
  }
  if (before != nullptr &&
      (before->last >= row.first ||
       (before->last + 1 == row.first && before->of_last != row.before))) {
    flawed(place, "does not fit the loss before");
  }
}

void load_losses(SQLite::Database& db, JournalContents& contents) {
  SQLite::Statement query(
      db,
      "SELECT first_position, last_position, hash_before, hash_of_last, "
      "announced, row_hash FROM losses ORDER BY first_position");
  auto& losses = contents.layouts[slot_of(Stream::kTelemetry)].losses;
  while (query.executeStep()) {
    Loss row;
    row.first = number(query.getColumn(0));
    row.last = number(query.getColumn(1));
    const std::string place = fmt::format("losses {}", row.first);
    row.before = hash_column(query.getColumn(2), place, "hash_before");
    row.of_last = hash_column(query.getColumn(3), place, "hash_of_last");
    row.announced = number(query.getColumn(4));
    require_row_hash(query.getColumn(5), row_hash(row), place);
    check_loss(contents, row, losses.empty() ? nullptr : &losses.back());
    losses.push_back(row);
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
    if (!Origin::parse(row.origin)) {
      flawed(place_of("held", row.stream), "the origin is none");
    }
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

void load_panel_cursors(SQLite::Database& db, JournalContents& contents) {
  SQLite::Statement query(
      db,
      "SELECT panel, ring, seq, list_version, list_hash, flags, row_hash FROM "
      "panel_cursors ORDER BY panel");
  while (query.executeStep()) {
    PanelCursor row;
    row.panel = text(query.getColumn(0));
    const std::string place = "panel_cursors " + row.panel;
    row.ring = number_32(query.getColumn(1), place, "ring");
    row.seq = number_32(query.getColumn(2), place, "seq");
    row.list_version = number_32(query.getColumn(3), place, "list_version");
    row.list_hash = hash_column(query.getColumn(4), place, "list_hash");
    row.flags = number_32(query.getColumn(5), place, "flags");
    require_row_hash(query.getColumn(6), row_hash(row), place);
    contents.panel_cursors.push_back(std::move(row));
  }
}

}  // namespace

std::uint32_t JournalContents::held_generation(Stream stream) const {
  const auto origin = Origin::parse(held[slot_of(stream)].origin);
  return origin ? origin->generation : 0;
}

std::string schema_text(SQLite::Database& db) {
  SQLite::Statement query(
      db, "SELECT coalesce(sql, '') FROM sqlite_schema ORDER BY name");
  std::string all;
  while (query.executeStep()) {
    all += text(query.getColumn(0)) + "\n";
  }
  return all;
}

FlawOr<std::array<Mark, 2>> load_marks(SQLite::Database& db) {
  return catching([&] { return read_marks(db); });
}

FlawOr<JournalContents> load_contents(SQLite::Database& db) {
  return catching([&] {
    JournalContents contents;
    check_schema(db);
    load_meta(db, contents);
    contents.marks = read_marks(db);
    for (const Stream stream : kAgentStreams) {
      contents.layouts[slot_of(stream)].tail =
          contents.marks[slot_of(stream)].tail;
    }
    load_epochs(db, contents);
    load_losses(db, contents);
    load_held(db, contents);
    load_descriptions(db, contents);
    load_panel_cursors(db, contents);
    return contents;
  });
}

}  // namespace strongroom
