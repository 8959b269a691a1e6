// SPDX-License-Identifier: Apache-2.0
// The agent's driver against the panel's firmware, both real, over a line that
// does its worst. One seed alone: STRONGROOM_SEED=N.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>

#include "tests/panel_sim/world.h"

namespace strongroom::panel_sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void add(Tally& all, const Tally& one) {
  all.events += one.events;
  all.recorded += one.recorded;
  all.lost += one.lost;
  all.unknown += one.unknown;
  all.unlocks += one.unlocks;
  all.executed += one.executed;
  all.undecided += one.undecided;
  all.refused += one.refused;
  all.sessions += one.sessions;
  all.waits.insert(all.waits.end(), one.waits.begin(), one.waits.end());
}

void print(std::uint64_t runs, const Tally& all) {
  std::printf(
      "%llu runs: %llu events, %llu recorded, %llu lost, %llu unknown; "
      "%llu unlocks, %llu executed, %llu of unknown outcome; %llu frames "
      "refused\n",
      static_cast<unsigned long long>(runs),
      static_cast<unsigned long long>(all.events),
      static_cast<unsigned long long>(all.recorded),
      static_cast<unsigned long long>(all.lost),
      static_cast<unsigned long long>(all.unknown),
      static_cast<unsigned long long>(all.unlocks),
      static_cast<unsigned long long>(all.executed),
      static_cast<unsigned long long>(all.undecided),
      static_cast<unsigned long long>(all.refused));
}

/// Of the waits, that which so many hundredths of them do not exceed.
milliseconds wait(Tally& all, std::size_t hundredths) {
  std::ranges::sort(all.waits);
  return std::chrono::ceil<milliseconds>(
      all.waits.at((all.waits.size() - 1) * hundredths / 100));
}

::testing::AssertionResult holds(std::uint64_t seed,
                                 const Plan& plan,
                                 Tally& all) {
  World world(seed, plan);
  const auto faults = world.run();
  add(all, world.tally());
  if (faults.empty()) {
    return ::testing::AssertionSuccess();
  }
  auto failure = ::testing::AssertionFailure();
  failure << "STRONGROOM_SEED=" << seed;
  for (const std::string& what : faults) {
    failure << "\n  " << what;
  }
  return failure;
}

bool is_full_run() {
  return std::getenv("STRONGROOM_FULL") != nullptr;
}

TEST(PanelSim, NothingIsLostOrDoneTwiceWhateverTheLineDoes) {
  std::uint64_t first = 1;
  std::uint64_t last = is_full_run() ? 20'000 : 1000;
  if (const char* const seed = std::getenv("STRONGROOM_SEED")) {
    first = last = std::strtoull(seed, nullptr, 10);
  }
  Tally all;
  int failures = 0;
  for (std::uint64_t seed = first; seed <= last && failures < 5; ++seed) {
    const auto result = holds(seed, plan_of(seed), all);
    EXPECT_TRUE(result);
    failures += result ? 0 : 1;
  }
  print(last - first + 1, all);
  if (first != last) {
    // It was worth it.
    EXPECT_GT(all.executed, 0U);
    EXPECT_GT(all.undecided, 0U);
    EXPECT_GT(all.refused, 0U);
  }
}

// The ring holds 256 events.
TEST(PanelSim, ALinkThatWasDownForLongerThanTheRingHoldsLosesAnExactNumber) {
  Tally all;
  for (std::uint64_t seed = 1; seed <= (is_full_run() ? 200U : 10U); ++seed) {
    Plan plan;
    plan.length = seconds(500);
    plan.events = milliseconds(700);
    plan.badges = milliseconds(3000);
    plan.outages = seconds(20);
    plan.outage_length = seconds(300);
    plan.resets = seconds(seed % 2 == 0 ? 0 : 60);
    plan.restarts = seconds(seed % 3 == 0 ? 0 : 60);
    EXPECT_TRUE(holds(seed, plan, all));
  }
  print(10, all);
  EXPECT_GT(all.lost, 0U);
}

TEST(PanelSim, OnAGoodLineEveryUnlockIsExecutedAndEveryEventRecorded) {
  Tally all;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Plan plan;
    plan.badges = milliseconds(800);
    plan.lists = seconds(5);
    const Tally before = all;
    EXPECT_TRUE(holds(seed, plan, all));
    EXPECT_EQ(all.recorded - before.recorded, all.events - before.events);
  }
  print(20, all);
  EXPECT_EQ(all.lost + all.unknown + all.undecided + all.refused, 0U);
  // Those that lived for a few milliseconds only may have been over before.
  EXPECT_GT(all.executed * 100, all.unlocks * 95);
  // One panel on the line, 5 ms for a commit, polled every 40 ms.
  std::printf("badge to unlock: half within %lld ms, 99 of 100 within %lld\n",
              static_cast<long long>(wait(all, 50).count()),
              static_cast<long long>(wait(all, 99).count()));
  EXPECT_LE(wait(all, 99), milliseconds(100));
}

}  // namespace
}  // namespace strongroom::panel_sim
