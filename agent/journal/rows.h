// SPDX-License-Identifier: Apache-2.0
// The schema of the journal's file, and the hash that each row carries over all
// its columns, so that any flipped byte is found (docs/formats/journal.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/journal/journal.h"
#include "core/crypto/hash.h"

namespace strongroom::journal_rows {

inline constexpr std::int32_t kApplicationId = 0x53524a31;  // "SRJ1"
inline constexpr int kSchemaVersion = 3;

/// CREATE statements of all tables; of those that every version has in the
/// same words; of those that came, or came anew, with version 2, with 3.
std::string schema();
std::string_view tables_of_every_version();
std::string_view tables_of_version_2();
std::string_view tables_of_version_3();
/// "record_events" or "telemetry_events".
std::string_view event_table(Stream stream);

/// Columns one after another, each delimited, so that no two rows share an
/// encoding: numbers as 8 bytes big endian, strings with their length before.
class RowBytes {
 public:
  explicit RowBytes(std::string_view table) { text(table); }

  RowBytes& number(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    }
    return *this;
  }
  RowBytes& text(std::string_view value) { return blob(as_bytes(value)); }
  RowBytes& blob(ByteView value) {
    number(value.size());
    append(bytes_, value);
    return *this;
  }
  template <typename T>
  RowBytes& optional(const std::optional<T>& value) {
    number(value.has_value() ? 1 : 0);
    return number(value ? static_cast<std::uint64_t>(*value) : 0);
  }
  RowBytes& stream(Stream value) {
    return number(static_cast<std::uint64_t>(value));
  }
  Hash hash() const { return sha256(bytes_); }

 private:
  Bytes bytes_;
};

/// Where a stream stands: one row a stream.
struct Mark {
  Stream stream = Stream::kRecord;
  Position tail = 0;
  Hash tail_hash{};
  Position delivered = 0;
  Position pruned = 0;  // rows up to here were deleted
  // Event bytes behind the delivered mark, and of what stands before it.
  std::uint64_t owed_bytes = 0;
  std::uint64_t kept_bytes = 0;
  std::uint64_t last_transaction = 0;
};

/// Owed: none of the three. Proven: all of them. Held by a predecessor, which
/// its successor says without telling the index: no first_index.
struct StoredBatch {
  CutBatch batch;
  std::optional<std::uint64_t> first_index;
  std::optional<std::int64_t> delivered_us;
  std::optional<std::uint32_t> generation;  // of the log that holds it

  Position last() const { return batch.first_position + batch.count - 1; }
};

struct HeldRow {
  Stream stream = Stream::kRecord;
  std::string origin;
  std::string checkpoint;
};

Hash row_hash(const Mark& row);
Hash row_hash(const EpochRow& row);
Hash row_hash(const StoredBatch& row);
Hash row_hash(const HeldRow& row);
Hash row_hash(const DescriptionRow& row);
Hash row_hash(const PanelCursor& row);
Hash row_hash(const Loss& row);
Hash row_hash(std::string_view meta_key, std::string_view meta_value);

}  // namespace strongroom::journal_rows
