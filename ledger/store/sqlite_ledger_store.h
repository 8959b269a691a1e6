// SPDX-License-Identifier: Apache-2.0
// LedgerStore over SQLite: the database and the erasable store of disclosures.
#pragma once

#include <filesystem>
#include <memory>

#include "ledger/store/ledger_store.h"

namespace strongroom {

/// Faults: a file is missing (the daemon never creates one), held by another
/// process, not ours, of another schema version.
Result<std::unique_ptr<LedgerStore>> open_sqlite_ledger_store(
    const std::filesystem::path& store,
    const std::filesystem::path& disclosures);

}  // namespace strongroom
