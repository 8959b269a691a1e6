// SPDX-License-Identifier: Apache-2.0
#include "core/bus/plan.h"

#include <chrono>
#include <gtest/gtest.h>

#include "core/bus/plan_fixture.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr auto kHolding = RegisterKind::kHolding;
constexpr auto kInput = RegisterKind::kInput;
constexpr auto kDiscrete = RegisterKind::kDiscrete;

// A three-phase meter: floats in two registers each, in clusters.
DeviceProfile three_phase_meter() {
  return profile_of(kInput,
                    ValueType::kF32,
                    {0x0000,
                     0x0002,
                     0x0004,
                     0x0006,
                     0x0008,
                     0x000A,
                     0x000C,
                     0x000E,
                     0x0010,
                     0x0034,
                     0x0038,
                     0x003C,
                     0x003E,
                     0x0046,
                     0x0048,
                     0x004A,
                     0x00F8});
}

// A feeder meter whose energies are 64-bit integers, far from the rest.
DeviceProfile feeder_meter() {
  DeviceProfile profile = profile_of(kHolding,
                                     ValueType::kF32,
                                     {0x0BB7,
                                      0x0BB9,
                                      0x0BBB,
                                      0x0BC1,
                                      0x0BD3,
                                      0x0BD5,
                                      0x0BD7,
                                      0x0BED,
                                      0x0BEF,
                                      0x0BF1,
                                      0x0BF3,
                                      0x0BFB,
                                      0x0C03,
                                      0x0C25});
  profile.points.push_back(point_at(kHolding, 0x0C83, ValueType::kI64));
  profile.points.push_back(point_at(kHolding, 0x0C87, ValueType::kI64));
  return profile;
}

// A rack PDU: reading outside a documented block is an error.
DeviceProfile rack_pdu() {
  DeviceProfile profile = profile_of(kHolding,
                                     ValueType::kF32,
                                     {12'296,
                                      12'298,
                                      12'306,
                                      12'308,
                                      12'310,
                                      12'322,
                                      16'394,
                                      32'776,
                                      32'778,
                                      32'786});
  for (std::uint16_t address = 0; address <= 4; ++address) {
    profile.points.push_back(point_at(kHolding, address, ValueType::kU16));
  }
  profile.bridge_holes = false;
  return profile;
}

TEST(Plan, TheSamePointsByBaudTurnaroundAndWire) {
  struct Case {
    const char* what;
    DeviceProfile profile;
    LineWire wire;
    milliseconds turnaround;
    const char* plan;
  };
  const DeviceProfile meter = three_phase_meter();
  const DeviceProfile feeder = feeder_meter();
  const DeviceProfile pdu = rack_pdu();
  const char* const pdu_plan =
      "03:0x0000+5 03:0x3008+4 03:0x3012+6 03:0x3022+2 03:0x400A+2 "
      "03:0x8008+4 03:0x8012+2";
  const Case cases[] = {
      {"meter",
       meter,
       kRtu9600,
       milliseconds(2),
       "04:0x0000+18 04:0x0034+24 04:0x00F8+2"},
      {"meter", meter, kRtu9600, milliseconds(200), "04:0x0000+76 04:0x00F8+2"},
      {"meter", meter, kRtu115200, milliseconds(2), "04:0x0000+76 04:0x00F8+2"},
      {"meter",
       meter,
       kRtu115200,
       milliseconds(200),
       "04:0x0000+76 04:0x00F8+2"},
      {"meter", meter, kTcp, milliseconds(2), "04:0x0000+76 04:0x00F8+2"},
      {"feeder",
       feeder,
       kRtu9600,
       milliseconds(2),
       "03:0x0BB7+12 03:0x0BD3+6 03:0x0BED+24 03:0x0C25+2 03:0x0C83+8"},
      {"feeder",
       feeder,
       kRtu9600,
       milliseconds(200),
       "03:0x0BB7+112 03:0x0C83+8"},
      {"feeder",
       feeder,
       kRtu115200,
       milliseconds(2),
       "03:0x0BB7+112 03:0x0C83+8"},
      {"feeder",
       feeder,
       kRtu115200,
       milliseconds(200),
       "03:0x0BB7+112 03:0x0C83+8"},
      {"feeder", feeder, kTcp, milliseconds(2), "03:0x0BB7+112 03:0x0C83+8"},
      {"rack PDU", pdu, kRtu9600, milliseconds(2), pdu_plan},
      {"rack PDU", pdu, kRtu115200, milliseconds(200), pdu_plan},
      {"rack PDU", pdu, kTcp, milliseconds(2), pdu_plan},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(plan_text(c.profile, c.wire, c.turnaround), c.plan)
        << c.what << ", " << (c.wire.kind == LineKind::kTcp ? 0 : c.wire.baud)
        << " baud, " << c.turnaround.count() << " ms";
  }
}

// The widest hole between two registers that is still read along.
std::uint16_t widest_bridge(const LineWire& wire, microseconds turnaround) {
  std::uint16_t hole = 0;
  for (std::uint16_t n = 1; n <= 123; ++n) {
    const DeviceProfile profile = profile_of(
        kHolding, ValueType::kU16, {0, static_cast<std::uint16_t>(n + 1)});
    const auto blocks = plan_reads(profile,
                                   all_points(profile),
                                   false,
                                   {.wire = wire, .turnaround = turnaround},
                                   {});
    if (blocks.size() == 1) {
      hole = n;
    }
  }
  return hole;
}

// 10 to 24 registers at 9600 and 26 to 84 at 115200: what others computed, for
// devices that answer at once and after 30 ms, or 10 ms.
TEST(Plan, AHoleIsBridgedUpToTheCostOfARequest) {
  EXPECT_EQ(widest_bridge(kRtu9600, milliseconds(0)), 10);
  EXPECT_EQ(widest_bridge(kRtu9600, milliseconds(30)), 24);
  EXPECT_EQ(widest_bridge(kRtu115200, milliseconds(0)), 26);
  EXPECT_EQ(widest_bridge(kRtu115200, milliseconds(10)), 84);
  EXPECT_EQ(widest_bridge(kRtu115200, milliseconds(200)), 123);
  EXPECT_EQ(widest_bridge(kTcp, milliseconds(1)), 123);
}

// Whoever fills each request as far as the limit reads 0 to 9 and then 12, 13.
TEST(Plan, TheWholeIsCheapestNotEachRequest) {
  DeviceProfile profile =
      profile_of(kHolding, ValueType::kU16, {0, 1, 9, 12, 13});
  profile.max_registers = 10;
  EXPECT_EQ(plan_text(profile, kRtu9600, milliseconds(0)),
            "03:0x0000+2 03:0x0009+5");
}

TEST(Plan, LimitsSplitBetweenPoints) {
  DeviceProfile profile = profile_of(
      kHolding, ValueType::kF32, {0, 2, 4, 6, 8, 10, 12, 14, 16, 18});
  struct Case {
    const char* what;
    std::uint16_t max_registers;
    const char* plan;
  };
  for (const Case& c : {
           Case{"fits", 20, "03:0x0000+20"},
           Case{"even", 10, "03:0x0000+10 03:0x000A+10"},
           Case{"no point is split",
                7,
                "03:0x0000+4 03:0x0004+4 03:0x0008+6 03:0x000E+6"},
           Case{"one each",
                2,
                "03:0x0000+2 03:0x0002+2 03:0x0004+2 03:0x0006+2 03:0x0008+2 "
                "03:0x000A+2 03:0x000C+2 03:0x000E+2 03:0x0010+2 03:0x0012+2"},
           Case{"no point fits", 1, ""},
           Case{"beyond the protocol", 60'000, "03:0x0000+20"},
       }) {
    profile.max_registers = c.max_registers;
    EXPECT_EQ(plan_text(profile, kRtu115200, milliseconds(10)), c.plan)
        << c.what;
  }
}

TEST(Plan, TheProtocolLimitsEvenAProfileThatDoesNot) {
  DeviceProfile registers;
  for (std::uint16_t address = 0; address < 126; ++address) {
    registers.points.push_back(point_at(kInput, address, ValueType::kU16));
  }
  registers.max_registers = 2000;
  EXPECT_EQ(plan_text(registers, kTcp, milliseconds(1)),
            "04:0x0000+1 04:0x0001+125");

  DeviceProfile bits =
      profile_of(kDiscrete, ValueType::kBit, {0, 1000, 1999, 2000});
  bits.max_bits = 60'000;
  EXPECT_EQ(plan_text(bits, kTcp, milliseconds(1)),
            "02:0x0000+1 02:0x03E8+1001");
  bits.max_bits = 16;
  EXPECT_EQ(plan_text(bits, kTcp, milliseconds(1)),
            "02:0x0000+1 02:0x03E8+1 02:0x07CF+2");
}

TEST(Plan, NoRequestTouchesAForbiddenAddress) {
  DeviceProfile profile =
      profile_of(kHolding, ValueType::kU16, {0, 2, 4, 6, 8, 65'535});
  profile.points.push_back(point_at(kHolding, 6, ValueType::kU32));
  profile.forbidden = {{kHolding, 3, 3}, {kInput, 0, 9}};
  EXPECT_EQ(plan_text(profile, kTcp, milliseconds(1)),
            "03:0x0000+3 03:0x0004+5 03:0xFFFF+1");
  // Learned on top: of both points at 6 only the one that ends there is left.
  EXPECT_EQ(
      plan_text(
          profile, kTcp, milliseconds(1), {.forbidden = {{kHolding, 7, 7}}}),
      "03:0x0000+3 03:0x0004+3 03:0x0008+1 03:0xFFFF+1");
  EXPECT_EQ(plan_text(profile,
                      kTcp,
                      milliseconds(1),
                      {.forbidden = {{kHolding, 0, 65'535}}}),
            "");
}

TEST(Plan, WithoutBridgingOnlyDocumentedAddressesAreRead) {
  DeviceProfile profile =
      profile_of(kHolding, ValueType::kU16, {0, 1, 3, 4, 5, 7});
  profile.bridge_holes = false;
  EXPECT_EQ(plan_text(profile, kTcp, milliseconds(200)),
            "03:0x0000+2 03:0x0003+3 03:0x0007+1");
  // Between the points asked for stands another: that is no hole.
  const std::vector<std::uint16_t> ends{2, 4};
  EXPECT_EQ(text_of(plan_reads(profile,
                               ends,
                               false,
                               {.wire = kTcp, .turnaround = milliseconds(1)},
                               {})),
            "03:0x0003+3");
}

TEST(Plan, WhatSharesRegistersIsReadOnce) {
  DeviceProfile profile;
  for (std::uint8_t bit = 0; bit < 16; ++bit) {
    PointProfile point = point_at(kHolding, 1024, ValueType::kU16);
    point.bits = BitRange{bit, bit};
    profile.points.push_back(point);
  }
  profile.points.push_back(point_at(kHolding, 1023, ValueType::kU32));
  profile.points.push_back(point_at(kHolding, 1024, ValueType::kU32));
  profile.texts.push_back(
      {.name = "t", .kind = kHolding, .address = 1020, .registers = 5});
  const auto blocks =
      plan_reads(profile, all_points(profile), true, {.wire = kRtu9600}, {});
  ASSERT_EQ(text_of(blocks), "03:0x03FC+6");
  EXPECT_EQ(blocks[0].points.size(), profile.points.size());
  EXPECT_EQ(blocks[0].texts, std::vector<std::uint16_t>{0});
}

TEST(Plan, APointAskedForTwiceIsReadOnce) {
  const DeviceProfile profile = profile_of(kHolding, ValueType::kU16, {7, 9});
  const std::vector<std::uint16_t> twice{1, 0, 1};
  const auto blocks = plan_reads(profile, twice, false, {.wire = kTcp}, {});
  ASSERT_EQ(text_of(blocks), "03:0x0007+3");
  EXPECT_EQ(blocks[0].points, (std::vector<std::uint16_t>{0, 1}));
}

TEST(Plan, TextsComeWithTheSlowPoints) {
  DeviceProfile profile = profile_of(kHolding, ValueType::kU16, {1, 128});
  profile.points[1].poll = PollClass::kSlow;
  profile.texts.push_back(
      {.name = "model", .kind = kHolding, .address = 532, .registers = 16});
  profile.texts.push_back(
      {.name = "serial", .kind = kHolding, .address = 564, .registers = 8});
  const RequestCost cost{.wire = kRtu9600, .turnaround = milliseconds(5)};
  const auto plan = [&](PollClass poll_class) {
    return text_of(plan_reads(profile,
                              points_of(profile, poll_class),
                              poll_class == PollClass::kSlow,
                              cost,
                              {}));
  };
  EXPECT_EQ(plan(PollClass::kSafety), "");
  EXPECT_EQ(plan(PollClass::kNormal), "03:0x0001+1");
  EXPECT_EQ(plan(PollClass::kSlow), "03:0x0080+1 03:0x0214+16 03:0x0234+8");
}

TEST(Plan, KindsAreApartAndInOrder) {
  DeviceProfile profile;
  for (const auto kind : {kInput, kHolding, kDiscrete, RegisterKind::kCoil}) {
    profile.points.push_back(point_at(
        kind, 5, is_bit_kind(kind) ? ValueType::kBit : ValueType::kU16));
  }
  EXPECT_EQ(plan_text(profile, kTcp, milliseconds(1)),
            "01:0x0005+1 02:0x0005+1 03:0x0005+1 04:0x0005+1");
}

TEST(Plan, NoPointReachesBeyondTheLastAddress) {
  DeviceProfile profile = profile_of(kHolding, ValueType::kU32, {65'534});
  profile.points.push_back(point_at(kHolding, 65'535, ValueType::kU32));
  EXPECT_EQ(plan_text(profile, kTcp, milliseconds(1)), "03:0xFFFE+2");
}

TEST(Plan, OthersWaitNoLongerThanTheLongestRequest) {
  DeviceProfile profile;
  for (std::uint16_t address = 0; address < 100; ++address) {
    profile.points.push_back(point_at(kHolding, address, ValueType::kU16));
  }
  struct Case {
    milliseconds turnaround;
    milliseconds longest;
    const char* plan;
  };
  // At 9600: 20 characters around 2 of each register, 1.04 ms each.
  for (const Case& c : {
           Case{milliseconds(5), milliseconds(0), "03:0x0000+100"},
           Case{milliseconds(5), milliseconds(300), "03:0x0000+100"},
           Case{
               milliseconds(5), milliseconds(150), "03:0x0000+41 03:0x0029+59"},
           Case{milliseconds(100),
                milliseconds(150),
                "03:0x0000+25 03:0x0019+25 03:0x0032+25 03:0x004B+25"},
           // Slower than the limit whatever is asked: the wire has half of it.
           Case{milliseconds(300),
                milliseconds(150),
                "03:0x0000+25 03:0x0019+25 03:0x0032+25 03:0x004B+25"},
       }) {
    EXPECT_EQ(
        plan_text(
            profile, kRtu9600, c.turnaround, {.longest_request = c.longest}),
        c.plan)
        << c.turnaround.count() << " ms of " << c.longest.count();
  }
}

TEST(Plan, APointThatAloneTakesLongerStandsAlone) {
  DeviceProfile profile = profile_of(kHolding, ValueType::kU16, {30, 40, 64});
  profile.texts.push_back(
      {.name = "t", .kind = kHolding, .address = 32, .registers = 32});
  EXPECT_EQ(plan_text(profile,
                      kRtu9600,
                      milliseconds(5),
                      {.longest_request = milliseconds(50)}),
            "03:0x001E+1 03:0x0020+32 03:0x0040+1");
}

TEST(Plan, EstimatedTimeIsTheSumOfItsRequests) {
  const DeviceProfile profile = profile_of(kHolding, ValueType::kU16, {0, 99});
  const RequestCost cost{.wire = kRtu9600, .turnaround = milliseconds(5)};
  const auto blocks = plan_reads(profile, all_points(profile), false, cost, {});
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(estimated_time(blocks, cost),
            2 * (wire_time(kRtu9600, {.count = 1}) + milliseconds(5)));
  EXPECT_EQ(estimated_time({}, cost), microseconds(0));
}

}  // namespace
}  // namespace strongroom
