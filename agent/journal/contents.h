// SPDX-License-Identifier: Apache-2.0
// Everything that stands in a journal's file but events and batches, read and
// checked.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <array>
#include <expected>
#include <map>
#include <string>
#include <vector>

#include "agent/journal/journal.h"
#include "agent/journal/layout.h"
#include "agent/journal/rows.h"

namespace strongroom {

/// The first thing that does not hold.
struct JournalFlaw {
  std::string place;  // "record 17", "batches record 12", "held telemetry"
  std::string what;
  /// The file could not be read now (disk full, no descriptors, busy): that
  /// says nothing about what stands in it.
  bool is_passing = false;

  std::string text() const { return place + ": " + what; }
};
template <typename T>
using FlawOr = std::expected<T, JournalFlaw>;

/// Every row but events and batches.
struct JournalContents {
  std::string source;
  std::map<std::string, std::string> meta;
  std::array<journal_rows::Mark, 2> marks;  // by slot
  std::array<StreamLayout, 2> layouts;
  std::array<journal_rows::HeldRow, 2> held;  // origin empty: none
  std::vector<DescriptionRow> descriptions;
  std::vector<PanelCursor> panel_cursors;  // by panel

  const StreamLayout& layout(Stream stream) const {
    return layouts[slot_of(stream)];
  }
  /// Of the log that the stream follows; 0 when none is held.
  std::uint32_t held_generation(Stream stream) const;
};

/// CREATE statements of what stands in the file.
std::string schema_text(SQLite::Database& db);
/// The marks alone, with their hashes checked.
FlawOr<std::array<journal_rows::Mark, 2>> load_marks(SQLite::Database& db);

/// Reads and checks them: schema, version, hashes, and what they say of each
/// other. No SQLite exception leaves any function here; a damaged file is a
/// flaw at "file".
FlawOr<JournalContents> load_contents(SQLite::Database& db);

}  // namespace strongroom
