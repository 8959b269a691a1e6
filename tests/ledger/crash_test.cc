// SPDX-License-Identifier: Apache-2.0
// Every durable step of the ledger fails once, before it was done and after.
// Whatever is then on disk, the next start goes on, loses nothing that anyone
// was told, and never signs two histories.
#include <gtest/gtest.h>

#include "ledger/check/check_ledger.h"
#include "ledger/log/subtrees.h"
#include "tests/ledger/succession.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom {
namespace {

using testing_ledger::Succession;
using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

/// A short life of a ledger with two agents: enrolments, batches, the oldest
/// entries pruned, the telemetry log succeeded, batches into the successor,
/// entries of both pruned. Each step is repeated until the ledger has answered
/// it.
class Script {
 public:
  explicit Script(TestLedger& ledger) : at_(ledger) {
    for (int i = 0; i < 6; ++i) {
      const bool first = i == 0;
      telemetry_.push_back(
          near_.cut(Stream::kTelemetry, {.count = 200, .resync = first}));
      record_.push_back(near_.cut(
          Stream::kRecord,
          {.resync = first, .disclosures = Bytes(40, std::uint8_t(i))}));
    }
    away_.push_back(far_.cut(Stream::kRecord, {.resync = true}));
  }

  /// Goes on where it stood. False: the ledger stopped.
  bool go_on() {
    while (done_ < kSteps) {
      if (!step()) {
        return false;
      }
      ++done_;
    }
    return true;
  }

 private:
  static constexpr int kSteps = 11;

  bool step() {
    switch (done_) {
      case 0:
        return enrol(near_);
      case 1:
        return send(near_, {&telemetry_[0], &record_[0], &telemetry_[1]});
      case 2:
        return enrol(far_);
      case 3:
        return send(far_, {&away_[0]}) && send(near_, {&record_[1]});
      case 4:
        return send(near_, {&telemetry_[2], &record_[2]});
      case 5:
        return prune(1, 256);
      case 6:
        return send(near_, {&telemetry_[3], &record_[3]});
      case 7:
        return succeed();
      case 8:
        return send(near_, {&telemetry_[4], &record_[4]});
      case 9:
        return send(near_, {&telemetry_[5], &record_[5]});
      default:
        return prune(1, 768) && prune(2, 256);
    }
  }

  /// As the loop does when entries are old enough: in slices.
  bool prune(std::uint32_t generation, std::uint64_t to) {
    Succession steps(at_, "bj1", Stream::kTelemetry);
    bool done = steps.open().has_value();
    const Origin origin{
        TestLedger::kName, "bj1", Stream::kTelemetry, generation};
    while (done) {
      LogWriter& logs = steps.writer();
      const auto ids = logs.ids();
      const LogId id = *std::ranges::find(
          ids, origin, [&](LogId each) { return logs.origin(each); });
      if (logs.pruned_to(id) >= to) {
        break;
      }
      const auto slice = logs.prune(id, to, 1);
      EXPECT_TRUE(!slice || slice->refused.empty()) << slice->refused;
      done = slice.has_value();
    }
    return done && at_.open();
  }

  bool succeed() {
    const bool done =
        Succession(at_, "bj1", Stream::kTelemetry).carry_out().has_value();
    if (!done || !at_.open()) {
      return false;
    }
    // As an agent that was told to follow.
    near_.held.erase(Stream::kTelemetry);
    near_.held_note.erase(Stream::kTelemetry);
    near_.generation[Stream::kTelemetry] = 2;
    return true;
  }

  bool enrol(TestAgent& agent) {
    const auto done = at_.enrol(agent);
    return done && std::holds_alternative<OrderDone>(*done);
  }

  bool send(TestAgent& agent, std::vector<TestAgent::Batch*> batches) {
    std::vector<Bytes> payloads;
    std::vector<TestAgent::Batch*> sent;
    std::set<Stream> resynced;
    for (TestAgent::Batch* batch : batches) {
      if (proven_.contains(batch)) {
        continue;
      }
      // As an agent that cannot know what became of the last try.
      const Stream stream = batch->header.stream;
      payloads.push_back(TestAgent::payload_of(
          *batch,
          {.resync = resynced.insert(stream).second,
           .held = agent.held_note[stream],
           .disclosures = stream == Stream::kRecord ? Bytes(40, 1) : Bytes()}));
      sent.push_back(batch);
    }
    at_.acks.clear();
    const bool survived = at_.send(agent, std::move(payloads)).has_value();
    EXPECT_LE(at_.acks.size(), sent.size());
    EXPECT_TRUE(!survived || at_.acks.size() == sent.size());
    // Whatever was said before the end must hold after it.
    for (std::size_t i = 0; i < at_.acks.size() && i < sent.size(); ++i) {
      EXPECT_TRUE(at_.proves(agent, at_.acks[i].second, *sent[i]));
      proven_.insert(sent[i]);
    }
    return survived;
  }

  TestLedger& at_;
  TestAgent near_{"edge-1@bj1", 1};
  TestAgent far_{"edge-1@sz2", 2, 0x2222};
  std::vector<TestAgent::Batch> telemetry_;
  std::vector<TestAgent::Batch> record_;
  std::vector<TestAgent::Batch> away_;
  std::set<TestAgent::Batch*> proven_;
  int done_ = 0;
};

/// Every checkpoint that was ever signed is one of the tree that stands now.
void expect_one_history(TestLedger& at) {
  at.keep_signed();
  for (const GuardEntry& entry : at.all_signed) {
    const auto checkpoint = open_checkpoint(entry.note, at.trust());
    ASSERT_TRUE(checkpoint);
    const auto log = at.publication->find(*Origin::parse(entry.origin));
    ASSERT_NE(log, nullptr) << entry.origin;
    ASSERT_LE(checkpoint->size, log->checkpoint.size) << entry.origin;
    TileCache cache(8);
    Subtrees tree(log->edge, cache, [&](int level, std::uint64_t number) {
      return at.reader->tile(log->log_id, level, number);
    });
    const auto root = tree.root(checkpoint->size);
    ASSERT_TRUE(root) << root.error().what;
    EXPECT_EQ(*root, checkpoint->root) << entry.note;
  }
}

void expect_sound(TestLedger& at) {
  const auto found = check_ledger(at.store_path(), at.guard_path(), at.trust());
  ASSERT_TRUE(found) << found.error().what;
  for (const LedgerFlaw& flaw : found->flaws) {
    ADD_FAILURE() << flaw.text();
  }
  for (const CheckedLog& log : found->logs) {
    EXPECT_EQ(log.entries, log.signed_size) << log.origin;
  }
}

int steps_of_a_whole_life() {
  TestLedger at;
  EXPECT_TRUE(at.open()) << at.why;
  Script script(at);
  EXPECT_TRUE(script.go_on());
  expect_sound(at);
  expect_one_history(at);
  return at.plan.steps;
}

class Crash : public ::testing::TestWithParam<bool> {};

TEST_P(Crash, AtEveryDurableStep_LosesNothingAndSignsOneHistory) {
  const int steps = steps_of_a_whole_life();
  ASSERT_GT(steps, 30);
  for (int step = 0; step < steps; ++step) {
    SCOPED_TRACE("fault at step " + std::to_string(step));
    TestLedger at;
    at.plan.steps_until_fault = step;
    at.plan.after_doing_it = GetParam();
    Script script(at);
    // The fault ends the program, wherever it was; it comes once.
    const bool survived = at.open() && script.go_on();
    EXPECT_FALSE(survived);
    at.plan.steps_until_fault = -1;
    ASSERT_TRUE(at.open()) << at.why;
    EXPECT_TRUE(script.go_on());
    expect_sound(at);
    expect_one_history(at);
    if (HasFailure()) {
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, Crash, ::testing::Bool(), [](const auto& each) {
  return each.param ? "AfterDoingIt" : "BeforeDoingIt";
});

}  // namespace
}  // namespace strongroom
