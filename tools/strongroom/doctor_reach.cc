// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/doctor_reach.h"

#include <algorithm>

#include "core/log/checkpoint.h"
#include "core/log/note.h"
#include "tools/strongroom/render.h"

namespace strongroom {

void examine_reach(Examination& examination,
                   LedgerReader& reader,
                   const std::vector<GuardEntry>& guard) {
  const auto logs = reader.logs();
  if (!logs) {
    examination.ill("store-unreadable", logs.error().what, kAfterRestore);
    return;
  }
  for (const GuardEntry& entry : guard) {
    const auto note = Note::parse(entry.note);
    const auto signed_last =
        note ? Checkpoint::parse(note->text)
             : Result<Checkpoint>(std::unexpected(note.error()));
    const auto log = std::ranges::find_if(*logs, [&](const LogRow& row) {
      return row.origin.text() == entry.origin;
    });
    if (!signed_last || log == logs->end()) {
      examination.ill("guard-foreign",
                      "the guard holds \"" + entry.origin +
                          "\", which the database does not",
                      kAfterRestore);
      continue;
    }
    if (log->closed_at) {
      // What was signed beyond its end, the recovery gave up in the open.
      examination.healthy(entry.origin + ": " +
                          closed_text(*log->closed_at, log->origin));
      continue;
    }
    const auto size = reader.log_size(log->log_id);
    if (size && *size < signed_last->size) {
      examination.ill("store-behind-guard",
                      entry.origin + " has " + std::to_string(*size) +
                          " entries, but " + std::to_string(signed_last->size) +
                          " were signed",
                      kAfterRestore);
    } else if (size) {
      examination.healthy(entry.origin + ": " + std::to_string(*size) +
                          " entries");
    }
  }
}

}  // namespace strongroom
