// SPDX-License-Identifier: Apache-2.0
// What devices say of themselves, through the whole core.
#include "agent/loop/identities.h"

#include "agent/loop/agent_core_test_util.h"

namespace strongroom::testing_agent {
namespace {

constexpr pb_size_t kIdentified = strongroom_v1_Event_device_identified_tag;

class IdentitiesTest : public ::testing::Test {
 protected:
  IdentitiesTest() {
    const auto profile = two_points();
    profile->texts = {{.name = "model"}, {.name = "serial_number"}};
    rig_.options.devices.devices = {{"line-1", "room-1", profile},
                                    {"line-1", "room-2", profile}};
    rig_.start();
    rig_.turn();
  }

  void say(std::optional<std::string> value,
           std::uint16_t text = 1,
           const std::string& device = "room-1") {
    rig_.turn([&] {
      PollDone poll = rig_.poll(device);
      poll.texts = {{text, std::move(value)}};
      rig_.core->poll_done(poll);
    });
  }
  std::vector<strongroom_v1_DeviceIdentified> recorded() const {
    std::vector<strongroom_v1_DeviceIdentified> out;
    for (const auto& event : rig_.events(Stream::kRecord, kIdentified)) {
      out.push_back(event.body.device_identified);
    }
    return out;
  }
  std::uint64_t held_back() const {
    return rig_.core->snapshot().identities_held_back;
  }

  AgentRig rig_;
};

TEST_F(IdentitiesTest, FirstReading_IsRecorded_TheSameAgainIsNot) {
  for (int i = 0; i < 5; ++i) {
    say("SN 1");
    rig_.pass(600s);
  }
  const auto all = recorded();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_STREQ(all[0].device, "room-1");
  EXPECT_STREQ(all[0].profile, "xy-md02");
  EXPECT_STREQ(all[0].name, "serial_number");
  EXPECT_STREQ(all[0].text, "SN 1");
  EXPECT_STREQ(all[0].previous, "");
  EXPECT_EQ(rig_.count(Stream::kTelemetry, kWindows), 5U);
  say("SN 1", 1, "room-2");
  say("MD02", 0);
  EXPECT_EQ(recorded().size(), 3U) << "each text of each device";
}

TEST_F(IdentitiesTest, OccurredWhenItWasRead) {
  const auto read = rig_.now.wall;
  PollDone poll = rig_.poll("room-1");
  poll.texts = {{1, "SN 1"}};
  rig_.pass(2s);
  rig_.turn([&] { rig_.core->poll_done(poll); });
  const auto event = rig_.events(Stream::kRecord).back();
  ASSERT_EQ(event.which_body, kIdentified);
  EXPECT_EQ(event.occurred_us, read.time_since_epoch().count());
  EXPECT_GT(event.recorded_us, event.occurred_us);
}

TEST_F(IdentitiesTest, SwappedDevice_NamesTheOneBefore) {
  say("SN 1");
  rig_.pass(kIdentityInterval);
  say("SN 2");
  const auto all = recorded();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_STREQ(all[1].text, "SN 2");
  EXPECT_STREQ(all[1].previous, "SN 1");
}

// A day of a device that says something else every second.
TEST_F(IdentitiesTest, FlappingDevice_WritesSixEventsAnHour) {
  for (int second = 0; second < 86'400; second += 10) {
    say("SN " + std::to_string(second));
    rig_.pass(10s);
  }
  EXPECT_EQ(recorded().size(), 144U);
  EXPECT_EQ(held_back(), 8640U - 144U);
}

TEST_F(IdentitiesTest, FlappingBetweenTwo_RecordsWhatItSaysThen) {
  say("SN 1");
  for (int i = 0; i < 59; ++i) {
    rig_.pass(10s);
    say(i % 2 == 0 ? "SN 2" : "SN 1");
  }
  EXPECT_EQ(recorded().size(), 1U);
  EXPECT_EQ(held_back(), 30U) << "what was recorded last is nothing new";
  rig_.pass(10s);
  say("SN 2");
  ASSERT_EQ(recorded().size(), 2U);
  EXPECT_STREQ(recorded()[1].text, "SN 2");
}

TEST_F(IdentitiesTest, WhatIsNoText_IsNotRecorded) {
  say(std::nullopt);
  say("");
  say("caf\xc3\xa9");
  say("\xff");
  say(std::string("a\0b", 3));
  say("line\nbreak");
  say(std::string(65, 'x'));
  say("SN 1", 2);
  EXPECT_TRUE(recorded().empty());
  say(std::string(64, 'x'));
  EXPECT_EQ(recorded().size(), 1U);
}

TEST_F(IdentitiesTest, Restart_KnowsWhatWasRecorded) {
  say("SN 1");
  say("MD02", 0);
  rig_.start();
  rig_.turn();
  say("SN 1");
  say("MD02", 0);
  EXPECT_EQ(recorded().size(), 2U);
  rig_.start();
  rig_.turn();
  say("SN 2");
  ASSERT_EQ(recorded().size(), 3U);
  EXPECT_STREQ(recorded()[2].previous, "SN 1") << "read back from the journal";
}

TEST_F(IdentitiesTest, Restart_WithTheOldEventDeleted_StillSeesTheSwap) {
  say("SN 1");
  rig_.journal.pruned[0] = rig_.journal.rows[0].size();
  say("MD02", 0);  // now the oldest event
  rig_.start();
  rig_.turn();
  say("SN 2");
  const auto all = recorded();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_STREQ(all[2].text, "SN 2");
  EXPECT_STREQ(all[2].previous, "") << "not what another text said";
  rig_.journal.pruned[0] = rig_.journal.rows[0].size();
  rig_.start();
  say("SN 3");
  EXPECT_EQ(recorded().size(), 4U);
}

TEST_F(IdentitiesTest, NewEpoch_RecordsAgain_AtOnce) {
  say("SN 1");
  const auto effects = rig_.turn([this] { rig_.core->connected(); });
  rig_.turn([&] {
    for (const Bytes& batch : AgentRig::of(UplinkTopic::kBatch, effects)) {
      const BatchHeader header = AgentRig::header_of(batch);
      rig_.core->ack_arrived(
          encode_ack({header.source,
                      header.stream,
                      header.epoch,
                      header.first_seq,
                      header.count,
                      Refused{strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN,
                              0,
                              std::nullopt}}));
    }
  });
  ASSERT_EQ(rig_.count(Stream::kRecord, kOpened), 2U);
  say("SN 1");
  ASSERT_EQ(recorded().size(), 2U);
  EXPECT_STREQ(recorded()[1].previous, "") << "it says the same";
  say("SN 2");
  EXPECT_EQ(recorded().size(), 2U);
  EXPECT_EQ(held_back(), 1U);
}

TEST_F(IdentitiesTest, Reload_DoesNotShortenTheInterval) {
  say("SN 1");
  for (int i = 0; i < 10; ++i) {
    const auto other = two_points();
    other->hash = sha256(as_bytes(std::to_string(i)));
    other->texts = {{.name = "model"}, {.name = "serial_number"}};
    rig_.reload({{{"line-1", "room-1", other}}, {}, {}});
    say("SN " + std::to_string(i + 2));
  }
  EXPECT_EQ(recorded().size(), 1U);
  EXPECT_EQ(held_back(), 10U);
}

}  // namespace
}  // namespace strongroom::testing_agent
