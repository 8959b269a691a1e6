// SPDX-License-Identifier: Apache-2.0
#include "core/bus/breaker.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonoTime kStart = seconds(100);

TEST(Breaker, ThreePollsInVainAndTheDeviceIsSilent) {
  Breaker breaker(false);
  breaker.poll_unanswered(kStart);
  breaker.poll_unanswered(kStart + seconds(1));
  EXPECT_FALSE(breaker.is_silent());
  breaker.poll_unanswered(kStart + seconds(2));
  EXPECT_TRUE(breaker.is_silent());
  EXPECT_FALSE(breaker.was_heard());
  EXPECT_EQ(breaker.silent_since(), kStart + seconds(2));
}

TEST(Breaker, AnAnswerBetweenThemBeginsTheCountAnew) {
  Breaker breaker(false);
  for (int i = 0; i < 10; ++i) {
    breaker.poll_unanswered(kStart);
    breaker.poll_unanswered(kStart);
    EXPECT_FALSE(breaker.heard());
  }
  EXPECT_FALSE(breaker.is_silent());
}

TEST(Breaker, AnAnswerEndsTheSilenceOnce) {
  Breaker breaker(false);
  for (int i = 0; i < 5; ++i) {
    breaker.poll_unanswered(kStart);
  }
  EXPECT_TRUE(breaker.heard());
  EXPECT_FALSE(breaker.is_silent());
  EXPECT_EQ(breaker.polls_in_vain(), 0U);
  EXPECT_FALSE(breaker.heard());
}

TEST(Breaker, ProbesAreCountedFromTheLastOne) {
  for (const bool wants_haste : {false, true}) {
    Breaker breaker(wants_haste);
    for (int i = 0; i < 3; ++i) {
      breaker.poll_unanswered(kStart);
    }
    breaker.probe_sent(kStart + seconds(50));
    const auto after = [&](MonoTime time) {
      return time - kStart - seconds(50);
    };
    EXPECT_GT(after(breaker.probe_from()), seconds(0));
    EXPECT_LT(breaker.probe_from(), breaker.probe_soon());
    EXPECT_LT(breaker.probe_soon(), breaker.probe_by());
    EXPECT_LE(after(breaker.probe_by()), seconds(8));
    EXPECT_EQ(after(breaker.probe_soon()) < seconds(1), wants_haste);
  }
}

}  // namespace
}  // namespace strongroom
