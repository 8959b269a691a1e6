// SPDX-License-Identifier: Apache-2.0
// The agent's durable memory: what happened, what the ledger proved to hold
// (docs/formats/journal.md). The role; SqliteJournal and FakeJournal fill it.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "core/base/now.h"
#include "core/base/source.h"
#include "core/event/batch.h"

namespace strongroom {

/// Place of an event in the journal: from 1, per stream, running on over
/// epochs. The log index of an event follows from its batch.
using Position = std::uint64_t;

/// The streams of an agent, in the order in which they are served.
inline constexpr std::array<Stream, 2> kAgentStreams = {Stream::kRecord,
                                                        Stream::kTelemetry};
/// Place of a stream in arrays of two.
constexpr std::size_t slot_of(Stream stream) {
  return stream == Stream::kRecord ? 0 : 1;
}

/// seq 1 of `epoch` stands at first_position; the epoch ends where the next
/// one of the stream begins.
struct EpochRow {
  Stream stream = Stream::kRecord;
  std::uint64_t epoch = 0;
  Position first_position = 0;
  strongroom_v1_EpochReason reason{};
  /// The ledger refused the chain: rows from here to the end of the epoch are
  /// kept and not sent. 0: not stopped.
  Position stopped_at = 0;
  strongroom_v1_RefusalReason stopped_reason{};
  /// Of a stopped epoch: rows from stopped_at up to here have been written
  /// again, salvaged, in a later epoch. 0: none yet. Salvage is done when it is
  /// the epoch's last position.
  Position salvaged_to = 0;

  friend bool operator==(const EpochRow&, const EpochRow&) = default;
};

/// A batch is cut once: this is committed before its first send.
struct CutBatch {
  Stream stream = Stream::kRecord;
  Position first_position = 0;
  std::uint32_t count = 0;
  SignedHeader sealed;
};

/// The ledger proved that it holds a batch. Moves the delivered mark and
/// replaces the held checkpoint.
struct Delivery {
  Stream stream = Stream::kRecord;
  Position first_position = 0;
  std::uint32_t count = 0;
  std::uint64_t first_index = 0;
  WallTime at;
  std::string origin;      // its generation is stored with the batch
  std::string checkpoint;  // the note, verbatim
};

/// Rows of telemetry that were given up: all of one epoch, in no cut batch,
/// never its first. Their bytes go in the transaction that brings this.
struct Loss {
  Position first = 0;
  Position last = 0;
  Hash before{};           // of the event at first - 1
  Hash of_last{};          // of the event at last: the next one's prev_hash
  Position announced = 0;  // of `telemetry lost` in `record`

  friend bool operator==(const Loss&, const Loss&) = default;
};

/// A stream follows a log that succeeded its own. The checkpoint that was held
/// is of the old one and goes; everything from `resend_from` on is owed again,
/// in the batches in which it was cut.
struct Following {
  Stream stream = Stream::kRecord;
  std::string origin;  // of the successor
  /// Past what was pruned, at most tail + 1, never inside a batch. Batches
  /// before it that were still owed count as held from `at` on: the successor
  /// says so, and nobody knows their index.
  Position resend_from = 0;
  WallTime at{};
};

/// Which DeviceDescribed of the epoch stands for a device; under the name
/// "device/text", which DeviceIdentified stands for a text of it; under a
/// panel's name, which PanelDescribed stands for it.
struct DescriptionRow {
  std::string device;
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;  // of part 1, in `record`
  Hash hash{};            // of all parts, of the text: did anything change?

  friend bool operator==(const DescriptionRow&,
                         const DescriptionRow&) = default;
};

/// What the journal knows of a panel: up to where its ring was recorded, in
/// the transaction that holds the events themselves, and the offline list that
/// it was given.
struct PanelCursor {
  std::string panel;
  std::uint32_t ring = 0;  // 0: none was named yet
  std::uint32_t seq = 0;  // every event of the ring up to it stands, or is lost
  std::uint32_t list_version = 0;
  Hash list_hash{};  // of what that version holds
  /// What those events, or a newer status, leave true: bits 0-7 leaves that the
  /// panel says are locked down, 8 the fire input is active, 9 the panel is
  /// alone, 10 the link is lost. What a person ordered, whatever the panel
  /// says: bits 16-23 leaves, 24 somebody ordered.
  std::uint32_t flags = 0;

  friend bool operator==(const PanelCursor&, const PanelCursor&) = default;
};

/// All of one turn of the loop: stands as a whole or not at all.
struct JournalTransaction {
  /// One more than the last one's; a repeated number is a repeated attempt.
  std::uint64_t number = 0;
  std::vector<EpochRow> epochs;              // new ones
  std::vector<EpochRow> stopped;             // now with stopped_at
  std::array<std::vector<Bytes>, 2> events;  // appended at the tail, by slot
  std::vector<CutBatch> batches;
  std::vector<Delivery> deliveries;
  std::vector<DescriptionRow> descriptions;
  /// One a panel. May go back: a panel that names an older ring again is
  /// believed, and an unknown loss stands in the record.
  std::vector<PanelCursor> panel_cursors;
  std::vector<Loss> losses;           // after `events` of the same transaction
  std::vector<Following> followings;  // before `deliveries`

  bool empty() const {
    return epochs.empty() && stopped.empty() && events[0].empty() &&
           events[1].empty() && batches.empty() && deliveries.empty() &&
           descriptions.empty() && panel_cursors.empty() && losses.empty() &&
           followings.empty();
  }
};

/// What the journal takes on the disk, exact but for pages that are not full.
struct JournalUsage {
  /// Of both streams with their batches and indexes; pages that a deletion
  /// freed do not count, the write-ahead log (bounded) does not either.
  std::uint64_t used_bytes = 0;
  /// Event bytes by slot: what stands behind the delivered mark (owed), and
  /// what stands before it and is kept.
  std::array<std::uint64_t, 2> owed_bytes{};
  std::array<std::uint64_t, 2> kept_bytes{};

  friend bool operator==(const JournalUsage&, const JournalUsage&) = default;
};

/// What a start finds of one stream.
struct StreamState {
  std::vector<EpochRow> epochs;  // ascending by first_position
  Position tail = 0;             // 0: nothing was ever written
  Hash tail_hash{};
  WallTime tail_recorded{};  // of the tail's event
  Position cut = 0;          // the end of the newest batch
  Position delivered = 0;
  Position pruned = 0;      // rows up to here were deleted
  std::string held_origin;  // empty: no checkpoint is held
  std::string held_checkpoint;
};

struct JournalState {
  std::array<StreamState, 2> streams;  // by slot
  std::vector<DescriptionRow> descriptions;
  std::vector<PanelCursor> panel_cursors;  // by panel
  std::vector<Loss> losses;  // ascending; one that was passed goes when the
                             // rows around it are pruned
  std::uint64_t last_transaction = 0;
};

struct JournalError {
  std::string what;
  /// The file is damaged: trying again is useless, the next start sets it
  /// aside. Otherwise (disk full, I/O error) the same transaction may be tried
  /// again.
  bool broken = false;
};
template <typename T>
using JournalResult = std::expected<T, JournalError>;

/// Owned and used by the loop's thread.
class Journal {
 public:
  virtual ~Journal() = default;

  /// Durable when it returns without fault. After a fault the transaction may
  /// or may not stand; trying it again under the same number settles it.
  virtual JournalResult<void> commit(const JournalTransaction& turn) = 0;

  /// The batch that was cut at `first`, if one was.
  virtual JournalResult<std::optional<CutBatch>> batch_at(Stream stream,
                                                          Position first) = 0;
  /// Events from `first` on, consecutive, at most `max_count`, and no more than
  /// `max_bytes` of them beyond the first. Ends before a loss; none when
  /// `first` was lost or pruned.
  virtual JournalResult<std::vector<Bytes>> events(Stream stream,
                                                   Position first,
                                                   std::size_t max_count,
                                                   std::size_t max_bytes) = 0;
  /// Deletes of one stream what was delivered before `before`, oldest first, a
  /// bounded number of rows a call; never the newest delivered batch, never
  /// what is owed. Rows of a stopped epoch go once they are salvaged and the
  /// batches that follow them may go. Returns how many events went.
  virtual JournalResult<std::uint64_t> prune(Stream stream,
                                             WallTime before) = 0;
  /// What it takes, kept up to date without reading rows.
  virtual JournalUsage usage() const = 0;
  /// Moves the WAL into the file; call when idle.
  virtual void checkpoint() = 0;
};

}  // namespace strongroom
