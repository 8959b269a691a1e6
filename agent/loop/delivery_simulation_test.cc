// SPDX-License-Identifier: Apache-2.0
// Delivery under everything at once, in virtual time: a link that loses,
// doubles and reorders, connections that drop, a ledger that forgets its acks,
// an agent that dies between any two turns, commits that fail. Whatever the
// seed: all events stand in the log once and in order, and every log index in
// the journal is true.
#include <gtest/gtest.h>
#include <map>

#include "agent/loop/agent_rig_test_util.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;
using testing_agent::AgentRig;
using testing_agent::ModelLedger;

struct Faults {
  double loss = 0;
  double doubling = 0;
  MonoTime delay_max = 1ms;
  double disconnect = 0;      // per step
  double agent_death = 0;     // per step
  double ledger_restart = 0;  // per step
  double commit_failure = 0;  // per commit
};

class Simulation {
 public:
  Simulation(std::uint64_t seed, const Faults& faults)
      : faults_(faults), random_(seed) {
    rig_.random.seed(seed);
    rig_.options.devices.windows.length = 0ms;
    for (const Stream stream : kAgentStreams) {
      ledgers_.emplace_back(Origin{"ledger.example", "bj1", stream, 1},
                            *rig_.log_key,
                            rig_.key->public_key());
    }
    restart();
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step(true);
    }
  }
  /// Faults end; nothing new comes. True when everything is delivered.
  bool settle() {
    faults_ = {};
    for (int i = 0; i < 40'000; ++i) {
      step(false);
      const AgentSnapshot now = rig_.core->snapshot();
      if (now.streams[0].backlog + now.streams[1].backlog == 0) {
        return true;
      }
    }
    return false;
  }

  void check_logs() {
    for (const Stream stream : kAgentStreams) {
      const std::size_t slot = slot_of(stream);
      const auto& log = ledgers_[slot].log();
      std::vector<Bytes> delivered;
      for (const auto& placed : log.batches()) {
        delivered.insert(delivered.end(),
                         placed.batch.events.begin(),
                         placed.batch.events.end());
      }
      EXPECT_EQ(delivered, rig_.journal.rows[slot])
          << "once, in order, byte for byte";
      for (const Delivery& delivery : rig_.journal.deliveries[slot]) {
        for (std::uint32_t i = 0; i < delivery.count; ++i) {
          const Bytes& row =
              rig_.journal.rows[slot][delivery.first_position - 1 + i];
          EXPECT_EQ(log.entry(delivery.first_index + i), event_entry(row));
        }
      }
    }
  }
  AgentRig& rig() { return rig_; }
  std::uint64_t commit_failures = 0;
  std::uint64_t deaths = 0;

 private:
  struct Message {
    bool up = false;
    Bytes payload;
  };

  double chance() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

  void restart() {
    rig_.start();
    is_connected_ = false;
    ++deaths;
  }

  void send(bool up, const Bytes& payload) {
    if (chance() < faults_.loss) {
      return;
    }
    const int copies = chance() < faults_.doubling ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const auto delay = std::chrono::microseconds(static_cast<std::int64_t>(
          chance() * static_cast<double>(faults_.delay_max.count())));
      link_.emplace(rig_.now.monotonic + delay, Message{up, payload});
    }
  }

  // What is due on the link; to the ledger it answers at once.
  std::vector<Bytes> arrivals() {
    std::vector<Bytes> acks;
    while (!link_.empty() && link_.begin()->first <= rig_.now.monotonic) {
      const Message message = std::move(link_.begin()->second);
      link_.erase(link_.begin());
      if (!message.up) {
        acks.push_back(message.payload);
        continue;
      }
      const auto stream = AgentRig::header_of(message.payload).stream;
      send(false, encode_ack(ledgers_[slot_of(stream)].take(message.payload)));
    }
    return acks;
  }

  void step(bool recording) {
    rig_.pass(std::chrono::microseconds(1000 + random_() % 100'000));
    if (!recording) {
      rig_.pass(1s);
    }
    if (chance() < faults_.ledger_restart) {
      ledgers_[random_() % 2].restart();
    }
    const bool drops = chance() < faults_.disconnect;
    if (chance() < faults_.commit_failure) {
      ++commit_failures;
      rig_.journal.fail_commit(1,
                               random_() % 2 == 0
                                   ? FakeJournal::Failure::kBefore
                                   : FakeJournal::Failure::kAfterDoingTheWork);
    }
    turn(drops, recording);
    if (chance() < faults_.agent_death) {
      restart();
    }
  }

  void turn(bool drops, bool recording) {
    rig_.core->begin(rig_.now);
    if (drops && is_connected_) {
      rig_.core->disconnected();
      is_connected_ = false;
    } else if (!is_connected_ && (!recording || chance() < 0.2)) {
      rig_.core->connected();
      is_connected_ = true;
    }
    for (const Bytes& ack : arrivals()) {
      rig_.core->ack_arrived(ack);
    }
    for (auto polls = recording ? random_() % 4 : 0; polls > 0; --polls) {
      rig_.core->poll_done(
          rig_.poll(random_() % 2 == 0 ? "room-1" : "room-2", 200));
    }
    Turn turn = rig_.core->finish();
    ASSERT_FALSE(turn.broken.has_value());
    // The loop tries until it stands; the agent may die in between.
    while (turn.transaction.number != 0 &&
           !rig_.journal.commit(turn.transaction)) {
      if (chance() < 0.3) {
        return restart();
      }
    }
    for (const Publish& effect : turn.effects) {
      if (effect.topic == UplinkTopic::kBatch && is_connected_) {
        send(true, effect.payload);
      }
    }
    rig_.core->committed(turn);
  }

  Faults faults_;
  std::mt19937_64 random_;
  AgentRig rig_;
  std::vector<ModelLedger> ledgers_;
  std::multimap<MonoTime, Message> link_;  // by arrival
  bool is_connected_ = false;
};

class DeliverySimulation : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(DeliverySimulation, EverythingArrivesOnceAndInOrder) {
  Simulation simulation(GetParam(),
                        {.loss = 0.15,
                         .doubling = 0.15,
                         .delay_max = 300ms,
                         .disconnect = 0.01,
                         .agent_death = 0.005,
                         .ledger_restart = 0.01,
                         .commit_failure = 0.03});
  simulation.run(400);
  ASSERT_TRUE(simulation.settle()) << "delivery stands still";
  simulation.check_logs();
  EXPECT_GT(simulation.commit_failures, 0U);
  const AgentSnapshot end = simulation.rig().core->snapshot();
  EXPECT_EQ(end.streams[0].blocked_by + end.streams[1].blocked_by, "");
  EXPECT_EQ(end.streams[0].sender.refuted + end.streams[1].sender.refuted, 0U)
      << "an honest ledger is never suspected";
  // No finding, no new epoch: loss and disorder are no reason for either.
  for (const Stream stream : kAgentStreams) {
    EXPECT_EQ(simulation.rig().journal.epochs[slot_of(stream)].size(), 1U);
  }
  EXPECT_EQ(
      simulation.rig().count(Stream::kRecord, strongroom_v1_Event_finding_tag),
      0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds,
                         DeliverySimulation,
                         ::testing::Range<std::uint64_t>(1, 41));

// A ledger that serves another history of the same log, signed with the same
// key, moves nothing, whatever it is asked.
TEST(Fork, IsNeverAccepted_AndTheTrueLedgerGoesOn) {
  AgentRig rig;
  const Origin record{"ledger.example", "bj1", Stream::kRecord, 1};
  const Origin telemetry{"ledger.example", "bj1", Stream::kTelemetry, 1};
  ModelLedger true_record(record, *rig.log_key, rig.key->public_key());
  ModelLedger true_telemetry(telemetry, *rig.log_key, rig.key->public_key());
  const auto exchange = [&](const std::vector<Publish>& first,
                            ModelLedger& for_record,
                            ModelLedger& for_telemetry) {
    std::vector<Publish> effects = first;
    for (int i = 0; i < 20; ++i) {
      effects = rig.turn([&] {
        for (const Bytes& batch : AgentRig::of(UplinkTopic::kBatch, effects)) {
          ModelLedger& ledger =
              AgentRig::header_of(batch).stream == Stream::kRecord
                  ? for_record
                  : for_telemetry;
          rig.core->ack_arrived(encode_ack(ledger.take(batch)));
        }
      });
      rig.pass(15s);
      const auto timer = rig.turn();
      effects.insert(effects.end(), timer.begin(), timer.end());
    }
  };
  rig.start();
  rig.turn();
  auto effects = rig.turn([&] {
    rig.core->connected();
    rig.core->poll_done(rig.poll("room-1"));
  });
  // The forked telemetry log parts from the true one after its first batch.
  ModelLedger forked = true_telemetry;
  exchange(effects, true_record, true_telemetry);
  const Position delivered = rig.journal.delivered[1];
  ASSERT_EQ(delivered, 2U);
  testing_log::TestSource stranger("edge-9@bj1", Stream::kTelemetry);
  const auto other = stranger.cut_boots(3, *rig.key);
  BatchView view = other.view();
  view.resync = true;
  forked.take(encode_batch(view));
  // It even holds what the agent delivered, at another place.
  BatchView first;
  const auto cut = rig.journal.batches[1].begin()->second;
  first.header_bytes = cut.sealed.header;
  first.signature = cut.sealed.signature;
  first.events = {rig.journal.rows[1][0], rig.journal.rows[1][1]};
  forked.take(encode_batch(first));
  effects = rig.turn([&] { rig.core->poll_done(rig.poll("room-1")); });
  exchange(effects, true_record, forked);
  EXPECT_EQ(rig.journal.delivered[1], delivered);
  EXPECT_GT(rig.core->snapshot().streams[1].sender.refuted, 0U);
  EXPECT_GT(rig.count(Stream::kRecord, strongroom_v1_Event_finding_tag), 0U);

  rig.pass(60s);
  exchange(rig.turn(), true_record, true_telemetry);
  EXPECT_EQ(rig.journal.delivered[1], 3U);
}

}  // namespace
}  // namespace strongroom
