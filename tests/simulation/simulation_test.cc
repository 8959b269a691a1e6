// SPDX-License-Identifier: Apache-2.0
// A fixed range of seeds, kept failures of before, and that the simulation
// would notice. STRONGROOM_FULL=1: until 10 000 crashes were survived.
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "platform/crypto/keys.h"
#include "tests/simulation/minimise.h"

namespace strongroom::simulation {
namespace {

constexpr std::uint64_t kRuns = 400;
constexpr std::uint64_t kFullCrashes = 10'000;

bool is_full() {
  const char* full = std::getenv("STRONGROOM_FULL");
  return full != nullptr && std::string_view(full) == "1";
}

class Simulation : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { init_crypto(); }

  static void expect_holds(const Plan& plan, const Outcome& outcome) {
    ASSERT_TRUE(outcome.failures.empty())
        << report_of(plan, outcome) << "as a file:\n"
        << plan.file() << "again: simulation --seed " << plan.seed
        << " --trace; with the fewest faults: --minimise";
  }
};

TEST_F(Simulation, TheSameSeedIsTheSameRun) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const Plan plan = make_plan(seed, {});
    const Outcome first = run_plan(plan);
    const Outcome again = run_plan(plan);
    EXPECT_EQ(first.hash, again.hash) << "seed " << seed;
    EXPECT_EQ(first.lines, again.lines);
    EXPECT_NE(first.hash, run_plan(make_plan(seed + 1, {})).hash);
    EXPECT_GT(first.lines, 20U);
  }
}

TEST_F(Simulation, APlanIsTheSameFromItsFile) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const Plan plan = make_plan(seed, {});
    const auto read = parse_plan(plan.file());
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->file(), plan.file());
  }
  EXPECT_FALSE(parse_plan("agents 1\nsites 1\nfault rain 0 0 0 0 0\n"));
  EXPECT_FALSE(parse_plan("agents 1\nsites 1\nfault loss 0 0 1 0 0\n"));
}

TEST_F(Simulation, NothingIsLostOrDoubledOrFalse) {
  Outcome sum;
  std::uint64_t runs = 0;
  while (is_full() ? sum.crashes < kFullCrashes : runs < kRuns) {
    const Plan plan = make_plan(++runs, {});
    const Outcome one = run_plan(plan);
    ASSERT_NO_FATAL_FAILURE(expect_holds(plan, one));
    sum.crashes += one.crashes;
    sum.events += one.events;
    sum.salvaged += one.salvaged;
    sum.losses += one.losses;
    sum.recoveries += one.recoveries;
    sum.signatures += one.signatures;
  }
  fmt::print(
      "{} runs: {} crashes, {} events, {} told again, {} given up, {} "
      "recoveries, {} checkpoints\n",
      runs,
      sum.crashes,
      sum.events,
      sum.salvaged,
      sum.losses,
      sum.recoveries,
      sum.signatures);
  // What these runs are for must happen in them.
  EXPECT_GT(sum.crashes, runs);
  EXPECT_GT(sum.salvaged, 0U);
  EXPECT_GT(sum.losses, 0U);
  EXPECT_GT(sum.recoveries, 0U);
}

// What failed once stays a run of its own (regressions/README.md).
TEST_F(Simulation, WhatFailedOnceHolds) {
  std::size_t plans = 0;
  for (const auto& file :
       std::filesystem::directory_iterator("tests/simulation/regressions")) {
    if (file.path().extension() != ".plan") {
      continue;
    }
    std::ostringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const auto plan = parse_plan(text.str());
    ASSERT_TRUE(plan) << file.path() << ": " << plan.error().what;
    SCOPED_TRACE(file.path().string());
    ASSERT_NO_FATAL_FAILURE(expect_holds(*plan, run_apart(*plan)));
    ++plans;
  }
  EXPECT_GT(plans, 0U);
}

// Each part of the product that can be left out from outside is missed.
struct Noticed {
  Sabotage sabotage;
  std::vector<FaultKind> faults;
  std::uint64_t within_runs;
};

TEST_F(Simulation, NoticesWhatIsLeftOut) {
  const std::vector<Noticed> table = {
      {Sabotage::kActFirst, {FaultKind::kAgentCrash}, 100},
      {Sabotage::kGuardForgets, {FaultKind::kLedgerRollBack}, 100},
  };
  for (const Noticed& row : table) {
    FaultSet set{0};
    for (const FaultKind kind : row.faults) {
      set.add(kind);
    }
    std::uint64_t seed = 0;
    bool noticed = false;
    while (!noticed && seed < row.within_runs) {
      Plan plan = make_plan(++seed, set);
      plan.sabotage = row.sabotage;
      noticed = !run_plan(plan).failures.empty();
    }
    EXPECT_TRUE(noticed) << sabotage_name(row.sabotage);
    fmt::print("{} is noticed in run {}\n", sabotage_name(row.sabotage), seed);
  }
}

TEST_F(Simulation, AFailureIsMadeSmall) {
  Plan plan = make_plan(3, {});
  plan.sabotage = Sabotage::kActFirst;
  for (std::uint64_t seed = 3;; ++seed) {
    ASSERT_LT(seed, 400U);
    plan = make_plan(seed, {});
    plan.sabotage = Sabotage::kActFirst;
    if (plan.faults.size() > 4 && !run_apart(plan).failures.empty()) {
      break;
    }
  }
  const Plan least = minimised(plan, 60);
  EXPECT_LT(least.faults.size(), plan.faults.size());
  EXPECT_FALSE(run_apart(least).failures.empty());
  EXPECT_TRUE(least.has(FaultKind::kAgentCrash)) << least.text();
}

}  // namespace
}  // namespace strongroom::simulation
