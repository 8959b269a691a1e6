// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/rows.h"

namespace strongroom::journal_rows {
namespace {

constexpr std::string_view kUnchanged = R"sql(
CREATE TABLE meta (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL,
  row_hash BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE record_events (
  position INTEGER NOT NULL PRIMARY KEY,
  event BLOB NOT NULL
);
CREATE TABLE telemetry_events (
  position INTEGER NOT NULL PRIMARY KEY,
  event BLOB NOT NULL
);
CREATE TABLE held (
  stream INTEGER NOT NULL PRIMARY KEY,
  origin TEXT NOT NULL,
  checkpoint TEXT NOT NULL,
  row_hash BLOB NOT NULL
);
CREATE TABLE descriptions (
  device TEXT NOT NULL PRIMARY KEY,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  row_hash BLOB NOT NULL
) WITHOUT ROWID;
)sql";

constexpr std::string_view kOfVersion2 = R"sql(
CREATE TABLE streams (
  stream INTEGER NOT NULL PRIMARY KEY,
  tail INTEGER NOT NULL,
  tail_hash BLOB NOT NULL,
  delivered INTEGER NOT NULL,
  pruned INTEGER NOT NULL,
  owed_bytes INTEGER NOT NULL,
  kept_bytes INTEGER NOT NULL,
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
  salvaged_to INTEGER NOT NULL,
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
  generation INTEGER,
  row_hash BLOB NOT NULL,
  PRIMARY KEY (stream, first_position)
) WITHOUT ROWID;
CREATE TABLE losses (
  first_position INTEGER NOT NULL PRIMARY KEY,
  last_position INTEGER NOT NULL,
  hash_before BLOB NOT NULL,
  hash_of_last BLOB NOT NULL,
  announced INTEGER NOT NULL,
  row_hash BLOB NOT NULL
);
)sql";

constexpr std::string_view kOfVersion3 = R"sql(
CREATE TABLE panel_cursors (
  panel TEXT NOT NULL PRIMARY KEY,
  ring INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  list_version INTEGER NOT NULL,
  list_hash BLOB NOT NULL,
  flags INTEGER NOT NULL,
  row_hash BLOB NOT NULL
) WITHOUT ROWID;
)sql";

}  // namespace

std::string schema() {
  return std::string(kUnchanged) + std::string(kOfVersion2) +
         std::string(kOfVersion3);
}

std::string_view tables_of_every_version() {
  return kUnchanged;
}

std::string_view tables_of_version_2() {
  return kOfVersion2;
}

std::string_view tables_of_version_3() {
  return kOfVersion3;
}

std::string_view event_table(Stream stream) {
  return stream == Stream::kRecord ? "record_events" : "telemetry_events";
}

Hash row_hash(const Mark& row) {
  return RowBytes("streams")
      .stream(row.stream)
      .number(row.tail)
      .blob(row.tail_hash)
      .number(row.delivered)
      .number(row.pruned)
      .number(row.owed_bytes)
      .number(row.kept_bytes)
      .number(row.last_transaction)
      .hash();
}

Hash row_hash(const EpochRow& row) {
  return RowBytes("epochs")
      .stream(row.stream)
      .number(row.first_position)
      .number(row.epoch)
      .number(static_cast<std::uint64_t>(row.reason))
      .number(row.stopped_at)
      .number(static_cast<std::uint64_t>(row.stopped_reason))
      .number(row.salvaged_to)
      .hash();
}

Hash row_hash(const StoredBatch& row) {
  return RowBytes("batches")
      .stream(row.batch.stream)
      .number(row.batch.first_position)
      .number(row.batch.count)
      .blob(row.batch.sealed.header)
      .blob(row.batch.sealed.signature)
      .optional(row.first_index)
      .optional(row.delivered_us)
      .optional(row.generation)
      .hash();
}

Hash row_hash(const HeldRow& row) {
  return RowBytes("held")
      .stream(row.stream)
      .text(row.origin)
      .text(row.checkpoint)
      .hash();
}

Hash row_hash(const DescriptionRow& row) {
  return RowBytes("descriptions")
      .text(row.device)
      .number(row.epoch)
      .number(row.seq)
      .blob(row.hash)
      .hash();
}

Hash row_hash(const PanelCursor& row) {
  return RowBytes("panel_cursors")
      .text(row.panel)
      .number(row.ring)
      .number(row.seq)
      .number(row.list_version)
      .blob(row.list_hash)
      .number(row.flags)
      .hash();
}

Hash row_hash(const Loss& row) {
  return RowBytes("losses")
      .number(row.first)
      .number(row.last)
      .blob(row.before)
      .blob(row.of_last)
      .number(row.announced)
      .hash();
}

Hash row_hash(std::string_view meta_key, std::string_view meta_value) {
  return RowBytes("meta").text(meta_key).text(meta_value).hash();
}

}  // namespace strongroom::journal_rows
