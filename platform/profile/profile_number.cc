// SPDX-License-Identifier: Apache-2.0
#include "platform/profile/profile_number.h"

#include <charconv>
#include <numeric>

namespace strongroom {
namespace {

std::optional<std::int64_t> parse_part(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  const bool starts_well = !text.empty() && text.front() != '+';
  return starts_well && error == std::errc{} && end == text.data() + text.size()
             ? std::optional(number)
             : std::nullopt;
}

}  // namespace

std::optional<Ratio> parse_ratio(std::string_view text) {
  constexpr std::int64_t kMaxPart = (std::int64_t{1} << 31) - 1;
  std::optional<std::int64_t> numerator;
  std::optional<std::int64_t> denominator = 1;
  if (const std::size_t bar = text.find('/'); bar != std::string_view::npos) {
    numerator = parse_part(text.substr(0, bar));
    denominator = parse_part(text.substr(bar + 1));
  } else if (text.size() <= 20) {
    const std::size_t dot = text.find('.');
    const std::size_t fraction =
        dot == std::string_view::npos ? 0 : text.size() - dot - 1;
    if (fraction <= 9) {
      numerator = parse_decimal(text, -static_cast<std::int32_t>(fraction));
      for (std::size_t i = 0; i < fraction; ++i) {
        *denominator *= 10;
      }
    }
  }
  if (!numerator || !denominator || *numerator == 0 || *denominator <= 0) {
    return std::nullopt;
  }
  const std::int64_t divisor = std::gcd(*numerator, *denominator);
  const Ratio ratio{*numerator / divisor, *denominator / divisor};
  const bool is_small = ratio.numerator >= -kMaxPart &&
                        ratio.numerator <= kMaxPart &&
                        ratio.denominator <= kMaxPart;
  return is_small ? std::optional(ratio) : std::nullopt;
}

std::optional<std::uint64_t> parse_hexadecimal(std::string_view text) {
  std::uint64_t number = 0;
  if (!text.starts_with("0x")) {
    return std::nullopt;
  }
  text.remove_prefix(2);
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return error == std::errc{} && end == text.data() + text.size()
             ? std::optional(number)
             : std::nullopt;
}

}  // namespace strongroom
