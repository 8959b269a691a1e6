// SPDX-License-Identifier: Apache-2.0
// The core: what polls become.
#include "agent/loop/agent_core.h"
#include "agent/loop/agent_core_test_util.h"

namespace strongroom::testing_agent {
namespace {

TEST_F(AgentCoreTest, WindowOfOnePoll_IsRecordedAtOnce) {
  rig_.start();
  rig_.turn();
  poll("room-2", -205);
  const auto events = rig_.events(Stream::kTelemetry);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_STREQ(events[1].body.windows.device, "room-2");
  EXPECT_EQ(events[1].body.windows.last[0], -205);
}

TEST_F(AgentCoreTest, MinuteWindow_IsRecordedWhenItEnds) {
  rig_.options.devices.windows.length = 60s;
  rig_.start();
  rig_.turn();
  poll("room-1", 215);
  rig_.pass(1s);
  poll("room-1", 217);
  EXPECT_EQ(rig_.count(Stream::kTelemetry, kWindows), 0U);
  EXPECT_LE(rig_.core->next_deadline() - rig_.now.monotonic, 60s);
  rig_.pass(60s);
  rig_.turn();
  ASSERT_EQ(rig_.count(Stream::kTelemetry, kWindows), 1U);
  EXPECT_EQ(rig_.events(Stream::kTelemetry).back().body.windows.good[0], 2U);
}

TEST_F(AgentCoreTest, UnknownDeviceOrWrongSamples_RecordNothing) {
  rig_.start();
  rig_.turn();
  poll("room-9");
  rig_.turn([this] {
    PollDone done = rig_.poll("room-1");
    done.samples.pop_back();
    rig_.core->poll_done(done);
  });
  EXPECT_EQ(rig_.count(Stream::kTelemetry, kWindows), 0U);
}

TEST_F(AgentCoreTest, Stopping_RecordsOpenWindowsCutShort) {
  rig_.options.devices.windows.length = 60s;
  rig_.start();
  rig_.turn();
  poll("room-1");
  const auto effects = [this] {
    rig_.pass(1s);
    return rig_.turn([this] { rig_.core->stopping(); });
  }();
  EXPECT_EQ(rig_.count(Stream::kTelemetry, kWindows), 1U);
  EXPECT_TRUE(effects.empty()) << "not connected: nobody to tell";
}

TEST_F(AgentCoreTest, PointsNotAsked_AreInNoWindowOfThePoll) {
  rig_.start();
  rig_.turn();
  rig_.turn([this] {
    PollDone done = rig_.poll("room-1");
    done.samples[0] = {PointQuality::kNotAsked, 0};
    rig_.core->poll_done(done);
  });
  const auto event = rig_.events(Stream::kTelemetry).back();
  ASSERT_EQ(event.which_body, kWindows);
  EXPECT_EQ(event.body.windows.first_point, 1U);
  EXPECT_EQ(event.body.windows.good_count, 1);
}

// --- states -----------------------------------------------------------------

TEST_F(AgentCoreTest, States_AreRecordedBehindTheDescription) {
  const auto profile = two_points();
  profile->points[1].states = {{0, "dry"}, {1, "leak"}};
  rig_.options.devices.devices[0].profile = profile;
  rig_.start();
  rig_.turn();
  EXPECT_EQ(rig_.bodies(Stream::kRecord),
            (std::vector<pb_size_t>{
                kOpened, kBoot, kDescribed, kStates, kDescribed}));
  const auto states = rig_.events(Stream::kRecord)[3].body.states_described;
  EXPECT_STREQ(states.device, "room-1");
  EXPECT_EQ(states.described_seq, 3U);
  EXPECT_EQ(states.point, 1U);
  EXPECT_EQ(states.state_count, 2U);
  EXPECT_STREQ(states.states[1].name, "leak");
  poll("room-2");
  EXPECT_EQ(rig_.events(Stream::kTelemetry).back().body.windows.described_seq,
            5U);

  rig_.start();
  rig_.turn();
  EXPECT_EQ(rig_.count(Stream::kRecord, kStates), 1U);
  const auto changed = two_points();
  changed->points[1].states = {{0, "dry"}, {1, "wet"}};
  rig_.options.devices.devices[0].profile = changed;
  rig_.start();
  rig_.turn();
  EXPECT_EQ(rig_.count(Stream::kRecord, kStates), 2U)
      << "another name describes anew, whatever the profile's hash says";
  EXPECT_EQ(rig_.count(Stream::kRecord, kDescribed), 3U);
}

// --- the step guard ---------------------------------------------------------

TEST_F(AgentCoreTest, ValueThatJumps_IsOutOfRange_ForEachDeviceApart) {
  const auto profile = two_points();
  profile->points[0].max_step_per_s = 5;
  rig_.options.devices.devices[0].profile = profile;
  rig_.options.devices.devices[1].profile = profile;
  rig_.start();
  rig_.turn();
  const auto quality = [this](const std::string& device, std::int64_t value) {
    poll(device, value);
    rig_.pass(1s);
    return static_cast<PointQuality>(
        rig_.events(Stream::kTelemetry).back().body.windows.quality[0]);
  };
  EXPECT_EQ(quality("room-1", 215), PointQuality::kGood);
  EXPECT_EQ(quality("room-2", 700), PointQuality::kGood);
  EXPECT_EQ(quality("room-1", 700), PointQuality::kOutOfRange);
  EXPECT_EQ(quality("room-2", 701), PointQuality::kGood);
  EXPECT_EQ(quality("room-1", 216), PointQuality::kGood);
  EXPECT_EQ(rig_.events(Stream::kTelemetry).back().body.windows.last[0], 216);
}

// --- computed points --------------------------------------------------------

class ComputedCoreTest : public AgentCoreTest {
 protected:
  ComputedCoreTest() {
    rig_.options.devices.computed = {
        spread_of(rig_.options.devices.devices[0].profile,
                  rig_.options.devices.devices[1].profile)};
    rig_.start();
    rig_.turn();
  }
  std::vector<strongroom_v1_Windows> windows_of(const std::string& device) {
    std::vector<strongroom_v1_Windows> out;
    for (const auto& event : rig_.events(Stream::kTelemetry, kWindows)) {
      if (event.body.windows.device == device) {
        out.push_back(event.body.windows);
      }
    }
    return out;
  }
};

TEST_F(ComputedCoreTest, IsDescribedAndWindowedAsADevice) {
  const auto described = rig_.events(Stream::kRecord, kDescribed);
  ASSERT_EQ(described.size(), 3U);
  const auto& what = described[2].body.device_described;
  EXPECT_STREQ(what.device, "vault");
  EXPECT_STREQ(what.profile, "computed");
  EXPECT_STREQ(what.points[0].name, "spread");
  EXPECT_STREQ(what.points[0].unit, "Cel");

  poll("room-2", 200);
  EXPECT_TRUE(windows_of("vault").empty()) << "waits for its first input";
  poll("room-1", 215);
  rig_.pass(4s);
  poll("room-1", 216);
  const auto windows = windows_of("vault");
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_EQ(windows[0].described_seq, described[2].seq);
  EXPECT_EQ(windows[0].last[0], 15);
  EXPECT_EQ(windows[1].good[0], 0U) << "the other input is 4 s old";
  EXPECT_EQ(windows[1].missed[0], 1U);
}

TEST_F(ComputedCoreTest, TakesWhatTheStepGuardLeaves) {
  const auto profile = two_points();
  profile->points[0].max_step_per_s = 5;
  profile->hash = sha256(as_bytes("guarded"));
  DeviceSet set = rig_.options.devices;
  set.devices[0].profile = profile;
  set.computed = {spread_of(profile, set.devices[1].profile)};
  rig_.reload(set);
  poll("room-2", 200);
  poll("room-1", 215);
  poll("room-1", 900);
  const auto windows = windows_of("vault");
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_EQ(windows[0].quality[0],
            strongroom_v1_PointQuality_POINT_QUALITY_GOOD);
  EXPECT_EQ(windows[1].quality[0],
            strongroom_v1_PointQuality_POINT_QUALITY_OUT_OF_RANGE);
}

TEST_F(ComputedCoreTest, IsShownWithItsInputs_AndPolledByNobody) {
  connect();
  poll("room-2", 200);
  const auto live = AgentRig::of(UplinkTopic::kLive, poll("room-1", 215));
  ASSERT_EQ(live.size(), 2U);
  const auto shown = *decode_live(live[1]);
  EXPECT_STREQ(shown.device, "vault");
  EXPECT_EQ(shown.values[0].mantissa, 15);
  EXPECT_EQ(rig_.core->snapshot().devices.size(), 2U);

  const std::size_t before = rig_.events(Stream::kTelemetry).size();
  rig_.turn([this] {
    PollDone forged = rig_.poll("vault");
    forged.profile = rig_.options.devices.computed[0].profile;
    forged.samples.resize(1);
    rig_.core->poll_done(forged);
  });
  EXPECT_EQ(rig_.events(Stream::kTelemetry).size(), before);
  EXPECT_EQ(rig_.core->snapshot().stray_polls, 1U);
}

}  // namespace
}  // namespace strongroom::testing_agent
