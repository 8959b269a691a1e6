// SPDX-License-Identifier: Apache-2.0
// The ledger is away for long, and comes back. Simulated time, real code: what
// the processors did is measured and takes simulated time too; the wire and the
// disks take what is stated below.
#include <gtest/gtest.h>

#include "ledger/check/check_ledger.h"
#include "tests/endurance/agent_process.h"
#include "tests/endurance/meters.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom::endurance {
namespace {

using namespace std::chrono_literals;
using testing_ledger::TempDir;
using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

// Stated, not measured: a poor wire and poor disks.
constexpr std::uint64_t kBitsPerSecond = 10'000'000;
constexpr MonoTime kLatency = 20ms;       // one way, broker included
constexpr MonoTime kAgentCommit = 20ms;   // an eMMC that syncs
constexpr MonoTime kLedgerCommit = 30ms;  // three files, one after another
constexpr std::uint64_t kAgentMemory = 64 * kMiB;
// docs/operations-faults.md: of the write-ahead log.
constexpr std::uint64_t kWal = 64 * kMiB;

/// One direction of the wire: messages one after another.
class Wire {
 public:
  MonoTime arrival(MonoTime at, std::size_t bytes) {
    free_ =
        std::max(free_, at) + MonoTime(bytes * 8 * 1'000'000 / kBitsPerSecond);
    return free_ + kLatency;
  }

 private:
  MonoTime free_{};
};

struct OnTheWay {
  MonoTime arrives{};
  Bytes payload;
};

/// An agent, a wire, a ledger, one clock.
class Plant {
 public:
  explicit Plant(AgentPlan plan) : plan_(with_place(std::move(plan))) {
    agent_ = std::make_unique<AgentProcess>(plan_);
    ledger_ = std::make_unique<TestLedger>();
    EXPECT_TRUE(ledger_->open()) << ledger_->why;
    const TestAgent identity(source_.text(), plan_.key_seed);
    EXPECT_TRUE(ledger_->enrol(identity));
  }

  AgentReport away(MonoTime until, std::size_t record_events) {
    last_ = agent_->live_until(until, record_events);
    now_ = until;
    return last_;
  }

  /// From the connection on: until all that was owed then is proven, and on to
  /// a moment at which nothing at all is owed.
  struct Return {
    MonoTime record{};
    MonoTime all{};
    std::uint64_t telemetry_before_record = 0;  // events, proven by then
    AgentReport agent;
  };
  Return come_back(MonoTime limit) {
    const MonoTime began = now_;
    const AgentReport owed = last_;
    Return out;
    bool connects = true;
    agent_free_ = now_;
    ledger_free_ = now_;
    while (now_ < began + limit) {
      const MonoTime ledger_turn = next_ledger_turn();
      const MonoTime agent_turn = connects ? now_ : next_agent_turn();
      if (ledger_turn < agent_turn) {
        now_ = ledger_turn;
        turn_ledger();
        continue;
      }
      now_ = agent_turn;
      turn_agent(std::exchange(connects, false));
      if (out.record == MonoTime{} && last_.delivered[0] >= owed.tail[0]) {
        out.record = now_ - began;
        out.telemetry_before_record = last_.delivered[1];
      }
      if (out.all == MonoTime{} && out.record != MonoTime{} &&
          last_.delivered[1] >= owed.tail[1]) {
        out.all = now_ - began;
      }
      if (out.all != MonoTime{} && is_quiet()) {
        break;
      }
    }
    out.agent = last_;
    return out;
  }

  std::uint64_t journal_bytes() const {
    return disk_bytes(plan_.journal.data());
  }

  /// Events of the agent in a log of the ledger.
  std::uint64_t held(Stream stream) {
    const LogId id = ledger_->log(source_.site, stream);
    std::uint64_t count = 0;
    EXPECT_TRUE(ledger_->reader->scan(id, 0, [&](const BatchRow& row) {
      count += row.source == source_.text() ? row.count : 0;
      return true;
    }));
    return count;
  }

  void expect_sound() {
    ledger_->close();
    const auto found = check_ledger(
        ledger_->store_path(), ledger_->guard_path(), ledger_->trust());
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_TRUE(found->flaws.empty()) << found->flaws.front().text();
  }

 private:
  AgentPlan with_place(AgentPlan plan) const {
    const std::string journal = directory_.path() / "journal.db";
    const PublicKey log_key = testing_ledger::test_signer(0xa1)->public_key();
    journal.copy(plan.journal.data(), plan.journal.size() - 1);
    std::string_view(TestLedger::kName)
        .copy(plan.ledger.data(), plan.ledger.size() - 1);
    plan.log_key = log_key;
    return plan;
  }

  bool is_quiet() const {
    return to_ledger_.empty() && to_agent_.empty() &&
           last_.delivered == last_.tail;
  }

  MonoTime next_ledger_turn() const {
    return to_ledger_.empty()
               ? MonoTime::max()
               : std::max(ledger_free_, to_ledger_.front().arrives);
  }
  MonoTime next_agent_turn() const {
    const MonoTime due = to_agent_.empty()
                             ? last_.due
                             : std::min(last_.due, to_agent_.front().arrives);
    return std::max({agent_free_, due, now_});
  }

  void turn_ledger() {
    LedgerInbox::Work work;
    while (!to_ledger_.empty() && to_ledger_.front().arrives <= now_) {
      work.batches.push_back({source_, std::move(to_ledger_.front().payload)});
      to_ledger_.pop_front();
    }
    ledger_->now.monotonic = now_;
    ledger_->now.wall = WallTime(plan_.start) + now_;
    ledger_->acks.clear();
    const auto before = cpu_time();
    const auto done = ledger_->ledger->turn(std::move(work));
    ledger_free_ = now_ + (cpu_time() - before) + kLedgerCommit;
    ASSERT_TRUE(done) << done.error().what;
    for (const auto& [topic, ack] : ledger_->acks) {
      Bytes payload = encode_ack(ack);
      const MonoTime arrives = down_.arrival(ledger_free_, payload.size());
      to_agent_.push_back({arrives, std::move(payload)});
    }
  }

  void turn_agent(bool connects) {
    std::vector<Bytes> acks;
    while (!to_agent_.empty() && to_agent_.front().arrives <= now_) {
      acks.push_back(std::move(to_agent_.front().payload));
      to_agent_.pop_front();
    }
    std::vector<Sent> sent;
    const std::uint64_t commits = last_.tail[0] + last_.tail[1];
    const AgentReport report = agent_->turn(now_, connects, acks, sent);
    const bool committed = !acks.empty() || !sent.empty() ||
                           report.tail[0] + report.tail[1] != commits;
    last_ = report;
    agent_free_ = now_ + report.cpu + (committed ? kAgentCommit : MonoTime{});
    for (Sent& one : sent) {
      const MonoTime arrives = up_.arrival(agent_free_, one.payload.size());
      if (one.is_batch) {
        to_ledger_.push_back({arrives, std::move(one.payload)});
      }
    }
  }

  TempDir directory_;
  const Source source_ = *Source::parse("edge-1@bj1");
  AgentPlan plan_;
  std::unique_ptr<AgentProcess> agent_;
  std::unique_ptr<TestLedger> ledger_;
  AgentReport last_;
  MonoTime now_{};
  MonoTime agent_free_{};
  MonoTime ledger_free_{};
  Wire up_;
  Wire down_;
  std::deque<OnTheWay> to_ledger_;
  std::deque<OnTheWay> to_agent_;
};

double seconds(MonoTime time) {
  return std::chrono::duration<double>(time).count();
}
double mib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / static_cast<double>(kMiB);
}

constexpr std::size_t kRecordEvents = 10'000;

TEST(TwoWeeksOffline, RecordIsThereWithinAMinute_TelemetryFollows) {
  const MonoTime time = 14 * 24h;
  AgentPlan plan;
  plan.poll_period = is_full() ? 20s : 60s;
  Plant plant(plan);
  const AgentReport offline = plant.away(time, kRecordEvents);
  const std::uint64_t journal = plant.journal_bytes();
  const Plant::Return back = plant.come_back(2h);

  std::printf(
      "%.0f h offline: %llu record and %llu telemetry events, journal %.0f MiB "
      "(%.0f used), lost %llu; record there after %.1f s, all after %.0f s; "
      "agent %.1f MiB resident\n",
      seconds(time) / 3600,
      static_cast<unsigned long long>(offline.tail[0]),
      static_cast<unsigned long long>(offline.tail[1]),
      mib(journal),
      mib(offline.peak_used_bytes),
      static_cast<unsigned long long>(offline.lost_events),
      seconds(back.record),
      seconds(back.all),
      mib(back.agent.peak_memory_bytes));

  EXPECT_GE(offline.tail[0], kRecordEvents);
  EXPECT_EQ(offline.lost_events, 0U);
  EXPECT_GT(back.record, MonoTime{});
  EXPECT_LE(back.record, 60s);
  EXPECT_GT(back.all, back.record);
  EXPECT_EQ(back.agent.delivered, back.agent.tail);
  EXPECT_LE(back.agent.peak_memory_bytes, kAgentMemory);
  EXPECT_LE(journal, plan.quota_bytes + kWal);
  // Nothing is missing, and nothing is there twice.
  EXPECT_EQ(plant.held(Stream::kRecord), back.agent.delivered[0]);
  EXPECT_EQ(plant.held(Stream::kTelemetry), back.agent.delivered[1]);
  plant.expect_sound();
}

// The same record, with next to no telemetry behind it.
TEST(TwoWeeksOffline, TelemetryDoesNotDelayTheRecord) {
  AgentPlan busy;
  AgentPlan idle;
  idle.devices = 0;
  Plant with(busy);
  (void)with.away(12h, 3000);
  const MonoTime record = with.come_back(10min).record;
  Plant without(idle);
  (void)without.away(12h, 3000);
  const MonoTime alone = without.come_back(10min).record;
  std::printf(
      "3000 record events: %.2f s with telemetry behind, %.2f s alone\n",
      seconds(record),
      seconds(alone));
  EXPECT_GT(alone, MonoTime{});
  // The telemetry that was on the wire before: one window of it.
  EXPECT_LE(record, alone + 1s);
}

struct Quota {
  std::uint64_t mib = 0;
  std::uint64_t reserve_mib = 0;
  bool loses = false;  // whatever the windows' length
};

class ADayWithoutLedger : public ::testing::TestWithParam<Quota> {};

// A quota far too small for the day: windows get longer, then telemetry goes,
// announced; the record stays, and disk and memory keep to their limits.
TEST_P(ADayWithoutLedger, KeepsToItsQuota) {
  AgentPlan plan;
  plan.window = is_full() ? 1s : 10s;
  plan.poll_period = is_full() ? 1s : 10s;
  plan.quota_bytes = GetParam().mib * kMiB;
  plan.record_reserve_bytes = GetParam().reserve_mib * kMiB;
  Plant plant(plan);
  const AgentReport offline = plant.away(24h, 1000);
  std::printf(
      "24 h without ledger, quota %.0f MiB: %.1f MiB used at most, %.1f MiB on "
      "disk, windows at level %llu, %llu events given up in %llu ranges, agent "
      "%.1f MiB resident\n",
      mib(plan.quota_bytes),
      mib(offline.peak_used_bytes),
      mib(plant.journal_bytes()),
      static_cast<unsigned long long>(offline.window_level),
      static_cast<unsigned long long>(offline.lost_events),
      static_cast<unsigned long long>(offline.losses),
      mib(offline.peak_memory_bytes));
  EXPECT_LE(offline.peak_used_bytes, plan.quota_bytes);
  EXPECT_LE(plant.journal_bytes(), plan.quota_bytes + kWal);
  EXPECT_LE(offline.peak_memory_bytes, kAgentMemory);
  EXPECT_EQ(offline.dropped_polls, 0U);
  EXPECT_GT(offline.window_level, 0U);
  EXPECT_TRUE(offline.lost_events > 0 || !GetParam().loses);

  const Plant::Return back = plant.come_back(2h);
  EXPECT_LE(back.record, 60s);
  EXPECT_GT(back.all, MonoTime{});
  EXPECT_EQ(back.agent.delivered, back.agent.tail);
  EXPECT_EQ(plant.held(Stream::kRecord), back.agent.delivered[0]);
  // What was announced as lost is what is missing, event by event.
  EXPECT_EQ(plant.held(Stream::kTelemetry) + back.agent.lost_events,
            back.agent.delivered[1]);
  plant.expect_sound();
}

INSTANTIATE_TEST_SUITE_P(Quotas,
                         ADayWithoutLedger,
                         ::testing::Values(Quota{24, 8, false},
                                           Quota{6, 4, true}),
                         [](const auto& each) {
                           return std::to_string(each.param.mib) + "MiB";
                         });

}  // namespace
}  // namespace strongroom::endurance
