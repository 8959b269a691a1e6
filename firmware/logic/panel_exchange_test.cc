// SPDX-License-Identifier: Apache-2.0
// What the agent says to a panel.
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "firmware/logic/panel_fixture.h"

namespace strongroom::panel {
namespace {

using namespace words;  // NOLINT(google-build-using-namespace)
using Told = std::vector<std::string>;
using Result = strongroom_panel_v1_OrderResult;

constexpr Result kDone = strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;
constexpr Result kExpired =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_EXPIRED;
constexpr Result kRepeated =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_REPEATED;
constexpr Result kNoSuchLeaf =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_NO_SUCH_LEAF;
constexpr Result kNotConfigured =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_NOT_CONFIGURED;
constexpr Result kInvalid =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID;

// --- unlock ------------------------------------------------------------------

TEST(PanelExchange, UnlocksOnceAndTellsBefore) {
  PanelBench at;
  EXPECT_EQ(at.unlock(9), kNotConfigured);
  at.configure({leaf_settings(1), leaf_settings(2, kNoLock)});
  at.wait(100);
  at.told();
  EXPECT_EQ(at.unlock(0), kInvalid);
  EXPECT_EQ(at.unlock(9, 0), kNoSuchLeaf);
  EXPECT_EQ(at.unlock(9, 3), kNoSuchLeaf);
  EXPECT_EQ(at.unlock(9, 255), kNoSuchLeaf);
  EXPECT_EQ(at.unlock(9, 2), kInvalid) << "there is no lock";
  EXPECT_EQ(at.unlock(9, 1, 0, at.now_ms - 1), kExpired);
  EXPECT_TRUE(at.told().empty());
  EXPECT_EQ(at.locks(), 0);
  EXPECT_EQ(at.unlock(9, 1, 0, at.now_ms), kDone);
  EXPECT_EQ(at.told(), Told{"RELEASED 9"});
  EXPECT_EQ(at.locks(), 1);
  at.wait(6000);
  EXPECT_EQ(at.locks(), 0);
  EXPECT_EQ(at.unlock(9), kRepeated);
  EXPECT_EQ(at.locks(), 0);
  at.reset();
  EXPECT_EQ(at.unlock(9), kRepeated);
  EXPECT_EQ(at.panel->view(at.now_ms).unlocks, 0U);
}

TEST(PanelExchange, RemembersTheLastSixteenUnlocks) {
  PanelBench at;
  at.configure({leaf_settings(1)});
  for (std::uint32_t id = 1; id <= 40; ++id) {
    EXPECT_EQ(at.unlock(id), kDone);
    for (std::uint32_t old = id < 16 ? 1 : id - 15; old <= id; ++old) {
      EXPECT_EQ(at.unlock(old), kRepeated);
    }
    if (id % 7 == 0) {
      at.reset();
    }
  }
}

// --- events ------------------------------------------------------------------

TEST(PanelExchange, GivesEventsOfItsRingUntilTheyAreHeld) {
  PanelBench at;
  PanelBench::Request request{};
  request.wants_events = true;
  request.ring = 0x77;
  request.ack_seq = 1000;  // of a ring that is gone
  auto answer = at.exchange(request);
  EXPECT_EQ(answer.ring, 0x77U) << "it takes the name";
  ASSERT_EQ(answer.events_count, 1);
  EXPECT_EQ(answer.events[0].seq, 1U);
  EXPECT_EQ(answer.newest_seq, 1U);
  EXPECT_FALSE(answer.has_more);

  request.ring = 0x78;  // of another one
  request.ack_seq = 1;
  answer = at.exchange(request);
  EXPECT_EQ(answer.ring, 0x77U);
  EXPECT_EQ(answer.events_count, 0);
  EXPECT_TRUE(answer.has_more) << "nothing was freed";

  request.ring = 0x77;
  answer = at.exchange(request);
  EXPECT_EQ(answer.events_count, 0);
  EXPECT_FALSE(answer.has_more);
  EXPECT_EQ(at.panel->view(0).acked_seq, 1U);

  request.ack_seq = 0xffffffff;  // beyond the newest: freed is nothing
  at.panel->commissioned(0);
  answer = at.exchange(request);
  EXPECT_EQ(answer.events_count, 0);
  request.ack_seq = 1;
  answer = at.exchange(request);
  ASSERT_EQ(answer.events_count, 1);
  EXPECT_EQ(answer.events[0].seq, 2U);
}

TEST(PanelExchange, GivesAsManyEventsAsFit) {
  PanelBench at;
  at.poll();
  for (int i = 0; i < 29; ++i) {
    at.panel->commissioned(0);
  }
  PanelBench::Request request{};
  request.ring = PanelBench::kRing;
  request.wants_events = true;
  std::vector<std::uint32_t> seqs;
  for (std::uint32_t room : {0U, 1U, 5U, 12U, 100U, 100U}) {
    PanelBench::Answer answer{};
    at.panel->exchange(
        request, answer, 0, [&](const strongroom_panel_v1_PanelEvent& event) {
          EXPECT_NE(event.seq, 0U);
          return room-- > 0;
        });
    for (int i = 0; i < answer.events_count; ++i) {
      seqs.push_back(answer.events[i].seq);
      request.ack_seq = answer.events[i].seq;
    }
    EXPECT_EQ(answer.has_more, seqs.size() < 30);
  }
  ASSERT_EQ(seqs.size(), 30U);
  for (std::size_t i = 0; i < seqs.size(); ++i) {
    EXPECT_EQ(seqs[i], i + 1);
  }
}

TEST(PanelExchange, GivesNoEventsThatAreNotWanted) {
  PanelBench at;
  const auto answer = at.poll();
  EXPECT_EQ(answer.events_count, 0);
  EXPECT_TRUE(answer.has_more);
  EXPECT_FALSE(answer.has_status);
}

// --- time --------------------------------------------------------------------

TEST(PanelExchange, TellsWhenItsClockWasStepped) {
  PanelBench at;
  PanelBench::Request request{};
  request.unix_ms = 1'700'000'000'000;
  at.exchange(request);
  at.told();
  request.unix_ms += 3'600'000;
  at.exchange(request);
  EXPECT_EQ(at.told(), Told{"CLOCK_STEPPED 3600"});
  request.unix_ms -= 7'200'000;
  at.exchange(request);
  EXPECT_EQ(at.told(), Told{"CLOCK_STEPPED 4294960096"}) << "-7200";
  EXPECT_EQ(at.panel->view(0).status.flags, 16U);
}

// --- configuration -----------------------------------------------------------

TEST(PanelExchange, KeepsTheOldConfigurationUntilAllOfTheNewOneIsThere) {
  PanelBench at;
  at.configure({leaf_settings(1)}, {}, 0x11);
  EXPECT_EQ(at.told(), (Told{"STARTED 1", "CONFIGURED 17"}));
  strongroom_panel_v1_ConfigPart part{};
  part.version = 0x22;
  part.count = 2;
  part.which_part = strongroom_panel_v1_ConfigPart_settings_tag;
  part.part.settings = {
      .leaf_count = 1, .reader_count = 0, .offline_after_ms = 9000};
  EXPECT_EQ(at.give(part), kDone);
  EXPECT_EQ(at.poll().config_version, 0x11U);
  at.reset();
  EXPECT_EQ(at.poll().config_version, 0x11U) << "half of one is none";
  EXPECT_EQ(at.unlock(1), kDone);
  part.index = 1;
  part.which_part = strongroom_panel_v1_ConfigPart_leaf_tag;
  part.part.leaf = leaf_settings(1);
  EXPECT_EQ(at.give(part),
            strongroom_panel_v1_OrderResult_ORDER_RESULT_OUT_OF_ORDER);
  EXPECT_EQ(at.configure({leaf_settings(1)}, {}, 0x22), kDone);
  EXPECT_EQ(at.poll().config_version, 0x22U);
  at.reset();
  EXPECT_EQ(at.poll().config_version, 0x22U);
}

TEST(PanelExchange, BelievesNoConfigurationThatDecayed) {
  PanelBench at;
  at.configure({leaf_settings(1, kMagnet)});
  EXPECT_EQ(at.locks(), 1);
  at.memory->config.leaves[0].pulse_ms ^= 1;
  at.memory->next_config.leaves[0].pulse_ms ^= 1;
  at.reset();
  EXPECT_EQ(at.poll().config_version, 0U);
  EXPECT_EQ(at.locks(), 0);
  EXPECT_EQ(at.unlock(1), kNotConfigured);
}

TEST(PanelExchange, BelievesNoSealedConfigurationThatIsNotValid) {
  PanelBench at;
  at.configure({leaf_settings(1, kMagnet)});
  at.memory->next_config = at.memory->config;
  at.memory->next_config.settings.leaf_count = 200;
  commit(at.memory->config, at.memory->next_config);
  at.reset();
  EXPECT_EQ(at.poll().config_version, 0U);
  EXPECT_EQ(at.panel->outputs(), Outputs{});
}

TEST(PanelExchange, LeavesDoorsAloneThatStayAsTheyWere) {
  PanelBench at;
  at.configure(
      {leaf_settings(1), leaf_settings(2), leaf_settings(3)}, {}, 0x11);
  at.wait(100);
  at.unlock(1, 1);
  at.unlock(2, 2);
  at.unlock(3, 3);
  EXPECT_EQ(at.locks(), 0b111);
  at.told();
  auto other = leaf_settings(2);
  other.held_after_ms = 60'000;
  EXPECT_EQ(at.configure({leaf_settings(1), other}, {}, 0x22), kDone);
  EXPECT_EQ(at.locks(), 0b001);
  EXPECT_EQ(at.told(), (Told{"CONFIGURED 34", "SECURED", "SECURED"}));
  at.wait(1000);
  EXPECT_TRUE(at.told().empty());
}

TEST(PanelExchange, LooksAnewAtInputsThatAreTurnedRound) {
  PanelBench at;
  at.configure({leaf_settings(1)}, {}, 0x11);
  at.wait(100);
  at.told();
  auto turned = leaf_settings(1);
  turned.inverted_inputs = kContactInput;
  at.configure({turned}, {}, 0x22);
  at.wait(100);
  EXPECT_EQ(at.told(), (Told{"CONFIGURED 34", "OPENED 6"})) << "not forced";
}

TEST(PanelExchange, TellsOfANewList) {
  PanelBench at;
  at.configure({leaf_settings(1)});
  at.told();
  EXPECT_EQ(at.list(PanelBench::kBadge, 1, 8), kDone);
  EXPECT_EQ(at.told(), Told{"LIST_APPLIED 8"});
  const auto answer = at.poll();
  EXPECT_EQ(answer.list_version, 8U);
  EXPECT_EQ(at.panel->view(0).list_version, 8U);
}

TEST(PanelExchange, RefusesAnOrderThatItDoesNotKnow) {
  PanelBench at;
  at.configure({leaf_settings(1)});
  PanelBench::Request request{};
  request.which_order = 99;
  request.order_id = 5;
  const auto answer = at.exchange(request);
  EXPECT_EQ(answer.result, kInvalid);
  EXPECT_EQ(answer.order_id, 5U);
}

// --- refused frames ----------------------------------------------------------

TEST(PanelExchange, TellsABurstOfRefusedFrames) {
  PanelBench at;
  at.configure({leaf_settings(1)});
  at.wait(100);
  at.told();
  for (int i = 0; i < 7; ++i) {
    at.panel->frame_refused(at.now_ms);
  }
  at.wait(100);
  EXPECT_TRUE(at.told().empty());
  for (int i = 0; i < 20; ++i) {
    at.panel->frame_refused(at.now_ms);
  }
  at.wait(100);
  EXPECT_EQ(at.told(), Told{"FRAMES_REFUSED 27"});
  EXPECT_EQ(at.panel->view(0).status.frames_refused, 27U);
}

TEST(PanelExchange, DescribesItself) {
  PanelBench at;
  at.configure({leaf_settings(1)});
  strongroom_panel_v1_PanelHelloAnswer answer{};
  at.panel->describe(answer);
  EXPECT_EQ(answer.boot, 1);
  EXPECT_EQ(answer.ring, PanelBench::kRing);
  EXPECT_EQ(answer.newest_seq, 2U);
  EXPECT_EQ(answer.config_version, 0x11U);
  EXPECT_EQ(answer.list_capacity, kListCapacity);
  EXPECT_EQ(answer.ring_capacity, kRingCapacity);
}

}  // namespace
}  // namespace strongroom::panel
