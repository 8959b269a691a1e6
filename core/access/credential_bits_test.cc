// SPDX-License-Identifier: Apache-2.0
// The public vectors of docs/formats/readers.md, from the other end.
#include "core/access/credential_bits.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

constexpr auto kH10301 =
    strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10301;
constexpr auto kH10306 =
    strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10306;
constexpr auto kH10302 =
    strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10302;
constexpr auto kH10304 =
    strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10304;
constexpr auto kEm4100 =
    strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_EM4100;

std::uint64_t value_of(const CredentialBits& bits) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bits.bits) {
    value = value << 8 | byte;
  }
  return value >> (48 - bits.count);
}

struct Vector {
  CredentialFormat format;
  std::uint32_t facility;
  std::uint64_t card;
  std::uint64_t value;
};

constexpr Vector kVectors[] = {
    {kH10301, 118, 1603, 0x2EC0C86},
    {kH10301, 123, 4567, 0x2F623AE},
    {kH10301, 170, 31527, 0x354F64E},
    {kH10301, 0x16, 0x6A37, 0x22CD46E},
    {kH10301, 100, 58399, 0x0C9C83F},
    {kH10301, 100, 58400, 0x0C9C841},
    {kH10301, 0, 0, 0x0000001},
    {kH10301, 255, 65535, 0x1FFFFFF},
    {kH10306, 84, 61429, 0x200A9DFEA},
    {kH10306, 12345, 54321, 0x06073A862},
    {kH10304, 1234, 56789, 0x104D21BBAA},
    {kH10302, 0, 123456789, 0x100EB79A2B},
};

TEST(CredentialBits, OfPublicVectors) {
  for (const Vector& vector : kVectors) {
    const auto bits = wiegand_bits(vector.format, vector.facility, vector.card);
    ASSERT_TRUE(bits) << vector.card;
    EXPECT_EQ(value_of(*bits), vector.value) << vector.card;
    EXPECT_EQ(bits->count, credential_bit_count(vector.format));
  }
}

TEST(CredentialBits, WhatTheFormatCannotHoldIsNone) {
  EXPECT_FALSE(wiegand_bits(kH10301, 256, 1));
  EXPECT_FALSE(wiegand_bits(kH10301, 1, 65536));
  EXPECT_FALSE(wiegand_bits(kH10302, 1, 1));
  EXPECT_FALSE(wiegand_bits(kH10302, 0, std::uint64_t{1} << 35));
  EXPECT_FALSE(wiegand_bits(kH10304, 1 << 16, 0));
  EXPECT_FALSE(wiegand_bits(kEm4100, 0, 1));
}

TEST(CredentialBits, OfATag) {
  const auto bits = em4100_bits("3C00CE754C");
  ASSERT_TRUE(bits);
  EXPECT_EQ(bits->count, 40);
  EXPECT_EQ(value_of(*bits), 0x3C00CE754C);
  EXPECT_FALSE(em4100_bits("3C00CE754"));
  EXPECT_FALSE(em4100_bits("3C00CE754C00"));
  EXPECT_FALSE(em4100_bits("3C00CE754G"));
}

TEST(CredentialBits, FormatsHaveNamesBothWays) {
  for (int i = 1; i <= _strongroom_v1_CredentialFormat_MAX; ++i) {
    const auto format = static_cast<CredentialFormat>(i);
    EXPECT_EQ(credential_format(credential_format_name(format)), format);
    EXPECT_GT(credential_bit_count(format), 0);
  }
  EXPECT_FALSE(credential_format("wiegand"));
  EXPECT_EQ(credential_bit_count(CredentialFormat{}), 0);
}

}  // namespace
}  // namespace strongroom
