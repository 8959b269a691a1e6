// SPDX-License-Identifier: Apache-2.0
// What backup, restore, recover and repair know of the ledger that they work
// on.
#pragma once

#include <optional>

#include "ledger/backup/backup.h"
#include "ledger/config/config.h"
#include "tools/strongroom/command.h"

namespace strongroom {

struct LedgerSetup {
  LedgerConfig config;
  LedgerPaths paths;
  Trust trust;  // by the log key's own file
};

/// Nothing, and reported, when the configuration or the log key is wrong.
std::optional<LedgerSetup> load_ledger_setup(
    const std::filesystem::path& config, Outcome& outcome);

/// Says how far it is, a line at most every two seconds.
Progress progress_on_stderr();

}  // namespace strongroom
