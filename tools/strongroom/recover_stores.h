// SPDX-License-Identifier: Apache-2.0
// A ledger's databases, opened for a command that changes them.
#pragma once

#include <memory>

#include "ledger/backup/backup.h"
#include "ledger/store/ledger_reader.h"
#include "ledger/store/ledger_store.h"

namespace strongroom {

struct OpenedLedger {
  std::unique_ptr<LedgerStore> store;
  std::unique_ptr<Guard> guard;
  // Last: the writer's connection must be the one that closes last.
  std::unique_ptr<LedgerReader> reader;
};

/// Faults: missing, not ours, held by a daemon (the message names it).
Result<OpenedLedger> open_ledger(const LedgerPaths& paths);

}  // namespace strongroom
