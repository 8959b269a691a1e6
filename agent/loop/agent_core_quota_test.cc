// SPDX-License-Identifier: Apache-2.0
// The core under its quota: windows lengthen, then telemetry is lost, exactly
// as it is announced.
#include "agent/loop/agent_core_test_util.h"
#include "agent/loop/world_test_util.h"

namespace strongroom::testing_agent {
namespace {

// Room for some 300 windows of one poll.
constexpr QuotaOptions kSmall{80 * 1024, 20 * 1024};

class QuotaTest : public ::testing::Test {
 protected:
  QuotaTest() { start(world_); }

  static void start(World& world) {
    world.rig.options.quota = kSmall;
    world.prunes = true;
    world.restart();
    world.turn();
  }
  // Windows of one poll stay so long as the polls are far apart.
  static void poll(World& world, int times) {
    for (int i = 0; i < times; ++i) {
      world.rig.pass(61s);
      world.poll();
    }
  }
  std::vector<strongroom_v1_WindowsLengthened> changes() {
    std::vector<strongroom_v1_WindowsLengthened> out;
    for (const auto& event : world_.rig.events(Stream::kRecord)) {
      if (event.which_body == kLengthened) {
        out.push_back(event.body.windows_lengthened);
      }
    }
    return out;
  }

  World world_;
};

TEST_F(QuotaTest, Offline_StaysWithinItsShare_AndTheLossIsWhatIsAnnounced) {
  std::uint64_t most = 0;
  for (int i = 0; i < 2000; ++i) {
    poll(world_, 1);
    most = std::max(most, world_.rig.journal.usage().used_bytes);
  }
  EXPECT_LE(most, kSmall.quota_bytes);
  EXPECT_GT(world_.lost().size(), 500U);
  EXPECT_EQ(world_.lost(), world_.announced());
  const SpaceSnapshot space = world_.rig.core->snapshot().space;
  EXPECT_EQ(space.lost_events, world_.lost().size());
  EXPECT_GT(space.losses, 1U);
  EXPECT_EQ(space.losses_ahead, space.losses);
  EXPECT_EQ(space.level, 3U);
  // Each loss adjoins the one before.
  const auto& losses = world_.rig.journal.losses;
  for (auto loss = std::next(losses.begin()); loss != losses.end(); ++loss) {
    EXPECT_EQ(std::prev(loss)->second.last + 1, loss->first);
    EXPECT_EQ(std::prev(loss)->second.of_last, loss->second.before);
  }
  ASSERT_TRUE(world_.settle());
  world_.check_account();
  EXPECT_EQ(world_.rig.core->snapshot().space.losses_ahead, 0U);
}

TEST_F(QuotaTest, Restart_InTheMiddle_PassesTheGapOnlyAfterItsAnnouncement) {
  poll(world_, 700);
  ASSERT_FALSE(world_.lost().empty());
  world_.restart();
  // `record` is answered by nobody: telemetry stops before its gap.
  const Position gap = world_.rig.journal.losses.begin()->second.first;
  world_.intercept = [gap](const Bytes& batch) -> std::optional<Ack> {
    const BatchHeader header = AgentRig::header_of(batch);
    if (header.stream == Stream::kRecord) {
      return Ack{{"nobody", "bj1"}, Stream::kRecord, 0, 0, 0, Refused{}};
    }
    EXPECT_LT(header.first_seq, gap) << "sent past the gap";
    return std::nullopt;
  };
  world_.is_online = true;
  for (int i = 0; i < 50; ++i) {
    world_.turn();
    world_.rig.pass(20s);
  }
  EXPECT_EQ(world_.rig.journal.delivered[1], gap - 1);
  world_.restart();
  world_.intercept = nullptr;
  ASSERT_TRUE(world_.settle());
  world_.check_account();
  EXPECT_EQ(world_.rig.core->snapshot().streams[1].sender.refuted, 0U);
  EXPECT_EQ(world_.rig.core->snapshot().streams[1].blocked_by, "");
}

// The log has not read of the loss when telemetry comes: no ground for alarm.
TEST_F(QuotaTest, LogThatHasNotReadOfTheLoss_IsAskedAgain) {
  poll(world_, 700);
  const auto on_event =
      std::exchange(world_.log(Stream::kRecord).on_event, nullptr);
  std::vector<EventMessage> late;
  world_.log(Stream::kRecord).on_event = [&](const EventMessage& event) {
    late.push_back(event);
  };
  world_.is_online = true;
  for (int i = 0; i < 40; ++i) {
    world_.turn();
    world_.rig.pass(10s);
  }
  EXPECT_EQ(world_.rig.core->snapshot().streams[1].blocked_by, "");
  EXPECT_GT(world_.rig.core->snapshot().streams[1].backlog, 0U);
  world_.log(Stream::kRecord).on_event = on_event;
  for (const EventMessage& event : late) {
    on_event(event);
  }
  ASSERT_TRUE(world_.settle());
  world_.check_account();
  for (const EventMessage& event : world_.rig.events(Stream::kRecord)) {
    EXPECT_FALSE(
        event.which_body == kFinding &&
        event.body.finding.kind ==
            strongroom_v1_FindingKind_FINDING_KIND_EXPECTED_BELOW_DELIVERED);
  }
}

TEST_F(QuotaTest, DeliveredRows_GoFirst_AndNothingIsLost) {
  world_.is_online = true;
  for (int i = 0; i < 1500; ++i) {
    poll(world_, 1);
    ASSERT_LE(world_.rig.journal.usage().used_bytes, kSmall.quota_bytes);
  }
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.lost().empty());
  EXPECT_GT(world_.rig.journal.pruned[1], 500U);
  EXPECT_TRUE(changes().empty());
  world_.check_account();
}

TEST_F(QuotaTest, WindowsLengthen_AndShortenAgain) {
  poll(world_, 700);
  auto seen = changes();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].previous_ms, 0U);
  EXPECT_EQ(seen[0].duration_ms, 5'000U);
  EXPECT_EQ(seen[1].duration_ms, 15'000U);
  EXPECT_EQ(seen[2].duration_ms, 60'000U);
  EXPECT_EQ(seen[2].previous_ms, 15'000U);
  EXPECT_EQ(seen[2].quota_bytes, kSmall.quota_bytes);
  ASSERT_TRUE(world_.settle());
  world_.turn();
  EXPECT_EQ(changes().back().duration_ms, 0U);
  EXPECT_EQ(world_.rig.core->snapshot().space.level, 0U);
  world_.check_account();
}

// A loss is told of in an epoch that is refused: what tells of it is told
// again, and the gap waits for that.
TEST_F(QuotaTest, AnnouncementInARefusedEpoch_CountsWhenItIsToldAgain) {
  for (const bool dies : {false, true}) {
    World world;
    start(world);
    poll(world, 700);
    const std::uint64_t epoch = world.rig.core->snapshot().epoch;
    world.intercept = [&](const Bytes& batch) -> std::optional<Ack> {
      const BatchHeader header = AgentRig::header_of(batch);
      return header.stream == Stream::kRecord && header.epoch == epoch
                 ? std::optional(world.refusal(
                       batch, strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN))
                 : std::nullopt;
    };
    world.is_online = true;
    if (dies) {
      for (int i = 0; i < 6; ++i) {
        world.turn();
      }
      world.restart();
    }
    ASSERT_TRUE(world.settle());
    world.check_account();
  }
}

// Telemetry that is refused, and then lost before it could be told again.
TEST_F(QuotaTest, RefusedTelemetry_IsLostOldestFirst_AndSaysSo) {
  poll(world_, 250);
  world_.intercept = [this](const Bytes& batch) -> std::optional<Ack> {
    return AgentRig::header_of(batch).stream == Stream::kTelemetry
               ? std::optional(world_.refusal(
                     batch, strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN))
               : std::nullopt;
  };
  world_.is_online = true;
  for (int i = 0; i < 900; ++i) {
    poll(world_, 1);
    ASSERT_LE(world_.rig.journal.usage().used_bytes, kSmall.quota_bytes + 4096);
  }
  EXPECT_FALSE(world_.lost().empty());
  EXPECT_EQ(world_.lost(), world_.announced());
  world_.intercept = nullptr;
  ASSERT_TRUE(world_.settle(20'000));
  world_.check_account();
}

// --- windows -----------------------------------------------------------------

// Every poll is in one window, no two windows of a device overlap, whatever the
// level does.
TEST(WindowLevels, NoPollIsLostOrDoubled_NoWindowOverlaps) {
  AgentRig rig;
  DeviceSet set = rig.options.devices;
  set.windows.length = 60s;
  Telemetry telemetry(set, [](const auto&) { return std::nullopt; });
  Recorder recorder(rig.options.source, {}, [&](auto out) { rig.fill(out); });
  recorder.open_epoch(
      strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START, {}, rig.now);
  std::mt19937_64 random(3);
  std::uint64_t polls = 0;
  for (int second = 0; second < 40'000; ++second) {
    rig.pass(1s);
    if (random() % 1000 == 0) {
      telemetry.set_level(static_cast<std::uint32_t>(random() % 4));
    }
    if (random() % 5000 != 0) {
      const PollDone poll = rig.poll("room-1");
      ASSERT_TRUE(telemetry.take(poll, poll.at, recorder, rig.now));
      ++polls;
    } else {
      rig.pass(10min);
    }
    if (random() % 3 == 0) {
      telemetry.close_ended(recorder, rig.now);
    }
  }
  telemetry.flush(recorder, rig.now);
  std::uint64_t counted = 0;
  std::int64_t end = 0;
  std::set<std::uint32_t> lengths;
  for (const Bytes& bytes : recorder.pending().events[1]) {
    const EventMessage event = *decode_event(bytes);
    if (event.which_body != kWindows) {
      continue;
    }
    const auto& windows = event.body.windows;
    EXPECT_GE(windows.start_us, end) << "overlaps the one before";
    EXPECT_EQ(windows.start_us % 60'000'000, 0);
    end = windows.start_us + std::int64_t{windows.duration_ms} * 1000;
    counted += windows.good[0];
    lengths.insert(windows.duration_ms);
  }
  EXPECT_EQ(counted, polls);
  for (const std::uint32_t ms : {60'000U, 300'000U, 900'000U, 3'600'000U}) {
    EXPECT_TRUE(lengths.contains(ms)) << ms;
  }
}

// A configuration that changes nothing of the length cuts no window short; one
// that does counts at once, stretched.
TEST(WindowLevels, Reload) {
  AgentRig rig;
  DeviceSet set = rig.options.devices;
  set.windows.length = 60s;
  Telemetry telemetry(set, [](const auto&) { return std::nullopt; });
  Recorder recorder(rig.options.source, {}, [&](auto out) { rig.fill(out); });
  recorder.open_epoch(
      strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START, {}, rig.now);
  const auto take = [&] {
    const PollDone poll = rig.poll("room-1");
    telemetry.take(poll, poll.at, recorder, rig.now);
  };
  take();
  telemetry.set_level(1);
  const std::size_t before = recorder.pending().events[1].size();
  telemetry.change(set, recorder, rig.now);
  EXPECT_EQ(recorder.pending().events[1].size(), before);
  set.windows.length = 30s;
  rig.pass(1s);
  telemetry.change(set, recorder, rig.now);
  EXPECT_EQ(recorder.pending().events[1].size(), before + 1);
  EXPECT_EQ(telemetry.window_length(), 150s);
  EXPECT_EQ(telemetry.configured_length(), 30s);
}

// --- death at every commit ---------------------------------------------------

class LossDeath : public ::testing::TestWithParam<World::Death> {};

TEST_P(LossDeath, AtEveryCommit_TheLossIsWhatIsAnnounced) {
  int deaths = 0;
  for (int nth = 1;; ++nth) {
    World world;
    world.rig.options.quota = {24 * 1024, 6 * 1024};
    world.prunes = true;
    world.restart();
    world.turn();
    world.die_at(nth, GetParam());
    for (int i = 0; i < 140; ++i) {
      world.rig.pass(61s);
      world.poll();
    }
    ASSERT_TRUE(world.settle()) << nth;
    world.check_account();
    EXPECT_FALSE(world.lost().empty());
    if (HasFailure() || !world.died()) {
      break;
    }
    ++deaths;
  }
  EXPECT_GE(deaths, 140);
}

INSTANTIATE_TEST_SUITE_P(All, LossDeath, ::testing::ValuesIn(World::kDeaths));

}  // namespace
}  // namespace strongroom::testing_agent
