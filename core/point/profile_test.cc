// SPDX-License-Identifier: Apache-2.0
#include "core/point/profile.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

PointProfile point_at(RegisterKind kind, std::uint16_t address) {
  return {.name = "p", .unit = "1", .kind = kind, .address = address};
}

DeviceProfile with_points(std::vector<PointProfile> points) {
  DeviceProfile profile;
  profile.points = std::move(points);
  return profile;
}

constexpr auto kInput = RegisterKind::kInput;
constexpr auto kHolding = RegisterKind::kHolding;

TEST(PlanReads, AdjacentRegisters_ShareARequest) {
  const auto blocks =
      plan_reads(with_points({point_at(kInput, 2), point_at(kInput, 1)}));
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].kind, kInput);
  EXPECT_EQ(blocks[0].address, 1);
  EXPECT_EQ(blocks[0].count, 2);
  EXPECT_EQ(blocks[0].points, (std::vector<std::uint16_t>{1, 0}));
}

TEST(PlanReads, HoleOrOtherKind_CostsARequest) {
  const auto blocks = plan_reads(with_points(
      {point_at(kInput, 1), point_at(kInput, 3), point_at(kHolding, 4)}));
  ASSERT_EQ(blocks.size(), 3U);
  EXPECT_EQ(blocks[0].kind, kHolding);
  EXPECT_EQ(blocks[1].address, 1);
  EXPECT_EQ(blocks[2].address, 3);
}

TEST(PlanReads, SameRegisterTwice_IsReadOnce) {
  const auto blocks =
      plan_reads(with_points({point_at(kInput, 7), point_at(kInput, 7)}));
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].count, 1);
  EXPECT_EQ(blocks[0].points.size(), 2U);
}

TEST(PlanReads, DeviceLimit_SplitsTheRun) {
  std::vector<PointProfile> points;
  points.reserve(10);
  for (std::uint16_t address = 0; address < 10; ++address) {
    points.push_back(point_at(kInput, address));
  }
  DeviceProfile profile = with_points(points);
  profile.max_registers = 4;
  const auto blocks = plan_reads(profile);
  ASSERT_EQ(blocks.size(), 3U);
  EXPECT_EQ(blocks[1].address, 4);
  EXPECT_EQ(blocks[1].count, 4);
  EXPECT_EQ(blocks[2].count, 2);
}

TEST(PlanReads, LastAddress_DoesNotWrap) {
  const auto blocks =
      plan_reads(with_points({point_at(kInput, 0xFFFF), point_at(kInput, 0)}));
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[1].address, 0xFFFF);
  EXPECT_EQ(blocks[1].count, 1);
}

struct DecimalCase {
  const char* text;
  std::int32_t exponent;
  std::optional<std::int64_t> mantissa;
};

TEST(Decimal, Parse_Table) {
  const std::vector<DecimalCase> cases = {
      {"-20.5", -1, -205},
      {"23.5", -1, 235},
      {"23", -1, 230},
      {"0", -1, 0},
      {"-0.0", -1, 0},
      {"0.05", -2, 5},
      {"23.50", -1, 235},  // a trailing zero is no digit below
      {"23.55", -1, {}},   // a digit below the exponent
      {"1200", 2, 12},
      {"1250", 2, {}},
      {"9007199254740991", 0, 9007199254740991},
      {"9007199254740992", 0, {}},
      {"-9007199254740992", 0, {}},
      {"900719925474099.2", -1, {}},
      {"9999999999999999999", 0, {}},
      {"", 0, {}},
      {"-", 0, {}},
      {".5", -1, {}},
      {"5.", -1, {}},
      {"1.2.3", -2, {}},
      {"+1", 0, {}},
      {"1e3", 0, {}},
      {" 1", 0, {}},
      {"--1", 0, {}},
  };
  for (const DecimalCase& c : cases) {
    EXPECT_EQ(parse_decimal(c.text, c.exponent), c.mantissa)
        << c.text << " at exponent " << c.exponent;
  }
}

TEST(Decimal, Format_Table) {
  EXPECT_EQ(format_decimal(-205, -1), "-20.5");
  EXPECT_EQ(format_decimal(5, -2), "0.05");
  EXPECT_EQ(format_decimal(-5, -2), "-0.05");
  EXPECT_EQ(format_decimal(0, -1), "0.0");
  EXPECT_EQ(format_decimal(0, 3), "0");
  EXPECT_EQ(format_decimal(12, 2), "1200");
  EXPECT_EQ(format_decimal(7, 0), "7");
  EXPECT_EQ(format_decimal(INT64_MIN, 0), "-9223372036854775808");
}

TEST(Decimal, FormatThenParse_IsTheSame) {
  for (std::int32_t exponent = kMinExponent; exponent <= 3; ++exponent) {
    for (const std::int64_t mantissa : {std::int64_t{0},
                                        std::int64_t{1},
                                        std::int64_t{-1},
                                        std::int64_t{-205},
                                        std::int64_t{123456789},
                                        kMantissaLimit / 1000}) {
      EXPECT_EQ(parse_decimal(format_decimal(mantissa, exponent), exponent),
                mantissa)
          << mantissa << " e" << exponent;
    }
  }
}

TEST(PointName, Valid) {
  EXPECT_TRUE(is_valid_point_name("temperature"));
  EXPECT_TRUE(is_valid_point_name("l1_voltage"));
  EXPECT_FALSE(is_valid_point_name(""));
  EXPECT_FALSE(is_valid_point_name("1st"));
  EXPECT_FALSE(is_valid_point_name("Temperature"));
  EXPECT_FALSE(is_valid_point_name("a b"));
  EXPECT_FALSE(is_valid_point_name(std::string(32, 'a')));
  EXPECT_TRUE(is_valid_point_name(std::string(31, 'a')));
}

}  // namespace
}  // namespace strongroom
