// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/checker.h"

#include <algorithm>
#include <fmt/format.h>

#include "agent/journal/columns.h"
#include "core/event/event.h"

namespace strongroom {
namespace {

using namespace journal_columns;
using journal_rows::Mark;
using journal_rows::row_hash;
using journal_rows::StoredBatch;

// --- events -----------------------------------------------------------------

// Follows one stream's chain, event by event. A broken link says only that one
// of two events was altered; the next link tells which.
class ChainWalk {
 public:
  ChainWalk(const JournalContents& contents, Stream stream, Position from)
      : contents_(contents),
        mark_(contents.marks[slot_of(stream)]),
        stream_(stream),
        expected_(from) {}

  void take(Position position, ByteView event) {
    const std::string place = event_place(stream_, expected_);
    if (position != expected_) {
      flawed(place,
             fmt::format("the event is missing; the next one stands at "
                         "{}",
                         position));
    }
    const EpochRow* epoch = contents_.epoch_at(stream_, position);
    if (epoch == nullptr) {
      flawed(place, "an event before the first epoch");
    }
    const auto envelope = decode_envelope(event);
    if (!envelope) {
      flawed(place, envelope.error().what);
    }
    const bool linked = is_linked(*epoch, *envelope, event);
    settle_doubt(linked);
    if (auto bad = fault_of(*epoch, position, *envelope)) {
      flawed(place, *bad);
    }
    doubtful_ = !linked;
    previous_ = sha256(event);
    ++expected_;
  }

  void finish() const {
    if (expected_ != mark_.tail + 1) {
      flawed(event_place(stream_, expected_),
             fmt::format("the event is missing; the stream ends at {}",
                         mark_.tail));
    }
    const bool linked = !previous_ || *previous_ == mark_.tail_hash;
    settle_doubt(linked);
    if (!linked) {
      flawed(event_place(stream_, mark_.tail),
             "the event does not hash to the stream's tail_hash");
    }
  }

 private:
  // `linked`: whether what follows the newest event taken fits it.
  void settle_doubt(bool linked) const {
    if (!doubtful_) {
      return;
    }
    const Position newest = expected_ - 1;
    if (linked) {
      flawed(event_place(stream_, newest - 1),
             fmt::format("the event is not the one that {} continues", newest));
    }
    flawed(event_place(stream_, newest),
           "prev_hash is not the hash of the event before");
  }

  bool is_linked(const EpochRow& epoch,
                 const Envelope& envelope,
                 ByteView event) const {
    if (!previous_) {
      return true;  // not anchored yet
    }
    return expected_ == epoch.first_position ? continues_epoch(event)
                                             : envelope.prev_hash == *previous_;
  }

  // The first event of an epoch tells the last one of the epoch before.
  bool continues_epoch(ByteView event) const {
    const auto message = decode_event(event);
    if (!message || !previous_ ||
        message->which_body != strongroom_v1_Event_epoch_opened_tag ||
        !message->body.epoch_opened.has_previous) {
      return true;
    }
    const auto& head = message->body.epoch_opened.previous;
    return std::ranges::equal(head.hash, *previous_);
  }

  std::optional<std::string> fault_of(const EpochRow& epoch,
                                      Position position,
                                      const Envelope& envelope) const {
    const std::uint64_t seq = position - epoch.first_position + 1;
    if (envelope.source.text() != contents_.source) {
      return "the source is " + envelope.source.text();
    }
    if (envelope.stream != stream_) {
      return "the stream is another one";
    }
    if (envelope.epoch != epoch.epoch) {
      return fmt::format(
          "the epoch is {:016x}, not {:016x}", envelope.epoch, epoch.epoch);
    }
    if (envelope.seq != seq) {
      return fmt::format("seq is {}, not {}", envelope.seq, seq);
    }
    return std::nullopt;
  }

  const JournalContents& contents_;
  const Mark& mark_;
  Stream stream_;
  Position expected_;
  std::optional<Hash> previous_;  // nothing: not anchored yet
  bool doubtful_ = false;         // the newest event's link does not fit
};

// --- batches ----------------------------------------------------------------

StoredBatch read_batch(SQLite::Statement& query) {
  StoredBatch row;
  row.batch.stream = agent_stream(query.getColumn(0), "batches");
  row.batch.first_position = number(query.getColumn(1));
  const std::string place =
      place_of("batches", row.batch.stream, row.batch.first_position);
  const std::uint64_t count = number(query.getColumn(2));
  if (count == 0 || count > kMaxBatchEvents) {
    flawed(place, fmt::format("a batch of {} events", count));
  }
  row.batch.count = static_cast<std::uint32_t>(count);
  const ByteView header = blob(query.getColumn(3));
  row.batch.sealed.header.assign(header.begin(), header.end());
  const ByteView signature = blob(query.getColumn(4));
  if (signature.size() != row.batch.sealed.signature.size()) {
    flawed(place, "signature is not 64 bytes long");
  }
  std::ranges::copy(signature, row.batch.sealed.signature.begin());
  if (!query.getColumn(5).isNull()) {
    row.first_index = number(query.getColumn(5));
  }
  if (!query.getColumn(6).isNull()) {
    row.delivered_us = query.getColumn(6).getInt64();
  }
  require_row_hash(query.getColumn(7), row_hash(row), place);
  return row;
}

BatchHeader check_header(const JournalContents& contents,
                         const StoredBatch& row,
                         const std::string& place) {
  const auto header = decode_header(row.batch.sealed.header);
  if (!header) {
    flawed(place, "header: " + header.error().what);
  }
  const EpochRow* epoch =
      contents.epoch_at(row.batch.stream, row.batch.first_position);
  if (epoch == nullptr) {
    flawed(place, "a batch before the first epoch");
  }
  const bool agrees = header->source.text() == contents.source &&
                      header->stream == row.batch.stream &&
                      header->epoch == epoch->epoch &&
                      header->first_seq == row.batch.first_position -
                                               epoch->first_position + 1 &&
                      header->count == row.batch.count &&
                      row.batch.first_position + row.batch.count - 1 <=
                          contents.epoch_end(*epoch);
  if (!agrees) {
    flawed(place, "the header is not that of this place");
  }
  return *header;
}

void check_batch_events(SQLite::Database& db,
                        const StoredBatch& row,
                        const BatchHeader& header,
                        const std::string& place) {
  SQLite::Statement query(
      db,
      fmt::format("SELECT event FROM {} WHERE position >= ? ORDER BY "
                  "position LIMIT ?",
                  journal_rows::event_table(row.batch.stream)));
  query.bind(1, static_cast<std::int64_t>(row.batch.first_position));
  query.bind(2, static_cast<std::int64_t>(row.batch.count));
  std::vector<Bytes> events;
  while (query.executeStep()) {
    const ByteView event = blob(query.getColumn(0));
    events.emplace_back(event.begin(), event.end());
  }
  const std::vector<ByteView> views(events.begin(), events.end());
  std::vector<Hash> leaves;
  if (auto flaw = find_flaw(header, views, leaves)) {
    flawed(place, flaw->what);
  }
}

void check_signature(const StoredBatch& row,
                     std::span<const PublicKey> keys,
                     const std::string& place) {
  const Bytes input = batch_signing_input(row.batch.sealed.header);
  const bool good = std::ranges::any_of(keys, [&](const PublicKey& key) {
    return verify_ed25519(key, input, row.batch.sealed.signature);
  });
  if (!good) {
    flawed(place, "no given key made the signature");
  }
}

// What the row says of delivery against the stream's delivered mark.
void check_delivered(const JournalContents& contents,
                     const StoredBatch& row,
                     const std::string& place) {
  const Mark& mark = contents.marks[slot_of(row.batch.stream)];
  const Position last = row.batch.first_position + row.batch.count - 1;
  const EpochRow* epoch =
      contents.epoch_at(row.batch.stream, row.batch.first_position);
  const bool stopped =
      epoch->stopped_at != 0 && row.batch.first_position >= epoch->stopped_at;
  const bool expected = last <= mark.delivered && !stopped;
  if (row.first_index.has_value() != row.delivered_us.has_value() ||
      row.first_index.has_value() != expected) {
    flawed(place,
           expected ? "below the delivered mark, without a log index"
                    : "has a log index and was not delivered");
  }
  if (!stopped && row.batch.first_position <= mark.delivered &&
      last > mark.delivered) {
    flawed(place, "the delivered mark stands inside the batch");
  }
}

// Batches follow each other without holes, but rows that were never cut: the
// end of a stopped epoch.
void check_adjacent(const JournalContents& contents,
                    Position expected,
                    const StoredBatch& row,
                    const std::string& place) {
  if (row.batch.first_position == expected) {
    return;
  }
  const EpochRow* epoch = contents.epoch_at(row.batch.stream, expected);
  const bool uncut_end =
      epoch != nullptr && epoch->stopped_at != 0 &&
      expected >= epoch->stopped_at &&
      row.batch.first_position == contents.epoch_end(*epoch) + 1;
  if (!uncut_end) {
    flawed(place, fmt::format("the batch at {} is missing", expected));
  }
}

}  // namespace

FlawOr<void> check_events(SQLite::Database& db,
                          const JournalContents& contents,
                          Stream stream,
                          Position from) {
  return catching([&] {
    const Mark& mark = contents.marks[slot_of(stream)];
    SQLite::Statement query(
        db,
        fmt::format("SELECT position, event FROM {} WHERE position >= ? OR "
                    "position <= ? ORDER BY position",
                    journal_rows::event_table(stream)));
    query.bind(1, static_cast<std::int64_t>(from));
    query.bind(2, static_cast<std::int64_t>(mark.pruned));
    ChainWalk walk(contents, stream, from);
    while (query.executeStep()) {
      walk.take(number(query.getColumn(0)), blob(query.getColumn(1)));
    }
    walk.finish();
  });
}

FlawOr<std::uint64_t> check_batches(SQLite::Database& db,
                                    const JournalContents& contents,
                                    Stream stream,
                                    Position from,
                                    const BatchCheck& check) {
  return catching([&] {
    const Mark& mark = contents.marks[slot_of(stream)];
    SQLite::Statement query(
        db,
        "SELECT stream, first_position, count, header, signature, first_index, "
        "delivered_us, row_hash FROM batches WHERE (stream = ? OR stream NOT "
        "IN (1, 2)) AND (first_position >= ? OR first_position <= ?) ORDER BY "
        "first_position");
    query.bind(1, static_cast<std::int64_t>(stream));
    query.bind(2, static_cast<std::int64_t>(from));
    query.bind(3, static_cast<std::int64_t>(mark.pruned));
    std::uint64_t batches = 0;
    Position expected = from;
    while (query.executeStep()) {
      const StoredBatch row = read_batch(query);
      const std::string place =
          place_of("batches", stream, row.batch.first_position);
      check_adjacent(contents, expected, row, place);
      const BatchHeader header = check_header(contents, row, place);
      check_delivered(contents, row, place);
      if (check.events) {
        check_batch_events(db, row, header, place);
      }
      if (!check.keys.empty()) {
        check_signature(row, check.keys, place);
      }
      expected = row.batch.first_position + row.batch.count;
      ++batches;
    }
    if (expected <= mark.delivered &&
        contents.epoch_at(stream, expected)->stopped_at == 0) {
      flawed(place_of("batches", stream, expected), "the batch is missing");
    }
    return batches;
  });
}

}  // namespace strongroom
