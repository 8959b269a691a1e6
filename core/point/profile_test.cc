// SPDX-License-Identifier: Apache-2.0
#include "core/point/profile.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

TEST(RegisterCount, IsTheWidthOfTheType) {
  EXPECT_EQ(register_count(ValueType::kBit), 1);
  EXPECT_EQ(register_count(ValueType::kU16), 1);
  EXPECT_EQ(register_count(ValueType::kI16), 1);
  EXPECT_EQ(register_count(ValueType::kU32), 2);
  EXPECT_EQ(register_count(ValueType::kI32), 2);
  EXPECT_EQ(register_count(ValueType::kF32), 2);
  EXPECT_EQ(register_count(ValueType::kU64), 4);
  EXPECT_EQ(register_count(ValueType::kI64), 4);
  EXPECT_EQ(register_count(ValueType::kF64), 4);
}

TEST(RegisterKind, CoilsAndDiscreteInputs_AreBits) {
  EXPECT_TRUE(is_bit_kind(RegisterKind::kCoil));
  EXPECT_TRUE(is_bit_kind(RegisterKind::kDiscrete));
  EXPECT_FALSE(is_bit_kind(RegisterKind::kHolding));
  EXPECT_FALSE(is_bit_kind(RegisterKind::kInput));
}

TEST(PollClass, Names) {
  EXPECT_EQ(poll_class_name(PollClass::kSafety), "safety");
  EXPECT_EQ(poll_class_name(PollClass::kNormal), "normal");
  EXPECT_EQ(poll_class_name(PollClass::kSlow), "slow");
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
