// SPDX-License-Identifier: Apache-2.0
// Makes the ledger's databases. Only `strongroom init` calls this: a daemon
// that made its own would begin a second history after a lost disk.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/result.h"

namespace strongroom {

/// The database with an empty registry log, the guard, and the store of
/// disclosures. Faults: the ledger's name is wrong, one of the files is there
/// already, a disk fault.
Result<void> create_ledger_store(const std::filesystem::path& store,
                                 const std::filesystem::path& guard,
                                 const std::filesystem::path& disclosures,
                                 const std::string& ledger);

}  // namespace strongroom
