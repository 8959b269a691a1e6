// SPDX-License-Identifier: Apache-2.0
// The three schemas (docs/formats/ledger-store.md), and what their readers and
// writers share. Inside ledger/store only.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <array>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <string>
#include <type_traits>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "platform/sqlite/database.h"

namespace strongroom::schema {

// 1 had no table `devices`; 2 knew no successors, no pruning, no notes.
inline constexpr int kLedgerVersion = 3;
inline constexpr int kGuardVersion = 1;
inline constexpr int kDisclosuresVersion = 1;
// "SRLE", "SRGU", "SRDI" in ASCII.
inline constexpr std::int32_t kLedgerId = 0x53524c45;
inline constexpr std::int32_t kGuardId = 0x53524755;
inline constexpr std::int32_t kDisclosuresId = 0x53524449;

inline constexpr const char* kLedger = R"(
CREATE TABLE ledger (name TEXT NOT NULL);
CREATE TABLE logs (
  log_id INTEGER PRIMARY KEY,
  origin TEXT NOT NULL UNIQUE,
  frozen TEXT NOT NULL
);
CREATE TABLE batches (
  log_id INTEGER NOT NULL,
  first_index INTEGER NOT NULL,
  count INTEGER NOT NULL,
  source TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  header BLOB NOT NULL,
  entries BLOB NOT NULL,
  PRIMARY KEY (log_id, first_index)
);
CREATE UNIQUE INDEX batches_by_seq
  ON batches (log_id, source, epoch, first_seq);
CREATE TABLE tiles (
  log_id INTEGER NOT NULL,
  level INTEGER NOT NULL,
  number INTEGER NOT NULL,
  hashes BLOB NOT NULL,
  PRIMARY KEY (log_id, level, number)
);
CREATE TABLE chains (
  log_id INTEGER NOT NULL,
  source TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  next_seq INTEGER NOT NULL,
  head BLOB NOT NULL,
  acked_size INTEGER NOT NULL,
  newest_header BLOB NOT NULL,
  key BLOB NOT NULL,
  closed INTEGER NOT NULL,
  PRIMARY KEY (log_id, source, epoch)
) WITHOUT ROWID;
CREATE TABLE losses (
  log_id INTEGER NOT NULL,
  source TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  from_seq INTEGER NOT NULL,
  to_seq INTEGER NOT NULL,
  before_from BLOB NOT NULL,
  of_to BLOB NOT NULL,
  PRIMARY KEY (log_id, source, epoch, from_seq)
) WITHOUT ROWID;
CREATE TABLE findings (
  log_id INTEGER NOT NULL,
  entry_index INTEGER NOT NULL,
  PRIMARY KEY (log_id, entry_index)
) WITHOUT ROWID;
)";

inline constexpr const char* kLedgerSince2 = R"(
CREATE TABLE devices (
  log_id INTEGER NOT NULL,
  source TEXT NOT NULL,
  device TEXT NOT NULL,
  part TEXT NOT NULL,
  entry_index INTEGER NOT NULL,
  PRIMARY KEY (log_id, source, device, part)
) WITHOUT ROWID;
)";

inline constexpr const char* kLedgerSince3 = R"(
ALTER TABLE logs ADD COLUMN closed_at INTEGER;
ALTER TABLE logs ADD COLUMN pruned_to INTEGER NOT NULL DEFAULT 0;
ALTER TABLE logs ADD COLUMN shown_note TEXT NOT NULL DEFAULT '';
CREATE TABLE notes (log_id INTEGER PRIMARY KEY, note TEXT NOT NULL);
)";

inline constexpr const char* kGuard = R"(
CREATE TABLE guard (origin TEXT PRIMARY KEY, note TEXT NOT NULL)
  WITHOUT ROWID;
)";

inline constexpr const char* kDisclosures = R"(
CREATE TABLE disclosures (
  log_id INTEGER NOT NULL,
  source TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (log_id, source, epoch, first_seq)
);
)";

/// Of batches: not those of the ledger's own source, which say what a log
/// succeeds and where chains go on. They are never pruned.
inline constexpr const char* kNotOurOwn = " AND source NOT LIKE 'console@%'";

/// SQLite's integers are signed; an epoch uses all 64 bits.
inline std::int64_t to_sql(std::uint64_t value) {
  return std::bit_cast<std::int64_t>(value);
}
inline std::uint64_t from_sql(std::int64_t value) {
  return std::bit_cast<std::uint64_t>(value);
}

inline void bind_blob(SQLite::Statement& statement, int at, ByteView bytes) {
  // SQLite takes a null pointer for NULL, whatever the length.
  static constexpr std::uint8_t kNothing = 0;
  statement.bindNoCopy(at,
                       bytes.empty() ? &kNothing : bytes.data(),
                       static_cast<int>(bytes.size()));
}

inline ByteView blob_of(const SQLite::Column& column) {
  const auto* data = static_cast<const std::uint8_t*>(column.getBlob());
  return {data, static_cast<std::size_t>(column.getBytes())};
}

/// A column that must be exactly N bytes; zeros when it is not, which no
/// honest row holds there, and which fsck reports.
template <std::size_t N>
std::array<std::uint8_t, N> array_of(const SQLite::Column& column) {
  std::array<std::uint8_t, N> out{};
  const ByteView bytes = blob_of(column);
  if (bytes.size() == N) {
    std::copy(bytes.begin(), bytes.end(), out.begin());
  }
  return out;
}

inline Bytes bytes_of(const SQLite::Column& column) {
  const ByteView bytes = blob_of(column);
  return {bytes.begin(), bytes.end()};
}

/// Runs `body`, turning what SQLite throws into a fault.
template <typename Body>
auto guarded(const std::filesystem::path& path, Body&& body)
    -> std::invoke_result_t<Body> {
  try {
    return std::forward<Body>(body)();
  } catch (const std::exception& error) {
    return fault(path.string() + ": " + error.what());
  }
}

inline Result<void> require_version(SQLite::Database& db,
                                    const std::filesystem::path& path,
                                    int version) {
  const int found = schema_version(db);
  if (found == version) {
    return {};
  }
  return fault(path.string() + ": schema version " + std::to_string(found) +
               "; this program knows version " + std::to_string(version) +
               (found < version
                    ? ": start this version's ledger once, which brings the "
                      "file up to date"
                    : ": a newer version wrote it; use that one"));
}

}  // namespace strongroom::schema
