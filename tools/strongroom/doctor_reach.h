// SPDX-License-Identifier: Apache-2.0
// Whether a ledger's database reaches what was signed last.
#pragma once

#include <vector>

#include "ledger/store/ledger_reader.h"
#include "ledger/store/ledger_store.h"
#include "tools/strongroom/examination.h"

namespace strongroom {

inline constexpr const char* kAfterRestore =
    "Do not start over: stop the ledger, keep every file, and see "
    "\"Restoring a lost ledger\" in docs/operations.md.";

/// Compares every log that the guard knows with the database. A log that a
/// recovery closed has to reach its end, not what was signed beyond it.
void examine_reach(Examination& examination,
                   LedgerReader& reader,
                   const std::vector<GuardEntry>& guard);

}  // namespace strongroom
