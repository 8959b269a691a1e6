// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/epoch_text.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

TEST(EpochText, ShowsBothForms) {
  EXPECT_EQ(epoch_text(1234), "1234 (0x00000000000004d2)");
  EXPECT_EQ(epoch_text(UINT64_MAX),
            "18446744073709551615 (0xffffffffffffffff)");
}

TEST(EpochText, IsTakenInEachForm) {
  struct Case {
    const char* text;
    std::uint64_t epoch;
  };
  for (const Case& each : {Case{"1234", 1234},
                           Case{"0x4d2", 1234},
                           Case{"0x00000000000004d2", 1234},
                           Case{"00000000000004d2", 1234},
                           Case{"0x1234567812345678", 0x1234567812345678},
                           Case{"18446744073709551615", UINT64_MAX},
                           Case{"ffffffffffffffff", UINT64_MAX}}) {
    const auto epoch = parse_epoch(each.text);
    ASSERT_TRUE(epoch) << each.text;
    EXPECT_EQ(*epoch, each.epoch) << each.text;
  }
}

TEST(EpochText, IsNeverGuessed) {
  const auto either = parse_epoch("1234567812345678");
  ASSERT_FALSE(either);
  EXPECT_NE(either.error().what.find("0x1234567812345678"), std::string::npos);
  EXPECT_NE(either.error().what.find("0x462d537e7ef4e"), std::string::npos);
  for (const char* text : {"",
                           "0x",
                           "ffff",
                           "0x1ffffffffffffffff",
                           "18446744073709551616",
                           "-1",
                           " 1",
                           "0x-1",
                           "1 "}) {
    EXPECT_FALSE(parse_epoch(text)) << text;
  }
}

}  // namespace
}  // namespace strongroom
