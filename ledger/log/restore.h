// SPDX-License-Identifier: Apache-2.0
// Derives a log's right edge from its tiles and entries: at start, nothing that
// was in memory is believed.
#pragma once

#include <span>

#include "core/base/result.h"
#include "ledger/log/edge.h"
#include "ledger/store/ledger_reader.h"

namespace strongroom {

/// The edge of the tree of `size` leaves, from the full tiles that such a tree
/// has and the entries after them; of pruned entries the leaf tile speaks.
/// `size` is the end of a batch. `instead`: batches that are taken in the place
/// of what is stored there. Faults: a tile or an entry is missing or damaged;
/// the message names it. Whether the root is the right one is the caller's
/// question.
Result<Edge> restore_edge(LedgerReader& reader,
                          LogId log_id,
                          std::uint64_t size,
                          std::span<const BatchRow> instead = {});

/// Appends the entries of the log from edge.size() on, and compares each batch
/// with its header's root and each tile that becomes full with the stored one.
/// Faults name the first bad index or tile.
Result<void> replay_entries(LedgerReader& reader, LogId log_id, Edge& edge);

}  // namespace strongroom
