// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/panel.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "firmware/logic/panel_fixture.h"

namespace strongroom::panel {
namespace {

using namespace words;  // NOLINT(google-build-using-namespace)
using Told = std::vector<std::string>;

constexpr auto kDone = strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;

// --- the start ---------------------------------------------------------------

TEST(Panel, TellsItsStartAndDrivesNothingBeforeItIsConfigured) {
  PanelBench at;
  EXPECT_EQ(at.told(), Told{"STARTED 1"});
  EXPECT_EQ(at.panel->outputs(), Outputs{});
  at.has_agent = false;
  at.wait(60'000);
  at.badge();
  EXPECT_TRUE(at.told().empty());
  EXPECT_EQ(at.panel->outputs(), Outputs{});
  EXPECT_FALSE(at.panel->view(at.now_ms).is_alone);
}

TEST(Panel, SecuresEachKindOfLockAtItsStart) {
  PanelBench at;
  ASSERT_EQ(at.configure({leaf_settings(1, kStrike),
                          leaf_settings(2, kMagnet),
                          leaf_settings(3, kNoLock)}),
            kDone);
  EXPECT_EQ(at.locks(), 0b010);
  at.unlock(1, 1);
  at.unlock(2, 2);
  EXPECT_EQ(at.locks(), 0b001);
  at.reset();
  EXPECT_EQ(at.locks(), 0b010) << "before anything else";
  at.told();
  at.wait(1000);
  EXPECT_TRUE(at.told().empty()) << "nothing was opened or closed";
}

TEST(Panel, TellsALeafThatStandsOpenAtTheStartAsFound) {
  PanelBench at;
  at.configure({leaf_settings(1), leaf_settings(2)});
  at.wait(100);
  at.open(2);
  at.reset();
  at.told();
  at.wait(30);
  EXPECT_TRUE(at.told().empty());
  at.wait(10);
  EXPECT_EQ(at.told(), Told{"OPENED 6"});
  at.wait(1000);
  EXPECT_TRUE(at.told().empty());
}

// --- inputs ------------------------------------------------------------------

TEST(Panel, SeesAnOpeningOnlyWhenItLasts) {
  PanelBench at;
  at.configure({leaf_settings(1)});
  at.wait(100);
  at.told();
  at.open();
  at.wait(29);
  at.shut();
  at.wait(1000);
  EXPECT_TRUE(at.told().empty());
  at.open();
  at.wait(31);
  at.shut();
  at.wait(1000);
  EXPECT_EQ(at.told(), (Told{"FORCED", "CLOSED"}));
}

TEST(Panel, TellsOfItsOwnInputs) {
  struct Row {
    PanelInput input;
    const char* active;
    const char* cleared;
    std::uint32_t flag;
  };
  for (const Row row :
       {Row{kTamperInput, "TAMPER", "TAMPER_CLEARED", 1},
        Row{kMainsInput, "MAINS_LOST", "MAINS_RESTORED", 2},
        Row{kFireInput, "FIRE_INPUT", "FIRE_INPUT_CLEARED", 40}}) {
    PanelBench at;
    at.configure({leaf_settings(1)});
    at.wait(200);
    at.told();
    at.set(row.input, false);
    at.wait(29);
    EXPECT_TRUE(at.told().empty());
    at.wait(400);
    EXPECT_EQ(at.told(), Told{row.active});
    EXPECT_EQ(at.panel->view(at.now_ms).status.flags, row.flag);
    EXPECT_EQ(at.panel->view(at.now_ms).panel_inputs, 7 & ~row.input);
    at.reset();
    at.told();
    at.wait(400);
    EXPECT_EQ(at.told(), Told{row.active}) << "also at the start";
    at.set(row.input, true);
    at.wait(400);
    EXPECT_EQ(at.told(), Told{row.cleared});
    EXPECT_EQ(at.panel->view(at.now_ms).status.flags, row.flag & 32U);
  }
}

TEST(Panel, TellsOfALowSupply) {
  PanelBench at;
  at.configure({leaf_settings(1)});
  at.wait(100);
  at.told();
  at.inputs.supply_mv = 10'500;
  at.wait(2000);
  EXPECT_EQ(at.told(), Told{"SUPPLY_LOW 10500"});
  at.inputs.supply_mv = 11'400;
  at.wait(2000);
  EXPECT_TRUE(at.told().empty());
  at.inputs.supply_mv = 12'100;
  at.wait(2000);
  EXPECT_EQ(at.told(), Told{"SUPPLY_RESTORED 12100"});
}

TEST(Panel, ShowsWhatItSees) {
  PanelBench at;
  auto inverted = leaf_settings(2, kMagnet, kAllInputs);
  inverted.inverted_inputs = kContactInput;
  at.configure({leaf_settings(1, kStrike, kContactInput), inverted});
  at.set(2, kContactInput, false);
  at.wait(100);
  const PanelView view = at.panel->view(at.now_ms);
  EXPECT_EQ(view.inputs, 0x61U) << "circuits, of wired inputs";
  ASSERT_EQ(view.status.leaves.size, 2);
  EXPECT_EQ(view.status.leaves.bytes[0], 0);
  EXPECT_EQ(view.status.leaves.bytes[1], kLeafLocked);
  EXPECT_EQ(view.outputs.locks, 0b10);
  EXPECT_EQ(view.config_version, 0x11U);
  EXPECT_EQ(view.status.supply_mv, 12'000U);
}

// --- lockdown and fire -------------------------------------------------------

TEST(Panel, KeepsALockdownOverAReset) {
  PanelBench at;
  at.configure({leaf_settings(1), leaf_settings(2)}, {reader_settings(1, 1)});
  at.wait(100);
  at.unlock(1, 1);
  at.told();
  EXPECT_EQ(at.lock_down(0b01), kDone);
  EXPECT_EQ(at.told(), (Told{"LOCKDOWN 1", "SECURED"}));
  EXPECT_EQ(at.locks(), 0);
  at.reset();
  at.wait(100);
  EXPECT_EQ(at.unlock(2, 1),
            strongroom_panel_v1_OrderResult_ORDER_RESULT_LOCKDOWN);
  EXPECT_EQ(at.unlock(3, 2), kDone);
  EXPECT_EQ(at.panel->outputs().red, 1) << "the reader tells";
  at.told();
  at.press_exit(1);
  EXPECT_EQ(at.told(), (Told{"REQUEST_TO_EXIT", "RELEASED"}));
  EXPECT_EQ(at.lock_down(0b01), kDone);
  EXPECT_EQ(at.told(), Told{"SECURED"}) << "not told twice";
  EXPECT_EQ(at.lock_down(0), kDone);
  EXPECT_EQ(at.told(), Told{"LOCKDOWN"});
  EXPECT_EQ(at.unlock(4, 1), kDone);
}

TEST(Panel, LocksNothingAgainAfterFireUntilAPersonSaysSo) {
  PanelBench at;
  at.configure({leaf_settings(1, kStrike), leaf_settings(2, kMagnet)});
  at.wait(100);
  at.told();
  at.set(kFireInput, false);
  at.wait(31);
  EXPECT_EQ(at.told(), (Told{"FIRE_INPUT", "RELEASED"}));
  EXPECT_EQ(at.locks(), 0) << "no strike is driven, no magnet holds";
  at.open(2);
  at.wait(100);
  EXPECT_EQ(at.told(), Told{"OPENED 4"});
  EXPECT_EQ(at.lock_down(0b11, true), kDone);
  EXPECT_EQ(at.locks(), 0) << "there still is fire";
  at.shut(2);
  at.set(kFireInput, true);
  at.wait(60'000);
  EXPECT_EQ(at.told(), (Told{"LOCKDOWN 3", "FIRE_INPUT_CLEARED", "CLOSED"}));
  EXPECT_EQ(at.locks(), 0);
  at.reset();
  at.wait(1000);
  EXPECT_EQ(at.locks(), 0) << "not even by a reset";
  EXPECT_EQ(at.panel->view(0).status.flags, 32U);
  at.told();
  // What an agent repeats by itself, and any other lockdown, ends nothing.
  EXPECT_EQ(at.lock_down(0b11), kDone);
  EXPECT_EQ(at.lock_down(0), kDone);
  EXPECT_EQ(at.told(), Told{"LOCKDOWN"});
  EXPECT_EQ(at.locks(), 0);
  EXPECT_EQ(at.panel->view(0).status.flags, 32U);
  EXPECT_EQ(at.lock_down(0, true), kDone);
  EXPECT_EQ(at.told(), (Told{"LOCKDOWN 256", "SECURED"}))
      << "told, though the mask is as before";
  EXPECT_EQ(at.locks(), 0b10);
  EXPECT_EQ(at.lock_down(0, true), kDone);
  EXPECT_EQ(at.told(), Told{}) << "there was nothing to end";
  EXPECT_EQ(at.lock_down(0b01, true), kDone);
  EXPECT_EQ(at.told(), Told{"LOCKDOWN 1"});
}

TEST(Panel, LocksNothingAgainBeforeItHasSeenThatTheFireIsOver) {
  PanelBench at;
  at.configure({leaf_settings(1, kMagnet)});
  at.wait(100);
  at.set(kFireInput, false);
  at.wait(100);
  at.reset();
  at.has_agent = false;
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(at.lock_down(0, true), kDone);
    EXPECT_EQ(at.locks(), 0);
    at.wait(1);
  }
}

// --- readers -----------------------------------------------------------------

TEST(Panel, TellsWhatCannotBeReadButLetsItNotFillTheRing) {
  PanelBench at;
  at.configure({leaf_settings(1)}, {reader_settings(1, 1)});
  at.wait(100);
  at.told();
  for (int i = 0; i < 50; ++i) {
    at.panel->reader_pulse(1, i % 3 == 0, at.now_ms * 1000);
    at.wait(60);
  }
  const Told all = at.told();
  EXPECT_GE(all.size(), 1U);
  EXPECT_LE(all.size(), 4U);
  EXPECT_EQ(all.front(), "BADGE_UNREADABLE 1");
  EXPECT_GE(at.panel->view(at.now_ms).unreadable, all.size());
}

TEST(Panel, HearsNoReaderThatIsNotConfigured) {
  PanelBench at;
  at.configure({leaf_settings(1)}, {reader_settings(1, 1)});
  at.wait(100);
  at.told();
  for (const std::uint8_t reader :
       std::initializer_list<std::uint8_t>{0, 2, 8, 9, 255}) {
    at.badge(PanelBench::kBadge, reader);
    at.panel->reader_byte(reader, 2, at.now_ms);
    at.panel->reader_both_low(reader, at.now_ms * 1000);
  }
  EXPECT_TRUE(at.told().empty());
}

TEST(Panel, TellsWhenItsTimeIsBehindAnotherCall) {
  PanelBench at;
  at.configure({leaf_settings(1)}, {reader_settings(1, 1)});
  at.wait(5000);
  at.unlock(1);
  // A queue brings what was before: nothing ends, nothing begins anew.
  at.panel->reader_byte(1, 2, 10);
  at.panel->inputs(at.inputs, 20);
  at.panel->tick(30'000);
  EXPECT_EQ(at.locks(), 1);
  at.wait(4999);
  EXPECT_EQ(at.locks(), 1);
  at.wait(1);
  EXPECT_EQ(at.locks(), 0);
}

}  // namespace
}  // namespace strongroom::panel
