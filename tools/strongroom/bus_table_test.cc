// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/bus_table.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

const std::vector<TableColumn> kColumns = {
    {"device"}, {"p50", true, 2}, {"profile", false, 1}, {"late", true, 3}};

TEST(RenderTable, WideEnough_ShowsWhatIsNotEmpty) {
  EXPECT_EQ(render_table(kColumns,
                         {{{"room-1", "3 ms", "xy-md02", ""}},
                          {{"r", "12 ms", "x", ""}}},
                         {}),
            "device    p50  profile\n"
            "room-1   3 ms  xy-md02\n"
            "r       12 ms  x\n");
}

TEST(RenderTable, NarrowTerminal_LosesTheLeastFirst) {
  const std::vector<TableRow> rows = {{{"room-1", "3 ms", "xy-md02", "1"}}};
  EXPECT_EQ(render_table(kColumns, rows, {22, false}),
            "device   p50  profile\nroom-1  3 ms  xy-md02\n");
  EXPECT_EQ(render_table(kColumns, rows, {16, false}),
            "device  profile\nroom-1  xy-md02\n");
  EXPECT_EQ(render_table(kColumns, rows, {4, false}), "devi\nroom\n");
}

TEST(RenderTable, Colour_OnlyWhereTheScreenHasIt) {
  const std::vector<TableColumn> columns = {{"state"}};
  const std::vector<TableRow> rows = {{{"silent"}, RowMark::kFault}};
  EXPECT_EQ(render_table(columns, rows, {0, true}),
            "state\n\x1b[31msilent\x1b[0m\n");
  EXPECT_EQ(render_table(columns, rows, {0, false}), "state\nsilent\n");
}

TEST(RenderTable, WhatWouldCommandTheTerminal_IsReplaced) {
  EXPECT_EQ(render_table({{"text"}}, {{{"a\x1b[2Jb\nc"}}}, {}),
            "text\na\xef\xbf\xbd[2Jb c\n");
}

TEST(Cut, CountsCharacters_NotBytes) {
  EXPECT_EQ(cut("\xc3\xa4\xc3\xb6\xc3\xbc", 2), "\xc3\xa4\xc3\xb6");
  EXPECT_EQ(cut("abc", 0), "abc");
  EXPECT_EQ(cut("abc", 3), "abc");
}

TEST(DurationText, EverySize_IsShort) {
  EXPECT_EQ(duration_text(850), "850 us");
  EXPECT_EQ(duration_text(3'240), "3.2 ms");
  EXPECT_EQ(duration_text(250'999), "250 ms");
  EXPECT_EQ(duration_text(1'500'000), "1.5 s");
}

}  // namespace
}  // namespace strongroom
