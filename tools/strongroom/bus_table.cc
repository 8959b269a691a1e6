// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/bus_table.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/utf8.h"
#include "tools/strongroom/render.h"

namespace strongroom {
namespace {

constexpr std::string_view kGap = "  ";

std::size_t characters(std::string_view text) {
  // A byte that continues a character counts for none.
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::vector<std::size_t> widths_of(const std::vector<TableColumn>& columns,
                                   const std::vector<TableRow>& rows) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::size_t width = 0;
    for (const TableRow& row : rows) {
      width = std::max(width, characters(row.cells[i]));
    }
    widths.push_back(
        width == 0 ? 0 : std::max(width, characters(columns[i].title)));
  }
  return widths;
}

std::size_t total(const std::vector<std::size_t>& widths) {
  std::size_t sum = 0;
  for (const std::size_t width : widths) {
    sum += width == 0 ? 0 : width + (sum == 0 ? 0 : kGap.size());
  }
  return sum;
}

/// Hides columns, by width 0, until the rest fits.
void narrow(std::vector<std::size_t>& widths,
            const std::vector<TableColumn>& columns,
            std::size_t limit) {
  while (limit != 0 && total(widths) > limit) {
    std::size_t victim = columns.size();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (widths[i] != 0 && columns[i].rank != 0 &&
          (victim == columns.size() ||
           columns[i].rank > columns[victim].rank)) {
        victim = i;
      }
    }
    if (victim == columns.size()) {
      return;
    }
    widths[victim] = 0;
  }
}

std::string padded(const std::string& text, std::size_t width, bool to_right) {
  const std::size_t own = characters(text);
  const std::string blanks(width > own ? width - own : 0, ' ');
  return to_right ? blanks + text : text + blanks;
}

std::string line_of(const std::vector<std::string>& cells,
                    const std::vector<TableColumn>& columns,
                    const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (widths[i] == 0) {
      continue;
    }
    line += (line.empty() ? "" : kGap);
    line += padded(cells[i], widths[i], columns[i].is_number);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

Screen screen_of_output() {
  Screen screen;
  if (isatty(STDOUT_FILENO) == 0) {
    return screen;
  }
  const char* const no_colour = std::getenv("NO_COLOR");
  screen.has_colour = no_colour == nullptr || *no_colour == '\0';
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
    screen.width = size.ws_col;
  }
  return screen;
}

std::string render_table(const std::vector<TableColumn>& columns,
                         std::vector<TableRow> rows,
                         const Screen& screen) {
  for (TableRow& row : rows) {
    for (std::string& cell : row.cells) {
      cell = printable(cell);
      std::ranges::replace(cell, '\n', ' ');
      std::ranges::replace(cell, '\t', ' ');
    }
  }
  std::vector<std::size_t> widths = widths_of(columns, rows);
  narrow(widths, columns, screen.width);
  std::vector<std::string> titles;
  for (const TableColumn& column : columns) {
    titles.push_back(column.title);
  }
  std::string text = cut(line_of(titles, columns, widths), screen.width) + "\n";
  for (const TableRow& row : rows) {
    const std::string line =
        cut(line_of(row.cells, columns, widths), screen.width);
    text += marked(line, row.mark, screen) + "\n";
  }
  return text;
}

std::string marked(const std::string& text,
                   RowMark mark,
                   const Screen& screen) {
  if (mark == RowMark::kNone || !screen.has_colour) {
    return text;
  }
  return (mark == RowMark::kFault ? "\x1b[31m" : "\x1b[33m") + text + "\x1b[0m";
}

std::string cut(const std::string& line, std::size_t width) {
  if (width == 0 || characters(line) <= width) {
    return line;
  }
  std::string_view rest = line;
  for (std::size_t i = 0; i < width; ++i) {
    if (!take_code_point(rest)) {
      rest.remove_prefix(1);
    }
  }
  return line.substr(0, line.size() - rest.size());
}

std::string duration_text(std::int64_t microseconds) {
  if (microseconds < 1000) {
    return fmt::format("{} us", microseconds);
  }
  if (microseconds < 100'000) {
    return fmt::format("{:.1f} ms", static_cast<double>(microseconds) / 1e3);
  }
  if (microseconds < 1'000'000) {
    return fmt::format("{} ms", microseconds / 1000);
  }
  return fmt::format("{:.1f} s", static_cast<double>(microseconds) / 1e6);
}

}  // namespace strongroom
