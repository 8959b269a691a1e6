// SPDX-License-Identifier: Apache-2.0
// Decoding against schoolbook arithmetic of any length.
#include <bit>
#include <cmath>
#include <compare>
#include <gtest/gtest.h>
#include <random>

#include "core/point/sample.h"

namespace strongroom {
namespace {

/// A natural number without a bound, in limbs of 32 bits, the least first.
class Natural {
 public:
  explicit Natural(std::uint64_t value = 0) {
    for (; value != 0; value >>= 32) {
      limbs_.push_back(static_cast<std::uint32_t>(value));
    }
  }
  Natural times(std::uint32_t factor) const {
    Natural product;
    std::uint64_t carry = 0;
    for (const std::uint32_t limb : limbs_) {
      carry += std::uint64_t{limb} * factor;
      product.limbs_.push_back(static_cast<std::uint32_t>(carry));
      carry >>= 32;
    }
    product.limbs_.push_back(static_cast<std::uint32_t>(carry));
    product.trim();
    return product;
  }
  Natural times_power(std::uint32_t base, int exponent) const {
    Natural product = *this;
    for (; exponent > 0; --exponent) {
      product = product.times(base);
    }
    return product;
  }
  Natural times_wide(std::uint64_t factor) const {
    return times(static_cast<std::uint32_t>(factor >> 32))
        .times_power(2, 32)
        .plus(times(static_cast<std::uint32_t>(factor)));
  }
  Natural plus(const Natural& other) const {
    Natural sum;
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < std::max(limbs_.size(), other.limbs_.size());
         ++i) {
      carry += std::uint64_t{at(i)} + other.at(i);
      sum.limbs_.push_back(static_cast<std::uint32_t>(carry));
      carry >>= 32;
    }
    sum.limbs_.push_back(static_cast<std::uint32_t>(carry));
    sum.trim();
    return sum;
  }
  std::strong_ordering compare(const Natural& other) const {
    for (std::size_t i = std::max(limbs_.size(), other.limbs_.size()); i > 0;
         --i) {
      if (const auto order = at(i - 1) <=> other.at(i - 1); order != 0) {
        return order;
      }
    }
    return std::strong_ordering::equal;
  }

 private:
  std::uint32_t at(std::size_t i) const {
    return i < limbs_.size() ? limbs_[i] : 0;
  }
  void trim() {
    while (!limbs_.empty() && limbs_.back() == 0) {
      limbs_.pop_back();
    }
  }
  std::vector<std::uint32_t> limbs_;
};

/// |value| = numerator / denominator, in steps of the point's exponent and
/// before its offset.
struct Exact {
  bool negative = false;
  Natural numerator;
  Natural denominator;
};

Exact exact_of(const PointProfile& point,
               bool negative,
               std::uint64_t magnitude,
               int exponent2,
               bool is_count) {
  const Ratio scale = point.scale.value_or(Ratio{});
  const bool turned = scale.numerator < 0;
  const int exponent10 = is_count ? 0 : point.exponent;
  return {negative != turned,
          Natural(magnitude)
              .times(static_cast<std::uint32_t>(std::abs(scale.numerator)))
              .times_power(2, exponent2)
              .times_power(10, -exponent10),
          Natural(static_cast<std::uint64_t>(scale.denominator))
              .times_power(2, -exponent2)
              .times_power(10, exponent10)};
}

/// True when `mantissa` is the exact value plus the offset, rounded half to
/// even: |value - (mantissa - offset)| is at most a half, and at a half the
/// mantissa is even. Without division.
bool is_rounded(const Exact& exact,
                std::int64_t offset,
                std::int64_t mantissa) {
  std::int64_t whole = mantissa - offset;  // both below 2^53
  bool negative = exact.negative;
  if (whole != 0 && (whole < 0) != negative) {
    return false;
  }
  const auto magnitude = static_cast<std::uint64_t>(std::abs(whole));
  // 2N within [(2m - 1) D, (2m + 1) D]
  const Natural twice = exact.numerator.times(2);
  const Natural upper = exact.denominator.times_wide(2 * magnitude + 1);
  const auto above = twice.compare(upper);
  if (above > 0) {
    return false;
  }
  auto below = std::strong_ordering::greater;
  if (magnitude > 0) {
    below = twice.compare(exact.denominator.times_wide(2 * magnitude - 1));
  }
  if (below < 0) {
    return false;
  }
  const bool tie = above == 0 || below == 0;
  return !tie || mantissa % 2 == 0;
}

/// True when value + offset is so large that its rounding reaches 2^53.
bool is_too_large(const Exact& exact, std::int64_t offset) {
  // |value| >= 2^53 -+ offset - 1/2, and at the tie 2^53 is the even one.
  const std::int64_t towards = exact.negative ? -offset : offset;
  const auto bound = static_cast<std::uint64_t>(kMantissaLimit - towards);
  return exact.numerator.times(2).compare(
             exact.denominator.times_wide(2 * bound - 1)) >= 0;
}

std::vector<std::uint16_t> cells_of(std::uint64_t raw, ValueType type) {
  std::vector<std::uint16_t> cells;
  for (int at = register_count(type); at > 0; --at) {
    cells.push_back(static_cast<std::uint16_t>(raw >> 16 * (at - 1)));
  }
  return cells;
}

PointProfile random_point(std::mt19937_64& random, ValueType type) {
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  constexpr std::int64_t kMaxPart = (std::int64_t{1} << 31) - 1;
  PointProfile point{.name = "p",
                     .type = type,
                     .min = -kMantissaLimit + 1,
                     .max = kMantissaLimit - 1};
  point.exponent = static_cast<std::int32_t>(pick(kMinExponent, kMaxExponent));
  if (pick(0, 3) != 0) {
    const std::int64_t bits = pick(1, 31);
    const std::int64_t largest = (std::int64_t{1} << bits) - 1;
    point.scale = Ratio{pick(0, 1) == 0 ? pick(1, largest) : -pick(1, largest),
                        pick(1, (std::int64_t{1} << pick(1, 31)) - 1)};
    if (pick(0, 9) == 0) {
      point.scale = Ratio{kMaxPart, 1};
    }
  }
  if (pick(0, 2) == 0) {
    const std::int64_t bound = std::int64_t{1} << pick(0, 52);
    point.offset = pick(-bound, bound);
  }
  return point;
}

void expect_exact(const PointProfile& point,
                  const Exact& exact,
                  std::uint64_t raw) {
  const PointSample sample = decode_point(point, cells_of(raw, point.type));
  if (sample.quality == PointQuality::kGood) {
    EXPECT_TRUE(is_rounded(exact, point.offset, sample.mantissa))
        << std::hex << raw << " gave " << std::dec << sample.mantissa;
  } else {
    EXPECT_EQ(sample.quality, PointQuality::kOutOfRange) << std::hex << raw;
    EXPECT_TRUE(is_too_large(exact, point.offset)) << std::hex << raw;
  }
}

TEST(DecodeExact, Integers_AnyScale) {
  std::mt19937_64 random(1);
  int good = 0;
  for (int i = 0; i < 20'000; ++i) {
    const bool is_signed = i % 2 == 0;
    const PointProfile point =
        random_point(random, is_signed ? ValueType::kI64 : ValueType::kU64);
    const std::uint64_t raw =
        is_signed ? static_cast<std::uint64_t>(
                        static_cast<std::int64_t>(random()) >> random() % 64)
                  : random() >> random() % 64;
    const bool negative = is_signed && raw >> 63 != 0;
    const Exact exact =
        exact_of(point, negative, negative ? 0 - raw : raw, 0, !point.scale);
    expect_exact(point, exact, raw);
    good += decode_point(point, cells_of(raw, point.type)).quality ==
            PointQuality::kGood;
  }
  EXPECT_GT(good, 4'000) << "the inputs reach what they are to test";
}

TEST(DecodeExact, Singles_AnyScale) {
  std::mt19937_64 random(2);
  int good = 0;
  for (int i = 0; i < 15'000; ++i) {
    const PointProfile point = random_point(random, ValueType::kF32);
    auto raw = static_cast<std::uint32_t>(random());
    if (i % 3 != 0) {  // of an exponent that meters use: 2^-20 to 2^43
      raw = (raw & 0x807FFFFF) | static_cast<std::uint32_t>(107 + random() % 64)
                                     << 23;
    }
    const float value = std::bit_cast<float>(raw);
    if (!std::isfinite(value)) {
      continue;
    }
    int exponent = 0;
    const double fraction = std::frexp(std::abs(double{value}), &exponent);
    const auto magnitude = static_cast<std::uint64_t>(std::ldexp(fraction, 24));
    expect_exact(
        point,
        exact_of(point, std::signbit(value), magnitude, exponent - 24, false),
        raw);
    good += decode_point(point, cells_of(raw, point.type)).quality ==
            PointQuality::kGood;
  }
  EXPECT_GT(good, 3'000);
}

TEST(DecodeExact, Doubles_AnyScale) {
  std::mt19937_64 random(3);
  int good = 0;
  for (int i = 0; i < 8'000; ++i) {
    const PointProfile point = random_point(random, ValueType::kF64);
    std::uint64_t raw = random();
    if (i % 5 != 0) {  // 2^-40 to 2^87
      raw = (raw & 0x800FFFFFFFFFFFFF) | (983 + random() % 128) << 52;
    }
    if (i % 7 == 0) {  // few digits: where the ties are
      raw &= 0xFFFFF00000000000;
    }
    const double value = std::bit_cast<double>(raw);
    if (!std::isfinite(value)) {
      continue;
    }
    int exponent = 0;
    const double fraction = std::frexp(std::abs(value), &exponent);
    const auto magnitude = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
    expect_exact(
        point,
        exact_of(point, std::signbit(value), magnitude, exponent - 53, false),
        raw);
    good += decode_point(point, cells_of(raw, point.type)).quality ==
            PointQuality::kGood;
  }
  EXPECT_GT(good, 1'500);
}

// Small numbers over small ratios: half of them are ties.
TEST(DecodeExact, Ties_EveryRegisterOverSmallRatios) {
  for (const Ratio scale : {Ratio{1, 2}, Ratio{-5, 6}, Ratio{1, 128}}) {
    constexpr std::int64_t kOffset = 7;
    PointProfile point{.name = "p",
                       .type = ValueType::kI16,
                       .scale = scale,
                       .offset = kOffset,
                       .exponent = -1,
                       .min = -kMantissaLimit + 1,
                       .max = kMantissaLimit - 1};
    for (int value = -32768; value <= 32767; ++value) {
      const auto raw = static_cast<std::uint16_t>(value);
      const Exact exact = exact_of(point,
                                   value < 0,
                                   static_cast<std::uint64_t>(std::abs(value)),
                                   0,
                                   false);
      const PointSample sample = decode_point(point, {&raw, 1});
      ASSERT_TRUE(is_rounded(exact, kOffset, sample.mantissa))
          << value << " * " << scale.numerator << "/" << scale.denominator;
    }
  }
}

// The reference itself: that it says no.
TEST(DecodeExact, Reference_RefusesItsNeighbours) {
  const PointProfile point{
      .name = "p", .type = ValueType::kU16, .scale = Ratio{1, 4}};
  const Exact quarter = exact_of(point, false, 10, 0, false);  // 2.5
  EXPECT_TRUE(is_rounded(quarter, 0, 2));
  EXPECT_FALSE(is_rounded(quarter, 0, 3));
  EXPECT_FALSE(is_rounded(quarter, 0, 1));
  EXPECT_FALSE(is_rounded(quarter, 0, -2));
  EXPECT_FALSE(is_too_large(quarter, 0));
}

}  // namespace
}  // namespace strongroom
