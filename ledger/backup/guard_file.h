// SPDX-License-Identifier: Apache-2.0
// Databases made of what is known of them, for when there is none to open.
// Inside ledger/backup and ledger/recover only.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "core/base/result.h"
#include "ledger/store/ledger_store.h"

namespace strongroom {

/// A guard that holds these checkpoints, durable when it returns. Faults: it is
/// there already, the disk.
Result<void> make_guard(const std::filesystem::path& path,
                        const std::string& ledger,
                        std::span<const GuardEntry> entries);

/// An empty database with its registry log, and a store of disclosures, where
/// none is; a guard is not touched. Faults: `store` is there already, the disk.
Result<void> make_empty_store(const std::filesystem::path& store,
                              const std::filesystem::path& disclosures,
                              const std::string& ledger);

}  // namespace strongroom
