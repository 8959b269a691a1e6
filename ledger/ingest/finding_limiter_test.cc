// SPDX-License-Identifier: Apache-2.0
#include "ledger/ingest/finding_limiter.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

Refusal refusal(std::uint8_t hash,
                RefusalReason why = reason::kSignature,
                const char* source = "edge-1@bj1") {
  return {*Source::parse(source), Stream::kRecord, 1, 1, why, Hash{hash}};
}

constexpr WallTime kStart{std::chrono::hours(500'000)};

TEST(FindingLimiter, EachHeader_IsWrittenOnce) {
  FindingLimiter limiter;
  EXPECT_TRUE(limiter.see(refusal(1), kStart));
  EXPECT_FALSE(limiter.see(refusal(1), kStart));
  EXPECT_FALSE(limiter.see(refusal(1), kStart + std::chrono::hours(30)));
  const auto next = limiter.see(refusal(2), kStart + std::chrono::hours(30));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->count, 3U);  // two repeats and itself
}

TEST(FindingLimiter, FlowControl_IsNoFinding) {
  FindingLimiter limiter;
  for (const RefusalReason why : {reason::kUnknownSource,
                                  reason::kResync,
                                  reason::kBusy,
                                  reason::kLogFrozen}) {
    EXPECT_FALSE(limiter.see(refusal(1, why), kStart));
    EXPECT_FALSE(limiter.see(refusal(1, why), kStart));
  }
  EXPECT_FALSE(limiter.see(refusal(1, reason::kGap), kStart));
  EXPECT_TRUE(limiter.see(refusal(1, reason::kGap), kStart));
}

TEST(FindingLimiter, TooManyInAnHour_AreHeldBackAndSummedUp) {
  FindingLimiter limiter;
  std::size_t written = 0;
  for (std::uint8_t i = 0; i < 100; ++i) {
    written += limiter.see(refusal(i), kStart) ? 1U : 0U;
  }
  EXPECT_EQ(written, FindingLimiter::kPerHour);
  EXPECT_TRUE(limiter.due(kStart + std::chrono::minutes(59)).empty());
  const auto due = limiter.due(kStart + std::chrono::minutes(60));
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].count, 100 - FindingLimiter::kPerHour);
  EXPECT_EQ(due[0].refusal.hash, Hash{99});
  EXPECT_TRUE(limiter.due(kStart + std::chrono::hours(3)).empty());
}

TEST(FindingLimiter, OneSource_DoesNotSpendAnothersShare) {
  FindingLimiter limiter;
  for (std::uint8_t i = 0; i < 100; ++i) {
    limiter.see(refusal(i), kStart);
  }
  EXPECT_TRUE(limiter.see(refusal(1, reason::kChain, "edge-2@bj1"), kStart));
}

TEST(FindingLimiter, ClockThatGoesBack_OpensANewHour) {
  FindingLimiter limiter;
  for (std::uint8_t i = 0; i < 50; ++i) {
    limiter.see(refusal(i), kStart);
  }
  EXPECT_TRUE(limiter.see(refusal(60), kStart - std::chrono::hours(5)));
}

}  // namespace
}  // namespace strongroom
