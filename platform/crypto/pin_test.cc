// SPDX-License-Identifier: Apache-2.0
#include "platform/crypto/pin.h"

#include <gtest/gtest.h>

#include "platform/crypto/keys.h"

namespace strongroom {
namespace {

TEST(Pin, IsKnownByItsVerifierAlone) {
  init_crypto();
  const auto verifier = make_pin_verifier("2468");
  ASSERT_TRUE(verifier);
  EXPECT_TRUE(verifier->starts_with("$argon2id$"));
  EXPECT_TRUE(verify_pin(*verifier, "2468"));
  EXPECT_FALSE(verify_pin(*verifier, "2469"));
  EXPECT_FALSE(verify_pin(*verifier, ""));
  EXPECT_FALSE(verify_pin("nonsense", "2468"));
  EXPECT_NE(*verifier, *make_pin_verifier("2468"));  // salted
}

TEST(Pin, IsFourToTwelveDigits) {
  for (const char* wrong : {"", "123", "1234567890123", "12a4", "12 4"}) {
    EXPECT_FALSE(make_pin_verifier(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace strongroom
