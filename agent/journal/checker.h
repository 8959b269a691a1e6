// SPDX-License-Identifier: Apache-2.0
// Finds what is wrong in a journal's file, and names the place. The start uses
// the part that it needs, `strongroom fsck` all of it (check_journal.h).
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <span>

#include "agent/journal/contents.h"

namespace strongroom {

/// Walks the events of a stream from `from` to the tail: presence, envelope,
/// numbering, chain and the tail's hash. The chain begins unanchored at `from`
/// unless that is the first of an epoch.
FlawOr<void> check_events(SQLite::Database& db,
                          const JournalContents& contents,
                          Stream stream,
                          Position from);

/// Walks the batches of a stream from the first one at or after `from`: row
/// hash, header against rows, contiguity, what is marked delivered. With
/// `events` also each event's chain and the root, with `keys` the signature.
struct BatchCheck {
  bool events = false;
  std::span<const PublicKey> keys;  // empty: signatures are not checked
};
FlawOr<std::uint64_t> check_batches(SQLite::Database& db,
                                    const JournalContents& contents,
                                    Stream stream,
                                    Position from,
                                    const BatchCheck& check);

}  // namespace strongroom
