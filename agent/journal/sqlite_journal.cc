// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/sqlite_journal.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "agent/journal/columns.h"
#include "core/base/check.h"

namespace strongroom {

using journal_columns::blob;
using journal_columns::number;
using journal_rows::HeldRow;
using journal_rows::Mark;
using journal_rows::row_hash;
using journal_rows::StoredBatch;

namespace {

// Batches that one call of prune() may delete: bounds the turn of the loop.
constexpr int kPruneBatches = 64;

std::int64_t signed_of(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

void bind(SQLite::Statement& statement, int at, ByteView bytes) {
  statement.bindNoCopy(at,
                       static_cast<const void*>(bytes.data()),
                       static_cast<int>(bytes.size()));
}

void bind(SQLite::Statement& statement, int at, std::uint64_t value) {
  statement.bind(at, signed_of(value));
}

void run(SQLite::Statement& statement) {
  statement.exec();
  statement.reset();
}

JournalError error_of(const SQLite::Exception& error) {
  const int code = error.getErrorCode();
  return {error.what(), code == SQLITE_CORRUPT || code == SQLITE_NOTADB};
}

std::unexpected<JournalError> broken(std::string what) {
  return std::unexpected(JournalError{std::move(what), true});
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

}  // namespace

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
        put_epoch(db,
                  "INSERT OR REPLACE INTO epochs VALUES (?, ?, ?, ?, ?, ?, ?)"),
        add_batch(db,
                  "INSERT INTO batches VALUES (?, ?, ?, ?, ?, NULL, NULL, ?)"),
        read_batch(db,
                   "SELECT count, header, signature FROM batches WHERE stream "
                   "= ? AND first_position = ?"),
        deliver(db,
                "UPDATE batches SET first_index = ?, delivered_us = ?, "
                "row_hash = ? WHERE stream = ? AND first_position = ?"),
        put_held(db, "INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?)"),
        put_description(
            db, "INSERT OR REPLACE INTO descriptions VALUES (?, ?, ?, ?, ?)"),
        put_mark(db,
                 "UPDATE streams SET tail = ?, tail_hash = ?, delivered = ?, "
                 "pruned = ?, last_transaction = ?, row_hash = ? WHERE stream "
                 "= ?") {}

  SQLite::Statement add_record;
  SQLite::Statement add_telemetry;
  SQLite::Statement read_record;
  SQLite::Statement read_telemetry;
  SQLite::Statement put_epoch;
  SQLite::Statement add_batch;
  SQLite::Statement read_batch;
  SQLite::Statement deliver;
  SQLite::Statement put_held;
  SQLite::Statement put_description;
  SQLite::Statement put_mark;
};

SqliteJournal::SqliteJournal(WriterDatabase file,
                             const JournalContents& contents)
    : file_(std::move(file)),
      marks_(contents.marks),
      statements_(std::make_unique<Statements>(file_.db())) {}

SqliteJournal::~SqliteJournal() = default;

JournalResult<void> SqliteJournal::commit(const JournalTransaction& turn) {
  const std::uint64_t last = marks_[0].last_transaction;
  if (turn.number == last) {
    return {};  // it stood although its commit reported a fault
  }
  check(turn.number == last + 1, "a journal transaction is out of turn");
  Marks marks = marks_;
  try {
    SQLite::Transaction transaction(file_.db());
    write(turn, marks);
    transaction.commit();
  } catch (const SQLite::Exception& error) {
    if (!stands(turn.number)) {
      return std::unexpected(error_of(error));
    }
  }
  marks_ = marks;
  return {};
}

bool SqliteJournal::stands(std::uint64_t number) {
  try {
    return file_.db()
               .execAndGet("SELECT last_transaction FROM streams LIMIT 1")
               .getInt64() == signed_of(number);
  } catch (const SQLite::Exception&) {
    return false;
  }
}

void SqliteJournal::write(const JournalTransaction& turn, Marks& marks) {
  for (const EpochRow& row : turn.epochs) {
    write_epoch(row);
  }
  for (const EpochRow& row : turn.stopped) {
    write_epoch(row);
  }
  for (const Stream stream : kAgentStreams) {
    write_events(stream, turn.events[slot_of(stream)], marks[slot_of(stream)]);
  }
  for (const CutBatch& batch : turn.batches) {
    write_batch(batch);
  }
  for (const Delivery& delivery : turn.deliveries) {
    write_delivery(delivery, marks[slot_of(delivery.stream)]);
  }
  for (const DescriptionRow& row : turn.descriptions) {
    write_description(row);
  }
  for (Mark& mark : marks) {
    mark.last_transaction = turn.number;
    write_mark(mark);
  }
}

void SqliteJournal::write_events(Stream stream,
                                 const std::vector<Bytes>& events,
                                 Mark& mark) {
  if (events.empty()) {
    return;
  }
  SQLite::Statement& add = stream == Stream::kRecord
                               ? statements_->add_record
                               : statements_->add_telemetry;
  const Using guard(add);
  for (const Bytes& event : events) {
    bind(add, 1, ++mark.tail);
    bind(add, 2, ByteView(event));
    run(add);
  }
  mark.tail_hash = sha256(events.back());
}

void SqliteJournal::write_epoch(const EpochRow& row) {
  SQLite::Statement& put = statements_->put_epoch;
  const Using guard(put);
  const Hash hash = row_hash(row);
  put.bind(1, static_cast<int>(row.stream));
  bind(put, 2, row.first_position);
  bind(put, 3, row.epoch);
  put.bind(4, static_cast<int>(row.reason));
  bind(put, 5, row.stopped_at);
  put.bind(6, static_cast<int>(row.stopped_reason));
  bind(put, 7, ByteView(hash));
  run(put);
}

void SqliteJournal::write_batch(const CutBatch& batch) {
  SQLite::Statement& add = statements_->add_batch;
  const Using guard(add);
  const Hash hash = row_hash(StoredBatch{batch, std::nullopt, std::nullopt});
  add.bind(1, static_cast<int>(batch.stream));
  bind(add, 2, batch.first_position);
  add.bind(3, batch.count);
  bind(add, 4, ByteView(batch.sealed.header));
  bind(add, 5, ByteView(batch.sealed.signature));
  bind(add, 6, ByteView(hash));
  run(add);
}

void SqliteJournal::write_delivery(const Delivery& delivery, Mark& mark) {
  const auto read = batch_at(delivery.stream, delivery.first_position);
  if (!read) {
    throw SQLite::Exception(read.error().what, SQLITE_CORRUPT);
  }
  const std::optional<CutBatch>& found = *read;
  if (!found) {
    throw SQLite::Exception("a delivered batch is missing", SQLITE_CORRUPT);
  }
  const std::int64_t at_us = delivery.at.time_since_epoch().count();
  const Hash hash = row_hash(StoredBatch{*found, delivery.first_index, at_us});
  SQLite::Statement& update = statements_->deliver;
  const Using guard(update);
  bind(update, 1, delivery.first_index);
  update.bind(2, at_us);
  bind(update, 3, ByteView(hash));
  update.bind(4, static_cast<int>(delivery.stream));
  bind(update, 5, delivery.first_position);
  run(update);
  mark.delivered = delivery.first_position + delivery.count - 1;

  SQLite::Statement& put = statements_->put_held;
  const Using put_guard(put);
  const Hash held_hash =
      row_hash(HeldRow{delivery.stream, delivery.origin, delivery.checkpoint});
  put.bind(1, static_cast<int>(delivery.stream));
  put.bindNoCopy(2, delivery.origin);
  put.bindNoCopy(3, delivery.checkpoint);
  bind(put, 4, ByteView(held_hash));
  run(put);
}

void SqliteJournal::write_description(const DescriptionRow& row) {
  SQLite::Statement& put = statements_->put_description;
  const Using guard(put);
  const Hash hash = row_hash(row);
  put.bindNoCopy(1, row.device);
  bind(put, 2, row.epoch);
  bind(put, 3, row.seq);
  bind(put, 4, ByteView(row.hash));
  bind(put, 5, ByteView(hash));
  run(put);
}

void SqliteJournal::write_mark(const Mark& mark) {
  SQLite::Statement& put = statements_->put_mark;
  const Using guard(put);
  const Hash hash = row_hash(mark);
  bind(put, 1, mark.tail);
  bind(put, 2, ByteView(mark.tail_hash));
  bind(put, 3, mark.delivered);
  bind(put, 4, mark.pruned);
  bind(put, 5, mark.last_transaction);
  bind(put, 6, ByteView(hash));
  put.bind(7, static_cast<int>(mark.stream));
  run(put);
}

JournalResult<std::optional<CutBatch>> SqliteJournal::batch_at(Stream stream,
                                                               Position first) {
  try {
    SQLite::Statement& query = statements_->read_batch;
    const Using guard(query);
    query.bind(1, static_cast<int>(stream));
    bind(query, 2, first);
    if (!query.executeStep()) {
      return std::nullopt;
    }
    CutBatch batch{stream, first, query.getColumn(0).getUInt(), {}};
    const ByteView header = blob(query.getColumn(1));
    const ByteView signature = blob(query.getColumn(2));
    if (signature.size() != batch.sealed.signature.size()) {
      return broken("a signature in the journal is not 64 bytes long");
    }
    batch.sealed.header.assign(header.begin(), header.end());
    std::ranges::copy(signature, batch.sealed.signature.begin());
    return batch;
  } catch (const SQLite::Exception& error) {
    return std::unexpected(error_of(error));
  }
}

JournalResult<std::vector<Bytes>> SqliteJournal::events(Stream stream,
                                                        Position first,
                                                        std::size_t max_count,
                                                        std::size_t max_bytes) {
  try {
    SQLite::Statement& query = stream == Stream::kRecord
                                   ? statements_->read_record
                                   : statements_->read_telemetry;
    const Using guard(query);
    bind(query, 1, first);
    bind(query, 2, std::uint64_t{max_count});
    std::vector<Bytes> events;
    std::size_t bytes = 0;
    while (query.executeStep()) {
      if (number(query.getColumn(0)) != first + events.size()) {
        return broken(fmt::format(
            "{} {} is missing", stream_name(stream), first + events.size()));
      }
      const ByteView event = blob(query.getColumn(1));
      bytes += event.size();
      if (!events.empty() && bytes > max_bytes) {
        break;
      }
      events.emplace_back(event.begin(), event.end());
    }
    return events;
  } catch (const SQLite::Exception& error) {
    return std::unexpected(error_of(error));
  }
}

JournalUsage SqliteJournal::usage() const {
  return {};
}

JournalResult<std::uint64_t> SqliteJournal::prune(Stream stream,
                                                  WallTime before) {
  Marks marks = marks_;
  std::uint64_t gone = 0;
  try {
    SQLite::Transaction transaction(file_.db());
    gone = prune_stream(stream, before, marks[slot_of(stream)]);
    if (gone == 0) {
      return 0;
    }
    transaction.commit();
  } catch (const SQLite::Exception& error) {
    return std::unexpected(error_of(error));
  }
  marks_ = marks;
  return gone;
}

std::uint64_t SqliteJournal::prune_stream(Stream stream,
                                          WallTime before,
                                          Mark& mark) {
  // The newest delivered batch stays: the start anchors the chain on rows.
  SQLite::Statement query(
      file_.db(),
      "SELECT first_position, count, delivered_us FROM batches WHERE stream = "
      "? ORDER BY first_position LIMIT ?");
  query.bind(1, static_cast<int>(stream));
  query.bind(2, kPruneBatches);
  const Position old = mark.pruned;
  while (query.executeStep()) {
    const Position last =
        number(query.getColumn(0)) + number(query.getColumn(1)) - 1;
    const bool adjacent = number(query.getColumn(0)) == mark.pruned + 1;
    if (!adjacent || query.getColumn(2).isNull() || last >= mark.delivered ||
        query.getColumn(2).getInt64() >= before.time_since_epoch().count()) {
      break;
    }
    mark.pruned = last;
  }
  if (mark.pruned == old) {
    return 0;
  }
  const std::string end = std::to_string(mark.pruned);
  file_.db().exec(fmt::format("DELETE FROM {} WHERE position <= {}",
                              journal_rows::event_table(stream),
                              end));
  file_.db().exec(fmt::format(
      "DELETE FROM batches WHERE stream = {} AND first_position <= {}",
      static_cast<int>(stream),
      end));
  write_mark(mark);
  return mark.pruned - old;
}

void SqliteJournal::checkpoint() {
  file_.checkpoint();
}

}  // namespace strongroom
