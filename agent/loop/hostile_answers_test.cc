// SPDX-License-Identifier: Apache-2.0
// Refusals are not signed. Whoever sits between an agent and an honest ledger
// can forge any of them, at any time: nothing is stranded, nothing is lost, and
// nothing is told twice but what says so.
#include "agent/loop/agent_core_test_util.h"
#include "agent/loop/world_test_util.h"

namespace strongroom::testing_agent {
namespace {

constexpr int kReasons = _strongroom_v1_RefusalReason_MAX + 1;

// --- one forged refusal in each state ----------------------------------------

enum class Shown {
  kNothing,
  kOwn,      // a header that the agent did sign, and holds
  kForeign,  // signed by somebody else
};
enum class State { kSending, kBlocked, kOffline, kIdle };

struct Case {
  strongroom_v1_RefusalReason reason;
  State state;
  Shown shown;
};

class ForgedRefusal : public ::testing::TestWithParam<Case> {
 protected:
  void forge(Ack& ack) {
    auto& refused = std::get<Refused>(ack.outcome);
    if (GetParam().shown == Shown::kOwn) {
      refused.newest = world_.rig.journal.batches[1].begin()->second.sealed;
    } else if (GetParam().shown == Shown::kForeign) {
      testing_log::TestSource source("edge-1@bj1", Stream::kTelemetry, 99);
      refused.newest = source.cut_boots(2, *world_.rig.log_key).cut;
    }
  }
  void inject(const Ack& ack) {
    world_.turn([&] { world_.rig.core->ack_arrived(encode_ack(ack)); });
  }

  World world_;
};

TEST_P(ForgedRefusal, InTheEndEverythingIsDelivered) {
  const Case& one = GetParam();
  world_.is_online = true;
  world_.poll(3);
  ASSERT_TRUE(world_.settle());
  Bytes sent;
  world_.on_the_way = [](const Ack&) { return std::nullopt; };
  world_.intercept = [&](const Bytes& batch) -> std::optional<Ack> {
    if (AgentRig::header_of(batch).stream != Stream::kTelemetry) {
      return std::nullopt;
    }
    sent = batch;
    // It reaches nobody: what is forged now is all that the agent hears.
    return Ack{{"nobody", "bj1"}, Stream::kRecord, 0, 0, 0, Refused{}};
  };
  world_.poll(1);
  ASSERT_FALSE(sent.empty());
  Ack ack = world_.refusal(sent, one.reason, 1);
  forge(ack);
  switch (one.state) {
    case State::kSending:
      break;
    case State::kBlocked:
      inject(world_.refusal(
          sent, strongroom_v1_RefusalReason_REFUSAL_REASON_REVOKED));
      EXPECT_EQ(world_.rig.core->snapshot().streams[1].state, "blocked");
      break;
    case State::kOffline:
      world_.offline();
      break;
    case State::kIdle:
      world_.intercept = nullptr;
      world_.on_the_way = nullptr;
      ASSERT_TRUE(world_.settle());
      break;
  }
  const std::size_t batches =
      world_.log(Stream::kTelemetry).log().batches().size();
  for (int i = 0; i < 3; ++i) {
    inject(ack);
  }
  const auto opened = world_.rig.events(Stream::kRecord, kOpened);
  EXPECT_NE(opened.back().body.epoch_opened.reason,
            strongroom_v1_EpochReason_EPOCH_REASON_ROLLED_BACK)
      << "only a header of its own that the journal lacks";
  EXPECT_LE(opened.size(), 2U) << "an epoch at most";
  world_.intercept = nullptr;
  world_.on_the_way = nullptr;
  world_.poll(2);
  ASSERT_TRUE(world_.settle());
  world_.check_account();
  EXPECT_GT(world_.log(Stream::kTelemetry).log().batches().size(), batches);
  EXPECT_EQ(world_.rig.core->snapshot().streams[1].blocked_by, "");
}

std::vector<Case> cases() {
  std::vector<Case> out;
  for (int reason = 0; reason < kReasons; ++reason) {
    for (const State state :
         {State::kSending, State::kBlocked, State::kOffline, State::kIdle}) {
      for (const Shown shown :
           {Shown::kNothing, Shown::kOwn, Shown::kForeign}) {
        out.push_back(
            {static_cast<strongroom_v1_RefusalReason>(reason), state, shown});
      }
    }
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(All, ForgedRefusal, ::testing::ValuesIn(cases()));

// --- somebody who never tires ------------------------------------------------

// `forwards`: what it refuses reaches the log all the same. `is_lossy`: true
// answers are lost too, connections drop and the agent dies. Where neither is,
// a log never holds what was refused, and everything stands there once; where
// one is, some of it stands there again, under its first place.
class Hostile
    : public ::testing::TestWithParam<std::tuple<std::uint64_t, bool, bool>> {};

TEST_P(Hostile, InFrontOfAnHonestLedger_NothingIsLost) {
  const auto [seed, forwards, is_lossy] = GetParam();
  std::mt19937_64 random(seed);
  World world;
  std::vector<SignedHeader> seen;
  std::set<Bytes> taken;
  std::map<Bytes, bool> minds;
  double malice = 0.4;
  const auto chance = [&] {
    return static_cast<double>(random() >> 11) * 0x1p-53;
  };
  const auto forged = [&](const Ack& about) {
    const auto reason =
        static_cast<strongroom_v1_RefusalReason>(random() % kReasons);
    Refused refused{reason, random() % 12, std::nullopt};
    if (!seen.empty() && random() % 2 == 0) {
      refused.newest = seen[random() % seen.size()];
    }
    Ack out = about;
    out.outcome = refused;
    return out;
  };
  world.intercept = [&](const Bytes& batch) -> std::optional<Ack> {
    const BatchView view = *decode_batch(batch);
    seen.push_back({Bytes(view.header_bytes.begin(), view.header_bytes.end()),
                    view.signature});
    // Of one mind about a batch within a turn, and for good once the log took
    // it: see above.
    if (forwards || taken.contains(seen.back().header)) {
      return std::nullopt;
    }
    const auto [mind, is_new] =
        minds.try_emplace(seen.back().header, chance() < malice);
    if (!mind->second) {
      return std::nullopt;
    }
    return forged(world.refusal(
        batch, strongroom_v1_RefusalReason_REFUSAL_REASON_UNSPECIFIED));
  };
  world.on_the_way = [&](const Ack& ack) -> std::optional<Ack> {
    if (std::holds_alternative<Held>(ack.outcome) && !is_lossy) {
      taken.insert(seen.back().header);
    }
    if (is_lossy && chance() < malice / 4) {
      return std::nullopt;
    }
    return forwards && chance() < malice ? forged(ack) : ack;
  };
  world.is_online = true;
  for (int i = 0; i < 400; ++i) {
    for (auto polls = random() % 3; polls > 0; --polls) {
      minds.clear();
      world.poll();
    }
    minds.clear();
    world.turn();
    minds.clear();
    world.rig.pass(std::chrono::seconds(random() % 40));
    if (is_lossy && random() % 40 == 0) {
      world.offline();
      world.is_online = true;
    }
    if (is_lossy && random() % 30 == 0) {
      world.restart();
    }
  }
  malice = 0;
  world.rig.pass(1h);
  ASSERT_TRUE(world.settle());
  world.check_account(forwards || is_lossy);
  const AgentSnapshot end = world.rig.core->snapshot();
  for (const StreamSnapshot& stream : end.streams) {
    EXPECT_EQ(stream.blocked_by, "");
    EXPECT_EQ(stream.salvage_pending, 0U);
  }
  EXPECT_GT(world.rig.count(Stream::kTelemetry, kSalvageEnded), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds,
                         Hostile,
                         ::testing::Combine(::testing::Range<std::uint64_t>(1,
                                                                            13),
                                            ::testing::Bool(),
                                            ::testing::Bool()));

}  // namespace
}  // namespace strongroom::testing_agent
