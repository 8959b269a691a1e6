// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/panel_world.h"

#include <gtest/gtest.h>

#include "tools/plant/words.h"

namespace strongroom::plant {
namespace {

using std::chrono::milliseconds;

PanelScene scene() {
  PanelScene panel{.name = "door-1"};
  panel.leaves = {{.name = "vault"},
                  {.name = "cage",
                   .lock = LockScene::kMagnet,
                   .auto_close = milliseconds(3000)}};
  panel.readers = {
      {.kind = ReaderScene::kRdm6300},
      {.kind = ReaderScene::kId12la},
      {.kind = ReaderScene::kH10301, .keypad = KeypadScene::kWiegand4}};
  return panel;
}

std::string said(PanelWorld& world, std::string_view line) {
  const auto [verb, rest] = split(line);
  const auto reply = world.command(verb, words_of(rest));
  return reply ? *reply : "error: " + reply.error().what;
}

/// Up, and what it was told on that.
std::string greeted(PanelWorld& world) {
  world.hear("up native power-on", 0x0123456789ABCDEF, WorldTime{0});
  return world.take_lines();
}

TEST(PanelWorld, Up_IsGreetedWithSlotsSeedAndInputs) {
  PanelWorld world(scene());
  EXPECT_EQ(greeted(world),
            "seed 0123456789abcdef\nin 00000057 07 13800\ngo\n");
  world.hear("nv 0 00ff", 0, WorldTime{0});
  world.hear("nv 1 aa", 0, WorldTime{0});
  world.hear("nv 0 01ff", 0, WorldTime{0});
  world.hear("nv 2 not-hex", 0, WorldTime{0});
  EXPECT_EQ(greeted(world),
            "nv 0 01ff\nnv 1 aa\nseed 0123456789abcdef\n"
            "in 00000057 07 13800\ngo\n");
  EXPECT_EQ(world.starts(), 2U);
}

TEST(PanelWorld, BeforeUpAndAfterTheEnd_NothingIsSaid) {
  PanelWorld world(scene());
  EXPECT_EQ(said(world, "tamper on"), "ok");
  EXPECT_NE(said(world, "badge 1 em4100 1").find("nobody reads it"),
            std::string::npos);
  world.advance(WorldTime{0});
  EXPECT_EQ(world.take_lines(), "");
  EXPECT_TRUE(world.take_reader_bytes().empty());
  EXPECT_EQ(greeted(world),
            "seed 0123456789abcdef\nin 00000057 06 13800\ngo\n");
  world.went_down("ended");
  said(world, "tamper off");
  EXPECT_EQ(world.take_lines(), "");
  EXPECT_NE(world.list().find("door-1 native unit 1: ended"),
            std::string::npos);
}

TEST(PanelWorld, Outputs_MoveTheLocksAndTheInputsFollow) {
  PanelWorld world(scene());
  greeted(world);
  EXPECT_NE(said(world, "open vault").find("it stays shut"), std::string::npos);
  world.hear("out 03 00 00 00", 0, WorldTime{0});
  EXPECT_EQ(world.take_lines(), "in 00000075 07 13800\n");
  EXPECT_NE(said(world, "open vault").find("vault: open"), std::string::npos);
  EXPECT_EQ(world.take_lines(), "in 00000074 07 13800\n");
  world.hear("out 03 00", 0, WorldTime{0});
  world.hear("out zz 00 00 00", 0, WorldTime{0});
  EXPECT_EQ(world.outputs().locks, 3) << "nonsense changes nothing";
  world.went_down("off");
  EXPECT_TRUE(world.leaves()[1].is_released()) << "no current, no magnet";
}

TEST(PanelWorld, Badges_GoTheWayOfTheirReader) {
  PanelWorld world(scene());
  greeted(world);
  EXPECT_EQ(said(world, "badge 1 em4100 13530444"), "ok");
  EXPECT_EQ(said(world, "badge 2 em4100 1"), "ok");
  EXPECT_EQ(said(world, "badge 3 h10301 118/1603"), "ok");
  world.advance(WorldTime{0});
  EXPECT_EQ(world.take_reader_bytes().size(), 14U);
  EXPECT_EQ(world.take_lines(),
            "uart 2 023030303030303030303130310d0a03\nwg 3 26 2ec0c86\n");
}

TEST(PanelWorld, OneReading_AfterTheOther) {
  PanelWorld world(scene());
  greeted(world);
  EXPECT_EQ(said(world, "keys 3 1#"), "ok");
  EXPECT_EQ(said(world, "badge 3 bits 1010"), "ok");
  ASSERT_TRUE(world.due());
  world.advance(milliseconds(1000));
  EXPECT_EQ(world.take_lines(), "wg 3 4 1\n");
  EXPECT_EQ(world.due(), milliseconds(1150));
  world.advance(milliseconds(1149));
  EXPECT_EQ(world.take_lines(), "");
  world.advance(milliseconds(1150));
  EXPECT_EQ(world.take_lines(), "wg 3 4 b\n");
  world.advance(milliseconds(1300));
  EXPECT_EQ(world.take_lines(), "wg 3 4 a\n");
  EXPECT_FALSE(world.due());
}

TEST(PanelWorld, Closer_ShutsWhatWasOpened) {
  PanelWorld world(scene());
  greeted(world);
  said(world, "open cage");
  world.advance(milliseconds(100));
  EXPECT_EQ(world.due(), milliseconds(3100));
  world.advance(milliseconds(3099));
  EXPECT_TRUE(world.leaves()[1].is_open());
  world.advance(milliseconds(3100));
  EXPECT_FALSE(world.leaves()[1].is_open());
  said(world, "open cage");
  said(world, "close cage");
  EXPECT_FALSE(world.due());
}

TEST(PanelWorld, Key_IsSeenBeforeTheLeafMoves) {
  PanelWorld world(scene());
  greeted(world);
  said(world, "key vault");
  world.advance(milliseconds(0));
  EXPECT_EQ(world.take_lines(), "in 00000055 07 13800\n");
  world.advance(milliseconds(400));
  EXPECT_EQ(world.take_lines(), "in 00000054 07 13800\n");
}

TEST(PanelWorld, Exit_IsPressedAndLetGo) {
  PanelWorld world(scene());
  greeted(world);
  said(world, "exit 1");
  world.advance(milliseconds(0));
  EXPECT_EQ(world.take_lines(), "in 0000005f 07 13800\n");
  world.advance(milliseconds(500));
  EXPECT_EQ(world.take_lines(), "in 00000057 07 13800\n");
}

TEST(PanelWorld, Plug_StopsBothDirections) {
  PanelWorld world(scene());
  greeted(world);
  said(world, "line unplug");
  world.line_to_panel(Bytes{1});
  world.line_from_panel(Bytes{2});
  EXPECT_TRUE(world.take_line_to_panel().empty());
  EXPECT_TRUE(world.take_line_from_panel().empty());
  said(world, "line plug");
  world.line_to_panel(Bytes{1});
  world.line_from_panel(Bytes{2});
  EXPECT_EQ(world.take_line_to_panel(), Bytes{1});
  EXPECT_EQ(world.take_line_from_panel(), Bytes{2});
}

TEST(PanelWorld, Latency_IsFromTheBadgeToTheFirstChangeOfALock) {
  PanelWorld world(scene());
  greeted(world);
  EXPECT_EQ(said(world, "latency"), "none");
  world.hear("out 01 00 00 00", 0, WorldTime{500});
  EXPECT_EQ(said(world, "latency"), "none");
  EXPECT_EQ(said(world, "badge 1 em4100 1"), "ok");
  world.advance(WorldTime{1'000'000});
  world.hear("out 01 01 00 00", 0, WorldTime{1'010'000});
  EXPECT_EQ(said(world, "latency"), "none");
  world.hear("out 00 01 00 00", 0, WorldTime{1'043'250});
  world.hear("out 01 01 00 00", 0, WorldTime{1'099'000});
  EXPECT_EQ(said(world, "latency"), "43.2");
}

TEST(PanelWorld, WrongWords_SayTheRightOnes) {
  PanelWorld world(scene());
  for (const PanelWord& word : panel_words()) {
    if (word.verb == "reset" || word.verb == "lock" || word.verb == "latency") {
      continue;
    }
    EXPECT_EQ(said(world, word.verb),
              "error: it is: " + std::string(word.verb) + " PANEL " +
                  std::string(word.arguments));
  }
  for (const char* wrong : {"open 3",
                            "open 0",
                            "open attic",
                            "badge 4 em4100 1",
                            "badge 1 em4100",
                            "power maybe",
                            "line off",
                            "supply 60001",
                            "handle 1 sideways",
                            "bolt 1 gone",
                            "exit 1 maybe",
                            "stall brain",
                            "open 1 2"}) {
    EXPECT_TRUE(said(world, wrong).starts_with("error: ")) << wrong;
  }
}

}  // namespace
}  // namespace strongroom::plant
