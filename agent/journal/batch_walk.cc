// SPDX-License-Identifier: Apache-2.0
// The batches of a stream: rows against headers, and what was delivered.
#include <algorithm>
#include <fmt/format.h>
#include <limits>

#include "agent/journal/checker.h"
#include "agent/journal/columns.h"
#include "core/event/event.h"

namespace strongroom {
namespace {

using namespace journal_columns;
using journal_rows::HeldRow;
using journal_rows::Mark;
using journal_rows::row_hash;
using journal_rows::StoredBatch;

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
  if (!query.getColumn(7).isNull()) {
    const std::uint64_t generation = number(query.getColumn(7));
    if (generation > std::numeric_limits<std::uint32_t>::max()) {
      flawed(place, fmt::format("generation is {}", generation));
    }
    row.generation = static_cast<std::uint32_t>(generation);
  }
  require_row_hash(query.getColumn(8), row_hash(row), place);
  return row;
}

BatchHeader check_header(const JournalContents& contents,
                         const StoredBatch& row,
                         const std::string& place) {
  const auto header = decode_header(row.batch.sealed.header);
  if (!header) {
    flawed(place, "header: " + header.error().what);
  }
  const StreamLayout& layout = contents.layout(row.batch.stream);
  const EpochRow* epoch = layout.epoch_at(row.batch.first_position);
  if (epoch == nullptr) {
    flawed(place, "a batch before the first epoch");
  }
  const bool agrees = header->source.text() == contents.source &&
                      header->stream == row.batch.stream &&
                      header->epoch == epoch->epoch &&
                      header->first_seq == row.batch.first_position -
                                               epoch->first_position + 1 &&
                      header->count == row.batch.count &&
                      row.last() <= layout.epoch_end(*epoch);
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

// Owed, proven, or held by a predecessor: nothing else.
void check_delivery_columns(const JournalContents& contents,
                            const StoredBatch& row,
                            const std::string& place) {
  const HeldRow& held = contents.held[slot_of(row.batch.stream)];
  const std::uint32_t followed = contents.held_generation(row.batch.stream);
  if (row.generation.has_value() != row.delivered_us.has_value() ||
      (row.first_index && !row.generation)) {
    flawed(place, "half of a delivery");
  }
  if (row.generation.value_or(0) > followed) {
    flawed(place, "delivered to a log that the stream does not follow");
  }
  if (row.generation == followed &&
      (!row.first_index || held.checkpoint.empty())) {
    flawed(place, "delivered, and no checkpoint of that log is held");
  }
}

// What the row says of delivery against the stream's delivered mark. A batch
// that is owed to a successor keeps what it had of the predecessor.
void check_delivered(const JournalContents& contents,
                     const StoredBatch& row,
                     const std::string& place) {
  check_delivery_columns(contents, row, place);
  const Mark& mark = contents.marks[slot_of(row.batch.stream)];
  const EpochRow* epoch =
      contents.layout(row.batch.stream).epoch_at(row.batch.first_position);
  const bool stopped =
      epoch->stopped_at != 0 && row.batch.first_position >= epoch->stopped_at;
  const bool is_owed = row.last() > mark.delivered || stopped;
  if (!is_owed && !row.generation) {
    flawed(place, "below the delivered mark, without a log index");
  }
  if (is_owed && row.generation &&
      row.generation == contents.held_generation(row.batch.stream)) {
    flawed(place, "has a log index and was not delivered");
  }
  if (!stopped && row.batch.first_position <= mark.delivered &&
      row.last() > mark.delivered) {
    flawed(place, "the delivered mark stands inside the batch");
  }
}

// Batches follow each other without holes, but rows that were never cut: lost
// ones, and the ends of stopped epochs.
void check_adjacent(const StreamLayout& layout,
                    Position expected,
                    const StoredBatch& row,
                    const std::string& place) {
  const Position first = row.batch.first_position;
  for (Position at = layout.after_losses(expected); at != first;) {
    const EpochRow* epoch = layout.epoch_at(at);
    const bool uncut_end = epoch != nullptr && epoch->stopped_at != 0 &&
                           at >= epoch->stopped_at &&
                           layout.epoch_end(*epoch) < first;
    if (!uncut_end) {
      flawed(place, fmt::format("the batch at {} is missing", at));
    }
    at = layout.after_losses(layout.epoch_end(*epoch) + 1);
  }
}

}  // namespace

FlawOr<std::uint64_t> check_batches(SQLite::Database& db,
                                    const JournalContents& contents,
                                    Stream stream,
                                    Position from,
                                    const BatchCheck& check) {
  return catching([&] {
    const Mark& mark = contents.marks[slot_of(stream)];
    const StreamLayout& layout = contents.layout(stream);
    SQLite::Statement query(
        db,
        "SELECT stream, first_position, count, header, signature, first_index, "
        "delivered_us, generation, row_hash FROM batches WHERE (stream = ? OR "
        "stream NOT IN (1, 2)) AND (first_position >= ? OR first_position <= "
        "?) ORDER BY "
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
      check_adjacent(layout, expected, row, place);
      const BatchHeader header = check_header(contents, row, place);
      check_delivered(contents, row, place);
      if (check.events) {
        check_batch_events(db, row, header, place);
      }
      if (!check.keys.empty()) {
        check_signature(row, check.keys, place);
      }
      expected = row.last() + 1;
      ++batches;
    }
    expected = layout.after_given_up(expected, false);
    if (expected <= mark.delivered) {
      flawed(place_of("batches", stream, expected), "the batch is missing");
    }
    return batches;
  });
}

}  // namespace strongroom
