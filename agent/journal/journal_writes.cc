// SPDX-License-Identifier: Apache-2.0
// What one transaction writes, in its order. Everything here throws
// SQLite::Exception and is rolled back as a whole.
#include <algorithm>
#include <fmt/format.h>

#include "agent/journal/columns.h"
#include "agent/journal/sqlite_journal.h"
#include "agent/journal/statements.h"
#include "core/base/check.h"

namespace strongroom {

using journal_columns::blob;
using journal_columns::number;
using journal_rows::HeldRow;
using journal_rows::Mark;
using journal_rows::row_hash;
using journal_rows::StoredBatch;
using journal_statements::bind;
using journal_statements::corrupt;
using journal_statements::run;
using journal_statements::Using;

void SqliteJournal::write(const JournalTransaction& turn, Marks& marks) {
  for (const auto* rows : {&turn.epochs, &turn.stopped}) {
    for (const EpochRow& row : *rows) {
      write_epoch(row);
    }
  }
  for (const Stream stream : kAgentStreams) {
    write_events(stream, turn.events[slot_of(stream)], marks[slot_of(stream)]);
  }
  for (const CutBatch& batch : turn.batches) {
    write_batch(batch);
  }
  for (const Loss& loss : turn.losses) {
    write_loss(loss, marks);
  }
  for (const Following& following : turn.followings) {
    const std::size_t slot = slot_of(following.stream);
    StreamLayout layout = layouts_[slot];
    layout.tail = marks[slot].tail;
    for (const auto* rows : {&turn.epochs, &turn.stopped}) {
      for (const EpochRow& row : *rows) {
        if (row.stream == following.stream) {
          layout.put(row);
        }
      }
    }
    write_following(following, layout, marks[slot]);
  }
  for (const Delivery& delivery : turn.deliveries) {
    write_delivery(delivery, marks[slot_of(delivery.stream)]);
  }
  for (const DescriptionRow& row : turn.descriptions) {
    write_description(row);
  }
  for (const PanelCursor& row : turn.panel_cursors) {
    write_panel_cursor(row);
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
  SQLite::Statement& add = statements_->add(stream);
  const Using guard(add);
  for (const Bytes& event : events) {
    bind(add, 1, ++mark.tail);
    bind(add, 2, ByteView(event));
    run(add);
    mark.owed_bytes += event.size();
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
  bind(put, 7, row.salvaged_to);
  bind(put, 8, ByteView(hash));
  run(put);
}

void SqliteJournal::write_batch(const CutBatch& batch) {
  SQLite::Statement& add = statements_->add_batch;
  const Using guard(add);
  const Hash hash = row_hash(StoredBatch{batch, {}, {}, {}});
  add.bind(1, static_cast<int>(batch.stream));
  bind(add, 2, batch.first_position);
  add.bind(3, batch.count);
  bind(add, 4, ByteView(batch.sealed.header));
  bind(add, 5, ByteView(batch.sealed.signature));
  bind(add, 6, ByteView(hash));
  run(add);
}

// --- losses -----------------------------------------------------------------

// Whoever announced the loss hashed rows of this file: were they others now,
// the chain would have a hole that no announcement fits.
void SqliteJournal::write_loss(const Loss& loss, Marks& marks) {
  Mark& mark = marks[slot_of(Stream::kTelemetry)];
  check(loss.first <= loss.last && loss.last < mark.tail &&
            loss.first > mark.pruned && loss.announced > 0 &&
            loss.announced <= marks[slot_of(Stream::kRecord)].tail,
        "a loss cannot stand there");
  SQLite::Statement& query = statements_->batch_before;
  {
    const Using guard(query);
    query.bind(1, static_cast<int>(Stream::kTelemetry));
    bind(query, 2, loss.last + 1);
    check(!query.executeStep() ||
              number(query.getColumn(0)) + number(query.getColumn(1)) <=
                  loss.first,
          "a loss of rows that were cut");
  }
  const bool adjoins = loss.first - 1 == mark.pruned ||
                       hash_of_lost(loss.first - 1) == loss.before;
  if (!adjoins) {
    require_hash(loss.first - 1, loss.before);
  }
  require_hash(loss.last, loss.of_last);
  const Position delivered =
      std::clamp(mark.delivered, loss.first - 1, loss.last);
  mark.kept_bytes -= bytes_between(Stream::kTelemetry, loss.first, delivered);
  mark.owed_bytes -=
      bytes_between(Stream::kTelemetry, delivered + 1, loss.last);
  drop_events(Stream::kTelemetry, loss.first, loss.last);

  SQLite::Statement& add = statements_->add_loss;
  const Using guard(add);
  const Hash hash = row_hash(loss);
  bind(add, 1, loss.first);
  bind(add, 2, loss.last);
  bind(add, 3, ByteView(loss.before));
  bind(add, 4, ByteView(loss.of_last));
  bind(add, 5, loss.announced);
  bind(add, 6, ByteView(hash));
  run(add);
}

void SqliteJournal::require_hash(Position at, const Hash& hash) {
  SQLite::Statement& read = statements_->read_telemetry;
  const Using guard(read);
  bind(read, 1, at);
  bind(read, 2, std::uint64_t{1});
  if (!read.executeStep() || number(read.getColumn(0)) != at ||
      sha256(blob(read.getColumn(1))) != hash) {
    corrupt(fmt::format("telemetry {} is not what its loss says", at));
  }
}

std::optional<Hash> SqliteJournal::hash_of_lost(Position last) {
  SQLite::Statement& read = statements_->read_loss;
  const Using guard(read);
  bind(read, 1, last);
  return read.executeStep() ? hash_from(blob(read.getColumn(0))) : std::nullopt;
}

// --- what the ledger holds --------------------------------------------------

void SqliteJournal::write_following(const Following& following,
                                    const StreamLayout& layout,
                                    Mark& mark) {
  const auto origin = Origin::parse(following.origin);
  check(origin && origin->stream == following.stream && origin->generation > 1,
        "a log to follow that is none");
  check(following.resend_from > mark.pruned &&
            following.resend_from <= mark.tail + 1,
        "nothing can be sent again from there");
  SQLite::Statement& before = statements_->batch_before;
  {
    const Using guard(before);
    before.bind(1, static_cast<int>(following.stream));
    bind(before, 2, following.resend_from);
    check(!before.executeStep() ||
              number(before.getColumn(0)) + number(before.getColumn(1)) <=
                  following.resend_from,
          "to be sent again from inside a batch");
  }
  // The predecessor held more than it had told us.
  for (Position at = layout.after_given_up(mark.delivered + 1, false);
       at < following.resend_from;) {
    const auto batch = next_batch(following.stream, at);
    check(batch && batch->first == at,
          "rows that were never sent count as held");
    if (!batch->delivered_us) {
      mark_delivered({stored_batch(following.stream, at),
                      std::nullopt,
                      following.at.time_since_epoch().count(),
                      origin->generation - 1});
    }
    at = layout.after_given_up(batch->last + 1, false);
  }
  move_delivered(mark, following.resend_from - 1);
  write_held(following.stream, following.origin, {});
}

void SqliteJournal::write_delivery(const Delivery& delivery, Mark& mark) {
  const auto origin = Origin::parse(delivery.origin);
  check(origin.has_value(), "delivered to a log that is none");
  mark_delivered({stored_batch(delivery.stream, delivery.first_position),
                  delivery.first_index,
                  delivery.at.time_since_epoch().count(),
                  origin->generation});
  const Position last = delivery.first_position + delivery.count - 1;
  check(last > mark.delivered, "the delivered mark goes back");
  move_delivered(mark, last);
  write_held(delivery.stream, delivery.origin, delivery.checkpoint);
}

CutBatch SqliteJournal::stored_batch(Stream stream, Position first) {
  auto found = batch_at(stream, first);
  if (!found) {
    corrupt(found.error().what);
  }
  if (!found->has_value()) {
    corrupt("a delivered batch is missing");
  }
  return **std::move(found);
}

void SqliteJournal::mark_delivered(const StoredBatch& row) {
  SQLite::Statement& update = statements_->deliver;
  const Using guard(update);
  const Hash hash = row_hash(row);
  if (row.first_index) {
    bind(update, 1, *row.first_index);
  } else {
    update.bind(1);
  }
  update.bind(2, *row.delivered_us);
  update.bind(3, *row.generation);
  bind(update, 4, ByteView(hash));
  update.bind(5, static_cast<int>(row.batch.stream));
  bind(update, 6, row.batch.first_position);
  run(update);
}

void SqliteJournal::move_delivered(Mark& mark, Position to) {
  if (to > mark.delivered) {
    const std::uint64_t bytes =
        bytes_between(mark.stream, mark.delivered + 1, to);
    mark.owed_bytes -= bytes;
    mark.kept_bytes += bytes;
  } else if (to < mark.delivered) {
    const std::uint64_t bytes =
        bytes_between(mark.stream, to + 1, mark.delivered);
    mark.kept_bytes -= bytes;
    mark.owed_bytes += bytes;
  }
  mark.delivered = to;
}

void SqliteJournal::write_held(Stream stream,
                               const std::string& origin,
                               const std::string& checkpoint) {
  SQLite::Statement& put = statements_->put_held;
  const Using guard(put);
  const Hash hash = row_hash(HeldRow{stream, origin, checkpoint});
  put.bind(1, static_cast<int>(stream));
  put.bindNoCopy(2, origin);
  put.bindNoCopy(3, checkpoint);
  bind(put, 4, ByteView(hash));
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

// Whatever a panel says of its rings: it is outside, and stops nobody.
void SqliteJournal::write_panel_cursor(const PanelCursor& row) {
  SQLite::Statement& put = statements_->put_panel_cursor;
  const Using guard(put);
  const Hash hash = row_hash(row);
  put.bindNoCopy(1, row.panel);
  bind(put, 2, std::uint64_t{row.ring});
  bind(put, 3, std::uint64_t{row.seq});
  bind(put, 4, std::uint64_t{row.list_version});
  bind(put, 5, ByteView(row.list_hash));
  bind(put, 6, std::uint64_t{row.flags});
  bind(put, 7, ByteView(hash));
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
  bind(put, 5, mark.owed_bytes);
  bind(put, 6, mark.kept_bytes);
  bind(put, 7, mark.last_transaction);
  bind(put, 8, ByteView(hash));
  put.bind(9, static_cast<int>(mark.stream));
  run(put);
}

}  // namespace strongroom
