// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/encode.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>

#include "core/point/sample.h"
#include "tools/plant/fault.h"

namespace strongroom::plant {
namespace {

using Cells = std::vector<std::uint16_t>;

PointProfile point_of(ValueType type) {
  PointProfile point;
  point.name = "p";
  point.unit = "1";
  point.kind =
      type == ValueType::kBit ? RegisterKind::kDiscrete : RegisterKind::kInput;
  point.type = type;
  point.min = 1 - kMantissaLimit;
  point.max = kMantissaLimit - 1;
  return point;
}

Cells encoded(const PointProfile& point, std::int64_t mantissa) {
  Cells cells(register_count(point.type));
  place_raw(point, raw_of(point, mantissa).value_or(0), cells);
  return cells;
}

TEST(Encode, ByHand) {
  EXPECT_EQ(encoded(point_of(ValueType::kI16), -205), Cells({0xFF33}));
  EXPECT_EQ(encoded(point_of(ValueType::kU32), 0x01020304),
            Cells({0x0102, 0x0304}));
  PointProfile swapped = point_of(ValueType::kU32);
  swapped.order = {2, 3, 0, 1};  // CDAB
  EXPECT_EQ(encoded(swapped, 0x01020304), Cells({0x0304, 0x0102}));
  swapped.order = {1, 0, 3, 2};  // BADC
  EXPECT_EQ(encoded(swapped, 0x01020304), Cells({0x0201, 0x0403}));
  PointProfile voltage = point_of(ValueType::kF32);
  voltage.exponent = -1;
  EXPECT_EQ(encoded(voltage, 2305), Cells({0x4366, 0x8000}));  // 230.5
  PointProfile charge = point_of(ValueType::kU16);
  charge.scale = Ratio{1, 512};
  charge.exponent = -1;
  EXPECT_EQ(encoded(charge, 1000), Cells({51200}));  // 100 %
  PointProfile status = point_of(ValueType::kU16);
  status.bits = BitRange{4, 6};
  EXPECT_EQ(encoded(status, 5), Cells({0x50}));
  PointProfile contact = point_of(ValueType::kBit);
  contact.inverted = true;
  EXPECT_EQ(encoded(contact, 1), Cells({0}));
  EXPECT_EQ(encoded(contact, 0), Cells({1}));
  PointProfile kelvin = point_of(ValueType::kU16);
  kelvin.exponent = -1;
  kelvin.offset = -2731;
  EXPECT_EQ(encoded(kelvin, 200), Cells({2931}));
}

TEST(Encode, WhatDoesNotFit_IsNothing) {
  EXPECT_FALSE(raw_of(point_of(ValueType::kI16), 32768));
  EXPECT_TRUE(raw_of(point_of(ValueType::kI16), 32767));
  EXPECT_TRUE(raw_of(point_of(ValueType::kI16), -32768));
  EXPECT_FALSE(raw_of(point_of(ValueType::kU16), -1));
  EXPECT_TRUE(raw_of(point_of(ValueType::kU16), 65535));
  EXPECT_FALSE(raw_of(point_of(ValueType::kBit), 2));
  PointProfile bits = point_of(ValueType::kI16);
  bits.bits = BitRange{0, 3};
  EXPECT_TRUE(raw_of(bits, -8));
  EXPECT_FALSE(raw_of(bits, 8));
  EXPECT_EQ(nearest_held(point_of(ValueType::kU16), 70000), 65535);
  EXPECT_EQ(nearest_held(point_of(ValueType::kU16), -5), 0);
  EXPECT_EQ(nearest_held(point_of(ValueType::kI16), -40000), -32768);
  EXPECT_EQ(nearest_held(point_of(ValueType::kI16), 12), 12);
}

TEST(Encode, PointsOfOneRegister_DoNotDisturbEachOther) {
  PointProfile low = point_of(ValueType::kU16);
  low.bits = BitRange{0, 7};
  PointProfile high = point_of(ValueType::kU16);
  high.bits = BitRange{8, 15};
  Cells cells(1);
  place_raw(low, raw_of(low, 0x34).value_or(0), cells);
  place_raw(high, raw_of(high, 0x12).value_or(0), cells);
  EXPECT_EQ(cells, Cells({0x1234}));
}

TEST(Encode, Texts_ReadAsWritten) {
  for (const bool swapped : {false, true}) {
    const TextProfile text{.name = "t", .registers = 4, .swapped = swapped};
    for (const char* value : {"A", "AB", "ABC", "ABCDEFGH"}) {
      Cells cells(4);
      place_text(text, value, cells);
      EXPECT_EQ(decode_text(text, cells), value) << swapped;
    }
  }
  const TextProfile text{.name = "t", .registers = 1};
  Cells cells(1);
  place_text(text, "ABC", cells);
  EXPECT_EQ(cells, Cells({0x4142}));
}

/// A mantissa that the point's registers hold.
std::int64_t held_mantissa(const PointProfile& point, Random& random) {
  const bool is_float =
      point.type == ValueType::kF32 || point.type == ValueType::kF64;
  // As many digits as the float holds.
  const std::int64_t most = !is_float ? kMantissaLimit - 1
                            : point.type == ValueType::kF32
                                ? (std::int64_t{1} << 20)
                                : (std::int64_t{1} << 49);
  const std::int64_t any = random.between(-most, most);
  return nearest_held(point, any >> random.between(0, 40));
}

TEST(Encode, DecodedAgain_IsTheSame) {
  Random random(11);
  const ValueType types[] = {ValueType::kBit,
                             ValueType::kU16,
                             ValueType::kI16,
                             ValueType::kU32,
                             ValueType::kI32,
                             ValueType::kU64,
                             ValueType::kI64,
                             ValueType::kF32,
                             ValueType::kF64};
  const std::optional<Ratio> scales[] = {
      std::nullopt, Ratio{1, 10}, Ratio{1, 128}, Ratio{-1, 4}, Ratio{1, 3}};
  for (int round = 0; round < 40'000; ++round) {
    PointProfile point = point_of(types[random.between(0, 8)]);
    const auto bytes = 2U * register_count(point.type);
    const bool is_integer = point.type != ValueType::kF32 &&
                            point.type != ValueType::kF64 &&
                            point.type != ValueType::kBit;
    if (point.type != ValueType::kBit && random.between(0, 1) == 1) {
      point.order.resize(bytes);
      std::iota(point.order.begin(), point.order.end(), std::uint8_t{0});
      for (std::size_t i = bytes - 1; i > 0; --i) {
        std::swap(point.order[i],
                  point.order[static_cast<std::size_t>(
                      random.between(0, static_cast<std::int64_t>(i)))]);
      }
    }
    if (is_integer && random.between(0, 2) == 0) {
      const auto low = random.between(0, 8 * bytes - 1);
      const auto high = random.between(low, 8 * bytes - 1);
      point.bits = BitRange{static_cast<std::uint8_t>(low),
                            static_cast<std::uint8_t>(high)};
      point.inverted = low == high && random.between(0, 1) == 1;
    }
    if (point.type != ValueType::kBit && !point.inverted) {
      point.scale = scales[random.between(0, 4)];
      point.exponent = static_cast<std::int32_t>(random.between(-3, 0));
      point.offset = random.between(-50, 50);
    }
    const std::int64_t wanted = held_mantissa(point, random);
    // Where a count is coarser than the exponent, not every mantissa can be
    // said; the one that is said must be read the same again.
    const PointSample first = decode_point(point, encoded(point, wanted));
    ASSERT_EQ(first.quality, PointQuality::kGood) << round;
    const PointSample second =
        decode_point(point, encoded(point, first.mantissa));
    ASSERT_EQ(second, first) << round;
    if (!point.scale) {
      ASSERT_EQ(first.mantissa, wanted)
          << round << " type " << static_cast<int>(point.type);
    }
  }
}

}  // namespace
}  // namespace strongroom::plant
