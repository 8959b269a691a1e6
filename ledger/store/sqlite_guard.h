// SPDX-License-Identifier: Apache-2.0
// Guard over SQLite, in a file of its own on a path of its own.
#pragma once

#include <filesystem>
#include <memory>

#include "ledger/store/guard_reader.h"
#include "ledger/store/ledger_store.h"

namespace strongroom {

/// Faults: missing (the daemon never creates one), held by another process,
/// not a guard.
Result<std::unique_ptr<Guard>> open_sqlite_guard(
    const std::filesystem::path& path);

}  // namespace strongroom
