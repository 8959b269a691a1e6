// SPDX-License-Identifier: Apache-2.0
// What a panel decides while no agent is there.
#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "firmware/logic/panel_fixture.h"

namespace strongroom::panel {
namespace {

using namespace words;  // NOLINT(google-build-using-namespace)
using Told = std::vector<std::string>;

struct AloneBench : PanelBench {
  explicit AloneBench(strongroom_panel_v1_OfflinePolicy policy = kList) {
    auto leaf = leaf_settings(1);
    leaf.offline = policy;
    configure(
        {leaf, leaf_settings(2, kMagnet), leaf_settings(3, kNoLock)},
        {reader_settings(1, 0b001),
         reader_settings(
             2, 0b110, strongroom_panel_v1_KeypadKind_KEYPAD_KIND_WIEGAND4),
         reader_settings(3, 0b100)});
    list(kBadge, 0b111);
    wait(1000);
    has_agent = false;
    wait(4000);
    told();
  }
};

TEST(Panel, IsAloneWithoutExchangesAndTellsForHowLong) {
  PanelBench at;
  at.configure({leaf_settings(1)});
  at.wait(1000);
  at.told();
  at.has_agent = false;
  at.wait(2999);
  EXPECT_FALSE(at.panel->view(at.now_ms).is_alone);
  at.wait(1);
  EXPECT_TRUE(at.panel->view(at.now_ms).is_alone);
  EXPECT_EQ(at.told(), Told{"MASTER_LOST"});
  at.wait(65'000);
  at.poll();
  EXPECT_FALSE(at.panel->view(at.now_ms).is_alone);
  EXPECT_EQ(at.told(), Told{"MASTER_RETURNED 65"});
}

TEST(Panel, DecidesNothingWhileTheAgentIsThere) {
  PanelBench at;
  at.configure({leaf_settings(1)}, {reader_settings(1, 1)});
  at.list(PanelBench::kBadge, 1);
  at.wait(100);
  at.told();
  at.badge();
  EXPECT_EQ(at.told(), Told{"BADGE_READ"});
  EXPECT_EQ(at.locks(), 0);
}

TEST(Panel, OpensAloneForWhoIsListed) {
  AloneBench at;
  at.badge();
  EXPECT_EQ(at.told(), (Told{"BADGE_READ", "OFFLINE_GRANTED", "RELEASED"}));
  EXPECT_EQ(at.locks(), 0b011) << "the strike opens, the magnet holds";
  EXPECT_EQ(at.panel->outputs().green, 1);
  at.open();
  at.wait(100);
  EXPECT_EQ(at.told(), (Told{"OPENED 2", "SECURED"}));
}

TEST(Panel, DeniesAloneWhatTheTableSays) {
  struct Row {
    const char* why;
    std::uint64_t badge;
    std::uint8_t reader;
    strongroom_panel_v1_OfflinePolicy policy;
    const char* told;
  };
  const Row rows[] = {
      {"not listed", PanelBench::kOtherBadge, 1, kList, "OFFLINE_DENIED 1"},
      {"configuration", PanelBench::kBadge, 1, kDeny, "OFFLINE_DENIED 6"},
      {"no leaf picked", PanelBench::kBadge, 2, kList, "OFFLINE_DENIED 7"},
      {"no lock", PanelBench::kBadge, 3, kList, "OFFLINE_DENIED 6"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.why);
    AloneBench at(row.policy);
    at.badge(row.badge, row.reader);
    EXPECT_EQ(at.told(), (Told{"BADGE_READ", row.told}));
    EXPECT_EQ(at.locks(), 0b010);
    EXPECT_EQ(at.panel->outputs().red, 1U << (row.reader - 1U));
  }
  PanelBench locked;
  locked.configure({leaf_settings(1)}, {reader_settings(1, 1)});
  locked.list(PanelBench::kBadge, 1);
  locked.lock_down(1);
  locked.has_agent = false;
  locked.wait(5000);
  locked.told();
  locked.badge();
  EXPECT_EQ(locked.told(), (Told{"BADGE_READ", "OFFLINE_DENIED 5"}));
  locked.reset();
  locked.wait(5000);
  locked.told();
  locked.badge();
  EXPECT_EQ(locked.told(), (Told{"BADGE_READ", "OFFLINE_DENIED 5"}));
}

TEST(Panel, PicksALeafByItsNumberAtASharedReader) {
  struct Row {
    const char* keys;
    const char* told;
  };
  for (const Row row : {Row{"2", "OFFLINE_GRANTED"},
                        Row{"2#", "OFFLINE_GRANTED"},
                        Row{"32", "OFFLINE_GRANTED"},
                        Row{"3", "OFFLINE_DENIED 6"},
                        Row{"1", "OFFLINE_DENIED 7"},
                        Row{"9", "OFFLINE_DENIED 7"},
                        Row{"2*", "OFFLINE_DENIED 7"},
                        Row{"21", "OFFLINE_DENIED 7"}}) {
    AloneBench at;
    at.keys(row.keys, 2);
    at.badge(PanelBench::kBadge, 2);
    const Told all = at.told();
    ASSERT_GE(all.size(), 2U) << row.keys;
    EXPECT_EQ(all[1], row.told) << row.keys;
  }
  AloneBench at;
  at.keys("2", 2);
  at.badge(PanelBench::kBadge, 2);
  at.wait(2000);
  at.told();
  at.badge(PanelBench::kBadge, 2);
  EXPECT_EQ(at.told().at(1), "OFFLINE_DENIED 7") << "a number is for one badge";
  at.keys("2", 2);
  at.wait(10'000);
  at.told();
  at.badge(PanelBench::kBadge, 2);
  EXPECT_EQ(at.told().at(1), "OFFLINE_DENIED 7") << "and not for ever";
}

TEST(Panel, OpensForNobodyThatTheRingCannotKeep) {
  AloneBench at;
  // Nothing routine is left in the ring that could make room.
  for (std::size_t i = 0; i < 2 * kRingCapacity; ++i) {
    at.panel->commissioned(at.now_ms);
  }
  at.told();
  at.badge();
  EXPECT_EQ(at.told(), Told{}) << "routine as well, and counted as lost";
  EXPECT_EQ(at.locks(), 0b010);
  EXPECT_EQ(at.panel->outputs().red, 1);
  EXPECT_EQ(at.panel->outputs().green, 0);
  // People are let out all the same.
  at.press_exit(1);
  EXPECT_EQ(at.locks(), 0b011);
}

// The grant itself pushes the badge out, the only routine event there is, and
// holds it.
TEST(Panel, AGrantInThePlaceOfItsBadgeSaysWhoItWas) {
  AloneBench at;
  const auto held = [&] {
    const auto kept = at.copy_of_ring();
    return EventRing(*kept).size();
  };
  while (held() < kRingCapacity - 1) {
    at.panel->commissioned(at.now_ms);
  }
  const std::uint32_t before = at.panel->view(0).newest_seq;
  at.badge();
  const auto kept = at.copy_of_ring();
  const auto grant = EventRing(*kept).after(before);
  ASSERT_TRUE(grant);
  EXPECT_EQ(
      grant->kind,
      strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OFFLINE_GRANTED);
  EXPECT_NE(grant->credential.bit_count, 0);
  EXPECT_EQ(at.locks(), 0b011);
}

// Whoever holds badges to a reader while the line is cut.
TEST(Panel, DenialsPushNothingOutThatIsNoRoutine) {
  AloneBench at;
  at.badge();
  const auto holds = [&](EventKind kind) {
    const auto kept = at.copy_of_ring();
    const EventRing ring(*kept);
    std::uint32_t seq = 0;
    while (const auto event = ring.after(seq)) {
      if (event->kind == kind) {
        return true;
      }
      seq = event->seq;
    }
    return false;
  };
  for (std::size_t i = 0; i < 2 * kRingCapacity; ++i) {
    at.badge(PanelBench::kOtherBadge);
  }
  EXPECT_TRUE(holds(
      strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OFFLINE_GRANTED));
  EXPECT_TRUE(
      holds(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_MASTER_LOST));
  EXPECT_TRUE(holds(
      strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OFFLINE_DENIED));
}

}  // namespace
}  // namespace strongroom::panel
