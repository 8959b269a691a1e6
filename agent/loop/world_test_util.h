// SPDX-License-Identifier: Apache-2.0
// For tests: an agent and its two logs, with somebody in between, and an
// account of everything that was told: at the end each event stands in a log
// under its own or its first place, or in an announced loss.
#pragma once

#include <gtest/gtest.h>
#include <map>
#include <set>
#include <tuple>

#include "agent/loop/agent_rig_test_util.h"
#include "core/base/wire.h"

namespace strongroom::testing_agent {

/// Where an event first stood, and its hash.
using Identity = std::tuple<Stream, std::uint64_t, std::uint64_t, Hash>;

inline Identity identity_of(ByteView bytes) {
  const EventMessage event = *decode_event(bytes);
  const auto stream = static_cast<Stream>(event.stream);
  if (!event.has_salvaged) {
    return {stream, event.epoch, event.seq, sha256(bytes)};
  }
  Hash hash{};
  std::ranges::copy(event.salvaged.hash, hash.begin());
  return {stream, event.salvaged.epoch, event.salvaged.seq, hash};
}

/// The body of an event: what a salvage must not change.
inline Bytes body_of(ByteView bytes) {
  WireReader reader(bytes);
  ByteView rest = bytes;
  while (const auto field = reader.next()) {
    if (field->number >= 20) {
      break;
    }
    rest = reader.rest();
  }
  return Bytes(rest.begin(), rest.end());
}

class World {
 public:
  World() {
    for (const Stream stream : kAgentStreams) {
      logs.emplace_back(Origin{"ledger.example", "bj1", stream, 1},
                        *rig.log_key,
                        rig.key->public_key());
    }
    wire();
    rig.start();
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  ModelLedger& log(Stream stream) { return logs[slot_of(stream)]; }

  /// Another log in the place of a stream's.
  void replace(Stream stream, ModelLedger with) {
    frozen.push_back(std::move(log(stream)));
    log(stream) = std::move(with);
    wire();
  }

  /// What the n-th commit from now on (1: the next) is: a death, after which
  /// the agent starts again from what the journal holds, or a fault, after
  /// which the loop tries again.
  enum class Death { kBefore, kAfter, kFaultBefore, kFaultAfter };
  static constexpr Death kDeaths[] = {
      Death::kBefore, Death::kAfter, Death::kFaultBefore, Death::kFaultAfter};
  void die_at(int nth, Death death) {
    dies_at_ = nth;
    death_ = death;
  }
  bool died() const { return dies_at_ == 0; }

  /// One turn, with the answers to what was sent in the one before.
  void turn(const std::function<void()>& inputs = [] {}) {
    rig.pass(1ms);
    rig.core->begin(rig.now);
    inputs();
    if (!is_connected_ && is_online) {
      rig.core->connected();
      is_connected_ = true;
    }
    for (const Ack& ack : std::exchange(acks_, {})) {
      rig.core->ack_arrived(encode_ack(ack));
    }
    Turn turn = rig.core->finish();
    if (turn.broken) {
      throw std::runtime_error(turn.broken->what);
    }
    if (turn.transaction.number != 0 && !commit(turn.transaction)) {
      return restart();
    }
    for (const Publish& effect : turn.effects) {
      if (effect.topic == UplinkTopic::kBatch) {
        deliver(effect.payload);
      }
    }
    rig.core->committed(turn);
    if (prunes) {
      prune();
    }
  }
  void poll(int times = 1) {
    for (int i = 0; i < times; ++i) {
      turn([this] { rig.core->poll_done(rig.poll("room-1", ++value_ % 900)); });
    }
  }
  void offline() {
    is_online = false;
    acks_.clear();
    if (std::exchange(is_connected_, false)) {
      turn([this] { rig.core->disconnected(); });
    }
  }
  Result<std::string> follow(const FollowOrder& order) {
    Result<std::string> out = fault("not asked");
    turn([&] { out = rig.core->follow(order); });
    return out;
  }
  void restart() {
    rig.start();
    is_connected_ = false;
    acks_.clear();
  }

  bool is_quiet() const {
    const AgentSnapshot now = rig.core->snapshot();
    return is_connected_ && acks_.empty() &&
           now.streams[0].backlog + now.streams[1].backlog == 0;
  }
  /// Turns, with time that passes, until everything is proven.
  [[nodiscard]] bool settle(int turns = 4000) {
    is_online = true;
    for (int i = 0; i < turns; ++i) {
      turn();
      if (is_quiet()) {
        return true;
      }
      if (acks_.empty()) {
        rig.pass(5s);
      }
    }
    return false;
  }

  struct Count {
    int in_place = 0;
    int again = 0;
    Bytes body;
  };

  /// Every event that was told is told to somebody, and the losses are what
  /// they say. `doubled`: somebody in between made the agent tell again what a
  /// log held already; what is told again says so.
  void check_account(bool doubled = false) {
    std::map<Identity, Count> counts;
    for (const ModelLedger& ledger : logs) {
      count(ledger, ledger.log().batches().size(), counts);
    }
    for (const auto& [ledger, batches] : kept) {
      count(frozen.at(ledger), batches, counts);
    }
    EXPECT_EQ(lost(), announced());
    missing_ = 0;
    for (const auto& [identity, body] : told_) {
      const auto found = counts.find(identity);
      const bool is_lost = lost_.contains(identity);
      if (found == counts.end()) {
        missing_ += is_lost || is_opening(body) ? 0U : 1U;
        EXPECT_TRUE(is_lost || is_opening(body) || may_miss)
            << name(identity) << " is nowhere";
        continue;
      }
      EXPECT_FALSE(is_lost) << name(identity) << " is announced as lost";
      EXPECT_EQ(found->second.body, body) << name(identity);
      EXPECT_LE(found->second.in_place, 1) << name(identity);
      if (!doubled) {
        EXPECT_EQ(found->second.in_place + found->second.again, 1)
            << name(identity);
      }
    }
    for (const auto& [identity, count] : counts) {
      EXPECT_TRUE(told_.contains(identity)) << name(identity) << " is made up";
    }
  }
  /// Of telemetry, what was given up, and what `record` says was.
  using Places = std::set<std::pair<std::uint64_t, std::uint64_t>>;
  Places lost() const {
    Places out;
    for (const Identity& identity : lost_) {
      out.emplace(std::get<1>(identity), std::get<2>(identity));
    }
    return out;
  }
  Places announced() const {
    Places out;
    for (const strongroom_v1_TelemetryLost& loss : announced_) {
      for (std::uint64_t seq = loss.from_seq; seq <= loss.to_seq; ++seq) {
        out.emplace(loss.epoch, seq);
      }
    }
    return out;
  }

  AgentRig rig;
  std::vector<ModelLedger> logs;    // by slot
  std::vector<ModelLedger> frozen;  // predecessors
  /// Of `frozen`, what counts: which, how many of its batches.
  std::vector<std::pair<std::size_t, std::size_t>> kept;
  bool is_online = false;
  bool prunes = false;
  bool may_miss = false;  // what was pruned, and a successor lacks
  std::uint64_t missing() const { return missing_; }
  /// Answers in the log's place; the batch does not reach the log.
  std::function<std::optional<Ack>(const Bytes& batch)> intercept;
  /// What becomes of a log's answer on its way; nothing: it is lost.
  std::function<std::optional<Ack>(const Ack&)> on_the_way;

  Ack refusal(const Bytes& payload,
              strongroom_v1_RefusalReason reason,
              std::uint64_t expected = 0) const {
    const BatchHeader header = AgentRig::header_of(payload);
    return {header.source,
            header.stream,
            header.epoch,
            header.first_seq,
            header.count,
            Refused{reason, expected, std::nullopt}};
  }

 private:
  // `record` opens the gaps of telemetry's log.
  void wire() {
    log(Stream::kRecord).on_event = [this](const EventMessage& event) {
      if (event.which_body == strongroom_v1_Event_telemetry_lost_tag) {
        log(Stream::kTelemetry).add_loss(event.body.telemetry_lost);
      }
    };
  }

  void deliver(const Bytes& payload) {
    auto forged = intercept ? intercept(payload) : std::nullopt;
    if (!forged) {
      const Ack ack = log(AgentRig::header_of(payload).stream).take(payload);
      forged = on_the_way ? on_the_way(ack) : std::optional(ack);
    }
    if (forged) {
      acks_.push_back(*forged);
    }
  }

  bool commit(const JournalTransaction& transaction) {
    const bool dies = dies_at_ == 1;
    dies_at_ = std::max(dies_at_ - 1, 0);
    if (dies && death_ == Death::kBefore) {
      return false;
    }
    for (const auto& events : transaction.events) {
      for (const Bytes& event : events) {
        const EventMessage message = *decode_event(event);
        if (message.has_salvaged) {
          continue;
        }
        told_[identity_of(event)] = body_of(event);
        if (message.which_body == strongroom_v1_Event_telemetry_lost_tag) {
          announced_.push_back(message.body.telemetry_lost);
        }
      }
    }
    for (const Loss& loss : transaction.losses) {
      for (Position at = loss.first; at <= loss.last; ++at) {
        lost_.insert(identity_of(rig.journal.rows[1][at - 1]));
      }
    }
    if (dies && death_ != Death::kAfter) {
      rig.journal.fail_commit(1,
                              death_ == Death::kFaultBefore
                                  ? FakeJournal::Failure::kBefore
                                  : FakeJournal::Failure::kAfterDoingTheWork);
      EXPECT_FALSE(rig.journal.commit(transaction));
      EXPECT_TRUE(rig.journal.commit(transaction));
      return true;
    }
    EXPECT_TRUE(rig.journal.commit(transaction));
    return !dies;
  }

  void prune() {
    const Relief& relief = rig.core->relief();
    if (relief.prune_telemetry && rig.core->may_prune(Stream::kTelemetry)) {
      (void)rig.journal.prune(Stream::kTelemetry, rig.now.wall + 24h);
    }
    if (relief.prune_record && rig.core->may_prune(Stream::kRecord)) {
      (void)rig.journal.prune(Stream::kRecord, rig.now.wall + 24h);
    }
  }

  static void count(const ModelLedger& ledger,
                    std::size_t batches,
                    std::map<Identity, Count>& counts) {
    for (std::size_t i = 0; i < batches; ++i) {
      for (const Bytes& event : ledger.log().batches()[i].batch.events) {
        Count& to = counts[identity_of(event)];
        const bool again = decode_event(event)->has_salvaged;
        (again ? to.again : to.in_place) += 1;
        to.body = body_of(event);
      }
    }
  }

  static bool is_opening(const Bytes& body) {
    return body.size() > 1 && body[0] == 0xa2 && body[1] == 0x01;
  }
  static std::string name(const Identity& identity) {
    return std::string(stream_name(std::get<0>(identity))) + " " +
           std::to_string(std::get<1>(identity)) + ":" +
           std::to_string(std::get<2>(identity));
  }

  std::map<Identity, Bytes> told_;  // in its first place, with its body
  // What went with each transaction, and what it said.
  std::set<Identity> lost_;
  std::vector<strongroom_v1_TelemetryLost> announced_;
  std::uint64_t missing_ = 0;
  std::vector<Ack> acks_;
  bool is_connected_ = false;
  int dies_at_ = 0;
  Death death_ = Death::kBefore;
  std::int64_t value_ = 0;
};

}  // namespace strongroom::testing_agent
