// SPDX-License-Identifier: Apache-2.0
#include "core/base/utf8.h"

#include <gtest/gtest.h>
#include <string>

namespace strongroom {
namespace {

std::optional<char32_t> only_point(std::string_view text) {
  const auto point = take_code_point(text);
  return text.empty() ? point : std::nullopt;
}

TEST(Utf8, CodePoints_AtTheEdgesOfEachLength_AreRead) {
  EXPECT_EQ(only_point(std::string(1, '\0')), 0U);
  EXPECT_EQ(only_point("\x7f"), 0x7fU);
  EXPECT_EQ(only_point("\xc2\x80"), 0x80U);
  EXPECT_EQ(only_point("\xdf\xbf"), 0x7ffU);
  EXPECT_EQ(only_point("\xe0\xa0\x80"), 0x800U);
  EXPECT_EQ(only_point("\xed\x9f\xbf"), 0xd7ffU);
  EXPECT_EQ(only_point("\xee\x80\x80"), 0xe000U);
  EXPECT_EQ(only_point("\xef\xbf\xbf"), 0xffffU);
  EXPECT_EQ(only_point("\xf0\x90\x80\x80"), 0x10000U);
  EXPECT_EQ(only_point("\xf4\x8f\xbf\xbf"), 0x10ffffU);
}

TEST(Utf8, AnythingElse_IsRefused) {
  for (const char* text : {"\x80",
                           "\xbf",
                           "\xc0\x80",          // U+0000 in two bytes
                           "\xc1\xbf",          // U+007F in two bytes
                           "\xe0\x9f\xbf",      // U+07FF in three
                           "\xf0\x8f\xbf\xbf",  // U+FFFF in four
                           "\xed\xa0\x80",      // surrogates
                           "\xed\xbf\xbf",
                           "\xf4\x90\x80\x80",  // U+110000
                           "\xf8\x88\x80\x80\x80",
                           "\xff",
                           "\xc2",
                           "\xe2\x82",
                           "\xf0\x9f\x98",
                           "\xc2\x41",
                           "\xe2\x82\x41"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
    EXPECT_FALSE(is_utf8("a" + std::string(text) + "b")) << text;
  }
}

TEST(Utf8, Texts_AreAccepted) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("plain"));
  EXPECT_TRUE(is_utf8("\xe6\x9c\xba\xe6\x88\xbf \xf0\x9f\x94\x91"));
}

TEST(UnicodeSpace, IsTold) {
  for (const char32_t space : {U' ',
                               U'\t',
                               U'\n',
                               U'\r',
                               U'\u0085',
                               U'\u00a0',
                               U'\u1680',
                               U'\u2000',
                               U'\u200a',
                               U'\u2028',
                               U'\u2029',
                               U'\u202f',
                               U'\u205f',
                               U'\u3000'}) {
    EXPECT_TRUE(is_unicode_space(space));
  }
  for (const char32_t other :
       {U'a', U'\u200b', U'\u1fff', U'\ufeff', U'\u180e', U'\0'}) {
    EXPECT_FALSE(is_unicode_space(other));
  }
}

}  // namespace
}  // namespace strongroom
