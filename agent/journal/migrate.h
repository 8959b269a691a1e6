// SPDX-License-Identifier: Apache-2.0
// Brings a journal's file from an older schema to this one.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "agent/journal/contents.h"

namespace strongroom {

/// Version 1, or 2.
constexpr bool is_migrated(int version) {
  return version == 1 || version == 2;
}

/// Turns a file of such a version into one of version 3, within the caller's
/// transaction: nothing stands before he commits. Every row is kept. A row that
/// does not fit its hash is a flaw; but a batch's of version 1, which is
/// carried over with its hash, so that it is found as before and not hidden.
FlawOr<void> migrate(SQLite::Database& db);

}  // namespace strongroom
