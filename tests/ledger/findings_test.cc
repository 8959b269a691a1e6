// SPDX-License-Identifier: Apache-2.0
// What the ledger finds out by itself: sources that were put back or copied,
// logs that are frozen, entries that rot; and a person's word on a new epoch.
#include <gtest/gtest.h>

#include "tests/ledger/test_ledger.h"

namespace strongroom {
namespace {

using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

class FindingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(at.open()) << at.why;
    ASSERT_TRUE(at.enrol(agent));
    agent.now = at.now;
    clone.now = at.now;
  }

  TestAgent::Batch send(TestAgent& from, Stream stream, std::size_t count) {
    auto batch = from.cut(stream, {.count = count, .resync = true});
    from.held.clear();
    EXPECT_TRUE(at.proves(from, at.exchange(from, batch.payload), batch));
    return batch;
  }

  void pass(std::chrono::seconds time) {
    at.now.wall += time;
    agent.now = at.now;
    clone.now = at.now;
  }

  std::vector<FindingView> findings(int kind) {
    std::vector<FindingView> found;
    for (FindingView& each : at.views->findings(100)) {
      if (each.kind == kind) {
        found.push_back(std::move(each));
      }
    }
    return found;
  }
  std::size_t count(int kind) { return findings(kind).size(); }

  /// The first batch of an epoch that follows `previous`.
  void open_after(TestAgent& who, std::uint64_t previous) {
    EventMessage event = strongroom_v1_Event_init_zero;
    event.which_body = strongroom_v1_Event_epoch_opened_tag;
    event.body.epoch_opened.reason =
        strongroom_v1_EpochReason_EPOCH_REASON_REFUSED;
    event.body.epoch_opened.has_previous = true;
    event.body.epoch_opened.previous.epoch = previous;
    event.body.epoch_opened.previous.seq = 3;
    const auto batch =
        who.cut(Stream::kRecord, {.resync = true, .bodies = {event}});
    at.exchange(who, batch.payload);
  }

  TestLedger at;
  TestAgent agent{"edge-1@bj1", 1};
  TestAgent clone{"edge-1@bj1", 1};  // same name, same key
};

constexpr int kCloned = strongroom_v1_FindingKind_FINDING_KIND_SOURCE_CLONED;
constexpr int kRolledBack =
    strongroom_v1_FindingKind_FINDING_KIND_SOURCE_ROLLED_BACK;
constexpr int kFrozen = strongroom_v1_FindingKind_FINDING_KIND_LOG_FROZEN;
constexpr int kDamaged = strongroom_v1_FindingKind_FINDING_KIND_ENTRY_DAMAGED;
constexpr int kNewEpoch = strongroom_v1_FindingKind_FINDING_KIND_NEW_EPOCH;

// A restored image goes on from an older state: its next batch stands where
// another one is held.
TEST_F(FindingsTest, SourceThatWasPutBack_IsNamedOncePerEpoch) {
  send(agent, Stream::kRecord, 3);
  send(agent, Stream::kRecord, 3);
  for (int i = 0; i < 3; ++i) {
    const auto other = clone.cut(Stream::kRecord, {.count = 2, .resync = true});
    EXPECT_EQ(at.refusal_of(at.exchange(clone, other.payload)),
              reason::kEquivocation);
  }
  const auto found = findings(kRolledBack);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].subject, "edge-1@bj1");
  EXPECT_EQ(found[0].epoch, agent.epoch);
  EXPECT_EQ(count(kCloned), 0U);
}

// The copy opens a new epoch; the original, which knows nothing of it, goes on
// in the old one.
TEST_F(FindingsTest, TwoThatWriteWithOneKey_AreNamed) {
  for (const bool restart : {false, true}) {
    send(agent, Stream::kRecord, 3);
    pass(std::chrono::minutes(1));
    clone.open_epoch(agent.epoch + 0x1000);
    send(clone, Stream::kRecord, 1);
    if (restart) {
      ASSERT_TRUE(at.open()) << at.why;
    }
    pass(std::chrono::minutes(1));
    for (int i = 0; i < 3; ++i) {
      const auto more =
          agent.cut(Stream::kRecord, {.count = 1, .resync = true});
      EXPECT_EQ(at.refusal_of(at.exchange(agent, more.payload)),
                reason::kEpochClosed);
    }
    EXPECT_EQ(count(kCloned), restart ? 2U : 1U);
    agent.open_epoch(agent.epoch + 0x2000);
  }
}

// The copy opened an epoch after the original's; the original was refused then
// and opens one that follows the same. No clock is needed to see two lines.
TEST_F(FindingsTest, TwoEpochsThatFollowOne_AreNamed) {
  for (const bool restart : {false, true}) {
    const std::uint64_t first = agent.epoch;
    send(agent, Stream::kRecord, 3);
    agent.now.quality = ClockQuality::kUnknown;
    clone.now.quality = ClockQuality::kUnknown;
    clone.open_epoch(first + 0x1000);
    open_after(clone, first);
    const std::size_t before = count(kCloned);
    if (restart) {
      ASSERT_TRUE(at.open()) << at.why;
    }
    agent.open_epoch(first + 0x2000);
    open_after(agent, first);
    EXPECT_EQ(count(kCloned), before + 1);
    // Who goes on in his own line accuses nobody.
    const std::uint64_t second = agent.epoch;
    agent.open_epoch(first + 0x3000);
    open_after(agent, second);
    EXPECT_EQ(count(kCloned), before + 1);
    // Nor who follows an epoch that never came.
    agent.open_epoch(first + 0x4000);
    open_after(agent, 0x7777777);
    EXPECT_EQ(count(kCloned), before + 1);
  }
}

// What was recorded before the epoch changed and comes late, held or not.
TEST_F(FindingsTest, LateDuplicates_AccuseNobody) {
  const auto held = send(agent, Stream::kRecord, 3);
  const auto never_came = agent.cut(Stream::kRecord, {.resync = true});
  pass(std::chrono::minutes(5));
  agent.open_epoch(0x2222);
  send(agent, Stream::kRecord, 2);
  pass(std::chrono::hours(5));
  at.exchange(agent, held.payload);
  EXPECT_EQ(at.refusal_of(at.exchange(agent, never_came.payload)),
            reason::kEpochClosed);
  ASSERT_TRUE(at.open()) << at.why;
  EXPECT_EQ(at.refusal_of(at.exchange(agent, never_came.payload)),
            reason::kEpochClosed);
  EXPECT_EQ(count(kCloned), 0U);
}

// An agent without a clock battery begins its new epoch in 1970.
TEST_F(FindingsTest, ClocksThatAreNotKnown_AccuseNobody) {
  send(agent, Stream::kRecord, 3);
  const auto never_came = agent.cut(Stream::kRecord, {.resync = true});
  agent.open_epoch(0x2222);
  agent.now.wall = WallTime(std::chrono::seconds(60));
  agent.now.quality = ClockQuality::kUnknown;
  send(agent, Stream::kRecord, 2);
  EXPECT_EQ(at.refusal_of(at.exchange(agent, never_came.payload)),
            reason::kEpochClosed);
  EXPECT_EQ(count(kCloned), 0U);
}

TEST_F(FindingsTest, FrozenLog_IsWrittenWhereItCanBe) {
  send(agent, Stream::kRecord, 1);
  send(agent, Stream::kTelemetry, 1);
  const std::string shown = sign_checkpoint(
      {"test.example/bj1/record/1", 1000, Hash{1}}, *at.log_signer);
  const auto batch =
      agent.cut(Stream::kRecord, {.resync = true, .held = shown});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, batch.payload)),
            reason::kLogFrozen);
  for (int start = 0; start < 2; ++start) {
    const auto found = findings(kFrozen);
    ASSERT_EQ(found.size(), 1U) << "start " << start;
    EXPECT_EQ(found[0].subject, "test.example/bj1/record/1");
    EXPECT_EQ(found[0].origin, "test.example/bj1/telemetry/1");
    ASSERT_TRUE(at.open()) << at.why;
  }
  // Both logs of the site: the registry speaks.
  const std::string other = sign_checkpoint(
      {"test.example/bj1/telemetry/1", 1000, Hash{1}}, *at.log_signer);
  const auto telemetry =
      agent.cut(Stream::kTelemetry, {.resync = true, .held = other});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, telemetry.payload)),
            reason::kLogFrozen);
  for (int start = 0; start < 2; ++start) {
    const auto found = findings(kFrozen);
    ASSERT_EQ(found.size(), 2U) << "start " << start;
    EXPECT_TRUE(std::ranges::any_of(found, [](const FindingView& each) {
      return each.origin == "test.example/central/registry/1" &&
             each.subject == "test.example/bj1/telemetry/1";
    }));
    ASSERT_TRUE(at.open()) << at.why;
  }
  const auto next = agent.cut(Stream::kRecord, {.resync = true});
  EXPECT_EQ(at.refusal_of(at.exchange(agent, next.payload)),
            reason::kLogFrozen);
}

TEST_F(FindingsTest, DamagedEntry_IsNamedOnceAndStopsNothing) {
  send(agent, Stream::kTelemetry, 3);
  const Origin origin = *Origin::parse("test.example/bj1/telemetry/1");
  for (int start = 0; start < 2; ++start) {
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(at.ledger->note_damage(origin, 2, false, "index 2"));
      ASSERT_TRUE(at.ledger->turn({}));
    }
    const auto found = findings(kDamaged);
    ASSERT_EQ(found.size(), 1U) << "start " << start;
    EXPECT_EQ(found[0].subject, origin.text());
    EXPECT_EQ(found[0].seq, 2U);
    EXPECT_EQ(at.views->damaged().at(origin.text()), 1U);
    send(agent, Stream::kTelemetry, 1);
    ASSERT_TRUE(at.open()) << at.why;
  }
}

TEST_F(FindingsTest, DamagedTile_FreezesTheLog) {
  send(agent, Stream::kTelemetry, 3);
  const Origin origin = *Origin::parse("test.example/bj1/telemetry/1");
  ASSERT_TRUE(at.ledger->note_damage(origin, 0, true, "tile/0/000"));
  ASSERT_TRUE(at.ledger->turn({}));
  EXPECT_EQ(count(kDamaged), 1U);
  EXPECT_EQ(count(kFrozen), 1U);
  EXPECT_FALSE(at.publication->find(origin)->frozen.empty());
}

TEST_F(FindingsTest, DamagedEntries_AreFindingsInBounds) {
  send(agent, Stream::kTelemetry, 3);
  const Origin origin = *Origin::parse("test.example/bj1/telemetry/1");
  for (std::uint64_t index = 0; index < Ledger::kMaxDamaged + 50; ++index) {
    ASSERT_TRUE(at.ledger->note_damage(origin, index, false, "rot"));
  }
  ASSERT_TRUE(at.ledger->turn({}));
  EXPECT_EQ(at.views->damaged().at(origin.text()), Ledger::kMaxDamaged);
}

class ConfirmTest : public FindingsTest {
 protected:
  void SetUp() override {
    FindingsTest::SetUp();
    send(agent, Stream::kRecord, 2);
    agent.open_epoch(0x2222);
    send(agent, Stream::kRecord, 2);
  }
  OrderOutcome confirm(const std::string& source,
                       std::optional<std::uint64_t> epoch) {
    const auto done = at.ledger->carry_out(
        ConfirmOrder{*Source::parse(source), epoch}, "local:7");
    EXPECT_TRUE(done);
    return done ? *done : OrderOutcome(OrderRefused{});
  }
};

TEST_F(ConfirmTest, NewEpoch_IsShownAsConfirmedByWhomAndWhen) {
  ASSERT_EQ(count(kNewEpoch), 1U);
  EXPECT_FALSE(findings(kNewEpoch)[0].confirmed);
  const auto outcome = confirm("edge-1@bj1", std::nullopt);
  const auto* done = std::get_if<OrderDone>(&outcome);
  ASSERT_NE(done, nullptr) << std::get<OrderRefused>(outcome).why;
  EXPECT_EQ(done->origin, "test.example/bj1/record/1");
  EXPECT_TRUE(std::ranges::any_of(
      at.told, [](const auto& each) { return each.first == "confirmed"; }));
  for (int start = 0; start < 2; ++start) {
    const auto found = findings(kNewEpoch);
    ASSERT_EQ(found.size(), 1U);
    ASSERT_TRUE(found[0].confirmed) << "start " << start;
    EXPECT_EQ(found[0].confirmed->actor, "local:7");
    EXPECT_EQ(found[0].confirmed->index, done->index);
    EXPECT_EQ(found[0].confirmed->at_us,
              at.now.wall.time_since_epoch().count());
    // The same again is answered with where it stands.
    const auto again = confirm("edge-1@bj1", 0x2222);
    ASSERT_TRUE(std::holds_alternative<OrderDone>(again));
    EXPECT_EQ(std::get<OrderDone>(again).index, done->index);
    ASSERT_TRUE(at.open()) << at.why;
  }
}

TEST_F(ConfirmTest, WhatIsNotHeld_IsNotConfirmed) {
  struct Case {
    const char* source;
    std::optional<std::uint64_t> epoch;
    bool done;
  };
  const Case cases[] = {{"edge-1@bj1", 0x9999, false},
                        {"edge-9@bj1", std::nullopt, false},
                        {"edge-1@sh1", std::nullopt, false},
                        {"console@bj1", std::nullopt, false},
                        {"edge-1@bj1", 0x1111, true},  // closed since
                        {"edge-1@bj1", 0x2222, true}};
  for (const bool restart : {false, true}) {
    if (restart) {
      ASSERT_TRUE(at.open()) << at.why;
    }
    for (const Case& each : cases) {
      EXPECT_EQ(
          std::holds_alternative<OrderDone>(confirm(each.source, each.epoch)),
          each.done)
          << each.source;
    }
  }
}

// An agent may write what it likes: it is no person.
TEST_F(ConfirmTest, AgentThatConfirmsItself_ConfirmsNothing) {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_epoch_confirmed_tag;
  auto& body = event.body.epoch_confirmed;
  std::string_view("edge-1@bj1").copy(body.source, sizeof(body.source) - 1);
  body.epoch = 0x2222;
  std::string_view("local:0").copy(body.actor, sizeof(body.actor) - 1);
  const auto batch =
      agent.cut(Stream::kRecord, {.resync = true, .bodies = {event}});
  agent.held.clear();
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, batch.payload), batch));
  EXPECT_FALSE(findings(kNewEpoch)[0].confirmed);
  ASSERT_TRUE(at.open()) << at.why;
  EXPECT_FALSE(findings(kNewEpoch)[0].confirmed);
}

}  // namespace
}  // namespace strongroom
