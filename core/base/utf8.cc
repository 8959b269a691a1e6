// SPDX-License-Identifier: Apache-2.0
#include "core/base/utf8.h"

#include <cstddef>
#include <cstdint>

namespace strongroom {
namespace {

// What the first byte says: how many bytes follow, its own bits of the code
// point, and the smallest code point that needs that many.
struct Lead {
  std::size_t following;
  char32_t bits;
  char32_t smallest;
};

std::optional<Lead> read_lead(std::uint8_t byte) {
  if (byte < 0x80) {
    return Lead{0, byte, 0};
  }
  if (byte >> 5U == 0b110) {
    return Lead{1, byte & 0x1fU, 0x80};
  }
  if (byte >> 4U == 0b1110) {
    return Lead{2, byte & 0x0fU, 0x800};
  }
  if (byte >> 3U == 0b11110) {
    return Lead{3, byte & 0x07U, 0x10000};
  }
  return std::nullopt;
}

}  // namespace

std::optional<char32_t> take_code_point(std::string_view& text) {
  const auto byte_at = [&text](std::size_t at) {
    return static_cast<std::uint8_t>(text[at]);
  };
  const auto lead = read_lead(byte_at(0));
  if (!lead || lead->following >= text.size()) {
    return std::nullopt;
  }
  char32_t point = lead->bits;
  for (std::size_t i = 1; i <= lead->following; ++i) {
    if (byte_at(i) >> 6U != 0b10) {
      return std::nullopt;
    }
    point = point << 6U | (byte_at(i) & 0x3fU);
  }
  const bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < lead->smallest || point > 0x10ffff || is_surrogate) {
    return std::nullopt;
  }
  text.remove_prefix(1 + lead->following);
  return point;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (!take_code_point(text)) {
      return false;
    }
  }
  return true;
}

bool is_unicode_space(char32_t point) {
  return (point >= 0x09 && point <= 0x0d) || point == 0x20 || point == 0x85 ||
         point == 0xa0 || point == 0x1680 ||
         (point >= 0x2000 && point <= 0x200a) || point == 0x2028 ||
         point == 0x2029 || point == 0x202f || point == 0x205f ||
         point == 0x3000;
}

}  // namespace strongroom
