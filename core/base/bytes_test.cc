// SPDX-License-Identifier: Apache-2.0
#include "core/base/bytes.h"

#include <gtest/gtest.h>
#include <string>

namespace strongroom {
namespace {

TEST(Hex, IsWrittenInLowerCaseAndReadInEither) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0x0f, 0xa0, 0xff}), "000fa0ff");
  EXPECT_EQ(from_hex("000FA0ff"), (Bytes{0x00, 0x0f, 0xa0, 0xff}));
  EXPECT_EQ(from_hex(""), Bytes());
}

TEST(Hex, WithAWrongDigitOrHalfAByte_IsRefused) {
  for (const char* text : {"0",
                           "000",
                           "0g",
                           "g0",
                           " 0",
                           "0x",
                           "-1",
                           "\xff"
                           "0"}) {
    EXPECT_FALSE(from_hex(text)) << text;
  }
}

TEST(Base64, OfTheRfcsExamples_Matches) {
  struct Case {
    const char* plain;
    const char* text;
  };
  // RFC 4648 section 10.
  for (const auto& [plain, text] : {Case{"", ""},
                                    Case{"f", "Zg=="},
                                    Case{"fo", "Zm8="},
                                    Case{"foo", "Zm9v"},
                                    Case{"foob", "Zm9vYg=="},
                                    Case{"fooba", "Zm9vYmE="},
                                    Case{"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(to_base64(as_bytes(plain)), text);
    const auto bytes = from_base64(text);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(as_chars(*bytes), plain);
  }
}

TEST(Base64, OfEveryByte_IsReadBack) {
  Bytes bytes;
  for (int size = 0; size < 256; ++size) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    bytes.push_back(static_cast<std::uint8_t>(size * 7));
  }
}

TEST(Base64, NotCanonical_IsRefused) {
  for (const char* text :
       {"Zg",     "Zg=",  "Zg===", "Zm8",      "Zm9",
        "Z",      "=",    "==",    "===",      "====",
        "Zh==",   "Zm9=", "Zm9v=", "Zm9v====", "Zg==Zg==",
        "Zm9v\n", "Zm9 ", " Zm9v", "Zm-v",     "Zm_v",
        "Zm=v",   "Z===", "=Zm9",  "Zm9v\r\n", "\xc3\xa9Zm"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

// Of all texts of four characters that end in padding, as many are accepted as
// there are strings of one or two bytes.
TEST(Base64, HasOneTextForEachByteString) {
  int one_byte = 0;
  int two_bytes = 0;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string two = {static_cast<char>(a), static_cast<char>(b)};
      one_byte += from_base64(two + "==") ? 1 : 0;
      for (int c = 0; c < 128; ++c) {
        two_bytes += from_base64(two + static_cast<char>(c) + "=") ? 1 : 0;
      }
    }
  }
  EXPECT_EQ(one_byte, 256);
  // Those with two equals signs end in one, too.
  EXPECT_EQ(two_bytes, 65536 + 256);
}

TEST(Bytes, Append_AddsAtTheEnd) {
  Bytes bytes = {1};
  append(bytes, Bytes{2, 3});
  append(bytes, {});
  EXPECT_EQ(bytes, (Bytes{1, 2, 3}));
}

}  // namespace
}  // namespace strongroom
