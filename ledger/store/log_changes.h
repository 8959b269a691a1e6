// SPDX-License-Identifier: Apache-2.0
// What changes a log as a whole: it is closed for a successor, its oldest
// entries go. Steps within a transaction of the caller. Inside ledger/store
// only. SQLite's exceptions pass through.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <span>

#include "core/base/result.h"
#include "ledger/store/rows.h"

namespace strongroom {

/// Faults say why this succession cannot be: see LedgerStore::succeed_log().
Result<void> may_succeed(SQLite::Database& db,
                         LogId log_id,
                         std::uint64_t closed_at,
                         const Origin& successor);

/// Marks the log as ended there.
void close_log(SQLite::Database& db,
               LogId log_id,
               std::uint64_t closed_at,
               const Origin& successor);

/// See LedgerStore::prune_entries().
Result<std::uint64_t> prune_log(SQLite::Database& db,
                                LogId log_id,
                                std::uint64_t to_index,
                                std::size_t max_batches);

/// See LedgerStore::replace_tiles().
Result<void> put_tiles(SQLite::Database& db,
                       LogId log_id,
                       std::span<const TileRow> tiles,
                       bool unfreeze);

}  // namespace strongroom
