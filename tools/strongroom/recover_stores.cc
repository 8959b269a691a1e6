// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/recover_stores.h"

#include "ledger/store/sqlite_guard.h"
#include "ledger/store/sqlite_ledger_store.h"

namespace strongroom {

Result<OpenedLedger> open_ledger(const LedgerPaths& paths) {
  auto store = open_sqlite_ledger_store(paths.store, paths.disclosures);
  if (!store) {
    return std::unexpected(store.error());
  }
  auto guard = open_sqlite_guard(paths.guard);
  if (!guard) {
    return std::unexpected(guard.error());
  }
  auto reader = LedgerReader::open(paths.store);
  if (!reader) {
    return std::unexpected(reader.error());
  }
  return OpenedLedger{*std::move(store), *std::move(guard), *std::move(reader)};
}

}  // namespace strongroom
