// SPDX-License-Identifier: Apache-2.0
// Hash tiles are made from entries: a damaged one is made again, and nobody has
// to be believed, as the signed root says whether it is right.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/log/checkpoint.h"
#include "ledger/store/ledger_reader.h"
#include "ledger/store/ledger_store.h"

namespace strongroom {

/// A copy of the same log, under the id that it has there. The leaf hashes of
/// pruned entries may come from it.
struct TileCopy {
  LedgerReader& reader;
  LogId log_id = 0;
};

struct TileRepair {
  std::vector<std::string> replaced;  // paths of tiles
  bool unfrozen = false;
  /// Why the tree could not be proven, or not as far as it is stored; empty:
  /// every tile is right now.
  std::string refused;
};

/// Whether a log froze, at run time, because a tile could not be read or was
/// not right. `frozen` is the text of LogRow.
bool is_of_a_damaged_tile(const std::string& frozen);

/// What the tree of this log may be proven by. Of an open log the guard's
/// checkpoint alone; of a closed one any that covers nothing beyond its end.
/// Faults say why there is none: the guard knows nothing of it, holds no
/// checkpoint of ours, or is older than what the database knows.
Result<std::vector<Checkpoint>> trees_to_prove(LedgerReader& reader,
                                               const LogRow& log,
                                               const std::string& guard_note,
                                               const Trust& trust);

/// Makes the tiles of every level again, from the entries, and where these were
/// pruned from the leaf tiles (which stand nowhere else: a damaged one comes
/// from `copy`, if its leaves are those of the batch's header, or not at all).
/// Only when that gives the root of one of `signed_trees` the tiles that differ
/// are written, in one transaction (more than 64 MiB of them: in several, each
/// proven anew), and a log that froze for a damaged tile and has nothing else
/// against it signs again. Each is read back. The ledger is stopped.
/// Faults: the database cannot be read or written, or does not read back.
Result<TileRepair> repair_tiles(LedgerStore& store,
                                LedgerReader& reader,
                                const LogRow& log,
                                const std::vector<Checkpoint>& signed_trees,
                                std::optional<TileCopy> copy);

}  // namespace strongroom
