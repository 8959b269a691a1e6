// SPDX-License-Identifier: Apache-2.0
// What the ledger's database holds, row by row (docs/formats/ledger-store.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/source.h"
#include "core/crypto/hash.h"
#include "core/crypto/signature.h"

namespace strongroom {

using LogId = std::int64_t;

struct LogRow {
  LogId log_id = 0;
  Origin origin;
  std::string frozen;  // why the log signs nothing more; empty while it does
  /// A successor goes on from here: so many entries count, whatever rows lie
  /// beyond. Nothing: no successor.
  std::optional<std::uint64_t> closed_at;
  /// Telemetry: entries below it were deleted by the retention policy, headers
  /// and what the ledger's own source wrote excepted; a multiple of the tile
  /// width. Their hashes stand in the tiles.
  std::uint64_t pruned_to = 0;
  /// A note under our own key that somebody showed and that this tree does not
  /// contain: why it froze. Empty: none.
  std::string shown_note;
};

/// The newest signed checkpoint of a log when the transaction was made: a copy
/// of the database is proven by it up to that size.
struct NoteRow {
  LogId log_id = 0;
  std::string note;
};

/// A batch as appended: its events at first_index .. first_index + count - 1,
/// its header at first_index + count.
struct BatchRow {
  LogId log_id = 0;
  std::uint64_t first_index = 0;
  std::uint32_t count = 0;
  std::string source;
  std::uint64_t epoch = 0;
  std::uint64_t first_seq = 0;
  Bytes header;   // the header's log entry
  Bytes entries;  // the events' log entries, as a C2SP entry bundle
  /// As read: so many of its events, the first ones, were deleted by the
  /// retention policy. That is no damage; their leaf hashes stand in the tiles.
  std::uint32_t pruned = 0;

  std::uint64_t header_index() const { return first_index + count; }
  std::uint64_t end_index() const { return first_index + count + 1; }
  /// Of an index within the batch.
  bool is_pruned(std::uint64_t index) const {
    return index - first_index < pruned;
  }
};

/// A full hash tile.
struct TileRow {
  LogId log_id = 0;
  int level = 0;
  std::uint64_t number = 0;
  Bytes hashes;
};

/// The head of one (source, epoch) in a log. Derived from the batches; kept so
/// that a start need not read them all. fsck derives it again and compares.
struct ChainRow {
  LogId log_id = 0;
  std::string source;
  std::uint64_t epoch = 0;
  std::uint64_t next_seq = 1;
  Hash head{};                   // prev_hash of the next event
  std::uint64_t acked_size = 0;  // tree size of the newest ack
  Bytes newest_header;           // a header entry
  PublicKey key{};               // that signed it
  bool closed = false;
};

/// A `telemetry lost` event: what the telemetry chain may skip.
struct LossRow {
  LogId log_id = 0;  // of the telemetry log
  std::string source;
  std::uint64_t epoch = 0;
  std::uint64_t from_seq = 0;
  std::uint64_t to_seq = 0;
  Hash before_from{};
  Hash of_to{};
};

/// Where a finding stands, so that a start need not read every entry.
struct FindingRow {
  LogId log_id = 0;
  std::uint64_t index = 0;
};

/// Where an agent's event about one of its devices stands: a description, names
/// of states, or what the device says of itself (ledger/views/device_notes.h).
struct DeviceRow {
  LogId log_id = 0;
  std::string source;
  std::string device;
  std::string part;  // what is known of the device; a later event replaces it
  std::uint64_t index = 0;
  // Rows of the device that the event makes void: they go before this comes.
  bool forgets_description = false;  // parts 40 and 42
  bool forgets_texts = false;        // parts 43
};

/// As it came: sealed to the disclosure key, erasable.
struct DisclosureRow {
  LogId log_id = 0;
  std::string source;
  std::uint64_t epoch = 0;
  std::uint64_t first_seq = 0;
  Bytes sealed;
};

/// Everything that one transaction adds.
struct CommitRows {
  std::vector<BatchRow> batches;
  std::vector<TileRow> tiles;
  std::vector<ChainRow> chains;  // replace the row of the same key
  std::vector<LossRow> losses;
  std::vector<FindingRow> findings;
  std::vector<DeviceRow> devices;  // replace the row of the same part
  std::vector<NoteRow> notes;      // replace the row of the same log

  bool empty() const { return batches.empty() && chains.empty(); }
};

}  // namespace strongroom
