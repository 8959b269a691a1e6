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

// Every type in the four orders that vendors use and in its plain one.

struct OrderCase {
  ValueType type;
  std::vector<std::uint8_t> order;
  std::vector<std::uint16_t> cells;
  std::int64_t value;
};

PointProfile wide_point(ValueType type, std::vector<std::uint8_t> order) {
  return {.name = "p",
          .unit = "1",
          .type = type,
          .order = std::move(order),
          .min = -kMantissaLimit + 1,
          .max = kMantissaLimit - 1};
}

TEST(DecodePoint, EveryTypeAndOrder_Table) {
  using enum ValueType;
  const std::vector<std::uint8_t> ba = {1, 0};
  const std::vector<std::uint8_t> abcd = {0, 1, 2, 3};
  const std::vector<std::uint8_t> cdab = {2, 3, 0, 1};
  const std::vector<std::uint8_t> badc = {1, 0, 3, 2};
  const std::vector<std::uint8_t> dcba = {3, 2, 1, 0};
  const std::vector<std::uint8_t> abcdefgh = {0, 1, 2, 3, 4, 5, 6, 7};
  const std::vector<std::uint8_t> ghefcdab = {6, 7, 4, 5, 2, 3, 0, 1};
  const std::vector<std::uint8_t> badcfehg = {1, 0, 3, 2, 5, 4, 7, 6};
  const std::vector<std::uint8_t> hgfedcba = {7, 6, 5, 4, 3, 2, 1, 0};
  const std::vector<std::uint8_t> efghabcd = {4, 5, 6, 7, 0, 1, 2, 3};
  const std::vector<std::uint8_t> cdabghef = {2, 3, 0, 1, 6, 7, 4, 5};
  const std::vector<OrderCase> cases = {
      {kBit, {}, {0}, 0},
      {kBit, {}, {1}, 1},
      {kU16, {}, {0xFF33}, 0xFF33},
      {kU16, ba, {0x33FF}, 0xFF33},
      {kI16, {}, {0xFF33}, -205},
      {kI16, ba, {0x33FF}, -205},
      {kU32, {}, {0x1234, 0x5678}, 0x12345678},
      {kU32, abcd, {0x1234, 0x5678}, 0x12345678},
      {kU32, cdab, {0x5678, 0x1234}, 0x12345678},
      {kU32, badc, {0x3412, 0x7856}, 0x12345678},
      {kU32, dcba, {0x7856, 0x3412}, 0x12345678},
      {kI32, {}, {0xEDCB, 0xA988}, -0x12345678},
      {kI32, cdab, {0xA988, 0xEDCB}, -0x12345678},
      {kI32, badc, {0xCBED, 0x88A9}, -0x12345678},
      {kI32, dcba, {0x88A9, 0xCBED}, -0x12345678},
      {kU64, {}, {0x0012, 0x3456, 0x789A, 0xBCDE}, 0x123456789ABCDE},
      {kU64, abcdefgh, {0x0012, 0x3456, 0x789A, 0xBCDE}, 0x123456789ABCDE},
      {kU64, ghefcdab, {0xBCDE, 0x789A, 0x3456, 0x0012}, 0x123456789ABCDE},
      {kU64, badcfehg, {0x1200, 0x5634, 0x9A78, 0xDEBC}, 0x123456789ABCDE},
      {kU64, hgfedcba, {0xDEBC, 0x9A78, 0x5634, 0x1200}, 0x123456789ABCDE},
      {kU64, efghabcd, {0x789A, 0xBCDE, 0x0012, 0x3456}, 0x123456789ABCDE},
      {kU64, cdabghef, {0x3456, 0x0012, 0xBCDE, 0x789A}, 0x123456789ABCDE},
      {kI64, {}, {0xFFED, 0xCBA9, 0x8765, 0x4322}, -0x123456789ABCDE},
      {kI64, ghefcdab, {0x4322, 0x8765, 0xCBA9, 0xFFED}, -0x123456789ABCDE},
      {kI64, hgfedcba, {0x2243, 0x6587, 0xA9CB, 0xEDFF}, -0x123456789ABCDE},
      // 1234567.0
      {kF32, {}, {0x4996, 0xB438}, 1234567},
      {kF32, cdab, {0xB438, 0x4996}, 1234567},
      {kF32, badc, {0x9649, 0x38B4}, 1234567},
      {kF32, dcba, {0x38B4, 0x9649}, 1234567},
      // -1234567.0
      {kF64, {}, {0xC132, 0xD687, 0x0000, 0x0000}, -1234567},
      {kF64, ghefcdab, {0x0000, 0x0000, 0xD687, 0xC132}, -1234567},
      {kF64, badcfehg, {0x32C1, 0x87D6, 0x0000, 0x0000}, -1234567},
      {kF64, hgfedcba, {0x0000, 0x0000, 0x87D6, 0x32C1}, -1234567},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const PointProfile point = wide_point(cases[i].type, cases[i].order);
    EXPECT_EQ(decode_point(point, cases[i].cells), good(cases[i].value))
        << "case " << i;
  }
}

// What papers print as examples of their own registers.
TEST(DecodePoint, PublishedExamples) {
  PointProfile volts = wide_point(ValueType::kF32, {});
  volts.exponent = -2;
  EXPECT_EQ(decode_point(volts, std::vector<std::uint16_t>{0x4366, 0x4000}),
            good(23025))
      << "230.25 V";
  PointProfile battery = wide_point(ValueType::kI16, {});
  battery.scale = Ratio{1, 128};
  battery.exponent = -1;
  EXPECT_EQ(decode(battery, 25 * 128), good(250)) << "25.0 Cel in 1/128";
  EXPECT_EQ(decode(battery, 0xFFC0), good(-5)) << "-0.5 Cel";
  EXPECT_EQ(decode(battery, 32), good(2)) << "0.25 rounds to the even tenth";
  EXPECT_EQ(decode(battery, 96), good(8)) << "0.75 rounds to the even tenth";
}

TEST(DecodePoint, Bits_AreCutOutAfterOrdering) {
  struct Case {
    ValueType type;
    BitRange bits;
    std::vector<std::uint16_t> cells;
    std::int64_t value;
  };
  using enum ValueType;
  const std::vector<Case> cases = {
      {kU16, {0, 0}, {0x0001}, 1},
      {kU16, {0, 0}, {0xFFFE}, 0},
      {kU16, {15, 15}, {0x8000}, 1},
      {kU16, {15, 15}, {0x7FFF}, 0},
      {kU16, {4, 7}, {0x12A4}, 0xA},
      {kU16, {0, 15}, {0xFFFF}, 0xFFFF},
      {kI16, {4, 7}, {0x12A4}, -6},
      {kI16, {4, 7}, {0x1274}, 7},
      {kI16, {3, 3}, {0x0008}, -1},
      {kI16, {0, 15}, {0x8000}, -32768},
      {kU32, {16, 31}, {0x1234, 0x5678}, 0x1234},
      {kU32, {12, 19}, {0x1234, 0x5678}, 0x45},
      {kU64, {63, 63}, {0x8000, 0, 0, 0}, 1},
      {kU64, {8, 59}, {0xFFED, 0xCBA9, 0x8765, 0x43FF}, 0xFEDCBA9876543},
      {kI64, {8, 59}, {0xFFED, 0xCBA9, 0x8765, 0x43FF}, -0x12345678'9ABD},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    PointProfile point = wide_point(cases[i].type, {});
    point.bits = cases[i].bits;
    EXPECT_EQ(decode_point(point, cases[i].cells), good(cases[i].value))
        << "case " << i;
  }
}

TEST(DecodePoint, Inverted_TurnsTheBit) {
  PointProfile contact = wide_point(ValueType::kBit, {});
  contact.inverted = true;
  EXPECT_EQ(decode(contact, 0), good(1));
  EXPECT_EQ(decode(contact, 1), good(0));
  PointProfile flag = wide_point(ValueType::kU16, {});
  flag.bits = BitRange{3, 3};
  flag.inverted = true;
  EXPECT_EQ(decode(flag, 0x0008), good(0));
  EXPECT_EQ(decode(flag, 0xFFF7), good(1));
}

TEST(DecodePoint, States_AreTheOnlyCodes) {
  PointProfile point = wide_point(ValueType::kI16, {});
  point.states = {{0, "normal"}, {2, "leak"}, {-1, "no cable"}};
  EXPECT_EQ(decode(point, 0), good(0));
  EXPECT_EQ(decode(point, 2), good(2));
  EXPECT_EQ(decode(point, 0xFFFF), good(-1));
  EXPECT_EQ(decode(point, 1), kOutOfRange);
  EXPECT_EQ(decode(point, 3), kOutOfRange);
  point.sentinels = {0xFFFF};
  EXPECT_EQ(decode(point, 0xFFFF), kBad) << "a sentinel comes first";
}

TEST(DecodePoint, Sentinels_AreOfTheWholeWidthInOrder) {
  PointProfile point = wide_point(ValueType::kU64, {7, 6, 5, 4, 3, 2, 1, 0});
  point.sentinels = {0xFFFFFFFFFFFFFFFE};
  EXPECT_EQ(
      decode_point(point,
                   std::vector<std::uint16_t>{0xFEFF, 0xFFFF, 0xFFFF, 0xFFFF}),
      kBad);
  EXPECT_EQ(
      decode_point(point,
                   std::vector<std::uint16_t>{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}),
      kOutOfRange);
  PointProfile field = wide_point(ValueType::kU16, {});
  field.bits = BitRange{0, 7};
  field.sentinels = {0x80FF};
  EXPECT_EQ(decode(field, 0x80FF), kBad) << "of the register, not of the bits";
  EXPECT_EQ(decode(field, 0x00FF), good(255));
}

TEST(DecodePoint, FloatThatIsNoNumber_IsBad) {
  const PointProfile single = wide_point(ValueType::kF32, {});
  for (const std::uint16_t high :
       std::vector<std::uint16_t>{0x7F80, 0xFF80, 0x7FC0, 0xFFFF, 0x7FA0}) {
    EXPECT_EQ(decode_point(single, std::vector<std::uint16_t>{high, 0}), kBad)
        << high;
  }
  EXPECT_EQ(decode_point(single, std::vector<std::uint16_t>{0x7F80, 1}), kBad);
  const PointProfile wide = wide_point(ValueType::kF64, {});
  for (const std::uint16_t high :
       std::vector<std::uint16_t>{0x7FF0, 0xFFF0, 0x7FF8, 0xFFFF}) {
    EXPECT_EQ(decode_point(wide, std::vector<std::uint16_t>{high, 0, 0, 0}),
              kBad)
        << high;
  }
}

TEST(DecodePoint, EdgesOfFloats) {
  const auto decode_single = [](std::uint32_t bits, std::int32_t exponent) {
    PointProfile point = wide_point(ValueType::kF32, {});
    point.exponent = exponent;
    return decode_point(
        point,
        std::vector<std::uint16_t>{static_cast<std::uint16_t>(bits >> 16),
                                   static_cast<std::uint16_t>(bits)});
  };
  EXPECT_EQ(decode_single(0x00000000, -9), good(0));
  EXPECT_EQ(decode_single(0x80000000, -9), good(0)) << "negative zero";
  EXPECT_EQ(decode_single(0x00000001, -9), good(0)) << "least subnormal";
  EXPECT_EQ(decode_single(0x007FFFFF, -9), good(0));
  EXPECT_EQ(decode_single(0x00800000, -9), good(0)) << "least normal";
  EXPECT_EQ(decode_single(0x7F7FFFFF, -9), kOutOfRange) << "largest";
  EXPECT_EQ(decode_single(0x7F7FFFFF, 9), kOutOfRange);
  EXPECT_EQ(decode_single(0xFF7FFFFF, 9), kOutOfRange);
  EXPECT_EQ(decode_single(0x3F000000, 0), good(0)) << "0.5 is a tie";
  EXPECT_EQ(decode_single(0x3F000001, 0), good(1)) << "just above it";
  EXPECT_EQ(decode_single(0x3FC00000, 0), good(2)) << "1.5";
  EXPECT_EQ(decode_single(0x40200000, 0), good(2)) << "2.5";
  EXPECT_EQ(decode_single(0xBF000000, 0), good(0)) << "-0.5";
  EXPECT_EQ(decode_single(0xBFC00000, 0), good(-2)) << "-1.5";
  EXPECT_EQ(decode_single(0x3DCCCCCD, -1), good(1)) << "the float next to 0.1";
  EXPECT_EQ(decode_single(0x3DCCCCCD, -9), good(100000001))
      << "0.100000001490116…";
  EXPECT_EQ(decode_single(0x59FFFFFF, 0), good(0x1FFFFFE0000000))
      << "the last below 2^53";
  EXPECT_EQ(decode_single(0x5A000000, 0), kOutOfRange) << "2^53";
  EXPECT_EQ(decode_single(0x4E6E6B28, 9), good(1)) << "10^9 in steps of 10^9";
}

TEST(DecodePoint, Mantissa_StaysExactInABrowser) {
  const PointProfile point = wide_point(ValueType::kU64, {});
  EXPECT_EQ(
      decode_point(point,
                   std::vector<std::uint16_t>{0x001F, 0xFFFF, 0xFFFF, 0xFFFF}),
      good(kMantissaLimit - 1));
  EXPECT_EQ(decode_point(point, std::vector<std::uint16_t>{0x0020, 0, 0, 0}),
            kOutOfRange);
  EXPECT_EQ(
      decode_point(point,
                   std::vector<std::uint16_t>{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}),
      kOutOfRange);
  PointProfile unlimited = wide_point(ValueType::kI64, {});
  unlimited.min = INT64_MIN;
  unlimited.max = INT64_MAX;
  EXPECT_EQ(
      decode_point(unlimited, std::vector<std::uint16_t>{0x0020, 0, 0, 0}),
      kOutOfRange)
      << "whatever the limits say";
  EXPECT_EQ(
      decode_point(unlimited, std::vector<std::uint16_t>{0xFFE0, 0, 0, 0}),
      kOutOfRange);
  const PointProfile negative = wide_point(ValueType::kI64, {});
  EXPECT_EQ(decode_point(negative, std::vector<std::uint16_t>{0x8000, 0, 0, 0}),
            kOutOfRange);
  EXPECT_EQ(decode_point(negative, std::vector<std::uint16_t>{0xFFE0, 0, 0, 1}),
            good(-kMantissaLimit + 1));
}

TEST(DecodePoint, OffsetWithoutScale_IsInSteps) {
  PointProfile point = wide_point(ValueType::kU16, {});
  point.exponent = -1;
  point.offset = -400;
  EXPECT_EQ(decode(point, 0), good(-400));
  EXPECT_EQ(decode(point, 635), good(235));
}

TEST(DecodePoint, Offset_MovesATieToTheEvenSum) {
  PointProfile point = wide_point(ValueType::kU16, {});
  point.scale = Ratio{1, 2};
  EXPECT_EQ(decode(point, 1), good(0));
  EXPECT_EQ(decode(point, 3), good(2));
  point.offset = 1;
  EXPECT_EQ(decode(point, 1), good(2)) << "0.5 + 1";
  EXPECT_EQ(decode(point, 3), good(2)) << "1.5 + 1";
  point.offset = -1;
  EXPECT_EQ(decode(point, 1), good(0)) << "0.5 - 1";
  EXPECT_EQ(decode(point, 0), good(-1));
}

TEST(DecodePoint, NegativeScale_TurnsTheSign) {
  PointProfile point = wide_point(ValueType::kI16, {});
  point.scale = Ratio{-1, 4};
  EXPECT_EQ(decode(point, 4), good(-1));
  EXPECT_EQ(decode(point, 0xFFFC), good(1));
  EXPECT_EQ(decode(point, 6), good(-2)) << "-1.5";
}

// Texts.

std::optional<std::string> text_of(std::vector<std::uint16_t> cells,
                                   bool swapped = false) {
  return decode_text({.name = "model",
                      .registers = static_cast<std::uint16_t>(cells.size()),
                      .swapped = swapped},
                     cells);
}

TEST(DecodeText, Table) {
  EXPECT_EQ(text_of({0x5355, 0x4D31}), "SUM1");
  EXPECT_EQ(text_of({0x5553, 0x314D}, true), "SUM1");
  EXPECT_EQ(text_of({0x5355, 0x2020, 0x2000}), "SU") << "padded";
  EXPECT_EQ(text_of({0x0020, 0x5355}), "SU") << "padded in front";
  EXPECT_EQ(text_of({0x5320, 0x5500}), "S U") << "a space inside stays";
  EXPECT_EQ(text_of({0x7E21}), "~!");
  EXPECT_EQ(text_of({0x2020, 0x0000}), std::nullopt) << "nothing but padding";
  EXPECT_EQ(text_of({0, 0}), std::nullopt);
  EXPECT_EQ(text_of({0x5300, 0x5500}), std::nullopt) << "a zero inside";
  EXPECT_EQ(text_of({0x530A}), std::nullopt) << "a control character";
  EXPECT_EQ(text_of({0x537F}), std::nullopt);
  EXPECT_EQ(text_of({0x53E9}), std::nullopt) << "not ASCII";
  EXPECT_EQ(text_of({0xFFFF, 0xFFFF}), std::nullopt);
}

// Blocks.

TEST(DecodeBlock, PointsInAnyOrder_FindTheirRegisters) {
  DeviceProfile profile;
  profile.points = {humidity(), temperature()};
  const RegisterBlock block{RegisterKind::kInput, 1, 2, {1, 0}, {}};
  const std::vector<std::uint16_t> cells = {0xFF33, 456};
  auto samples = no_samples(profile, PollClass::kNormal);
  std::vector<TextSample> texts;
  decode_block(profile, block, cells, samples, texts);
  EXPECT_EQ(samples, (std::vector{good(456), good(-205)}));
  EXPECT_TRUE(texts.empty());
}

TEST(DecodeBlock, OtherBlocks_AreLeftAlone) {
  DeviceProfile profile;
  profile.points = {temperature(), humidity()};
  profile.points[1].address = 9;
  const RegisterBlock block{RegisterKind::kInput, 1, 1, {0}, {}};
  auto samples = no_samples(profile, PollClass::kNormal);
  std::vector<TextSample> texts;
  const std::uint16_t value = 235;
  decode_block(profile, block, {&value, 1}, samples, texts);
  EXPECT_EQ(samples, (std::vector{good(235), kBad}));
}

TEST(DecodeBlock, WidePointsHolesAndTexts) {
  DeviceProfile profile;
  profile.points = {wide_point(ValueType::kU32, {})};
  profile.points[0].address = 12;
  profile.texts = {{.name = "serial", .address = 90, .registers = 1},
                   {.name = "model", .address = 10, .registers = 2},
                   {.name = "firmware", .address = 15, .registers = 1}};
  const RegisterBlock block{RegisterKind::kHolding, 10, 6, {0}, {1, 2}};
  const std::vector<std::uint16_t> cells = {
      0x5355, 0x4D31, 0x0001, 0x0002, 0xFFFF, 0xFFFF};
  auto samples = no_samples(profile, PollClass::kNormal);
  std::vector<TextSample> texts = {{0, "before"}};
  decode_block(profile, block, cells, samples, texts);
  EXPECT_EQ(samples, (std::vector{good(0x10002)}));
  EXPECT_EQ(
      texts,
      (std::vector<TextSample>{{0, "before"}, {1, "SUM1"}, {2, std::nullopt}}));
}

TEST(NoSamples, PointsOfOtherClasses_AreNotAsked) {
  DeviceProfile profile;
  profile.points = {temperature(), humidity(), humidity()};
  profile.points[0].poll = PollClass::kSafety;
  profile.points[2].poll = PollClass::kSlow;
  const PointSample not_asked{PointQuality::kNotAsked, 0};
  EXPECT_EQ(no_samples(profile, PollClass::kSafety),
            (std::vector{kBad, not_asked, not_asked}));
  EXPECT_EQ(no_samples(profile, PollClass::kNormal),
            (std::vector{not_asked, kBad, not_asked}));
  EXPECT_EQ(no_samples(profile, PollClass::kSlow),
            (std::vector{not_asked, not_asked, kBad}));
}

}  // namespace
}  // namespace strongroom
