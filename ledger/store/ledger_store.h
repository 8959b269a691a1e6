// SPDX-License-Identifier: Apache-2.0
// The durable steps of the ledger, as roles: SQLite does them
// (sqlite_ledger_store.h, sqlite_guard.h), tests make them fail.
//
// After a fault nobody knows whether the step was done: the caller stops and
// the next start finds out. All are called on the ledger's loop thread.
#pragma once

#include <span>

#include "core/base/result.h"
#include "ledger/store/rows.h"

namespace strongroom {

class LedgerStore {
 public:
  virtual ~LedgerStore() = default;
  /// Durable when it returns. Replaces rows of the same place: a batch that
  /// was not committed after them comes again.
  virtual Result<void> commit_disclosures(
      std::span<const DisclosureRow> rows) = 0;
  /// All rows or none, durable when it returns.
  virtual Result<void> commit(const CommitRows& rows) = 0;
  /// A new, empty log. Faults: the origin is there already.
  virtual Result<LogId> add_log(const Origin& origin) = 0;
  /// `shown_note`: see LogRow; empty when there is none.
  virtual Result<void> freeze_log(LogId log_id,
                                  const std::string& why,
                                  const std::string& shown_note) = 0;
  /// The log ends at `closed_at`, the end of one of its batches (or 0), and an
  /// empty one of `successor` begins with these chains and losses, which are of
  /// the successor's new id (their log_id is filled in here): one transaction.
  /// Faults: the successor is there, or is not the next generation of the log;
  /// the log is closed already, or no batch ends there.
  virtual Result<LogId> succeed_log(LogId log_id,
                                    std::uint64_t closed_at,
                                    const Origin& successor,
                                    std::vector<ChainRow> chains,
                                    std::vector<LossRow> losses) = 0;
  /// Deletes event bytes of a telemetry log below `to_index` (a multiple of the
  /// tile width), oldest first, in whole tiles: about `max_batches` a call, but
  /// one tile at least; headers stay, and what the ledger's own source wrote
  /// (what a log succeeds). pruned_to moves with each call, in the same
  /// transaction. Returns where it stands. Faults: another stream, beyond
  /// the log, a tile that would have to hold the hashes is not there.
  /// LogWriter::prune() looks before whether the tiles are right.
  virtual Result<std::uint64_t> prune_entries(LogId log_id,
                                              std::uint64_t to_index,
                                              std::size_t max_batches) = 0;
  /// Puts the bytes of this batch in the place of those that are stored at its
  /// first_index, or puts the batch there when it is gone. Whether they belong
  /// there is the caller's question: repair_batch() (ledger/log/repair.h) asks.
  virtual Result<void> replace_batch(const BatchRow& row) = 0;
  /// Puts these full tiles of one log in the place of those that are stored, in
  /// one transaction. `unfreeze`: the log signs again from now on; faults if it
  /// is closed or a shown note speaks against it. Whether all of it may be is
  /// the caller's question: repair_tiles() (ledger/log/repair_tiles.h) asks.
  virtual Result<void> replace_tiles(LogId log_id,
                                     std::span<const TileRow> tiles,
                                     bool unfreeze) = 0;
  /// Moves the write-ahead log into the database; when idle or it has grown.
  virtual void checkpoint() = 0;
};

/// The last signed checkpoint of one log.
struct GuardEntry {
  std::string origin;
  std::string note;
};

struct GuardSwap {
  std::string origin;
  std::string expected;  // the note that must be there; empty: none
  std::string note;
};

/// Holds what was signed last, apart from the database, so that a database
/// that was restored or forked cannot sign a second history.
class Guard {
 public:
  virtual ~Guard() = default;
  virtual Result<std::vector<GuardEntry>> entries() = 0;
  /// All or none, durable when it returns. Faults: an expected note is not the
  /// one that is held; nothing was changed then.
  virtual Result<void> swap(std::span<const GuardSwap> swaps) = 0;
};

}  // namespace strongroom
