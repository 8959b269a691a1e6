// SPDX-License-Identifier: Apache-2.0
#include "ledger/recover/plan.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

using From = KnownCheckpoint::From;

Origin origin(const std::string& text) {
  return *Origin::parse("test.example/" + text);
}

KnownCheckpoint known(From from, std::uint64_t size, bool matches = true) {
  KnownCheckpoint checkpoint{from, {"", size, {}}, matches};
  checkpoint.checkpoint.root.fill(static_cast<std::uint8_t>(size));
  return checkpoint;
}

/// Sound, and signed as far as it goes.
SurveyedLog healthy(const std::string& name, std::uint64_t size = 40) {
  SurveyedLog log;
  log.origin = origin(name);
  log.log_id = 1;
  log.stored = log.sound = log.signed_by_sources = size;
  log.known = {known(From::kGuard, size)};
  return log;
}

SurveyedLog guard_alone(const std::string& name, std::uint64_t size = 50) {
  SurveyedLog log;
  log.origin = origin(name);
  log.known = {known(From::kGuard, size, false)};
  return log;
}

std::vector<SurveyedLog> with_registry(std::vector<SurveyedLog> logs) {
  logs.insert(logs.begin(), healthy("central/registry/1"));
  return logs;
}

RecoveryPlan plan_of(const std::vector<SurveyedLog>& logs,
                     const std::vector<std::string>& chosen = {}) {
  const auto planned = plan_recovery(logs, chosen);
  const auto* plan = std::get_if<RecoveryPlan>(&planned);
  EXPECT_NE(plan, nullptr) << std::get<PlanRefused>(planned).what;
  return plan == nullptr ? RecoveryPlan() : *plan;
}

std::string refusal_of(const std::vector<SurveyedLog>& logs,
                       const std::vector<std::string>& chosen) {
  const auto planned = plan_recovery(logs, chosen);
  const auto* refused = std::get_if<PlanRefused>(&planned);
  return refused == nullptr ? "" : refused->what;
}

TEST(PlanTest, EveryTrouble_IsSeen) {
  struct Case {
    const char* what;
    std::function<void(SurveyedLog&)> make;
    const char* said;
  };
  const Case cases[] = {
      {"healthy", [](SurveyedLog&) {}, ""},
      {"ahead of the guard",
       [](SurveyedLog& log) { log.stored = log.sound = 44; },
       ""},
      {"empty, and new",
       [](SurveyedLog& log) {
         log.stored = log.sound = 0;
         log.known.clear();
       },
       ""},
      {"gone", [](SurveyedLog& log) { log.log_id.reset(); }, "older copy"},
      {"frozen", [](SurveyedLog& log) { log.frozen = "why"; }, "why"},
      {"behind",
       [](SurveyedLog& log) { log.known = {known(From::kGuard, 41, false)}; },
       "has 40 entries, 41 were signed"},
      {"damaged",
       [](SurveyedLog& log) {
         log.sound = 12;
         log.flaw = "index 12 is missing";
       },
       "index 12 is missing"},
      {"beside",
       [](SurveyedLog& log) { log.known = {known(From::kGuard, 40, false)}; },
       "another root"},
      {"unguarded",
       [](SurveyedLog& log) { log.known.clear(); },
       "the guard knows nothing"},
      {"unreadable",
       [](SurveyedLog& log) {
         log.known.clear();
         log.guard_unreadable = true;
       },
       "not one of ours"},
      {"older guard",
       [](SurveyedLog& log) {
         log.known = {known(From::kGuard, 20), known(From::kDatabase, 40)};
       },
       "the guard is an older copy"},
  };
  for (const Case& each : cases) {
    SurveyedLog log = healthy("bj1/record/1");
    each.make(log);
    const std::string said = trouble_of(log);
    EXPECT_EQ(said.empty(), std::string(each.said).empty()) << each.what;
    EXPECT_NE(said.find(each.said), std::string::npos) << each.what << said;
  }
}

TEST(PlanTest, HealthyLedger_HasNothingToDo) {
  const RecoveryPlan plan = plan_of(with_registry({healthy("bj1/record/1")}));
  EXPECT_TRUE(plan.logs.empty());
  EXPECT_TRUE(plan.succeeded.empty());
  EXPECT_EQ(plan.sites, std::vector<std::string>{"bj1"});
}

TEST(PlanTest, BehindItsGuard_EndsAtTheNewestNoteThatItMatches) {
  SurveyedLog log = healthy("bj1/record/1");
  log.known = {known(From::kGuard, 90, false), known(From::kDatabase, 36)};
  const RecoveryPlan plan = plan_of(with_registry({log}));
  ASSERT_EQ(plan.logs.size(), 1U);
  const LogPlan& todo = plan.logs[0];
  EXPECT_EQ(todo.predecessor, log.origin);
  EXPECT_EQ(todo.successor, origin("bj1/record/2"));
  EXPECT_EQ(todo.frozen_size, 36U);
  EXPECT_EQ(todo.frozen_root, log.known[1].checkpoint.root);
  EXPECT_EQ(todo.provable_size, 36U);
  EXPECT_EQ(todo.signed_size, 90U);
  EXPECT_EQ(todo.signed_root, log.known[0].checkpoint.root);
  ASSERT_EQ(todo.steps.size(), 1U);
  EXPECT_EQ(todo.steps[0].closed_at, 36U);
  EXPECT_FALSE(todo.steps[0].is_missing);
}

TEST(PlanTest, NoNoteMatches_NothingIsKept) {
  SurveyedLog log = healthy("bj1/record/1");
  log.known = {known(From::kGuard, 90, false)};
  log.signed_by_sources = 33;
  const LogPlan todo = plan_of(with_registry({log})).logs.at(0);
  EXPECT_EQ(todo.frozen_size, 0U);
  EXPECT_EQ(todo.frozen_root, empty_root());
  EXPECT_EQ(todo.provable_size, 0U);
  EXPECT_EQ(todo.steps.at(0).closed_at, 0U);
}

TEST(PlanTest, WhatRepairMends_IsLeftAlone) {
  struct Case {
    const char* what;
    std::function<void(SurveyedLog&)> make;
    Mending mending;
  };
  const auto tile = [](SurveyedLog& log) { log.tile_flaw = "tile/0/000 is"; };
  const auto entry = [](SurveyedLog& log) {
    log.sound = 12;
    log.flaw = "index 12 is missing";
    log.known[0].matches = false;
  };
  const Case cases[] = {
      {"healthy", [](SurveyedLog&) {}, Mending::kNone},
      {"a tile", tile, Mending::kTiles},
      {"frozen for a tile",
       [](SurveyedLog& log) { log.frozen = "tile/0/000 is damaged"; },
       Mending::kTiles},
      {"an entry", entry, Mending::kBytes},
      {"both",
       [&](SurveyedLog& log) {
         tile(log);
         entry(log);
       },
       Mending::kBytes},
      {"a tile, and frozen for another reason",
       [&](SurveyedLog& log) {
         tile(log);
         log.frozen = "an agent shows more";
       },
       Mending::kNone},
      {"a tile, and a note was shown",
       [&](SurveyedLog& log) {
         tile(log);
         log.frozen = "tile/0/000 is damaged";
         log.was_shown = true;
       },
       Mending::kNone},
      {"a tile, and another root",
       [&](SurveyedLog& log) {
         tile(log);
         log.known[0].matches = false;
       },
       Mending::kNone},
      {"an entry, and behind its guard",
       [&](SurveyedLog& log) {
         entry(log);
         log.known = {known(From::kGuard, 41, false)};
       },
       Mending::kNone},
      {"a tile, and an older guard",
       [&](SurveyedLog& log) {
         tile(log);
         log.known = {known(From::kGuard, 20), known(From::kDatabase, 40)};
       },
       Mending::kNone},
      {"an entry that was not signed yet",
       [&](SurveyedLog& log) {
         log.known = {known(From::kGuard, 12)};
         log.sound = 12;
         log.flaw = "index 12 is missing";
       },
       Mending::kNone},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.what);
    SurveyedLog log = healthy("bj1/record/1");
    each.make(log);
    EXPECT_EQ(mending_of(log), each.mending);
    const auto logs = with_registry({log});
    const RecoveryPlan plan = plan_of(logs);
    EXPECT_EQ(plan.left_alone.size(), each.mending == Mending::kNone ? 0U : 1U);
    EXPECT_EQ(
        plan.logs.size(),
        each.mending == Mending::kNone && !trouble_of(log).empty() ? 1U : 0U);
    if (each.mending == Mending::kNone) {
      continue;
    }
    EXPECT_NE(plan.left_alone.at(0).why.find("strongroom repair"),
              std::string::npos);
    if (each.mending == Mending::kBytes) {
      EXPECT_EQ(plan_of(logs, {log.origin.text()}).logs.size(), 1U);
    } else {
      EXPECT_NE(refusal_of(logs, {log.origin.text()}).find("repair"),
                std::string::npos);
    }
  }
}

TEST(PlanTest, RegistryThatRepairMends_ComesFirst) {
  auto logs = with_registry({guard_alone("bj1/record/1")});
  logs[0].tile_flaw = "tile/0/000 is";
  EXPECT_NE(refusal_of(logs, {}).find("comes first"), std::string::npos);
}

TEST(PlanTest, Registry_EndsWhereItsSourceSigned) {
  SurveyedLog log = healthy("central/registry/1");
  log.known = {known(From::kGuard, 90, false), known(From::kDatabase, 36)};
  log.signed_by_sources = 40;
  const LogPlan todo = plan_of({log}).logs.at(0);
  EXPECT_EQ(todo.frozen_size, 40U);
  EXPECT_EQ(todo.provable_size, 36U);
}

TEST(PlanTest, DatabaseLost_BeginsFromNothing) {
  const RecoveryPlan plan = plan_of({guard_alone("central/registry/1"),
                                     guard_alone("bj1/record/1"),
                                     guard_alone("bj1/telemetry/1")});
  ASSERT_EQ(plan.logs.size(), 3U);
  EXPECT_EQ(plan.logs[0].successor, origin("central/registry/2"));
  for (const LogPlan& todo : plan.logs) {
    ASSERT_EQ(todo.steps.size(), 1U);
    EXPECT_TRUE(todo.steps[0].is_missing);
    EXPECT_EQ(todo.frozen_size, 0U);
    EXPECT_EQ(todo.frozen_root, empty_root());
    EXPECT_EQ(todo.signed_size, 50U);
  }
}

TEST(PlanTest, CopyFromBeforeAnEarlierRecovery_GoesPastIt) {
  SurveyedLog old = healthy("bj1/record/1");
  const RecoveryPlan plan =
      plan_of(with_registry({old, guard_alone("bj1/record/2", 70)}));
  ASSERT_EQ(plan.logs.size(), 1U);
  const LogPlan& todo = plan.logs[0];
  EXPECT_EQ(todo.predecessor, origin("bj1/record/2"));
  EXPECT_EQ(todo.successor, origin("bj1/record/3"));
  EXPECT_EQ(todo.frozen_size, 0U);
  EXPECT_EQ(todo.signed_size, 70U);
  ASSERT_EQ(todo.steps.size(), 2U);
  EXPECT_EQ(todo.steps[0].closed_at, 40U);
  EXPECT_EQ(todo.steps[0].successor, origin("bj1/record/2"));
  EXPECT_EQ(todo.steps[1].origin, origin("bj1/record/2"));
  EXPECT_EQ(todo.steps[1].closed_at, 0U);
  EXPECT_EQ(todo.steps[1].successor, origin("bj1/record/3"));
}

TEST(PlanTest, InterruptedRecovery_GoesOnWithItsEmptySuccessor) {
  SurveyedLog old = healthy("bj1/record/1", 36);
  old.frozen = "behind";
  old.closed_at = 36;
  SurveyedLog next = healthy("bj1/record/2", 0);
  for (const bool guarded : {true, false}) {
    next.known.clear();
    if (guarded) {
      next.known = {known(From::kGuard, 0)};
    }
    const RecoveryPlan plan = plan_of(with_registry({old, next}));
    ASSERT_EQ(plan.logs.size(), 1U);
    EXPECT_TRUE(plan.logs[0].steps.empty());
    EXPECT_EQ(plan.logs[0].predecessor, old.origin);
    EXPECT_EQ(plan.logs[0].successor, next.origin);
    EXPECT_EQ(plan.logs[0].frozen_size, 36U);
  }
  // Made over again what was signed once: not empty for want of a first batch.
  next.known = {known(From::kGuard, 70, false)};
  EXPECT_EQ(plan_of(with_registry({old, next})).logs.at(0).successor,
            origin("bj1/record/3"));
}

TEST(PlanTest, SuccessorThatStands_IsNothingToDo) {
  SurveyedLog old = healthy("bj1/record/1", 36);
  old.frozen = "behind";
  old.closed_at = 36;
  const RecoveryPlan plan =
      plan_of(with_registry({old, healthy("bj1/record/2", 5)}));
  EXPECT_TRUE(plan.logs.empty());
  EXPECT_EQ(plan.succeeded, std::vector<Origin>{origin("bj1/record/2")});
}

TEST(PlanTest, Chosen_AreTheNewestThatNeedIt_AndTheRegistryFirst) {
  SurveyedLog record = healthy("bj1/record/1");
  record.frozen = "why";
  SurveyedLog telemetry = healthy("bj1/telemetry/1");
  telemetry.frozen = "why";
  const auto logs = with_registry({record, telemetry});
  EXPECT_EQ(plan_of(logs).logs.size(), 2U);
  const RecoveryPlan one = plan_of(logs, {record.origin.text()});
  ASSERT_EQ(one.logs.size(), 1U);
  EXPECT_EQ(one.logs[0].predecessor, record.origin);
  EXPECT_NE(refusal_of(logs, {"test.example/central/registry/1"}), "");
  EXPECT_NE(refusal_of(logs, {"test.example/bj2/record/1"}), "");
  auto broken = logs;
  broken[0].frozen = "why";
  EXPECT_NE(refusal_of(broken, {record.origin.text()}).find("comes first"),
            std::string::npos);
}

}  // namespace
}  // namespace strongroom
