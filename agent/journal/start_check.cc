// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/start_check.h"

#include <algorithm>

#include "agent/journal/checker.h"

namespace strongroom {
namespace {

using journal_rows::Mark;

// The first event that will be read again: owed, or not salvaged yet; at least
// the newest.
Position first_needed(const StreamLayout& layout, Position owed) {
  Position from = std::min(owed, layout.tail);
  for (const EpochRow& epoch : layout.epochs) {
    if (epoch.stopped_at != 0 && epoch.salvaged_to < layout.epoch_end(epoch)) {
      from = std::min(from, std::max(epoch.stopped_at, epoch.salvaged_to + 1));
    }
  }
  return from;
}

}  // namespace

FlawOr<JournalContents> check_start(SQLite::Database& db) {
  auto contents = load_contents(db);
  if (!contents) {
    return contents;
  }
  for (const Stream stream : kAgentStreams) {
    const Mark& mark = contents->marks[slot_of(stream)];
    const Position owed = mark.delivered + 1;
    if (mark.tail == 0) {
      continue;
    }
    const Position from = first_needed(contents->layout(stream), owed);
    if (auto events = check_events(db, *contents, stream, from); !events) {
      return std::unexpected(events.error());
    }
    const BatchCheck check{true, {}};
    if (auto batches = check_batches(db, *contents, stream, owed, check);
        !batches) {
      return std::unexpected(batches.error());
    }
  }
  if (auto losses = check_losses(db, *contents); !losses) {
    return std::unexpected(losses.error());
  }
  return contents;
}

}  // namespace strongroom
