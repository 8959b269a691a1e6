// SPDX-License-Identifier: Apache-2.0
// The core: another configuration while it runs.
#include <gtest/gtest.h>

#include "agent/loop/agent_core_test_util.h"

namespace strongroom::testing_agent {
namespace {

// Minute windows; room-1 and room-2 of one profile, as the rig has them.
class ReloadTest : public AgentCoreTest {
 protected:
  ReloadTest() {
    rig_.options.devices.windows.length = 60s;
    rig_.start();
    rig_.turn();
    poll("room-1", 215);
    poll("room-2", 300);
  }

  DeviceSet set() const { return rig_.options.devices; }
  static std::shared_ptr<DeviceProfile> other_profile() {
    auto profile = two_points();
    profile->hash = sha256(as_bytes("another file"));
    return profile;
  }
  std::vector<strongroom_v1_Windows> windows() const {
    std::vector<strongroom_v1_Windows> out;
    for (const auto& event : rig_.events(Stream::kTelemetry, kWindows)) {
      out.push_back(event.body.windows);
    }
    return out;
  }
  const DeviceSnapshot* device(const std::string& name) {
    snapshot_ = rig_.core->snapshot();
    const auto found =
        std::ranges::find(snapshot_.devices, name, &DeviceSnapshot::name);
    return found == snapshot_.devices.end() ? nullptr : &*found;
  }
  std::uint64_t strays() const { return rig_.core->snapshot().stray_polls; }

  AgentSnapshot snapshot_;
};

// What becomes of room-1, of whose window one poll of value 215 is open.
TEST_F(ReloadTest, EveryKindOfChange) {
  struct Row {
    const char* what;
    std::function<void(DeviceSet&)> change;
    bool is_kept;       // window and counters go on
    bool is_described;  // again
    bool is_polled;     // a poll by the new configuration is taken
  };
  const Row rows[] = {
      {"nothing", [](DeviceSet&) {}, true, false, true},
      {"the same file, read again",
       [](DeviceSet& set) { set.devices[0].profile = two_points(); },
       true,
       false,
       true},
      {"another line",
       [](DeviceSet& set) { set.devices[0].line = "line-9"; },
       true,
       false,
       true},
      {"another order",
       [](DeviceSet& set) { std::swap(set.devices[0], set.devices[1]); },
       true,
       false,
       true},
      {"another profile",
       [](DeviceSet& set) { set.devices[0].profile = other_profile(); },
       false,
       true,
       true},
      {"the same file under another name",
       [](DeviceSet& set) {
         const auto profile = two_points();
         profile->name = "xy-md02-b";
         set.devices[0].profile = profile;
       },
       false,
       true,
       true},
      {"removed",
       [](DeviceSet& set) { set.devices.erase(set.devices.begin()); },
       false,
       false,
       false},
      {"renamed",
       [](DeviceSet& set) { set.devices[0].name = "room-7"; },
       false,
       true,
       false},
      {"one added",
       [](DeviceSet& set) {
         set.devices.push_back({"line-1", "room-3", two_points()});
       },
       true,
       true,
       true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    rig_ = AgentRig();
    rig_.options.devices.windows.length = 60s;
    rig_.start();
    rig_.turn();
    poll("room-1", 215);
    const PollDone in_flight = rig_.poll("room-1", 217);
    DeviceSet next = set();
    row.change(next);
    rig_.pass(1s);
    rig_.reload(next);

    const auto closed = windows();
    EXPECT_EQ(closed.size(), row.is_kept ? 0U : 1U);
    for (const auto& window : closed) {
      EXPECT_STREQ(window.device, "room-1");
      EXPECT_EQ(window.described_seq, 3U) << "of the old description";
      EXPECT_EQ(window.last[0], 215);
      EXPECT_LT(window.duration_ms, 60'000U) << "cut short";
    }
    EXPECT_EQ(rig_.count(Stream::kRecord, kDescribed),
              row.is_described ? 3U : 2U);
    EXPECT_EQ(rig_.count(Stream::kRecord, kOpened), 1U);

    rig_.turn([&] { rig_.core->poll_done(in_flight); });
    EXPECT_EQ(strays(), row.is_kept ? 0U : 1U)
        << "read by a profile that is no longer the device's";
    poll("room-1", 219);
    EXPECT_EQ(strays(), (row.is_kept ? 0U : 1U) + (row.is_polled ? 0U : 1U));
    const DeviceSnapshot* now = device("room-1");
    ASSERT_EQ(now != nullptr, row.is_polled);
    if (now != nullptr) {
      EXPECT_EQ(now->polls, row.is_kept ? 3U : 1U);
      EXPECT_EQ(now->line, next.devices[row.what == rows[3].what ? 1 : 0].line);
    }
    rig_.turn([this] { rig_.core->stopping(); });
    const auto all = windows();
    std::uint64_t good = 0;
    for (const auto& window : all) {
      if (std::string_view(window.device) == "room-1") {
        good += window.good[0];
      }
    }
    EXPECT_EQ(good,
              row.is_kept     ? 3U
              : row.is_polled ? 2U
                              : 1U)
        << "every poll that was taken once";
  }
}

TEST_F(ReloadTest, KeptDevice_KeepsQualityAndValue) {
  connect();
  const auto fail = [this] {
    return rig_.turn([this] {
      PollDone done = rig_.poll("room-1");
      done.samples = {{PointQuality::kBad, 0}, {PointQuality::kBad, 0}};
      done.error = "no answer";
      rig_.core->poll_done(done);
    });
  };
  fail();
  fail();
  rig_.reload(set());
  rig_.pass(1s);
  const auto live = AgentRig::of(UplinkTopic::kLive, fail());
  ASSERT_EQ(live.size(), 1U);
  const auto shown = *decode_live(live[0]);
  EXPECT_EQ(shown.values[0].quality,
            strongroom_v1_PointQuality_POINT_QUALITY_STALE)
      << "the third missed poll in a row";
  EXPECT_TRUE(shown.values[0].measured);
  EXPECT_EQ(shown.values[0].mantissa, 215);
  EXPECT_EQ(device("room-1")->failed_polls, 3U);
  EXPECT_EQ(rig_.core->snapshot().reloads, 1U);
}

TEST_F(ReloadTest, ChangedDevice_ForgetsWhatTheOldOneSaid) {
  DeviceSet next = set();
  next.devices[0].profile = other_profile();
  rig_.reload(next);
  connect();
  rig_.pass(1s);
  const auto effects = rig_.turn([this] {
    PollDone done = rig_.poll("room-1");
    done.samples = {{PointQuality::kBad, 0}, {PointQuality::kGood, 1}};
    rig_.core->poll_done(done);
  });
  const auto live = AgentRig::of(UplinkTopic::kLive, effects);
  ASSERT_EQ(live.size(), 1U);
  EXPECT_FALSE(decode_live(live[0])->values[0].measured);
  EXPECT_EQ(decode_live(live[0])->values[1].mantissa, 1);
}

// Of the same number of points: only the profile tells.
TEST_F(ReloadTest, PollInFlight_IsNotReadWithAnotherProfile) {
  const PollDone old = rig_.poll("room-1", 217);
  DeviceSet next = set();
  next.devices[0].profile = other_profile();
  rig_.reload(next);
  rig_.turn([&] { rig_.core->poll_done(old); });
  PollDone unsigned_poll = rig_.poll("room-1", 218);
  unsigned_poll.profile = nullptr;
  rig_.turn([&] { rig_.core->poll_done(unsigned_poll); });
  EXPECT_EQ(strays(), 2U);
  EXPECT_EQ(device("room-1")->polls, 0U);
  rig_.turn([this] { rig_.core->stopping(); });
  for (const auto& window : windows()) {
    EXPECT_TRUE(window.last[0] == 215 || window.last[0] == 300);
  }
}

TEST_F(ReloadTest, InTheMiddleOfATurn_OldAndNewPollsStandApart) {
  DeviceSet next = set();
  next.devices[0].profile = other_profile();
  rig_.turn([&] {
    rig_.core->poll_done(rig_.poll("room-1", 216));
    rig_.core->devices_changed(next);
    rig_.options.devices = next;
    rig_.core->poll_done(rig_.poll("room-1", 900));
  });
  rig_.turn([this] { rig_.core->stopping(); });
  const auto all = windows();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].good[0], 2U);
  EXPECT_EQ(all[0].last[0], 216);
  EXPECT_EQ(all[0].described_seq, 3U);
  EXPECT_EQ(all[1].last[0], 900);
  EXPECT_EQ(all[1].described_seq, 5U) << "described before its first window";
}

TEST_F(ReloadTest, AnotherWindowLength_CutsAllWindows_KeepsTheDevices) {
  DeviceSet next = set();
  next.windows.length = 10s;
  rig_.reload(next);
  EXPECT_EQ(windows().size(), 2U);
  EXPECT_EQ(rig_.count(Stream::kRecord, kDescribed), 2U);
  poll("room-1", 216);
  EXPECT_EQ(device("room-1")->polls, 2U);
  rig_.pass(10s);
  rig_.turn();
  EXPECT_EQ(windows().size(), 3U);
}

TEST_F(ReloadTest, ThereAndBack_IsDescribedEachTime) {
  const DeviceSet before = set();
  DeviceSet next = before;
  next.devices[0].profile = other_profile();
  rig_.reload(next);
  rig_.reload(before);
  const auto described = rig_.events(Stream::kRecord, kDescribed);
  ASSERT_EQ(described.size(), 4U);
  poll("room-1", 216);
  rig_.turn([this] { rig_.core->stopping(); });
  const auto all = windows();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1].described_seq, described[3].seq);
}

TEST_F(ReloadTest, RemovedAndBack_IsNotDescribedAgain) {
  const DeviceSet before = set();
  DeviceSet next = before;
  next.devices.erase(next.devices.begin());
  rig_.reload(next);
  rig_.reload(before);
  EXPECT_EQ(rig_.count(Stream::kRecord, kDescribed), 2U);
  poll("room-1", 216);
  EXPECT_EQ(device("room-1")->polls, 1U);
}

TEST_F(ReloadTest, GoesOnInTheSameJournal) {
  settle(connect());
  DeviceSet next = set();
  next.devices[0].profile = other_profile();
  settle(rig_.reload(next));
  poll("room-1", 216);
  settle(rig_.turn([this] { rig_.core->stopping(); }));
  EXPECT_EQ(rig_.core->snapshot().streams[0].backlog, 0U);
  EXPECT_EQ(record_log_.appended(), rig_.journal.rows[0].size());
  rig_.start();
  rig_.turn();
  EXPECT_EQ(rig_.count(Stream::kRecord, kDescribed), 3U)
      << "the next start knows the newest description";
}

// --- computed points --------------------------------------------------------

class ComputedReloadTest : public ReloadTest {
 protected:
  ComputedReloadTest() {
    DeviceSet next = set();
    next.computed = {spread(next)};
    rig_.reload(next);
    poll("room-2", 200);
    poll("room-1", 215);
  }
  static TelemetryComputed spread(
      const DeviceSet& set, ComputedKind kind = ComputedKind::kDifference) {
    return spread_of(set.devices[0].profile, set.devices[1].profile, kind);
  }
  // The windows of "vault", the open one too.
  std::vector<strongroom_v1_Windows> vault() {
    rig_.turn([this] { rig_.core->stopping(); });
    std::vector<strongroom_v1_Windows> out = windows();
    std::erase_if(out, [](const auto& window) {
      return std::string_view(window.device) != "vault";
    });
    return out;
  }
};

TEST_F(ComputedReloadTest, Unchanged_KeepsItsWindowAndItsInputs) {
  DeviceSet next = set();
  next.computed = {spread(next)};
  rig_.reload(next);
  poll("room-1", 216);
  const auto all = vault();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].good[0], 2U) << "room-2 need not be read again";
  EXPECT_EQ(all[0].last[0], 16);
}

TEST_F(ComputedReloadTest, AnotherRule_IsAnotherDescriptionAndWindow) {
  DeviceSet next = set();
  next.computed = {spread(next, ComputedKind::kSum)};
  rig_.reload(next);
  poll("room-1", 216);
  poll("room-2", 200);
  poll("room-1", 216);
  const auto all = vault();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].last[0], 15);
  EXPECT_NE(all[0].described_seq, all[1].described_seq);
  EXPECT_EQ(all[1].missed[0], 1U) << "room-2 was not read since";
  EXPECT_EQ(all[1].last[0], 416);
}

// A value of the input's old profile must not be computed with as one of its
// new profile.
TEST_F(ComputedReloadTest, ChangedInput_ForgetsItsOldValue) {
  DeviceSet next = set();
  next.devices[1].profile = other_profile();
  next.computed = {spread(next)};
  rig_.reload(next);
  poll("room-1", 216);
  const auto all = vault();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].good[0], 0U);
  EXPECT_EQ(all[1].missed[0], 1U);
}

TEST_F(ComputedReloadTest, Freshness_CanBeChangedAlone) {
  DeviceSet next = set();
  next.computed = {spread(next)};
  next.computed[0].fresh = 60s;
  rig_.reload(next);
  rig_.pass(10s);
  poll("room-1", 216);
  const auto all = vault();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].good[0], 2U);
}

TEST_F(ComputedReloadTest, Removed_IsClosed_AndNoPollFeedsIt) {
  DeviceSet next = set();
  next.computed.clear();
  rig_.reload(next);
  poll("room-1", 216);
  const auto all = vault();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].good[0], 1U);
}

}  // namespace
}  // namespace strongroom::testing_agent
