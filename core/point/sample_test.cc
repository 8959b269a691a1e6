// SPDX-License-Identifier: Apache-2.0
#include "core/point/sample.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

PointProfile temperature() {
  return {.name = "temperature",
          .unit = "Cel",
          .address = 1,
          .type = ValueType::kI16,
          .exponent = -1,
          .min = -400,
          .max = 800,
          .sentinels = {0x7FFF, 0x8000}};
}

PointProfile humidity() {
  return {.name = "humidity",
          .unit = "%",
          .address = 2,
          .type = ValueType::kU16,
          .exponent = -1,
          .min = 0,
          .max = 1000,
          .sentinels = {0xFFFF}};
}

PointSample decode(const PointProfile& point, std::uint16_t value) {
  return decode_point(point, {&value, 1});
}

constexpr PointSample kBad{PointQuality::kBad, 0};
constexpr PointSample kOutOfRange{PointQuality::kOutOfRange, 0};

PointSample good(std::int64_t mantissa) {
  return {PointQuality::kGood, mantissa};
}

TEST(DecodePoint, Signed_Table) {
  const PointProfile point = temperature();
  EXPECT_EQ(decode(point, 0xFF33), good(-205));  // -20.5 degrees
  EXPECT_EQ(decode(point, 0x00EB), good(235));
  EXPECT_EQ(decode(point, 0), good(0));
  EXPECT_EQ(decode(point, 0xFFFF), good(-1));
  EXPECT_EQ(decode(point, 800), good(800));
  EXPECT_EQ(decode(point, 801), kOutOfRange);
  EXPECT_EQ(decode(point, static_cast<std::uint16_t>(-400)), good(-400));
  EXPECT_EQ(decode(point, static_cast<std::uint16_t>(-401)), kOutOfRange);
  EXPECT_EQ(decode(point, 0x7FFF), kBad);
  EXPECT_EQ(decode(point, 0x8000), kBad);
}

TEST(DecodePoint, Unsigned_Table) {
  const PointProfile point = humidity();
  EXPECT_EQ(decode(point, 0), good(0));
  EXPECT_EQ(decode(point, 456), good(456));
  EXPECT_EQ(decode(point, 1000), good(1000));
  EXPECT_EQ(decode(point, 1001), kOutOfRange);
  EXPECT_EQ(decode(point, 0xFF33), kOutOfRange);
  EXPECT_EQ(decode(point, 0xFFFF), kBad);
}

TEST(DecodePoint, SentinelInsideTheRange_IsBad) {
  PointProfile point = humidity();
  point.max = 0xFFFF;
  EXPECT_EQ(decode(point, 0xFFFF), kBad);
  EXPECT_EQ(decode(point, 0xFFFE), good(0xFFFE));
}

TEST(DecodeBlock, PointsInAnyOrder_FindTheirRegisters) {
  DeviceProfile profile;
  profile.points = {humidity(), temperature()};
  const auto blocks = plan_reads(profile);
  ASSERT_EQ(blocks.size(), 1U);
  const std::vector<std::uint16_t> registers = {0xFF33, 456};
  auto samples = no_samples(profile);
  decode_block(profile, blocks[0], registers, samples);
  EXPECT_EQ(samples, (std::vector{good(456), good(-205)}));
}

TEST(DecodeBlock, OtherBlocks_AreLeftAlone) {
  DeviceProfile profile;
  profile.points = {temperature(), humidity()};
  profile.points[1].address = 9;
  const auto blocks = plan_reads(profile);
  ASSERT_EQ(blocks.size(), 2U);
  auto samples = no_samples(profile);
  const std::uint16_t value = 235;
  decode_block(profile, blocks[0], {&value, 1}, samples);
  EXPECT_EQ(samples, (std::vector{good(235), kBad}));
}

}  // namespace
}  // namespace strongroom
