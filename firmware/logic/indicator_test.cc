// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/indicator.h"

#include <gtest/gtest.h>
#include <string>

namespace strongroom::panel {
namespace {

// A letter for each eighth of a second: G green, R red, B both, . none; behind
// it ! while the buzzer sounds.
std::string seen(const Indicator& indicator,
                 std::uint64_t from_ms,
                 int steps,
                 HeldWarning held = HeldWarning::kNone,
                 bool is_locked_down = false) {
  std::string text;
  for (int i = 0; i < steps; ++i) {
    const Shown shown = indicator.shown(
        held, is_locked_down, from_ms + 125 * static_cast<std::uint64_t>(i));
    text += shown.is_green && shown.is_red ? 'B'
            : shown.is_green               ? 'G'
            : shown.is_red                 ? 'R'
                                           : '.';
    text += shown.is_buzzing ? "!" : "";
  }
  return text;
}

struct Row {
  strongroom_panel_v1_Signal signal;
  const char* steps;  // of the first 20
  std::uint32_t usual_ms;
};

TEST(Indicator, ShowsEachSignalAsTheTableSays) {
  const Row rows[] = {
      {strongroom_panel_v1_Signal_SIGNAL_OFF, "....................", 0},
      {strongroom_panel_v1_Signal_SIGNAL_GRANTED,
       "G!G!GGGGGGGGGGGGGGGGGG",
       3000},
      {strongroom_panel_v1_Signal_SIGNAL_DENIED,
       "R!RR!RR!RRRRRRRRRRR....",
       2000},
      {strongroom_panel_v1_Signal_SIGNAL_PIN_WANTED,
       "G!G..GG..GG..GG..GG..",
       15'000},
      {strongroom_panel_v1_Signal_SIGNAL_SECOND_WANTED,
       "G!GG!G....GGGG....GGGG",
       15'000},
      {strongroom_panel_v1_Signal_SIGNAL_WAIT, "GGGGRRRRGGGGRRRR....", 2000},
      {strongroom_panel_v1_Signal_SIGNAL_ALARM,
       "R!.!R!.!R.R.R!.!R!.!R.R.R!.!R!.!",
       10'000},
  };
  for (const Row& row : rows) {
    Indicator indicator;
    indicator.show(row.signal, 0, 1000);
    EXPECT_EQ(seen(indicator, 1000, 20), row.steps) << row.signal;
    EXPECT_EQ(usual_duration_ms(row.signal), row.usual_ms);
    EXPECT_EQ(seen(indicator, 1000 + row.usual_ms, 4), "....") << row.signal;
  }
}

TEST(Indicator, LastsAsLongAsItIsTold) {
  Indicator indicator;
  indicator.show(strongroom_panel_v1_Signal_SIGNAL_GRANTED, 500, 0);
  EXPECT_TRUE(indicator.shown({}, false, 499).is_green);
  EXPECT_FALSE(indicator.shown({}, false, 500).is_green);
  indicator.show(strongroom_panel_v1_Signal_SIGNAL_DENIED, 0xffffffff, 0);
  EXPECT_TRUE(indicator.shown({}, false, 599'999).is_red);
  EXPECT_FALSE(indicator.shown({}, false, 600'000).is_red);
}

TEST(Indicator, BeepsForALeafThatStandsOpen) {
  Indicator indicator;
  EXPECT_EQ(seen(indicator, 0, 16, HeldWarning::kSoon), ".!........!.......");
  EXPECT_EQ(seen(indicator, 0, 8, HeldWarning::kHeld), ".!.!...!.!..");
  // The tone of a signal goes first, then the warning goes on.
  indicator.show(strongroom_panel_v1_Signal_SIGNAL_GRANTED, 3000, 0);
  EXPECT_EQ(seen(indicator, 0, 24, HeldWarning::kSoon),
            "G!G!GGGGGGGGGGGGGGG!GGGGGGG");
}

TEST(Indicator, IsRedWhileLockedDownAndNothingElseIsShown) {
  Indicator indicator;
  EXPECT_EQ(seen(indicator, 0, 3, HeldWarning::kNone, true), "RRR");
  indicator.show(strongroom_panel_v1_Signal_SIGNAL_GRANTED, 250, 0);
  EXPECT_EQ(seen(indicator, 0, 3, HeldWarning::kNone, true), "G!G!R");
}

}  // namespace
}  // namespace strongroom::panel
