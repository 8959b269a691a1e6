// SPDX-License-Identifier: Apache-2.0
#include "core/base/bytes.h"

#include <array>

namespace strongroom {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xff;

using DigitTable = std::array<std::uint8_t, 256>;

constexpr DigitTable digit_table(std::string_view digits) {
  DigitTable table{};
  table.fill(kNoDigit);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    table[static_cast<std::uint8_t>(digits[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}

constexpr DigitTable hex_table() {
  DigitTable table = digit_table(kHexDigits);
  for (char digit = 'a'; digit <= 'f'; ++digit) {
    table[static_cast<std::uint8_t>(digit - 'a' + 'A')] =
        table[static_cast<std::uint8_t>(digit)];
  }
  return table;
}

constexpr DigitTable kHexValues = hex_table();
constexpr DigitTable kBase64Values = digit_table(kBase64Digits);

std::uint8_t value_of(const DigitTable& table, char digit) {
  return table[static_cast<std::uint8_t>(digit)];
}

// How many `=` end a padded base64 text of at least four digits.
std::size_t padding_of(std::string_view text) {
  if (!text.ends_with('=')) {
    return 0;
  }
  return text.ends_with("==") ? 2 : 1;
}

}  // namespace

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_chars(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void append(Bytes& bytes, ByteView tail) {
  bytes.insert(bytes.end(), tail.begin(), tail.end());
}

std::string to_hex(ByteView bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text.push_back(kHexDigits[byte >> 4U]);
    text.push_back(kHexDigits[byte & 0xfU]);
  }
  return text;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return std::nullopt;
  }
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const unsigned high = value_of(kHexValues, text[i]);
    const unsigned low = value_of(kHexValues, text[i + 1]);
    if (high == kNoDigit || low == kNoDigit) {
      return std::nullopt;
    }
    bytes.push_back(static_cast<std::uint8_t>(high << 4U | low));
  }
  return bytes;
}

std::string to_base64(ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  while (!bytes.empty()) {
    const std::size_t taken = bytes.size() < 3 ? bytes.size() : 3;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8U | (i < taken ? bytes[i] : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text.push_back(i > taken ? '='
                               : kBase64Digits[group >> (18 - 6 * i) & 0x3fU]);
    }
    bytes = bytes.subspan(taken);
  }
  return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  const std::size_t padding = padding_of(text);
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size() - padding; ++i) {
    const std::uint8_t value = value_of(kBase64Values, text[i]);
    if (value == kNoDigit) {
      return std::nullopt;
    }
    // After n digits of a group, 6 n bits are there: byte n - 1 is complete.
    group = group << 6U | value;
    const unsigned spare = 6 - 2 * (static_cast<unsigned>(i) % 4);
    if (i % 4 != 0) {
      bytes.push_back(static_cast<std::uint8_t>(group >> spare));
      group &= (1U << spare) - 1;
    }
  }
  if (group != 0) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace strongroom
