// SPDX-License-Identifier: Apache-2.0
// Entries as they are stored, batch by batch.
//
// The oldest events of a telemetry log may have been deleted by the retention
// policy: `row.pruned` of its events, the first ones. That is no damage, and
// nothing here takes the one for the other.
#pragma once

#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/log/merkle.h"
#include "ledger/store/ledger_reader.h"
#include "ledger/store/rows.h"

namespace strongroom {

/// Every log entry of a stored batch, its header last. The views point into
/// `row`. Faults: the bundle is damaged; events of it were pruned (the message
/// says "pruned").
Result<std::vector<ByteView>> entries_of(const BatchRow& row);

/// The same of any batch: a pruned event is an empty view, which no entry is.
/// Faults: the bundle is damaged.
Result<std::vector<ByteView>> kept_entries_of(const BatchRow& row);

/// Leaf hashes of entries_of(), with its faults.
Result<std::vector<Hash>> leaves_of(const BatchRow& row);

/// Leaf hashes of any batch: those of pruned events as the log's tiles say.
/// Whether the tiles are right is the caller's question: they are when they
/// lead to a signed root, and the batch's header holds the root of its events'
/// leaves. Faults: the bundle is damaged, a tile is missing or not of its size.
Result<std::vector<Hash>> all_leaves_of(const BatchRow& row,
                                        LedgerReader& reader);

/// Whether these are the leaves (its header's may follow) of the batch of its
/// own header.
bool is_of_its_header(const BatchRow& row, std::span<const Hash> leaves);

}  // namespace strongroom
