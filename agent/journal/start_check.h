// SPDX-License-Identifier: Apache-2.0
// What a start must know to be whole.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "agent/journal/contents.h"

namespace strongroom {

/// Everything but what the ledger proved to hold: all rows but events and
/// batches, the events from the first one on that is owed or waits for its
/// salvage, the batches that are owed. No SQLite exception leaves it.
FlawOr<JournalContents> check_start(SQLite::Database& db);

}  // namespace strongroom
