// SPDX-License-Identifier: Apache-2.0
#include "core/bus/reshape.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <set>

#include "core/bus/guard.h"
#include "core/bus/plan_fixture.h"

namespace strongroom {
namespace {

constexpr RegisterKind kHolding = RegisterKind::kHolding;

RegisterBlock whole(const DeviceProfile& profile) {
  const auto plan = plan_reads(profile, all_points(profile), true, {}, {});
  EXPECT_EQ(plan.size(), 1U);
  return plan.at(0);
}

/// All but one shape may be asked, as after one fault.
AskFilter all_but(const RegisterBlock& block) {
  return [shape = shape_of(question_of(1, block))](const Question& question) {
    return shape_of(question) != shape;
  };
}

std::string reshaped(const DeviceProfile& profile,
                     Reach reach = Reach::kKnown,
                     const std::vector<RegisterRange>& refused = {}) {
  const RegisterBlock block = whole(profile);
  const auto pieces =
      reshape({profile, 1, refused}, block, reach, all_but(block));
  return pieces ? text_of(*pieces) : "nothing";
}

TEST(Reshape, PartsARowSoThatTheFirstPartIsTheLargest) {
  const auto profile = profile_of(kHolding, ValueType::kU16, {0, 1, 2, 3});
  EXPECT_EQ(reshaped(profile), "03:0x0000+3 03:0x0003+1");
}

TEST(Reshape, PartsOnlyBetweenValues) {
  const auto profile = profile_of(kHolding, ValueType::kF32, {0, 2, 4});
  EXPECT_EQ(reshaped(profile), "03:0x0000+4 03:0x0004+2");
  EXPECT_EQ(reshaped(profile_of(kHolding, ValueType::kF64, {8})), "nothing");
}

TEST(Reshape, GrowsWithinWhatTheProfileKnows) {
  // The second block is known, so the first may reach towards it.
  const auto profile = profile_of(kHolding, ValueType::kU16, {10, 11, 12, 60});
  RegisterBlock block{
      .kind = kHolding, .address = 10, .count = 3, .points = {0, 1, 2}};
  const auto pieces =
      reshape({profile, 1, {}}, block, Reach::kKnown, all_but(block));
  const std::vector<RegisterBlock> one =
      pieces.value_or(std::vector<RegisterBlock>(1));
  EXPECT_EQ(text_of(one), "03:0x000A+4");
  EXPECT_EQ(one.at(0).points, block.points);
}

TEST(Reshape, GrowsBeyondOnlyWhenAllowed) {
  const auto profile = profile_of(kHolding, ValueType::kU16, {7});
  EXPECT_EQ(reshaped(profile), "nothing");
  EXPECT_EQ(reshaped(profile, Reach::kBeyond), "03:0x0007+2");
  const auto last = profile_of(kHolding, ValueType::kU16, {65'535});
  EXPECT_EQ(reshaped(last, Reach::kBeyond), "03:0xFFFE+2");
}

TEST(Reshape, OfBitsTheBytesMustDiffer) {
  const auto profile = profile_of(
      RegisterKind::kDiscrete, ValueType::kBit, {0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_EQ(reshaped(profile), "nothing") << "half of eight is one byte too";
  EXPECT_EQ(reshaped(profile, Reach::kBeyond), "02:0x0000+9");
}

TEST(Reshape, TouchesNothingThatIsForbiddenRefusedOrUnknown) {
  auto profile = profile_of(kHolding, ValueType::kU16, {7});
  profile.forbidden = {{kHolding, 8, 8}};
  EXPECT_EQ(reshaped(profile, Reach::kBeyond), "03:0x0006+2");
  EXPECT_EQ(reshaped(profile, Reach::kBeyond, {{kHolding, 0, 6}}), "nothing");
  profile.forbidden.clear();
  profile.bridge_holes = false;
  EXPECT_EQ(reshaped(profile, Reach::kBeyond), "nothing");
  profile.bridge_holes = true;
  profile.max_registers = 1;
  EXPECT_EQ(reshaped(profile, Reach::kBeyond), "nothing");
}

TEST(FindQuestion, AlwaysHasAnotherFunctionAtLast) {
  auto profile = profile_of(kHolding, ValueType::kU16, {7});
  profile.bridge_holes = false;
  const auto found = find_question(
      {profile, 3, {}}, [](const Question& q) { return q.kind != kHolding; });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->unit, 3);
  EXPECT_EQ(found->address, 7);
  EXPECT_NE(found->kind, kHolding);
}

TEST(FindQuestion, PrefersTheProbeRegister) {
  auto profile = profile_of(kHolding, ValueType::kU16, {7});
  profile.probe = ProbeRegister{.kind = RegisterKind::kInput, .address = 99};
  const AskedDevice device{profile, 1, {}};
  const Question probe{.unit = 1, .kind = RegisterKind::kInput, .address = 99};
  EXPECT_EQ(find_question(device, [](const Question&) { return true; }), probe);
  EXPECT_EQ(smallest_question(device), probe);
}

TEST(SmallestQuestion, IsAWholeValueThatWasNotRefused) {
  const auto profile = [] {
    auto both = profile_of(kHolding, ValueType::kF32, {0});
    both.points.push_back(point_at(kHolding, 9, ValueType::kU16));
    return both;
  }();
  EXPECT_EQ(smallest_question({profile, 1, {}}).address, 9);
  const std::vector<RegisterRange> refused{{kHolding, 9, 9}};
  EXPECT_EQ(smallest_question({profile, 1, refused}).address, 0);
  EXPECT_EQ(smallest_question({profile, 1, refused}).count, 2);
}

TEST(Halves, AreAboutEqualAndTrimmed) {
  const auto profile =
      profile_of(kHolding, ValueType::kU16, {0, 1, 2, 10, 11, 12});
  const BlockPair parts = halves(profile, whole(profile)).value_or(BlockPair{});
  EXPECT_EQ(text_of({parts.first, parts.second}), "03:0x0000+3 03:0x000A+3");
  const auto single = profile_of(kHolding, ValueType::kU64, {0});
  EXPECT_FALSE(halves(single, whole(single)));
}

// Random profiles, random owed shapes: what comes back reads the same points,
// breaks no limit, and its first question passes.
TEST(Reshape, AnswersStillDecodeToTheSamePoints) {
  std::mt19937 random(3);
  const auto up_to = [&random](int most) {
    return std::uniform_int_distribution<int>(0, most)(random);
  };
  int found = 0;
  for (int round = 0; round < 3'000; ++round) {
    DeviceProfile profile;
    int address = up_to(20);
    for (int i = up_to(12); i >= 0; --i) {
      const ValueType type = up_to(1) == 0 ? ValueType::kU16 : ValueType::kF32;
      profile.points.push_back(
          point_at(kHolding, static_cast<std::uint16_t>(address), type));
      address += register_count(type) + (up_to(3) == 0 ? up_to(4) : 0);
    }
    profile.bridge_holes = up_to(2) != 0;
    profile.max_registers = static_cast<std::uint16_t>(4 + up_to(20));
    if (up_to(1) == 0) {
      const auto first = static_cast<std::uint16_t>(address + up_to(3));
      profile.forbidden.push_back({kHolding, first, first});
    }
    const auto plan = plan_reads(profile, all_points(profile), true, {}, {});
    std::set<int> owed;
    for (int i = up_to(4); i >= 0; --i) {
      owed.insert(2 * (1 + up_to(20)));
    }
    const AskFilter may_ask = [&](const Question& question) {
      return !owed.contains(shape_of(question).bytes);
    };
    for (const RegisterBlock& block : plan) {
      const Reach reach = up_to(1) == 0 ? Reach::kKnown : Reach::kBeyond;
      const auto pieces = reshape({profile, 1, {}}, block, reach, may_ask);
      if (!pieces) {
        continue;
      }
      ++found;
      EXPECT_TRUE(may_ask(question_of(1, pieces->front())));
      std::vector<std::uint16_t> points;
      for (const RegisterBlock& piece : *pieces) {
        EXPECT_LE(piece.count, profile.max_registers);
        for (const std::uint16_t index : piece.points) {
          const PointProfile& point = profile.points[index];
          EXPECT_GE(point.address, piece.address);
          EXPECT_LE(point.address + register_count(point.type),
                    piece.address + piece.count);
          points.push_back(index);
        }
        for (const RegisterRange& range : profile.forbidden) {
          EXPECT_TRUE(range.first >= piece.address + piece.count ||
                      range.last < piece.address);
        }
      }
      std::ranges::sort(points);
      auto wanted = block.points;
      std::ranges::sort(wanted);
      EXPECT_EQ(points, wanted);
    }
  }
  EXPECT_GT(found, 1'000);
}

// Not even when the device has refused all the others.
TEST(SmallestQuestion, TouchesNothingForbidden) {
  auto profile = profile_of(kHolding, ValueType::kU16, {3, 5, 9});
  profile.forbidden = {{kHolding, 3, 3}};
  const std::vector<RegisterRange> refused{{kHolding, 5, 9}};
  EXPECT_EQ(smallest_question({profile, 1, {}}), (Question{1, kHolding, 5, 1}));
  EXPECT_EQ(smallest_question({profile, 1, refused}),
            (Question{1, kHolding, 5, 1}));
}

}  // namespace
}  // namespace strongroom
