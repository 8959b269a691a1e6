// SPDX-License-Identifier: Apache-2.0
#include "core/base/check.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

TEST(Check, OfATruth_GoesOn) {
  check(true, "never seen");
}

TEST(CheckDeathTest, OfAFalsehood_SaysWhereAndStops) {
  EXPECT_DEATH(check(false, "the reason"), "check_test.cc.*the reason");
}

}  // namespace
}  // namespace strongroom
