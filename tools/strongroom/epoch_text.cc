// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/epoch_text.h"

#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace strongroom {
namespace {

constexpr std::size_t kHexDigits = 16;

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [last, wrong] = std::from_chars(text.data(), end, value, base);
  return wrong == std::errc() && last == end ? std::optional(value)
                                             : std::nullopt;
}

}  // namespace

std::string epoch_text(std::uint64_t epoch) {
  return fmt::format("{} (0x{:016x})", epoch, epoch);
}

Result<std::uint64_t> parse_epoch(std::string_view text) {
  const bool prefixed = text.starts_with("0x");
  const auto hex = prefixed || text.size() == kHexDigits
                       ? number(text.substr(prefixed ? 2 : 0), 16)
                       : std::nullopt;
  const auto decimal = number(text, 10);
  if (hex && decimal && !prefixed) {
    return fault(fmt::format(
        "these sixteen digits are the epoch 0x{:x} if they are hexadecimal, "
        "and 0x{:x} if they are decimal: say which in this form",
        *hex,
        *decimal));
  }
  if (!hex && !decimal) {
    return fault(
        "an epoch is a decimal number, 0x with hexadecimal digits, or the "
        "sixteen digits that the agent shows");
  }
  return hex ? *hex : *decimal;
}

}  // namespace strongroom
