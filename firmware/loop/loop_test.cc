// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <string_view>

#include "firmware/hal/slot_record.h"
#include "firmware/loop/fake_hal.h"
#include "firmware/loop/firmware.h"

namespace strongroom::panel {
namespace {

using hal::fake_board;
using hal::Slot;
using hal::Task;

constexpr std::string_view kKey = "000102030405060708090a0b0c0d0e0f";

class LoopTest : public testing::Test {
 protected:
  LoopTest() {
    fake_board() = {};
    fake_board().inputs = {.leaves = 0x77777777, .panel = 7};
  }

  void start() { firmware_ = std::make_unique<Firmware>(begin()); }
  void turn(int times = 1) {
    for (int i = 0; i < times; ++i) {
      firmware_->turn();
    }
  }
  std::string ask(std::string_view line) {
    fake_board().local_out.clear();
    fake_board().local_in.assign(line.begin(), line.end());
    fake_board().local_in.push_back('\n');
    turn(2);
    return fake_board().local_out;
  }
  void commission() {
    start();
    ask("unit 7");
    ask("key " + std::string(kKey));
    EXPECT_TRUE(ask("save").starts_with("ok saved"));
    EXPECT_THROW(turn(200), Slot) << "starts again";
    start();
  }

  std::unique_ptr<Firmware> firmware_;
};

TEST(Supervisor, FeedsWhenEachTaskProgressed) {
  for (std::size_t left_out = 0; left_out < hal::kTaskCount; ++left_out) {
    Supervisor each;
    for (std::size_t i = 0; i < hal::kTaskCount; ++i) {
      if (i != left_out) {
        each.progressed(static_cast<Task>(i));
      }
    }
    EXPECT_FALSE(each.is_sound(1000)) << left_out;
    each.progressed(static_cast<Task>(left_out));
    EXPECT_TRUE(each.is_sound(1000));
    EXPECT_FALSE(each.is_sound(2000)) << "anew each time";
  }
}

TEST(Supervisor, AClockThatStandsStillIsAStuckTask) {
  Supervisor supervisor;
  const auto all = [&supervisor] {
    for (std::size_t i = 0; i < hal::kTaskCount; ++i) {
      supervisor.progressed(static_cast<Task>(i));
    }
  };
  all();
  EXPECT_TRUE(supervisor.is_sound(1000));
  all();
  EXPECT_FALSE(supervisor.is_sound(1000));
  EXPECT_TRUE(supervisor.is_sound(1001));
}

TEST_F(LoopTest, FeedsTheWatchdogWhileAllIsWell) {
  start();
  turn(100);
  EXPECT_EQ(100, fake_board().fed);
}

TEST_F(LoopTest, AStuckTransmitterStarvesTheWatchdog) {
  start();
  fake_board().is_sending = true;
  turn(4000);  // 2 s
  const int fed = fake_board().fed;
  EXPECT_LT(fed, 3100);
  turn(1000);
  EXPECT_EQ(fed, fake_board().fed);
}

TEST_F(LoopTest, StartsAreCounted) {
  for (std::uint16_t boot = 1; boot <= 3; ++boot) {
    EXPECT_EQ(boot, begin().boot);
  }
  fake_board().survivors = {};  // power cut
  EXPECT_EQ(4, begin().boot);
  fake_board().slots.clear();  // and no slot: what survives counts on
  fake_board().are_slots_kept = false;
  EXPECT_EQ(5, begin().boot);
}

TEST_F(LoopTest, TheBootCountIsNeverZero) {
  std::vector<std::uint8_t> counts(12);
  counts[8] = 0xfe;
  counts[9] = 0xff;
  fake_board().slots[Slot::kSession] = counts;
  EXPECT_EQ(0xffff, begin().boot);
  EXPECT_EQ(1, begin().boot);
}

TEST_F(LoopTest, SessionsOfTheCounterNeverRepeat) {
  const std::uint64_t first = begin().session;
  fake_board().survivors = {};
  EXPECT_GT(begin().session, first);
}

TEST_F(LoopTest, RandomSessionsWhereThereIsAGenerator) {
  fake_board().random = 0x1122334455667788;
  EXPECT_EQ(0x1122334455667788U, begin().session);
}

TEST_F(LoopTest, WithoutAnyPromiseThereIsNoSession) {
  fake_board().are_slots_kept = false;
  EXPECT_EQ(0U, begin().session);
  fake_board().tests_only = true;
  EXPECT_NE(0U, begin().session);
}

TEST_F(LoopTest, AnotherFirmwaresMemoryIsNotBelieved) {
  begin();
  fake_board().survivors.panel.orders.lockdown = 5;
  begin();
  EXPECT_EQ(5U, fake_board().survivors.panel.orders.lockdown);
  ++fake_board().survivors.layout;
  begin();
  EXPECT_EQ(0U, fake_board().survivors.panel.orders.lockdown);
}

TEST_F(LoopTest, TheConfigurationHasACopy) {
  start();
  PanelMemory& memory = fake_board().survivors.panel;
  memory.next_config.version = 77;
  memory.next_config.settings.leaf_count = 3;
  commit(memory.config, memory.next_config);
  turn(3);
  ASSERT_FALSE(fake_board().slots[Slot::kConfiguration].empty());

  fake_board().survivors = {};
  begin();
  EXPECT_EQ(77U, memory.config.version);
  EXPECT_EQ(3, memory.config.settings.leaf_count);

  // One that rotted in its place is replaced as well.
  memory.config.settings.leaf_count = 4;
  memory.next_config = {};
  begin();
  EXPECT_EQ(3, memory.config.settings.leaf_count);

  // And a copy that rotted is none.
  fake_board().slots[Slot::kConfiguration][12] ^= 1;
  fake_board().survivors = {};
  start();
  EXPECT_EQ(0U, memory.config.version);
}

TEST_F(LoopTest, SilentOnTheLineUntilCommissioned) {
  start();
  const std::vector<std::uint8_t> poll{1, 4, 0, 0, 0, 2, 0x71, 0xcb};
  fake_board().line_in.assign(poll.begin(), poll.end());
  turn(200);
  EXPECT_TRUE(fake_board().line_out.empty());
  EXPECT_NE(std::string::npos, ask("status?").find("link=no-key"));
}

TEST_F(LoopTest, CommissionedItAnswersUnderItsNumber) {
  commission();
  const std::vector<std::uint8_t> poll{7, 4, 0, 0, 0, 2, 0x71, 0xad};
  fake_board().line_in.assign(poll.begin(), poll.end());
  turn(200);
  ASSERT_EQ(9U, fake_board().line_out.size());
  EXPECT_EQ(7, fake_board().line_out[0]);
  EXPECT_NE(std::string::npos, ask("id?").find("key=3ab78680"));
}

TEST_F(LoopTest, CommissioningIsRecorded) {
  commission();
  const auto& slots = fake_board().survivors.panel.ring.slots;
  EXPECT_TRUE(std::ranges::any_of(slots, [](const RingSlot& slot) {
    return slot.kind ==
           strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_COMMISSIONED;
  }));
}

TEST_F(LoopTest, AnotherKeyForgetsTheList) {
  commission();
  auto& list = fake_board().survivors.panel.list;
  list.active = 1;
  ask("unit 8");
  ask("save");
  EXPECT_EQ(1U, list.active) << "the same key";
  EXPECT_THROW(turn(200), Slot);
  start();
  list.active = 1;
  ask("key " + std::string(32, 'a'));
  ask("save");
  EXPECT_EQ(0U, list.active);
  EXPECT_EQ(0U, fake_board().list_at_write)
      << "before the key is another one: a reset may come in between";
}

TEST_F(LoopTest, WhatCouldNotBeSavedIsNoSuccess) {
  start();
  ask("key " + std::string(kKey));
  fake_board().are_slots_kept = false;
  EXPECT_TRUE(ask("save").starts_with("error the board could not keep it"));
  turn(300);
  EXPECT_EQ(0, fake_board().resets);
}

TEST_F(LoopTest, RepliesFitTheirBuffer) {
  commission();
  for (const std::string_view line : {"id?", "status?", "help"}) {
    const std::string answer = ask(line);
    EXPECT_TRUE(answer.starts_with("ok ")) << line;
    EXPECT_TRUE(answer.ends_with("\n")) << answer;
    EXPECT_LT(answer.size(), 360U) << line;
  }
}

TEST_F(LoopTest, LeavesThatAreNotConnectedAreNotDriven) {
  start();
  ask("leaves 1");
  ask("key " + std::string(kKey));
  ask("save");
  EXPECT_THROW(turn(200), Slot);
  // Magnets hold while nothing releases them: leaf 2 would be driven.
  PanelMemory& memory = fake_board().survivors.panel;
  memory.next_config = {};
  memory.next_config.version = 5;
  memory.next_config.settings.leaf_count = 2;
  memory.next_config.settings.offline_after_ms = 3000;
  for (std::uint8_t i = 0; i < 2; ++i) {
    memory.next_config.leaves[i] = {
        .leaf = static_cast<std::uint8_t>(i + 1),
        .lock = strongroom_panel_v1_LockKind_LOCK_KIND_MAGNET,
        .exit = strongroom_panel_v1_ExitKind_EXIT_KIND_NONE,
        .offline = strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_DENY,
        .has_inputs = 1,
        .pulse_ms = 5000,
        .held_after_ms = 30000,
        .not_opened_after_ms = 10000,
        .debounce_ms = 30};
  }
  commit(memory.config, memory.next_config);
  start();
  turn(100);
  ASSERT_FALSE(fake_board().outputs.empty());
  EXPECT_EQ(1, fake_board().outputs.back().locks);
}

TEST(SlotRecord, NothingButTheWholeRecordOfTheSlot) {
  const std::vector<std::uint8_t> content{1, 2, 3};
  const auto head = hal::slot_head(2, content);
  std::vector<std::uint8_t> record(head.begin(), head.end());
  record.insert(record.end(), content.begin(), content.end());
  EXPECT_TRUE(std::ranges::equal(content, hal::slot_content(2, record)));
  EXPECT_TRUE(hal::slot_content(1, record).empty());
  for (std::size_t i = 0; i < record.size(); ++i) {
    EXPECT_TRUE(hal::slot_content(2, std::span(record).first(i)).empty()) << i;
    for (int bit = 0; bit < 8; ++bit) {
      auto rotten = record;
      rotten[i] = static_cast<std::uint8_t>(rotten[i] ^ 1u << bit);
      EXPECT_TRUE(hal::slot_content(2, rotten).empty()) << i;
    }
  }
}

}  // namespace
}  // namespace strongroom::panel
