// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/clock.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>

namespace strongroom::panel {
namespace {

constexpr std::uint64_t kNow = 1'800'000'000'000;  // Unix, ms
constexpr std::uint64_t kHour = 3'600'000;

TEST(PanelClock, CountsSinceTheStartUntilItIsSet) {
  const PanelClock clock(7);
  EXPECT_FALSE(clock.is_set());
  EXPECT_EQ(clock.unix_ms(5000), 0U);
  EXPECT_EQ(clock.at(12'345), (EventTime{.s = 12, .cs = 34, .boot = 7}));
}

TEST(PanelClock, TakesTheFirstTimeAsItIs) {
  PanelClock clock(7);
  EXPECT_EQ(clock.set(kNow, 5000), 0);
  EXPECT_TRUE(clock.is_set());
  EXPECT_EQ(clock.unix_ms(6500), kNow + 1500);
  EXPECT_EQ(clock.at(6500),
            (EventTime{.s = 1'800'000'001, .cs = 50, .boot = 0}));
}

TEST(PanelClock, StepsFrom2SOn) {
  for (const std::int32_t step : {2, -2, 3600, -86'400}) {
    PanelClock clock(7);
    clock.set(kNow, 5000);
    const std::uint64_t told =
        kNow + 1000 + static_cast<std::uint64_t>(std::int64_t{step} * 1000);
    EXPECT_EQ(clock.set(told, 6000), step);
    EXPECT_EQ(clock.unix_ms(6000), told);
  }
}

TEST(PanelClock, RunsFasterOrSlowerBelow2S) {
  for (const std::int64_t away : {1999, -1999, 40, -40, 1}) {
    PanelClock clock(7);
    clock.set(kNow - 1000, 4000);
    EXPECT_EQ(clock.set(kNow + static_cast<std::uint64_t>(away), 5000), 0);
    EXPECT_EQ(clock.unix_ms(5000), kNow) << "nothing at once";
    const std::uint64_t needed =
        static_cast<std::uint64_t>(std::abs(away)) * 20;
    EXPECT_EQ(clock.unix_ms(5000 + needed),
              kNow + needed + static_cast<std::uint64_t>(away));
    EXPECT_EQ(clock.unix_ms(5000 + 2 * needed),
              kNow + 2 * needed + static_cast<std::uint64_t>(away));
  }
}

// Exchanges arrive early and late by up to 100 ms: time goes on, 5 % away from
// its speed at most, and stays near the agent's.
TEST(PanelClock, NeverGoesBackBetweenSteps) {
  PanelClock clock(7);
  std::uint64_t before = 0;
  std::uint32_t random = 1;
  for (std::uint64_t uptime = 1000; uptime < 600'000; uptime += 7) {
    if (uptime % 2 == 0) {
      random = random * 1664525 + 1013904223;
      EXPECT_EQ(clock.set(kNow + uptime - (random >> 16) % 100, uptime), 0);
    }
    const std::uint64_t now = clock.unix_ms(uptime);
    if (before != 0) {
      EXPECT_GE(now, before + 6);
      EXPECT_LE(now, before + 8);
    }
    before = now;
    EXPECT_NEAR(
        static_cast<double>(now), static_cast<double>(kNow + uptime), 101);
  }
}

TEST(PanelClock, MeasuresItsDriftOverAnHour) {
  PanelClock clock(7);
  for (std::uint64_t uptime = 0; uptime <= 3 * kHour; uptime += 1000) {
    // This clock counts 50 in a million too many.
    EXPECT_EQ(clock.set(kNow + uptime - uptime / 20'000, uptime + 1), 0);
    if (uptime < kHour) {
      EXPECT_EQ(clock.drift_ppm(), 0);
    }
  }
  EXPECT_NEAR(clock.drift_ppm(), 50, 1);
}

TEST(PanelClock, MeasuresItsDriftAnewAfterAStep) {
  PanelClock clock(7);
  clock.set(kNow, 1);
  clock.set(kNow + 2 * kHour, 2 * kHour + 500);
  EXPECT_GT(clock.drift_ppm(), 0);
  EXPECT_NE(clock.set(kNow + 4 * kHour, 3 * kHour), 0);
  EXPECT_EQ(clock.drift_ppm(), 0);
}

TEST(PanelClock, IgnoresWhatIsNoTime) {
  PanelClock clock(7);
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t none : {std::uint64_t{0},
                                   std::uint64_t{4999},
                                   std::uint64_t{5000},
                                   (std::uint64_t{1} << 32) * 1000,
                                   kMost}) {
    EXPECT_EQ(clock.set(none, 5000), 0);
    EXPECT_FALSE(clock.is_set()) << none;
  }
  clock.set(kNow, 5000);
  EXPECT_EQ(clock.set(kMost, 6000), 0);
  EXPECT_EQ(clock.set(kNow + kHour, 4000), 0) << "an uptime that went back";
  EXPECT_EQ(clock.unix_ms(6000), kNow + 1000);
  // Whatever it is asked, it answers.
  clock.at(kMost);
  clock.unix_ms(0);
}

TEST(PanelClock, HoldsTimesUntil2106) {
  PanelClock clock(7);
  constexpr std::uint64_t kLast = (std::uint64_t{1} << 32) * 1000 - 1;
  clock.set(kLast, 5000);
  EXPECT_EQ(clock.at(5000), (EventTime{.s = 0xffffffff, .cs = 99, .boot = 0}));
}

}  // namespace
}  // namespace strongroom::panel
