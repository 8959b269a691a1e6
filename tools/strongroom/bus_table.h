// SPDX-License-Identifier: Apache-2.0
// Tables for a terminal, wide or narrow.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace strongroom {

struct TableColumn {
  std::string title;
  bool is_number = false;  // aligned to the right
  /// 0: always shown. Of the others, the highest goes first when the terminal
  /// is too narrow.
  int rank = 0;
};

/// What a row's words say already, said again by colour.
enum class RowMark : std::uint8_t { kNone, kWarning, kFault };

struct TableRow {
  std::vector<std::string> cells;  // one per column
  RowMark mark = RowMark::kNone;
};

/// What the terminal is like.
struct Screen {
  std::size_t width = 0;  // characters; 0: no limit
  bool has_colour = false;
};

/// Of standard output. No colour when NO_COLOR is set or it is no terminal.
Screen screen_of_output();

/// Columns that are empty in every row are left out. Nothing in a cell commands
/// the terminal.
std::string render_table(const std::vector<TableColumn>& columns,
                         std::vector<TableRow> rows,
                         const Screen& screen);

/// `text` in the colour of `mark`, where the screen has colours.
std::string marked(const std::string& text, RowMark mark, const Screen& screen);
/// The first `width` characters of a line of UTF-8 (0: all).
std::string cut(const std::string& line, std::size_t width);
/// "3.2 ms", "850 us", "1.5 s": short.
std::string duration_text(std::int64_t microseconds);

}  // namespace strongroom
