// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/encode.h"

#include <bit>
#include <cmath>
#include <limits>

#include "core/base/check.h"

namespace strongroom::plant {
namespace {

__extension__ typedef __int128 Wide;

constexpr std::size_t kBytesPerCell = 2;

/// Counts of the device as an exact fraction, denominator above 0.
struct Counts {
  Wide numerator = 0;
  Wide denominator = 1;
};

Wide power_of_ten(std::int32_t exponent) {
  Wide power = 1;
  for (; exponent > 0; --exponent) {
    power *= 10;
  }
  return power;
}

/// With a scale a count is worth it, otherwise one step of the exponent. A
/// float without a scale is the value itself.
Counts counts_of(const PointProfile& point, std::int64_t mantissa) {
  Counts counts{Wide{mantissa} - point.offset, 1};
  const bool is_float =
      point.type == ValueType::kF32 || point.type == ValueType::kF64;
  if (!point.scale && !is_float) {
    return counts;
  }
  const Ratio scale = point.scale.value_or(Ratio{});
  counts.numerator *= scale.denominator * power_of_ten(point.exponent);
  counts.denominator = scale.numerator * power_of_ten(-point.exponent);
  if (counts.denominator < 0) {
    counts.numerator = -counts.numerator;
    counts.denominator = -counts.denominator;
  }
  return counts;
}

/// To the nearest, ties away from zero: any of the two would decode alike.
Wide rounded(const Counts& counts) {
  const Wide half = counts.denominator / 2;
  return counts.numerator >= 0
             ? (counts.numerator + half) / counts.denominator
             : -((-counts.numerator + half) / counts.denominator);
}

bool is_signed(ValueType type) {
  return type == ValueType::kI16 || type == ValueType::kI32 ||
         type == ValueType::kI64;
}

std::optional<std::uint64_t> integer_bits(Wide value,
                                          unsigned width,
                                          bool with_sign) {
  const Wide high = (Wide{1} << (with_sign ? width - 1 : width)) - 1;
  const Wide low = with_sign ? -high - 1 : 0;
  if (value < low || value > high) {
    return std::nullopt;
  }
  const auto mask = static_cast<std::uint64_t>((Wide{1} << width) - 1);
  return static_cast<std::uint64_t>(value) & mask;
}

}  // namespace

std::optional<std::uint64_t> raw_of(const PointProfile& point,
                                    std::int64_t mantissa) {
  const Counts counts = counts_of(point, mantissa);
  if (point.type == ValueType::kF32 || point.type == ValueType::kF64) {
    const long double value = static_cast<long double>(counts.numerator) /
                              static_cast<long double>(counts.denominator);
    return point.type == ValueType::kF32
               ? std::bit_cast<std::uint32_t>(static_cast<float>(value))
               : std::bit_cast<std::uint64_t>(static_cast<double>(value));
  }
  const bool is_bit = point.type == ValueType::kBit;
  const unsigned all = is_bit ? 1 : 16U * register_count(point.type);
  const BitRange bits =
      point.bits.value_or(BitRange{0, static_cast<std::uint8_t>(all - 1)});
  const unsigned width = 1U + bits.high - bits.low;
  auto value = integer_bits(rounded(counts), width, is_signed(point.type));
  if (value && point.inverted) {
    *value ^= 1;
  }
  return value ? std::optional(*value << bits.low) : std::nullopt;
}

std::int64_t nearest_held(const PointProfile& point, std::int64_t mantissa) {
  if (raw_of(point, mantissa)) {
    return mantissa;
  }
  std::int64_t held = 0;
  for (const std::int64_t candidate :
       {std::int64_t{0}, point.min, point.max, point.offset}) {
    if (raw_of(point, candidate)) {
      held = candidate;
      break;
    }
  }
  // What registers hold is one range: halve between what they do and do not.
  std::int64_t beyond = mantissa;
  while (beyond - held > 1 || held - beyond > 1) {
    const std::int64_t middle = held + (beyond - held) / 2;
    (raw_of(point, middle) ? held : beyond) = middle;
  }
  return held;
}

void place_raw(const PointProfile& point,
               std::uint64_t raw,
               std::span<std::uint16_t> cells) {
  check(cells.size() == register_count(point.type),
        "a point is placed in its own cells");
  if (is_bit_kind(point.kind)) {
    cells[0] = static_cast<std::uint16_t>(cells[0] | (raw & 1));
    return;
  }
  const std::size_t size = cells.size() * kBytesPerCell;
  for (std::size_t at = 0; at < size; ++at) {
    const std::size_t byte = point.order.empty() ? at : point.order[at];
    const std::uint64_t value = raw >> 8 * (size - 1 - byte) & 0xFF;
    cells[at / 2] = static_cast<std::uint16_t>(cells[at / 2] |
                                               value << (at % 2 == 0 ? 8 : 0));
  }
}

void place_text(const TextProfile& text,
                std::string_view value,
                std::span<std::uint16_t> cells) {
  check(cells.size() == text.registers, "a text is placed in its own cells");
  for (std::size_t at = 0; at < cells.size() * kBytesPerCell; ++at) {
    const auto character =
        static_cast<unsigned char>(at < value.size() ? value[at] : ' ');
    const bool high = (at % 2 == 0) != text.swapped;
    cells[at / 2] =
        static_cast<std::uint16_t>(cells[at / 2] | character << (high ? 8 : 0));
  }
}

}  // namespace strongroom::plant
