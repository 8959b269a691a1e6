// SPDX-License-Identifier: Apache-2.0
#include "platform/mqtt/backoff.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Backoff, Next_DoublesItsCeilingUpToTheMaximum) {
  Backoff backoff(milliseconds(500), milliseconds(3000));
  // random % (ceiling + 1), so the ceiling itself shows the ceiling.
  EXPECT_EQ(backoff.next(500), milliseconds(500));
  EXPECT_EQ(backoff.next(1000), milliseconds(1000));
  EXPECT_EQ(backoff.next(2000), milliseconds(2000));
  EXPECT_EQ(backoff.next(3000), milliseconds(3000));
  EXPECT_EQ(backoff.next(3000), milliseconds(3000));
  EXPECT_EQ(backoff.next(3001), milliseconds(0));
}

TEST(Backoff, Next_SpreadsOverTheWholeInterval) {
  Backoff backoff(milliseconds(500), milliseconds(500));
  EXPECT_EQ(backoff.next(0), milliseconds(0));
  EXPECT_EQ(backoff.next(17), milliseconds(17));
  EXPECT_EQ(backoff.next(501), milliseconds(0));
}

TEST(Backoff, SessionEnded_ShortOne_KeepsTheCeiling) {
  Backoff backoff(milliseconds(500), milliseconds(8000));
  backoff.next(0);
  backoff.next(0);
  backoff.session_ended(seconds(29));
  EXPECT_EQ(backoff.next(2000), milliseconds(2000));
}

TEST(Backoff, SessionEnded_StableOne_StartsAgain) {
  Backoff backoff(milliseconds(500), milliseconds(8000));
  backoff.next(0);
  backoff.next(0);
  backoff.session_ended(seconds(30));
  EXPECT_EQ(backoff.next(501), milliseconds(0));
}

}  // namespace
}  // namespace strongroom
