// SPDX-License-Identifier: Apache-2.0
// Brings a journal's file from the schema before to this one.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "agent/journal/contents.h"

namespace strongroom {

inline constexpr int kMigratedVersion = 1;

/// Turns a file of version 1 into one of version 2, within the caller's
/// transaction: nothing stands before he commits. Every row is kept. A row that
/// does not fit its hash is a flaw; but a batch's, which is carried over with
/// its hash, so that it is found as before and not hidden.
FlawOr<void> migrate(SQLite::Database& db);

}  // namespace strongroom
