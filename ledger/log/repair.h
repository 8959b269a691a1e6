// SPDX-License-Identifier: Apache-2.0
// Bytes of damaged entries are put back from a copy, when the tree says that
// they are the right ones: nobody has to be believed.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/log/checkpoint.h"
#include "ledger/store/ledger_reader.h"
#include "ledger/store/ledger_store.h"

namespace strongroom {

/// A batch that was not put back.
struct RepairRefusal {
  std::uint64_t first_index = 0;
  std::string why;
};

struct Repair {
  std::vector<std::uint64_t> replaced;  // first indices
  std::vector<std::uint64_t> sound;     // stood there already, byte by byte
  std::vector<RepairRefusal> refused;
};

/// Replaces the stored bytes of these batches of one log (their log_id is this
/// database's), or puts a batch where its row is gone. A batch is taken only
/// when it is the one of its own header and all its leaves are the right ones:
/// below a full tile those of the stored leaf tile; after the last one those
/// that give `signed_tree`'s root together with the other entries there (so two
/// damaged batches at the edge need to come in one call). What was pruned, or
/// lies beyond the signed size, is refused. Each is read back and hashed again.
/// The ledger is stopped, or this is its loop thread.
/// Faults: the database cannot be read or written, or does not read back as
/// written; what was replaced before that stays.
Result<Repair> repair_batches(LedgerStore& store,
                              LedgerReader& reader,
                              const Checkpoint& signed_tree,
                              std::span<const BatchRow> batches);

}  // namespace strongroom
