// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/check_journal.h"

#include <fmt/format.h>

#include "agent/journal/checker.h"
#include "platform/sqlite/database.h"

namespace strongroom {
namespace {

using journal_rows::Mark;

FlawOr<void> check_structure(SQLite::Database& db) {
  try {
    const std::string verdict =
        db.execAndGet("PRAGMA integrity_check(1)").getString();
    if (verdict != "ok") {
      return std::unexpected(JournalFlaw{"file", verdict});
    }
  } catch (const SQLite::Exception& error) {
    return std::unexpected(JournalFlaw{"file", error.what()});
  }
  return {};
}

FlawOr<void> check_held(const JournalContents& contents, const Trust& trust) {
  for (const auto& row : contents.held) {
    if (row.checkpoint.empty()) {
      continue;  // none yet, of the log that it follows
    }
    const std::string place = "held " + std::string(stream_name(row.stream));
    const auto checkpoint = open_checkpoint(row.checkpoint, trust);
    if (!checkpoint) {
      return std::unexpected(JournalFlaw{place, checkpoint.error().what});
    }
    if (checkpoint->origin != row.origin) {
      return std::unexpected(
          JournalFlaw{place, "the checkpoint is of " + checkpoint->origin});
    }
  }
  return {};
}

void count_rows(const JournalContents& contents, JournalReport& report) {
  std::array<std::uint64_t, 2> rows{};
  for (const Mark& mark : contents.marks) {
    rows[slot_of(mark.stream)] = mark.tail - mark.pruned;
    report.undelivered += mark.tail - mark.delivered;
    for (const Loss& loss : contents.layout(mark.stream).losses) {
      const Position lost = loss.last - loss.first + 1;
      rows[slot_of(mark.stream)] -= lost;
      report.lost += lost;
      report.undelivered -= loss.first > mark.delivered ? lost : 0;
    }
  }
  report.record_events = rows[0];
  report.telemetry_events = rows[1];
}

FlawOr<void> check_all(SQLite::Database& db,
                       const JournalCheckOptions& options,
                       JournalReport& report) {
  if (auto structure = check_structure(db); !structure) {
    return structure;
  }
  const auto contents = load_contents(db);
  if (!contents) {
    return std::unexpected(contents.error());
  }
  report.source = contents->source;
  count_rows(*contents, report);
  for (const Mark& mark : contents->marks) {
    const Position from = mark.pruned + 1;
    const auto bytes = check_events(db, *contents, mark.stream, from);
    if (!bytes) {
      return std::unexpected(bytes.error());
    }
    if (bytes->owed != mark.owed_bytes || bytes->kept != mark.kept_bytes) {
      return std::unexpected(
          JournalFlaw{"streams " + std::string(stream_name(mark.stream)),
                      "its bytes are not those of its events"});
    }
    const BatchCheck check{true, options.keys};
    auto batches = check_batches(db, *contents, mark.stream, from, check);
    if (!batches) {
      return std::unexpected(batches.error());
    }
    report.batches += *batches;
  }
  if (auto losses = check_losses(db, *contents); !losses) {
    return losses;
  }
  report.signatures_checked = !options.keys.empty();
  return options.trust ? check_held(*contents, *options.trust) : FlawOr<void>{};
}

}  // namespace

Result<JournalReport> check_journal(const std::filesystem::path& path,
                                    const JournalCheckOptions& options) {
  auto db = open_reader(path, journal_rows::kApplicationId);
  if (!db) {
    return std::unexpected(db.error());
  }
  if (const int version = schema_version(**db);
      version != journal_rows::kSchemaVersion) {
    return fault(fmt::format(
        "{}: schema version {}, this program knows {} (the agent brings an "
        "older one up to it when it starts)",
        path.string(),
        version,
        journal_rows::kSchemaVersion));
  }
  JournalReport report;
  try {
    // One snapshot for all queries, also while the agent writes.
    SQLite::Transaction snapshot(**db);
    if (auto all = check_all(**db, options, report); !all) {
      report.flaw = all.error().text();
    }
  } catch (const SQLite::Exception& error) {
    report.flaw = std::string("file: ") + error.what();
  }
  return report;
}

}  // namespace strongroom
