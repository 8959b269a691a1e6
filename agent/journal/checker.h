// SPDX-License-Identifier: Apache-2.0
// Finds what is wrong in a journal's file, and names the place. The start uses
// the part that it needs, `strongroom fsck` all of it (check_journal.h).
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <span>

#include "agent/journal/contents.h"

namespace strongroom {

/// Event bytes behind the delivered mark, and before it, of what was walked.
struct EventBytes {
  std::uint64_t owed = 0;
  std::uint64_t kept = 0;
};

/// Walks the events of a stream from `from` to the tail: presence, envelope,
/// numbering, chain and the tail's hash. Announced losses are holes, and no
/// others. The chain begins unanchored at `from` unless that is the first of an
/// epoch.
FlawOr<EventBytes> check_events(SQLite::Database& db,
                                const JournalContents& contents,
                                Stream stream,
                                Position from);

/// Every loss is announced by an event of `record`, in its own words.
FlawOr<void> check_losses(SQLite::Database& db,
                          const JournalContents& contents);

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
