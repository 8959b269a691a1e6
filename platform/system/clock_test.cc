// SPDX-License-Identifier: Apache-2.0
#include "platform/system/clock.h"

#include <gtest/gtest.h>

#include "platform/system/clock_quality.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

TEST(JudgeClock, Synchronised_IsGoodWithTheKernelsError) {
  const ClockTrust trust = judge_clock(
      {.synchronised = true, .max_error = microseconds(1500)}, false);
  EXPECT_EQ(trust.quality, ClockQuality::kGood);
  EXPECT_EQ(trust.error, microseconds(1500));
}

TEST(JudgeClock, OnceSynchronised_IsCoarse) {
  const ClockTrust trust =
      judge_clock({.synchronised = false, .max_error = seconds(16)}, true);
  EXPECT_EQ(trust.quality, ClockQuality::kCoarse);
  EXPECT_EQ(trust.error, microseconds(0));
}

TEST(JudgeClock, NeverSynchronised_IsUnknown) {
  const ClockTrust trust =
      judge_clock({.synchronised = false, .max_error = seconds(16)}, false);
  EXPECT_EQ(trust.quality, ClockQuality::kUnknown);
  EXPECT_EQ(trust.error, microseconds(0));
}

TEST(ReadClocks, Readings_AreThoseOfTheSystem) {
  const auto before = std::chrono::system_clock::now();
  const Now first = read_clocks();
  const Now second = read_clocks();
  const auto after = std::chrono::system_clock::now();
  EXPECT_GE(first.wall, std::chrono::floor<microseconds>(before));
  EXPECT_LE(second.wall, after);
  EXPECT_GE(second.monotonic, first.monotonic);
  EXPECT_GT(first.monotonic, microseconds(0));
}

}  // namespace
}  // namespace strongroom
