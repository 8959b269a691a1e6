// SPDX-License-Identifier: Apache-2.0
#include "core/point/sample.h"

#include <algorithm>
#include <bit>

#include "core/base/check.h"

namespace strongroom {
namespace {

__extension__ typedef unsigned __int128 Wide;
__extension__ typedef __int128 SignedWide;

constexpr PointSample kBadSample{PointQuality::kBad, 0};
constexpr PointSample kOutOfRangeSample{PointQuality::kOutOfRange, 0};

/// magnitude * 2^exponent, exactly what the registers say.
struct BinaryNumber {
  bool negative = false;
  std::uint64_t magnitude = 0;  // below 2^53 unless the exponent is 0
  int exponent = 0;             // -1074 to 971
};

bool is_float(ValueType type) {
  return type == ValueType::kF32 || type == ValueType::kF64;
}

bool is_signed_integer(ValueType type) {
  return type == ValueType::kI16 || type == ValueType::kI32 ||
         type == ValueType::kI64;
}

/// The bits of the value, its most significant byte first.
std::uint64_t raw_bits(const PointProfile& point,
                       std::span<const std::uint16_t> cells) {
  const std::size_t bytes = cells.size() * 2;
  check(point.order.empty() || point.order.size() == bytes,
        "a byte order has one place per byte");
  std::uint64_t raw = 0;
  for (std::size_t at = 0; at < bytes; ++at) {
    const std::uint16_t cell = cells[at / 2];
    const std::uint64_t byte = at % 2 == 0 ? cell >> 8 : cell & 0xFF;
    const std::size_t place = point.order.empty() ? at : point.order[at];
    raw |= byte << 8 * (bytes - 1 - place);
  }
  return raw;
}

std::uint64_t low_bits(int width) {
  return width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
}

BinaryNumber integer_of(const PointProfile& point, std::uint64_t raw) {
  int width =
      point.type == ValueType::kBit ? 1 : 16 * register_count(point.type);
  if (point.bits) {
    raw >>= point.bits->low;
    width = point.bits->high - point.bits->low + 1;
  }
  raw &= low_bits(width);
  if (point.inverted) {
    raw ^= 1;
  }
  const bool negative =
      is_signed_integer(point.type) && (raw >> (width - 1) & 1) != 0;
  return {negative, negative ? (0 - raw) & low_bits(width) : raw, 0};
}

/// IEEE 754 taken apart. Nothing: infinite, or no number.
std::optional<BinaryNumber> float_of(ValueType type, std::uint64_t raw) {
  const bool is_double = type == ValueType::kF64;
  const int fraction_width = is_double ? 52 : 23;
  const int exponent_width = is_double ? 11 : 8;
  const std::uint64_t biased = raw >> fraction_width & low_bits(exponent_width);
  if (biased == low_bits(exponent_width)) {
    return std::nullopt;
  }
  BinaryNumber number;
  number.negative = (raw >> (fraction_width + exponent_width) & 1) != 0;
  number.magnitude = raw & low_bits(fraction_width);
  if (biased != 0) {  // else subnormal: no hidden bit, the least exponent
    number.magnitude |= std::uint64_t{1} << fraction_width;
  }
  const int bias = (1 << (exponent_width - 1)) - 1;
  number.exponent =
      std::max(static_cast<int>(biased), 1) - bias - fraction_width;
  return number;
}

std::uint64_t power_of_ten(int exponent) {
  std::uint64_t power = 1;
  for (; exponent > 0; --exponent) {
    power *= 10;
  }
  return power;
}

int bit_width(Wide value) {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  const auto low = static_cast<std::uint64_t>(value);
  return static_cast<int>(high != 0 ? 64 + std::bit_width(high)
                                    : std::bit_width(low));
}

struct Fraction {
  Wide numerator = 0;    // below 2^126
  Wide denominator = 1;  // the same
};

/// |number| * scale in units of 10^exponent. Nothing: 2^65 or more.
std::optional<Fraction> scaled(const PointProfile& point,
                               const BinaryNumber& number) {
  const bool counts = !point.scale && !is_float(point.type);
  const Ratio scale = point.scale.value_or(Ratio{});
  const int exponent = counts ? 0 : point.exponent;
  const auto numerator = static_cast<std::uint64_t>(
      scale.numerator < 0 ? -scale.numerator : scale.numerator);
  // 2^64 * 2^31 * 2^30 at most; of a float, 2^53 instead of 2^64.
  Fraction value{Wide{number.magnitude} * numerator * power_of_ten(-exponent),
                 Wide{static_cast<std::uint64_t>(scale.denominator)} *
                     power_of_ten(exponent)};
  if (value.numerator == 0 || number.exponent == 0) {
    return value;
  }
  if (number.exponent > 0) {
    if (bit_width(value.numerator) + number.exponent > 126) {
      return std::nullopt;  // the denominator is below 2^61
    }
    value.numerator <<= number.exponent;
    return value;
  }
  if (bit_width(value.denominator) - number.exponent > 126) {
    return Fraction{1, Wide{1} << 12};  // not 0, and less than a half anyway
  }
  value.denominator <<= -number.exponent;
  return value;
}

/// Nothing: not below kMantissaLimit.
std::optional<std::int64_t> mantissa_of(const PointProfile& point,
                                        const BinaryNumber& number) {
  const auto value = scaled(point, number);
  if (!value) {
    return std::nullopt;
  }
  const Wide whole = value->numerator / value->denominator;
  const Wide twice_rest = value->numerator % value->denominator * 2;
  const bool negative =
      number.negative != (point.scale && point.scale->numerator < 0);
  const SignedWide sign = negative ? -1 : 1;
  // The offset moves a tie: it is the sum that becomes even.
  SignedWide mantissa =
      sign * static_cast<SignedWide>(whole) + SignedWide{point.offset};
  if (twice_rest > value->denominator ||
      (twice_rest == value->denominator && mantissa % 2 != 0)) {
    mantissa += sign;
  }
  if (mantissa <= -kMantissaLimit || mantissa >= kMantissaLimit) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(mantissa);
}

bool is_state(const PointProfile& point, std::int64_t code) {
  return point.states.empty() ||
         std::ranges::find(point.states, code, &PointState::code) !=
             point.states.end();
}

bool is_printable(char c) {
  return c >= ' ' && c <= '~';
}

}  // namespace

std::string_view quality_name(PointQuality quality) {
  switch (quality) {
    case PointQuality::kNotAsked:
      return "not asked";
    case PointQuality::kGood:
      return "good";
    case PointQuality::kStale:
      return "stale";
    case PointQuality::kBad:
      return "bad";
    case PointQuality::kOutOfRange:
      return "out of range";
  }
  check(false, "a quality outside its enumeration");
  return {};
}

PointSample decode_point(const PointProfile& point,
                         std::span<const std::uint16_t> cells) {
  check(cells.size() == register_count(point.type),
        "a point is decoded from its own registers");
  const std::uint64_t raw = raw_bits(point, cells);
  if (std::ranges::find(point.sentinels, raw) != point.sentinels.end()) {
    return kBadSample;
  }
  const std::optional<BinaryNumber> number =
      is_float(point.type) ? float_of(point.type, raw) : integer_of(point, raw);
  if (!number) {
    return kBadSample;
  }
  const auto mantissa = mantissa_of(point, *number);
  if (!mantissa || *mantissa < point.min || *mantissa > point.max ||
      !is_state(point, *mantissa)) {
    return kOutOfRangeSample;
  }
  return {PointQuality::kGood, *mantissa};
}

std::optional<std::string> decode_text(const TextProfile& text,
                                       std::span<const std::uint16_t> cells) {
  check(cells.size() == text.registers,
        "a text is decoded from its own registers");
  std::string characters;
  for (const std::uint16_t cell : cells) {
    const auto high = static_cast<char>(cell >> 8);
    const auto low = static_cast<char>(cell & 0xFF);
    characters.push_back(text.swapped ? low : high);
    characters.push_back(text.swapped ? high : low);
  }
  constexpr std::string_view kPadding{" \0", 2};
  const std::size_t first = characters.find_first_not_of(kPadding);
  if (first == std::string::npos) {
    return std::nullopt;
  }
  const std::size_t last = characters.find_last_not_of(kPadding);
  std::string value = characters.substr(first, last - first + 1);
  if (!std::ranges::all_of(value, is_printable)) {
    return std::nullopt;
  }
  return value;
}

void decode_block(const DeviceProfile& profile,
                  const RegisterBlock& block,
                  std::span<const std::uint16_t> cells,
                  std::span<PointSample> samples,
                  std::vector<TextSample>& texts) {
  check(cells.size() == block.count && samples.size() == profile.points.size(),
        "a block is decoded with its own registers and profile");
  for (const std::uint16_t index : block.points) {
    const PointProfile& point = profile.points[index];
    const auto offset = static_cast<std::size_t>(point.address - block.address);
    samples[index] =
        decode_point(point, cells.subspan(offset, register_count(point.type)));
  }
  for (const std::uint16_t index : block.texts) {
    const TextProfile& text = profile.texts[index];
    const auto offset = static_cast<std::size_t>(text.address - block.address);
    texts.push_back(
        {index, decode_text(text, cells.subspan(offset, text.registers))});
  }
}

std::vector<PointSample> no_samples(const DeviceProfile& profile,
                                    PollClass poll_class) {
  std::vector<PointSample> samples;
  samples.reserve(profile.points.size());
  for (const PointProfile& point : profile.points) {
    samples.push_back({point.poll == poll_class ? PointQuality::kBad
                                                : PointQuality::kNotAsked,
                       0});
  }
  return samples;
}

}  // namespace strongroom
