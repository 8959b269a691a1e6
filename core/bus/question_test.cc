// SPDX-License-Identifier: Apache-2.0
#include "core/bus/question.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

constexpr LineWire rtu(int baud, int bits_per_character = 10) {
  return {.kind = LineKind::kRtu,
          .baud = baud,
          .bits_per_character = bits_per_character};
}

TEST(Question, CharactersTakeTheirBits) {
  EXPECT_EQ(character_time(rtu(9600)), nanoseconds(1'041'667));
  EXPECT_EQ(character_time(rtu(9600, 11)), nanoseconds(1'145'834));
  EXPECT_EQ(character_time(rtu(115'200)), nanoseconds(86'806));
  EXPECT_EQ(character_time({.kind = LineKind::kTcp}), nanoseconds(0));
}

TEST(Question, FramesEndAfterThreeAndAHalfCharactersAtMost1750usWhenFast) {
  EXPECT_EQ(frame_gap(rtu(9600)), microseconds(3'646));
  EXPECT_EQ(frame_gap(rtu(19'200)), microseconds(1'823));
  EXPECT_EQ(frame_gap(rtu(38'400)), microseconds(1'750));
  EXPECT_EQ(frame_gap(rtu(115'200)), microseconds(1'750));
  EXPECT_EQ(frame_gap({.kind = LineKind::kTcp}), microseconds(0));
}

// Within 1 ms of the arithmetic that others publish for 8N1.
TEST(Question, ATransactionTakesItsCharactersAndTwoGaps) {
  struct Case {
    int baud;
    std::uint16_t registers;
    double expected_ms;
  };
  for (const Case& c : {Case{9600, 2, 25.0},
                        Case{9600, 32, 87.5},
                        Case{9600, 125, 281.25},
                        Case{19'200, 2, 12.5},
                        Case{19'200, 32, 43.75},
                        Case{19'200, 125, 140.63},
                        Case{115'200, 2, 4.98},
                        Case{115'200, 32, 10.18},
                        Case{115'200, 125, 26.33}}) {
    const Question question{.kind = RegisterKind::kHolding,
                            .count = c.registers};
    const std::chrono::duration<double, std::milli> time =
        wire_time(rtu(c.baud), question);
    EXPECT_NEAR(time.count(), c.expected_ms, 0.01)
        << c.baud << " baud, " << c.registers << " registers";
  }
}

TEST(Question, EightBitsTakeOneCharacter) {
  const auto time = [](std::uint16_t bits) {
    return wire_time(rtu(9600),
                     {.kind = RegisterKind::kDiscrete, .count = bits});
  };
  EXPECT_EQ(time(1), time(8));
  EXPECT_NEAR(static_cast<double>((time(9) - time(8)).count()), 1041.7, 1.0);
  // 250 characters of data and 13 others, and two gaps.
  EXPECT_NEAR(static_cast<double>(time(2000).count()), 281'250.0, 2.0);
}

TEST(Question, BytesDoNotCountOverTcp) {
  const LineWire tcp{.kind = LineKind::kTcp};
  EXPECT_EQ(wire_time(tcp, {.count = 1}), microseconds(0));
  EXPECT_EQ(wire_time(tcp, {.count = 125}), microseconds(0));
}

}  // namespace
}  // namespace strongroom
