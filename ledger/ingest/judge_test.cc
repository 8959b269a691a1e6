// SPDX-License-Identifier: Apache-2.0
#include "ledger/ingest/judge.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "core/event/event.h"
#include "platform/crypto/keys.h"

namespace strongroom {
namespace {

constexpr std::uint64_t kEpoch = 0xe1;

std::unique_ptr<Signer> key(std::uint8_t seed) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(seed);
  return signer_from_seed(bytes);
}

Bytes event_at(EventChain& chain, std::uint8_t blind) {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_boot_tag;
  std::array<std::uint8_t, 16> bytes{};
  bytes.fill(blind);
  return *chain.append(event, Now{}, bytes);
}

// --- what the world may be like ---------------------------------------------

enum class Keys { kUnknown, kValid, kRevoked, kRetired };
// Next seq is 5. kWithLoss: the source declared 5..8 lost. kResumed: what is
// before 5 stands in the log's predecessor.
enum class Chain { kNone, kOpen, kClosed, kWithLoss, kResumed, kResumedClosed };

struct State {
  Keys keys = Keys::kValid;
  bool frozen = false;
  Chain chain = Chain::kOpen;
  bool acked = true;
};

// --- what may come -----------------------------------------------------------

// The held chain is 1..2, 3..4; kAfterLoss begins at 9.
enum class Place {
  kFirst,
  kHeldSame,
  kHeldOther,
  kInside,
  kNext,
  kAfterLoss,
  kAhead
};
enum class Flaw { kNone, kPrevHash, kEvents, kRoot };

struct Input {
  bool own_topic = true;
  Place place = Place::kNext;
  bool good_signature = true;
  bool resync = false;
  ClaimKind claim = ClaimKind::kNone;
  Flaw flaw = Flaw::kNone;
};

std::uint64_t first_seq(Place place) {
  switch (place) {
    case Place::kFirst:
      return 1;
    case Place::kHeldSame:
    case Place::kHeldOther:
      return 3;
    case Place::kInside:
      return 4;
    case Place::kNext:
      return 5;
    case Place::kAfterLoss:
      return 9;
    case Place::kAhead:
      return 12;
  }
  return 0;
}

enum class Outcome { kAppend, kAckAgain, kContradicted, kRefuse };
struct Expectation {
  Outcome outcome = Outcome::kRefuse;
  RefusalReason why = strongroom_v1_RefusalReason_REFUSAL_REASON_UNSPECIFIED;
};

/// The rules of DESIGN section 6, in order of precedence.
Expectation expected(const State& state, const Input& input) {
  const auto refuse = [](RefusalReason why) {
    return Expectation{Outcome::kRefuse, why};
  };
  if (!input.own_topic) {
    return refuse(reason::kStream);
  }
  if (state.keys == Keys::kUnknown) {
    return refuse(reason::kUnknownSource);
  }
  if (state.frozen) {
    return refuse(reason::kLogFrozen);
  }
  const bool resumed =
      state.chain == Chain::kResumed || state.chain == Chain::kResumedClosed;
  const bool held = state.chain != Chain::kNone;
  const bool same = held && !resumed && input.place == Place::kHeldSame;
  if (!input.good_signature) {
    return refuse(reason::kSignature);
  }
  if (state.keys != Keys::kValid && !same) {
    return refuse(reason::kRevoked);
  }
  if (input.claim == ClaimKind::kPredecessor) {
    return refuse(reason::kSucceeded);
  }
  if (input.claim == ClaimKind::kBeyond || input.claim == ClaimKind::kDiffers) {
    return {Outcome::kContradicted};
  }
  const std::uint64_t first = first_seq(input.place);
  const std::uint64_t next = !held                             ? 1
                             : state.chain == Chain::kWithLoss ? 9
                                                               : 5;
  if (!same) {
    if (resumed && first < next) {
      return refuse(reason::kGap);
    }
    if (state.chain == Chain::kClosed || state.chain == Chain::kResumedClosed) {
      return refuse(reason::kEpochClosed);
    }
    if (first > next) {
      return refuse(reason::kGap);
    }
    if (first < next) {
      return refuse(reason::kEquivocation);
    }
    // A header cannot say anything but zeros at seq 1.
    if (input.flaw == Flaw::kPrevHash && first != 1) {
      return refuse(reason::kChain);
    }
  }
  if (!input.resync && !state.acked) {
    return refuse(reason::kResync);
  }
  if (input.resync && input.claim == ClaimKind::kForeign) {
    return refuse(reason::kMalformed);
  }
  if (same) {
    return {Outcome::kAckAgain};
  }
  if (input.flaw == Flaw::kEvents) {
    return refuse(reason::kChain);
  }
  if (input.flaw == Flaw::kRoot) {
    return refuse(reason::kRoot);
  }
  return {Outcome::kAppend};
}

// --- playing them ------------------------------------------------------------

class World {
 public:
  World() {
    EventChain chain(source_, Stream::kTelemetry, kEpoch);
    for (std::uint8_t seq = 1; seq <= 14; ++seq) {
      prev_.push_back(chain.last_hash());
      events_.push_back(event_at(chain, seq));
    }
    held_ = cut(Place::kHeldSame, Flaw::kNone);
  }

  struct Cut {
    SignedHeader header;
    std::vector<Bytes> events;
  };

  Cut cut(Place place, Flaw flaw) {
    const std::uint64_t first = first_seq(place);
    Hash prev = prev_[first - 1];
    EventChain chain(source_, Stream::kTelemetry, kEpoch, first - 1, prev);
    Cut out;
    if (place == Place::kHeldOther) {
      out.events.push_back(event_at(chain, 0xee));
      out.events.push_back(event_at(chain, 0xef));
    } else {
      out.events = {events_[first - 1], events_[first]};
    }
    if (flaw == Flaw::kPrevHash && first != 1) {
      prev[0] ^= 1;
    }
    if (flaw == Flaw::kEvents) {
      EventChain other(source_, Stream::kTelemetry, kEpoch, first, Hash{7});
      out.events[1] = event_at(other, 1);  // does not follow the first
    }
    const std::vector<ByteView> views(out.events.begin(), out.events.end());
    out.header = cut_batch(
        source_, Stream::kTelemetry, kEpoch, first, prev, views, *old_key_);
    if (flaw == Flaw::kRoot) {
      // It follows the first event, and is not the one that was signed.
      EventChain other(
          source_, Stream::kTelemetry, kEpoch, first, sha256(out.events[0]));
      out.events[1] = event_at(other, 0x77);
    }
    return out;
  }

  Judgement ask(const State& state, const Input& input, const Cut& cut) {
    RegisteredSource registered{
        source_,
        strongroom_v1_SourceKind_SOURCE_KIND_AGENT,
        {{old_key_->public_key(), Bytes(32), state.keys == Keys::kRevoked, 0},
         {new_key_->public_key(), Bytes(32), false, 1}}};
    if (state.keys == Keys::kValid) {
      registered.keys.pop_back();
    }
    ChainState chain;
    chain.next_seq = 5;
    chain.head = prev_[4];
    const bool resumed =
        state.chain == Chain::kResumed || state.chain == Chain::kResumedClosed;
    chain.closed =
        state.chain == Chain::kClosed || state.chain == Chain::kResumedClosed;
    chain.resumed_from = resumed ? 5 : 1;
    chain.newest = held_.header;
    if (state.chain == Chain::kWithLoss) {
      // In two parts that adjoin.
      chain.losses[5] = {6, prev_[4], prev_[6]};
      chain.losses[7] = {8, prev_[6], prev_[8]};
    }
    BatchView batch;
    batch.header_bytes = cut.header.header;
    batch.signature = cut.header.signature;
    if (!input.good_signature) {
      batch.signature[5] ^= 1;
    }
    batch.events.assign(cut.events.begin(), cut.events.end());
    batch.resync = input.resync;
    const BatchHeader header = *decode_header(batch.header_bytes);
    const Source topic =
        input.own_topic ? source_ : *Source::parse("edge-2@bj1");
    const BatchQuestion question{
        .topic = topic,
        .batch = batch,
        .header = header,
        .source = state.keys == Keys::kUnknown ? nullptr : &registered,
        .log_frozen = state.frozen,
        .chain = state.chain == Chain::kNone ? nullptr : &chain,
        .newest_rank = state.keys == Keys::kRetired ? 1U : 0U,
        .acked = state.acked ? std::optional<std::uint64_t>(40) : std::nullopt,
        .held_at_first_seq = [&]() -> std::optional<HeldBatch> {
          return header.first_seq == 3 && !resumed
                     ? std::optional(HeldBatch{held_.header, 2, 2})
                     : std::nullopt;
        },
        .claim = [&] { return Claim{input.claim, 30, "some log"}; }};
    return judge(question);
  }

  const Source source_ = *Source::parse("edge-1@bj1");
  std::unique_ptr<Signer> old_key_ = key(1);
  std::unique_ptr<Signer> new_key_ = key(2);
  std::vector<Bytes> events_;  // seq 1 first
  std::vector<Hash> prev_;     // of the same
  Cut held_;
};

std::string text(const State& state, const Input& input) {
  return "keys " + std::to_string(int(state.keys)) + " frozen " +
         std::to_string(state.frozen) + " chain " +
         std::to_string(int(state.chain)) + " acked " +
         std::to_string(state.acked) + " | topic " +
         std::to_string(input.own_topic) + " place " +
         std::to_string(int(input.place)) + " signature " +
         std::to_string(input.good_signature) + " resync " +
         std::to_string(input.resync) + " claim " +
         std::to_string(int(input.claim)) + " flaw " +
         std::to_string(int(input.flaw));
}

void expect_outcome(const State& state,
                    const Input& input,
                    const Judgement& judgement) {
  const Expectation should = expected(state, input);
  const auto* refused = std::get_if<Refuse>(&judgement);
  switch (should.outcome) {
    case Outcome::kAppend: {
      const auto* append = std::get_if<Append>(&judgement);
      ASSERT_NE(append, nullptr)
          << text(state, input) << (refused ? refused->what : "");
      EXPECT_EQ(append->leaves.size(), 2U);
      EXPECT_EQ(append->new_epoch, state.chain == Chain::kNone);
      EXPECT_EQ(append->restart_from.has_value(), input.resync);
      return;
    }
    case Outcome::kAckAgain: {
      const auto* again = std::get_if<AckAgain>(&judgement);
      ASSERT_NE(again, nullptr) << text(state, input);
      EXPECT_EQ(again->held.first_index, 2U);
      return;
    }
    case Outcome::kContradicted:
      ASSERT_TRUE(std::holds_alternative<LogContradicted>(judgement))
          << text(state, input);
      return;
    case Outcome::kRefuse:
      break;
  }
  ASSERT_NE(refused, nullptr) << text(state, input);
  EXPECT_EQ(refused->reason, should.why)
      << text(state, input) << " said " << refused->what;
  EXPECT_EQ(refused->newest.has_value(),
            state.chain != Chain::kNone && state.keys != Keys::kUnknown);
}

std::vector<State> every_state() {
  std::vector<State> states;
  for (const Keys keys :
       {Keys::kUnknown, Keys::kValid, Keys::kRevoked, Keys::kRetired}) {
    for (const bool frozen : {false, true}) {
      for (const Chain chain : {Chain::kNone,
                                Chain::kOpen,
                                Chain::kClosed,
                                Chain::kWithLoss,
                                Chain::kResumed,
                                Chain::kResumedClosed}) {
        for (const bool acked : {false, true}) {
          states.push_back({keys, frozen, chain, acked});
        }
      }
    }
  }
  return states;
}

/// Every input of one place and one flaw.
std::vector<Input> inputs_of(Place place, Flaw flaw) {
  std::vector<Input> inputs;
  for (const bool own_topic : {true, false}) {
    for (const bool good : {true, false}) {
      for (const bool resync : {true, false}) {
        for (const ClaimKind claim : {ClaimKind::kNone,
                                      ClaimKind::kAgrees,
                                      ClaimKind::kForeign,
                                      ClaimKind::kBeyond,
                                      ClaimKind::kDiffers,
                                      ClaimKind::kPredecessor}) {
          inputs.push_back({own_topic, place, good, resync, claim, flaw});
        }
      }
    }
  }
  return inputs;
}

TEST(Judge, EveryStateTimesEveryInput) {
  World world;
  const auto states = every_state();
  for (const Place place : {Place::kFirst,
                            Place::kHeldSame,
                            Place::kHeldOther,
                            Place::kInside,
                            Place::kNext,
                            Place::kAfterLoss,
                            Place::kAhead}) {
    for (const Flaw flaw :
         {Flaw::kNone, Flaw::kPrevHash, Flaw::kEvents, Flaw::kRoot}) {
      if (place == Place::kHeldSame && flaw != Flaw::kNone) {
        continue;  // then it is not the same
      }
      const World::Cut cut = world.cut(place, flaw);
      for (const Input& input : inputs_of(place, flaw)) {
        for (const State& state : states) {
          expect_outcome(state, input, world.ask(state, input, cut));
          if (::testing::Test::HasFailure()) {
            return;
          }
        }
      }
    }
  }
}

TEST(Judge, Expected_SkipsOnlyLossesThatQuoteTheChain) {
  ChainState chain;
  chain.next_seq = 5;
  chain.head = Hash{1};
  chain.losses[5] = {8, Hash{9}, Hash{2}};  // quotes another chain
  EXPECT_EQ(chain.expected().seq, 5U);
  chain.losses[5].before_from = Hash{1};
  EXPECT_EQ(chain.expected().seq, 9U);
  EXPECT_EQ(chain.expected().prev_hash, Hash{2});
  chain.losses[5].to_seq = 3;  // runs backwards
  EXPECT_EQ(chain.expected().seq, 5U);
}

TEST(Judge, RegistryStreamAndConsole_AreNoOnesTopic) {
  const auto signer = key(1);
  for (const auto& [name, stream] :
       {std::pair{"edge-1@bj1", Stream::kRegistry},
        std::pair{"console@bj1", Stream::kRecord},
        std::pair{"edge-1@central", Stream::kRecord}}) {
    const Source source = *Source::parse(name);
    EventChain chain(source, stream, kEpoch);
    const Bytes event = event_at(chain, 1);
    const std::vector<ByteView> views{event};
    const SignedHeader header =
        cut_batch(source, stream, kEpoch, 1, Hash{}, views, *signer);
    BatchView batch;
    batch.header_bytes = header.header;
    batch.signature = header.signature;
    batch.events = views;
    batch.resync = true;
    const RegisteredSource registered{
        source,
        strongroom_v1_SourceKind_SOURCE_KIND_AGENT,
        {{signer->public_key(), Bytes(32), false, 0}}};
    const BatchHeader decoded = *decode_header(header.header);
    const Judgement judgement = judge({.topic = source,
                                       .batch = batch,
                                       .header = decoded,
                                       .source = &registered,
                                       .claim = [] { return Claim{}; }});
    ASSERT_TRUE(std::holds_alternative<Refuse>(judgement)) << name;
    EXPECT_EQ(std::get<Refuse>(judgement).reason, reason::kStream) << name;
  }
}

TEST(JudgeClaim, EveryKind) {
  const auto log_key = key(8);
  const auto foreign_key = key(9);
  const Trust trust{"test.example", {log_key->public_key()}};
  const std::string origin = "test.example/bj1/telemetry/1";
  const Checkpoint now{origin, 100, Hash{100}};
  const auto root_at = [](std::uint64_t size) {
    return size == 13 ? std::nullopt
                      : std::optional(Hash{static_cast<std::uint8_t>(size)});
  };
  const auto claim = [&](const Checkpoint& held, const Signer& signer) {
    return judge_claim(sign_checkpoint(held, signer), now, trust, root_at).kind;
  };
  EXPECT_EQ(judge_claim("", now, trust, root_at).kind, ClaimKind::kNone);
  EXPECT_EQ(judge_claim("nonsense", now, trust, root_at).kind,
            ClaimKind::kForeign);
  EXPECT_EQ(claim({origin, 40, Hash{40}}, *log_key), ClaimKind::kAgrees);
  EXPECT_EQ(claim({origin, 100, Hash{100}}, *log_key), ClaimKind::kAgrees);
  EXPECT_EQ(claim({origin, 40, Hash{41}}, *log_key), ClaimKind::kDiffers);
  EXPECT_EQ(claim({origin, 101, Hash{1}}, *log_key), ClaimKind::kBeyond);
  EXPECT_EQ(claim({origin, 101, Hash{1}}, *foreign_key), ClaimKind::kForeign);
  EXPECT_EQ(claim({"test.example/bj1/record/1", 101, Hash{1}}, *log_key),
            ClaimKind::kForeign);
  // Of the same site and stream, another generation: before this log, or one
  // that this ledger has forgotten.
  const std::string second = "test.example/bj1/telemetry/2";
  const Checkpoint in_second{second, 100, Hash{100}};
  const auto claim_in_second = [&](const std::string& of, const Signer& by) {
    return judge_claim(
               sign_checkpoint({of, 7, Hash{1}}, by), in_second, trust, root_at)
        .kind;
  };
  EXPECT_EQ(claim_in_second(origin, *log_key), ClaimKind::kPredecessor);
  EXPECT_EQ(claim_in_second(origin, *foreign_key), ClaimKind::kForeign);
  EXPECT_EQ(claim_in_second("test.example/bj1/telemetry/3", *log_key),
            ClaimKind::kBeyond);
  EXPECT_EQ(claim_in_second("test.example/bj1/record/1", *log_key),
            ClaimKind::kForeign);
  EXPECT_EQ(claim_in_second("test.example/sh1/telemetry/1", *log_key),
            ClaimKind::kForeign);
  EXPECT_EQ(claim({second, 7, Hash{1}}, *log_key), ClaimKind::kBeyond);
  // A tree that cannot be read contradicts nobody.
  EXPECT_EQ(claim({origin, 13, Hash{13}}, *log_key), ClaimKind::kForeign);
}

}  // namespace
}  // namespace strongroom
