// SPDX-License-Identifier: Apache-2.0
// What the record says of devices, beside their live values.
#include <gtest/gtest.h>

#include "tests/ledger/test_ledger.h"

namespace strongroom {
namespace {

using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

class LedgerDevicesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(at.open()) << at.why;
    const auto done = at.enrol(agent);
    ASSERT_TRUE(done) << done.error().what;
  }

  TestLedger at;
  TestAgent agent{"edge-1@bj1", 1};
};

/// A leak detector: what the record says of it, and a poll of it.
std::vector<EventMessage> leak_detector(std::uint64_t described_seq) {
  std::vector<EventMessage> events(3);
  EventMessage& described = events[0];
  described.which_body = strongroom_v1_Event_device_described_tag;
  auto& device = described.body.device_described;
  std::string_view("leak-1").copy(device.device, 6);
  std::string_view("rle-ld").copy(device.profile, 6);
  device.profile_hash[0] = 1;
  device.point_count = 1;
  device.points_count = 1;
  std::string_view("leak").copy(device.points[0].name, 4);
  std::string_view("1").copy(device.points[0].unit, 1);
  EventMessage& states = events[1];
  states.which_body = strongroom_v1_Event_states_described_tag;
  auto& of_point = states.body.states_described;
  std::string_view("leak-1").copy(of_point.device, 6);
  of_point.described_seq = described_seq;
  of_point.state_count = 2;
  of_point.states_count = 2;
  std::string_view("dry").copy(of_point.states[0].name, 3);
  of_point.states[1].code = 1;
  std::string_view("leak").copy(of_point.states[1].name, 4);
  EventMessage& identified = events[2];
  identified.which_body = strongroom_v1_Event_device_identified_tag;
  auto& text = identified.body.device_identified;
  std::string_view("leak-1").copy(text.device, 6);
  std::string_view("rle-ld").copy(text.profile, 6);
  std::string_view("serial_number").copy(text.name, 13);
  std::string_view("LD-7").copy(text.text, 4);
  return events;
}

Bytes leak_live(std::int64_t code) {
  strongroom_v1_Live live = strongroom_v1_Live_init_zero;
  live.format = kWireFormat;
  std::string_view("leak-1").copy(live.device, 6);
  live.point_count = 1;
  live.values_count = 1;
  std::string_view("leak").copy(live.values[0].name, 4);
  std::string_view("1").copy(live.values[0].unit, 1);
  live.values[0].measured = true;
  live.values[0].mantissa = code;
  live.values[0].quality = strongroom_v1_PointQuality_POINT_QUALITY_GOOD;
  return encode_live(live);
}

TEST_F(LedgerDevicesTest, StatesAndIdentities_AreShownWithLiveValues) {
  auto begun = agent.cut(Stream::kRecord, {.count = 2, .resync = true});
  ASSERT_TRUE(at.proves(agent, at.exchange(agent, begun.payload), begun));
  auto batch = agent.cut(Stream::kRecord, {.bodies = leak_detector(3)});
  ASSERT_TRUE(at.proves(agent, at.exchange(agent, batch.payload), batch));
  // And after a restart they are still known; what is live comes by itself.
  for (int start = 0; start < 2; ++start) {
    LedgerInbox::Work work;
    work.live.push_back({agent.source, leak_live(1)});
    at.told.clear();
    ASSERT_TRUE(at.ledger->turn(std::move(work)));
    const auto device = at.views->device(agent.source, "leak-1");
    ASSERT_TRUE(device) << "start " << start;
    EXPECT_EQ(device->values[0].state, "leak") << "start " << start;
    EXPECT_EQ(device->identity.at("serial_number"), "LD-7");
    EXPECT_EQ(at.views->devices()[0].values[0].state, "leak");
    ASSERT_EQ(at.told.size(), 1U);
    EXPECT_NE(at.told[0].second.find("\"state\":\"leak\""), std::string::npos)
        << at.told[0].second;
    EXPECT_NE(
        at.told[0].second.find("\"identity\":{\"serial_number\":\"LD-7\"}"),
        std::string::npos)
        << at.told[0].second;
    ASSERT_TRUE(at.open()) << at.why;
  }
}

TEST_F(LedgerDevicesTest, CodeWithoutAState_IsShownAsItIs) {
  auto batch =
      agent.cut(Stream::kRecord, {.resync = true, .bodies = leak_detector(1)});
  ASSERT_TRUE(at.proves(agent, at.exchange(agent, batch.payload), batch));
  LedgerInbox::Work work;
  work.live.push_back({agent.source, leak_live(7)});
  ASSERT_TRUE(at.ledger->turn(std::move(work)));
  EXPECT_EQ(at.views->device(agent.source, "leak-1")->values[0].state, "");
}

}  // namespace
}  // namespace strongroom
