// SPDX-License-Identifier: Apache-2.0
// The core: a log is recovered, and its stream follows the successor.
#include "agent/loop/agent_core_test_util.h"
#include "agent/loop/world_test_util.h"

namespace strongroom::testing_agent {
namespace {

Origin first_of(Stream stream) {
  return {"ledger.example", "bj1", stream, 1};
}

// Delivers some batches of telemetry, and of `record` with them.
void live(World& world, int times = 12) {
  world.is_online = true;
  for (int i = 0; i < times; ++i) {
    world.poll(3);
    ASSERT_TRUE(world.settle());
    if (i % 3 == 2) {
      world.restart();  // a boot in `record`
    }
  }
}

// The log ends after `batches` of its batches; a successor takes its place.
FollowOrder recover(World& world, Stream stream, std::size_t batches) {
  const Origin predecessor = world.log(stream).origin();
  batches = std::min(batches, world.log(stream).log().batches().size());
  world.kept.emplace_back(world.frozen.size(), batches);
  world.replace(stream, world.log(stream).succeed(batches));
  return world.log(stream).order(predecessor);
}

std::vector<strongroom_v1_Finding> findings(const World& world,
                                            strongroom_v1_FindingKind kind) {
  std::vector<strongroom_v1_Finding> out;
  for (const auto& event : world.rig.events(Stream::kRecord)) {
    if (event.which_body == kFinding && event.body.finding.kind == kind) {
      out.push_back(event.body.finding);
    }
  }
  return out;
}

class FollowTest : public ::testing::TestWithParam<Stream> {};

// Wherever the old log ended.
TEST_P(FollowTest, EveryEndOfTheOldLog_EverythingIsInOneOfTheTwo) {
  const Stream stream = GetParam();
  std::size_t batches = 0;
  for (std::size_t kept = 0; kept <= batches; ++kept) {
    World world;
    live(world);
    batches = world.log(stream).log().batches().size();
    const FollowOrder order = recover(world, stream, kept);
    world.poll(2);
    for (int i = 0; i < 5; ++i) {
      world.turn();
      world.rig.pass(20s);
    }
    if (stream == Stream::kTelemetry) {
      EXPECT_EQ(world.rig.core->snapshot().streams[1].blocked_by, "succeeded");
    }
    const Position before = world.rig.journal.delivered[slot_of(stream)];
    const auto followed = world.follow(order);
    ASSERT_TRUE(followed) << followed.error().what;
    EXPECT_LE(world.rig.journal.delivered[slot_of(stream)], before);
    ASSERT_TRUE(world.settle()) << kept;
    world.check_account();
    const auto snapshot = world.rig.core->snapshot();
    EXPECT_EQ(snapshot.streams[slot_of(stream)].log, order.successor.text());
    ASSERT_TRUE(snapshot.followed);
    EXPECT_EQ(snapshot.followed->successor, order.successor.text());
    EXPECT_EQ(snapshot.followed->missing_events, 0U);
    EXPECT_EQ(world.rig.count(stream, kOpened), 1U) << "whole batches again";
    const auto event = world.rig.events(Stream::kRecord, kFollowed).front();
    const auto& body = event.body.log_followed;
    EXPECT_STREQ(body.predecessor, order.predecessor.text().c_str());
    EXPECT_STREQ(body.successor, order.successor.text().c_str());
    EXPECT_STREQ(body.first_person, "ann");
    EXPECT_STREQ(body.second_person, "bob");
    EXPECT_GT(body.held_size, 0U);
    // Another start knows it too.
    world.restart();
    world.poll(2);
    ASSERT_TRUE(world.settle());
    world.check_account();
    EXPECT_EQ(world.rig.core->snapshot().streams[slot_of(stream)].log,
              order.successor.text());
  }
  EXPECT_GT(batches, 3U);
}

TEST_P(FollowTest, DeathAtEveryCommit_ThePersonAsksAgain) {
  const Stream stream = GetParam();
  for (const auto death : World::kDeaths) {
    int deaths = 0;
    for (int nth = 1;; ++nth) {
      World world;
      live(world, 9);
      const FollowOrder order = recover(world, stream, 1);
      world.poll(2);
      world.die_at(nth, death);
      auto followed = world.follow(order);
      const bool is_dead =
          death == World::Death::kBefore || death == World::Death::kAfter;
      if (world.died() && is_dead) {
        followed = world.follow(order);
        EXPECT_TRUE(followed) << "nothing is proven yet: it may be said again";
      }
      ASSERT_TRUE(world.settle()) << nth;
      world.check_account();
      if (::testing::Test::HasFailure() || !world.died()) {
        break;
      }
      ++deaths;
    }
    EXPECT_GE(deaths, 2);
  }
}

TEST_P(FollowTest, RecoveredTwice_BothAreFollowedInTurn) {
  const Stream stream = GetParam();
  World world;
  live(world);
  const FollowOrder first = recover(world, stream, 3);
  const FollowOrder second = recover(world, stream, 0);
  const auto wrong = world.follow(second);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().what,
            "this stream follows " + first_of(stream).text() + ", not " +
                first.successor.text());
  ASSERT_TRUE(world.follow(first));
  ASSERT_TRUE(world.follow(second));
  ASSERT_TRUE(world.settle());
  world.check_account();
}

// Nothing was ever proven to it, although the log held some: only the order
// says what need not be sent.
TEST_P(FollowTest, NoAckEverArrived_TheOrderTellsWhatIsHeld) {
  const Stream stream = GetParam();
  World world;
  world.poll(2);
  world.on_the_way = [](const Ack&) { return std::nullopt; };
  world.is_online = true;
  for (int i = 0; i < 8; ++i) {
    world.poll(2);
    world.rig.pass(15s);
  }
  const FollowOrder order = recover(world, stream, 1);
  ASSERT_GT(order.chains.at(0).next_seq, 1U);
  world.on_the_way = nullptr;
  const auto followed = world.follow(order);
  ASSERT_TRUE(followed) << followed.error().what;
  ASSERT_TRUE(world.settle());
  world.check_account();
}

// The image was made before rows were cut that the log holds: by their hashes
// they are the same, but no batch of this journal says so.
TEST_P(FollowTest, OlderCopyOfTheJournal_HasRowsThatItNeverCut) {
  const Stream stream = GetParam();
  World world;
  live(world, 6);
  world.is_online = false;
  world.poll(3);
  world.restart();
  const FakeJournal image = world.rig.journal;
  ASSERT_GT(image.rows[slot_of(stream)].size(),
            image.delivered[slot_of(stream)]);
  world.is_online = true;
  ASSERT_TRUE(world.settle());
  const FollowOrder order = recover(world, stream, 1000);
  world.is_online = false;
  world.rig.journal = image;
  world.restart();
  const auto followed = world.follow(order);
  ASSERT_TRUE(followed) << followed.error().what;
  world.is_online = true;
  ASSERT_TRUE(world.settle());
  EXPECT_EQ(world.rig.core->snapshot().streams[slot_of(stream)].log,
            order.successor.text());
}

// The file of another agent, or one that was cut short: nothing is taken of the
// stream then, and the right file puts it right.
TEST_P(FollowTest, WrongFileFirst_TheRightOneStillWorks) {
  const Stream stream = GetParam();
  World world;
  live(world);
  const FollowOrder order = recover(world, stream, 3);
  ASSERT_FALSE(order.chains.empty());
  FollowOrder bare = order;
  bare.chains.clear();
  ASSERT_TRUE(world.follow(bare));
  for (int i = 0; i < 5; ++i) {
    world.turn();
    world.rig.pass(20s);
  }
  EXPECT_EQ(world.log(stream).log().batches().size(), 0U);
  const auto followed = world.follow(order);
  ASSERT_TRUE(followed) << followed.error().what;
  ASSERT_TRUE(world.settle());
  world.check_account();
  EXPECT_FALSE(world.follow(order)) << "now it is followed";
}

// A new journal holds nothing: it needs no order.
TEST_P(FollowTest, EmptyJournal_TakesTheSuccessorAsItIs) {
  const Stream stream = GetParam();
  World world;
  world.replace(stream, world.log(stream).succeed(0));
  world.poll(3);
  ASSERT_TRUE(world.settle());
  world.check_account();
  const std::string log = world.log(stream).origin().text();
  EXPECT_EQ(world.rig.core->snapshot().streams[slot_of(stream)].log, log);
  EXPECT_EQ(world.rig.journal.held[slot_of(stream)].first, log);
  world.restart();
  EXPECT_EQ(world.rig.core->snapshot().streams[slot_of(stream)].log, log);
}

// A ledger that brings back the old log, or a third one, moves nothing.
TEST_P(FollowTest, Downgrade_IsRefused) {
  const Stream stream = GetParam();
  World world;
  live(world, 6);
  const FollowOrder order = recover(world, stream, 2);
  ASSERT_TRUE(world.follow(order));
  // Dies before anything of the successor was proven.
  world.restart();
  const Position delivered = world.rig.journal.delivered[slot_of(stream)];
  ModelLedger honest = world.log(stream);
  world.log(stream) = world.frozen[0];
  for (int i = 0; i < 10; ++i) {
    world.turn();
    world.rig.pass(20s);
  }
  EXPECT_EQ(world.rig.journal.delivered[slot_of(stream)], delivered);
  EXPECT_GT(world.rig.core->snapshot().streams[slot_of(stream)].sender.refuted,
            0U);
  world.replace(stream, honest);
  world.frozen.pop_back();
  ASSERT_TRUE(world.settle());
  world.check_account();
}

// --- what is not kept any more ----------------------------------------------

TEST_P(FollowTest, PrunedPart_IsFound_AndTheRestIsToldAgain) {
  const Stream stream = GetParam();
  for (const bool dies : {false, true}) {
    World world;
    live(world);
    (void)world.rig.journal.prune(stream, world.rig.now.wall + 24h);
    const std::size_t slot = slot_of(stream);
    const Position pruned = world.rig.journal.pruned[slot];
    ASSERT_GT(pruned, 4U);
    world.poll(4);
    ASSERT_TRUE(world.settle());
    world.restart();
    const FollowOrder order = recover(world, stream, 1);
    const std::uint64_t held = order.chains.at(0).next_seq - 1;
    const auto followed = world.follow(order);
    ASSERT_TRUE(followed) << followed.error().what;
    EXPECT_NE(followed->find("not kept any more"), std::string::npos);
    EXPECT_FALSE(world.rig.core->may_prune(stream));
    if (dies) {
      world.restart();
      EXPECT_FALSE(world.rig.core->may_prune(stream));
    }
    ASSERT_TRUE(world.settle());
    EXPECT_TRUE(world.rig.core->may_prune(stream));
    world.may_miss = true;
    world.check_account();
    EXPECT_EQ(world.missing(), pruned - held);
    const auto found = findings(
        world, strongroom_v1_FindingKind_FINDING_KIND_RESUPPLY_INCOMPLETE);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].count, pruned - held);
    EXPECT_EQ(found[0].seq, held + 1);
    EXPECT_EQ(world.rig.events(stream, kOpened).back().body.epoch_opened.reason,
              strongroom_v1_EpochReason_EPOCH_REASON_HOLE);
  }
}

// --- with what else may be going on -----------------------------------------

TEST_P(FollowTest, WithARefusedEpochBefore_AndAnotherAfter) {
  const Stream stream = GetParam();
  for (const std::size_t kept : {1U, 3U, 5U, 7U}) {
    World world;
    live(world, 4);
    const std::uint64_t epoch = world.rig.core->snapshot().epoch;
    world.intercept = [&](const Bytes& batch) -> std::optional<Ack> {
      const BatchHeader header = AgentRig::header_of(batch);
      return header.stream == stream && header.epoch == epoch
                 ? std::optional(world.refusal(
                       batch, strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN))
                 : std::nullopt;
    };
    world.restart();
    live(world, 4);
    world.intercept = nullptr;
    world.rig.pass(1h);
    const std::size_t all = world.log(stream).log().batches().size();
    const FollowOrder order = recover(world, stream, std::min(kept, all));
    const auto followed = world.follow(order);
    ASSERT_TRUE(followed) << followed.error().what;
    ASSERT_TRUE(world.settle()) << kept;
    world.check_account();
  }
}

TEST(FollowTelemetry, OverAGap_TheGapStays) {
  for (std::size_t kept = 0; kept < 6; ++kept) {
    World world;
    world.rig.options.quota = {80 * 1024, 20 * 1024};
    world.restart();
    live(world, 2);
    world.offline();
    world.turn();
    for (int i = 0; i < 900; ++i) {
      world.rig.pass(61s);
      world.poll();
    }
    ASSERT_FALSE(world.lost().empty());
    ASSERT_TRUE(world.settle());
    live(world, 2);
    const FollowOrder order = recover(world, Stream::kTelemetry, kept);
    const auto followed = world.follow(order);
    ASSERT_TRUE(followed) << followed.error().what;
    ASSERT_TRUE(world.settle()) << kept;
    world.check_account();
  }
}

// --- refusals ---------------------------------------------------------------

TEST_P(FollowTest, Refusals_InWords) {
  const Stream stream = GetParam();
  World world;
  live(world, 6);
  const FollowOrder good = recover(world, stream, 2);
  const auto refused = [&](const FollowOrder& order) {
    const std::size_t before = world.rig.count(Stream::kRecord, kFollowed);
    const auto out = world.follow(order);
    EXPECT_EQ(world.rig.count(Stream::kRecord, kFollowed), before)
        << "nothing happened";
    return out ? std::string() : out.error().what;
  };
  FollowOrder order = good;
  order.successor.site = "bj2";
  EXPECT_EQ(refused(order),
            order.successor.text() + " is not a log of edge-1@bj1");
  order = good;
  order.successor.ledger = "other.example";
  EXPECT_NE(refused(order), "");
  order = good;
  order.stream =
      stream == Stream::kRecord ? Stream::kTelemetry : Stream::kRecord;
  EXPECT_NE(refused(order), "");
  order = good;
  order.predecessor.generation = 9;
  EXPECT_EQ(refused(order),
            "this stream follows " + first_of(stream).text() + ", not " +
                order.predecessor.text());
  order = good;
  order.successor = first_of(stream);
  EXPECT_EQ(
      refused(order),
      "nothing to follow: " + first_of(stream).text() + " is followed already");
  order.successor.generation = 0;
  EXPECT_NE(refused(order).find("is not later than"), std::string::npos);
  // It says that another event stands where one was proven.
  order = good;
  order.chains.at(0).head[3] ^= 1;
  EXPECT_EQ(refused(order),
            "the successor says that another event stands at seq " +
                std::to_string(order.chains.at(0).next_seq - 1) +
                " than the one that was proven to this agent");
  EXPECT_TRUE(world.follow(good));
  world.poll(2);
  ASSERT_TRUE(world.settle());
  EXPECT_EQ(
      refused(good),
      "nothing to follow: " + good.successor.text() + " is followed already");
}

INSTANTIATE_TEST_SUITE_P(Streams,
                         FollowTest,
                         ::testing::Values(Stream::kRecord,
                                           Stream::kTelemetry));

}  // namespace
}  // namespace strongroom::testing_agent
