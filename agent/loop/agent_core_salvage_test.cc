// SPDX-License-Identifier: Apache-2.0
// The core: what a refused epoch owes is told again.
#include "agent/loop/agent_core_test_util.h"
#include "agent/loop/world_test_util.h"

namespace strongroom::testing_agent {
namespace {

constexpr strongroom_v1_RefusalReason kEpochEnding[] = {
    strongroom_v1_RefusalReason_REFUSAL_REASON_SIGNATURE,
    strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN,
    strongroom_v1_RefusalReason_REFUSAL_REASON_ROOT,
    strongroom_v1_RefusalReason_REFUSAL_REASON_EQUIVOCATION,
    strongroom_v1_RefusalReason_REFUSAL_REASON_EPOCH_CLOSED};

class SalvageTest : public ::testing::Test {
 protected:
  // The log refuses what has a seq of `from` or more in the epoch that runs
  // now, of one stream, and takes everything else.
  void refuse(Stream stream,
              std::uint64_t from,
              strongroom_v1_RefusalReason reason =
                  strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN) {
    const std::uint64_t epoch = world_.rig.core->snapshot().epoch;
    const auto before = world_.intercept;
    world_.intercept = [=, this](const Bytes& batch) -> std::optional<Ack> {
      const BatchHeader header = AgentRig::header_of(batch);
      if (header.stream == stream && header.epoch == epoch &&
          header.first_seq >= from) {
        return world_.refusal(batch, reason);
      }
      return before ? before(batch) : std::nullopt;
    };
  }

  std::vector<EventMessage> again(Stream stream) {
    auto events = world_.rig.events(stream);
    std::erase_if(events, [](const auto& e) { return !e.has_salvaged; });
    return events;
  }

  World world_;
};

TEST_F(SalvageTest, EveryReasonThatEndsAnEpoch_EveryEventIsToldAgain) {
  for (const auto reason : kEpochEnding) {
    for (const Stream stream : kAgentStreams) {
      World world;
      world.turn();
      const std::uint64_t epoch = world.rig.core->snapshot().epoch;
      world.intercept = [&](const Bytes& batch) -> std::optional<Ack> {
        const BatchHeader header = AgentRig::header_of(batch);
        return header.stream == stream && header.epoch == epoch
                   ? std::optional(world.refusal(batch, reason))
                   : std::nullopt;
      };
      world.poll(5);
      EXPECT_TRUE(world.settle());
      world.check_account();
      EXPECT_EQ(world.rig.count(stream, kSalvageEnded), 1U);
    }
  }
}

TEST_F(SalvageTest, EndSaysWhatWasToldAgain_AndAFindingDoes) {
  world_.poll(4);
  ASSERT_TRUE(world_.settle());
  const std::uint64_t epoch = world_.rig.core->snapshot().epoch;
  refuse(Stream::kTelemetry, 6);
  world_.poll(3);
  ASSERT_TRUE(world_.settle());
  world_.check_account();
  const auto rows = world_.rig.events(Stream::kTelemetry);
  const auto ended =
      world_.rig.events(Stream::kTelemetry, kSalvageEnded).front();
  EXPECT_EQ(ended.body.salvage_ended.epoch, epoch);
  EXPECT_EQ(ended.body.salvage_ended.from_seq, 6U);
  EXPECT_EQ(ended.body.salvage_ended.reason,
            strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN);
  const std::uint64_t to = ended.body.salvage_ended.to_seq;
  EXPECT_EQ(rows[to - 1].epoch, epoch);
  EXPECT_NE(rows[to].epoch, epoch) << "the last of its epoch";
  EXPECT_TRUE(std::ranges::equal(ended.body.salvage_ended.hash_of_to,
                                 sha256(world_.rig.journal.rows[1][to - 1])));
  const auto told = again(Stream::kTelemetry);
  ASSERT_EQ(told.size(), to - 5);
  EXPECT_EQ(told[0].salvaged.seq, 6U);
  EXPECT_EQ(told[0].occurred_us, rows[5].occurred_us) << "its old time";
  EXPECT_EQ(told[0].body.windows.described_seq,
            rows[5].body.windows.described_seq)
      << "a seq of the epoch in `salvaged`";
  const auto findings = world_.rig.events(Stream::kRecord, kFinding);
  EXPECT_TRUE(std::ranges::any_of(findings, [&](const auto& finding) {
    return finding.body.finding.kind ==
               strongroom_v1_FindingKind_FINDING_KIND_SALVAGED &&
           finding.body.finding.epoch == epoch;
  }));
}

// Nothing of the old epoch is given up in the other stream: it goes first.
TEST_F(SalvageTest, OtherStream_GoesOnInItsOldEpoch_ThenTheNew) {
  world_.turn();
  world_.poll(700);
  const std::uint64_t epoch = world_.rig.core->snapshot().epoch;
  refuse(Stream::kRecord, 1);
  ASSERT_TRUE(world_.settle());
  world_.check_account();
  EXPECT_EQ(world_.rig.journal.epochs[1].begin()->second.stopped_at, 0U);
  std::vector<std::uint64_t> epochs;
  for (const auto& placed : world_.log(Stream::kTelemetry).log().batches()) {
    epochs.push_back(placed.batch.header.epoch);
  }
  EXPECT_EQ(epochs.front(), epoch);
  EXPECT_NE(epochs.back(), epoch);
  const auto turned = std::ranges::find_if(
      epochs, [&](std::uint64_t one) { return one != epoch; });
  EXPECT_TRUE(std::all_of(
      turned, epochs.end(), [&](std::uint64_t one) { return one != epoch; }));
}

TEST_F(SalvageTest, RefusedAgainWhileSalvaging_KeepsTheFirstPlace) {
  world_.turn();
  world_.poll(900);
  const std::uint64_t first = world_.rig.core->snapshot().epoch;
  refuse(Stream::kTelemetry, 1);
  world_.is_online = true;
  for (int i = 0; i < 500 && again(Stream::kTelemetry).empty(); ++i) {
    world_.turn();
  }
  ASSERT_NE(world_.rig.core->snapshot().epoch, first);
  // The second epoch is refused after its first slice, half-way.
  refuse(Stream::kTelemetry, 40);
  for (int i = 0; i < 10; ++i) {
    world_.turn();
    world_.rig.pass(2min);
  }
  ASSERT_TRUE(world_.settle());
  world_.check_account();
  EXPECT_EQ(world_.rig.count(Stream::kTelemetry, kOpened), 3U);
  EXPECT_EQ(world_.rig.count(Stream::kTelemetry, kSalvageEnded), 2U + 1U)
      << "the first epoch's once in place and once told again, or cut short";
  for (const EventMessage& event : again(Stream::kTelemetry)) {
    EXPECT_TRUE(event.salvaged.epoch == first ||
                event.which_body == kSalvageEnded);
  }
}

TEST_F(SalvageTest, Slices_AreBounded_RecordFirst) {
  world_.turn();
  // A long record and much telemetry, both refused.
  for (int i = 0; i < 600; ++i) {
    world_.restart();
    world_.turn();
  }
  world_.poll(1500);
  refuse(Stream::kRecord, 1);
  refuse(Stream::kTelemetry, 1);
  world_.is_online = true;
  std::array<std::size_t, 2> before{};
  bool is_telemetry_told = false;
  for (int i = 0; i < 3000; ++i) {
    world_.turn();
    world_.rig.pass(100ms);
    const std::array<std::size_t, 2> now = {again(Stream::kRecord).size(),
                                            again(Stream::kTelemetry).size()};
    EXPECT_LE(now[0] - before[0] + now[1] - before[1], kSalvageEvents);
    if (now[0] != before[0]) {
      EXPECT_FALSE(is_telemetry_told) << "record goes first";
    }
    is_telemetry_told |= now[1] != before[1];
    before = now;
    if (world_.is_quiet()) {
      break;
    }
  }
  EXPECT_TRUE(world_.settle());
  world_.check_account();
}

// What is refused at once costs an epoch, not the backlog.
TEST_F(SalvageTest, RefusedForADay_NothingIsToldAgainYet) {
  world_.turn();
  world_.poll(500);
  world_.intercept = [this](const Bytes& batch) {
    return world_.refusal(batch,
                          strongroom_v1_RefusalReason_REFUSAL_REASON_SIGNATURE);
  };
  world_.is_online = true;
  for (int i = 0; i < 24 * 60; ++i) {
    world_.turn();
    world_.rig.pass(1min);
  }
  EXPECT_EQ(again(Stream::kTelemetry).size() + again(Stream::kRecord).size(),
            0U);
  EXPECT_LE(world_.rig.count(Stream::kRecord, kOpened), 24 * 6 + 1U);
  EXPECT_GE(world_.rig.core->snapshot().streams[1].salvage_pending, 400U);
  world_.intercept = nullptr;
  EXPECT_TRUE(world_.settle());
  world_.check_account();
  EXPECT_EQ(world_.rig.core->snapshot().streams[1].salvage_pending, 0U);
}

// Restored from an older copy of its disk.
TEST_F(SalvageTest, RolledBack_FindsIt_AndTellsTheDoubledNumbersAgain) {
  world_.poll(3);
  const FakeJournal old = world_.rig.journal;
  ASSERT_TRUE(world_.settle());
  world_.poll(6);
  ASSERT_TRUE(world_.settle());
  world_.rig.journal = old;
  world_.rig.random.seed(77);
  world_.rig.pass(1h);
  world_.restart();
  world_.poll(9);
  ASSERT_TRUE(world_.settle());
  world_.check_account(true);
  const auto findings = world_.rig.events(Stream::kRecord, kFinding);
  const auto rolled_back =
      std::ranges::find_if(findings, [](const auto& finding) {
        return finding.body.finding.kind ==
               strongroom_v1_FindingKind_FINDING_KIND_SOURCE_ROLLED_BACK;
      });
  ASSERT_NE(rolled_back, findings.end());
  EXPECT_STREQ(rolled_back->body.finding.subject, "edge-1@bj1");
  const auto opened = world_.rig.events(Stream::kRecord, kOpened).back();
  EXPECT_EQ(opened.body.epoch_opened.reason,
            strongroom_v1_EpochReason_EPOCH_REASON_ROLLED_BACK);
}

// --- death at every commit ---------------------------------------------------

class SalvageDeath
    : public ::testing::TestWithParam<std::tuple<World::Death, Stream>> {};

TEST_P(SalvageDeath, AtEveryCommit_NothingIsLostOrDoubled) {
  const auto [death, stream] = GetParam();
  int deaths = 0;
  for (int nth = 1;; ++nth) {
    World world;
    world.poll(1500);
    const std::uint64_t epoch = world.rig.core->snapshot().epoch;
    world.intercept =
        [&, refused = stream](const Bytes& batch) -> std::optional<Ack> {
      const BatchHeader header = AgentRig::header_of(batch);
      return header.stream == refused && header.epoch == epoch
                 ? std::optional(world.refusal(
                       batch,
                       strongroom_v1_RefusalReason_REFUSAL_REASON_EQUIVOCATION))
                 : std::nullopt;
    };
    world.die_at(nth, death);
    ASSERT_TRUE(world.settle()) << nth;
    world.check_account();
    if (HasFailure() || !world.died()) {
      break;
    }
    ++deaths;
  }
  EXPECT_GE(deaths, 4);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    SalvageDeath,
    ::testing::Combine(::testing::ValuesIn(World::kDeaths),
                       ::testing::Values(Stream::kRecord, Stream::kTelemetry)));

}  // namespace
}  // namespace strongroom::testing_agent
