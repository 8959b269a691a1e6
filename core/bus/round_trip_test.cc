// SPDX-License-Identifier: Apache-2.0
#include "core/bus/round_trip.h"

#include <functional>
#include <gtest/gtest.h>
#include <random>
#include <string>

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kCeiling{1000};
constexpr microseconds kNoWire{0};

TEST(RecentTimes, QuantilesAreTightFromAbove) {
  for (const int us : {70, 100, 999, 4'000, 16'383, 16'384, 250'000}) {
    RecentTimes times;
    for (int i = 0; i < 100; ++i) {
      times.add(microseconds(us));
    }
    EXPECT_GE(times.quantile(500).count(), us);
    EXPECT_LE(times.quantile(990).count(), us * 5 / 4 + 1) << us;
  }
}

TEST(RecentTimes, OneInAHundredIsBeyondTheLastQuantile) {
  RecentTimes times;
  EXPECT_EQ(times.quantile(500).count(), 0);
  for (int i = 0; i < 198; ++i) {
    times.add(milliseconds(1));
  }
  times.add(milliseconds(100));
  times.add(milliseconds(100));
  EXPECT_LE(times.quantile(990), milliseconds(2));
  EXPECT_GE(times.quantile(1000), milliseconds(100));
}

TEST(RecentTimes, ThePastFades) {
  RecentTimes times;
  for (int i = 0; i < 10'000; ++i) {
    times.add(milliseconds(100));
  }
  for (int i = 0; i < 600; ++i) {
    times.add(milliseconds(1));
  }
  EXPECT_LE(times.quantile(500), milliseconds(2));
}

TEST(RecentTimes, WhatIsOutsideOfTheScaleIsAtItsEnds) {
  RecentTimes times;
  times.add(microseconds(-5));
  times.add(microseconds(0));
  EXPECT_EQ(times.quantile(1000), microseconds(64));
  for (int i = 0; i < 10; ++i) {
    times.add(std::chrono::hours(5));
  }
  EXPECT_GE(times.quantile(990), std::chrono::seconds(60));
}

TEST(RoundTrip, WaitsTheCeilingUntilItKnowsTheDevice) {
  RoundTrip round_trip(kCeiling);
  EXPECT_EQ(round_trip.timeout(kNoWire), kCeiling);
  for (int i = 0; i < 19; ++i) {
    round_trip.answered(milliseconds(3), kNoWire);
  }
  EXPECT_FALSE(round_trip.is_known());
  EXPECT_EQ(round_trip.timeout(kNoWire), kCeiling);
  round_trip.answered(milliseconds(3), kNoWire);
  EXPECT_TRUE(round_trip.is_known());
  EXPECT_LE(round_trip.timeout(kNoWire), milliseconds(60));
  EXPECT_GE(round_trip.timeout(kNoWire), milliseconds(50));
}

TEST(RoundTrip, TheWiresPartIsNotTheDevices) {
  RoundTrip round_trip(kCeiling);
  for (int i = 0; i < 100; ++i) {
    round_trip.answered(milliseconds(303), milliseconds(300));
  }
  EXPECT_LE(round_trip.turnaround(), milliseconds(4));
  EXPECT_GE(round_trip.p50(), milliseconds(303));
  // A short question is waited for shortly, a long one long.
  EXPECT_LE(round_trip.timeout(milliseconds(20)), milliseconds(80));
  EXPECT_GE(round_trip.timeout(milliseconds(300)), milliseconds(350));
}

TEST(RoundTrip, NeverTimesOutADeviceThatIsAsItAlwaysWas) {
  std::mt19937 random(5);
  const auto even = [&random](int low, int high) {
    return microseconds(
        std::uniform_int_distribution<int>(low * 1000, high * 1000)(random));
  };
  const auto happens = [&random](int per_mille) {
    return std::uniform_int_distribution<int>(0, 999)(random) < per_mille;
  };
  const struct {
    std::string name;
    std::function<microseconds()> time;
    int most_false_timeouts;  // of 100 000
  } devices[] = {
      {"quick", [&] { return even(0, 1); }, 0},
      {"steady", [&] { return even(19, 21); }, 0},
      {"wide", [&] { return even(1, 200); }, 0},
      {"slow", [&] { return even(400, 700); }, 0},
      {"two ways",
       [&] { return happens(300) ? even(150, 160) : even(5, 6); },
       0},
      {"exponential",
       [&] {
         return microseconds(static_cast<std::int64_t>(
             std::exponential_distribution<>(1.0 / 15'000)(random)));
       },
       5},
      {"busy at times",
       [&] { return happens(5) ? even(300, 400) : even(5, 10); },
       5},
  };
  for (const auto& device : devices) {
    RoundTrip round_trip(kCeiling);
    int false_timeouts = 0;
    for (int i = 0; i < 100'000; ++i) {
      const microseconds time = device.time();
      if (time > round_trip.timeout(kNoWire)) {
        ++false_timeouts;
        round_trip.unanswered();
      } else {
        round_trip.answered(time, kNoWire);
      }
    }
    EXPECT_LE(false_timeouts, device.most_false_timeouts) << device.name;
  }
}

TEST(RoundTrip, GrowsWithEachWaitInVainAndComesDownSlowly) {
  RoundTrip round_trip(kCeiling);
  for (int i = 0; i < 100; ++i) {
    round_trip.answered(milliseconds(5), kNoWire);
  }
  const microseconds usual = round_trip.timeout(kNoWire);
  round_trip.unanswered();
  EXPECT_EQ(round_trip.timeout(kNoWire), 2 * usual);
  round_trip.unanswered();
  EXPECT_EQ(round_trip.timeout(kNoWire), 4 * usual);
  EXPECT_EQ(round_trip.usual_timeout(kNoWire), usual);
  for (int i = 0; i < 100; ++i) {
    round_trip.unanswered();
  }
  EXPECT_EQ(round_trip.timeout(kNoWire), kCeiling);
  round_trip.answered(milliseconds(5), kNoWire);
  EXPECT_EQ(round_trip.timeout(kNoWire), kCeiling);
  for (int i = 0; i < 500 * 10; ++i) {
    round_trip.answered(milliseconds(5), kNoWire);
  }
  EXPECT_EQ(round_trip.timeout(kNoWire), usual);
}

TEST(RoundTrip, FollowsADeviceThatBecomesSlower) {
  RoundTrip round_trip(kCeiling);
  for (int i = 0; i < 1000; ++i) {
    round_trip.answered(milliseconds(5), kNoWire);
  }
  int false_timeouts = 0;
  for (int i = 0; i < 1000; ++i) {
    if (milliseconds(400) > round_trip.timeout(kNoWire)) {
      round_trip.unanswered();
      ++false_timeouts;
    } else {
      round_trip.answered(milliseconds(400), kNoWire);
    }
  }
  EXPECT_LE(false_timeouts, 3);
  EXPECT_LE(round_trip.timeout(kNoWire), kCeiling);
}

}  // namespace
}  // namespace strongroom
