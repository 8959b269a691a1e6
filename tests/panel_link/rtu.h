// SPDX-License-Identifier: Apache-2.0
// Frames of Modbus RTU as a test writes them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/link/modbus_crc.h"

namespace strongroom::panel {

using Bytes = std::vector<std::uint8_t>;

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// With its check behind it.
inline Bytes rtu(Bytes frame) {
  const std::uint16_t crc = modbus_crc(frame);
  frame.push_back(static_cast<std::uint8_t>(crc));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  return frame;
}

inline Bytes be16(unsigned value) {
  return {static_cast<std::uint8_t>(value >> 8),
          static_cast<std::uint8_t>(value)};
}

/// A request or a write's answer of two numbers.
inline Bytes rtu(unsigned unit,
                 unsigned function,
                 unsigned first,
                 unsigned second) {
  return rtu(Bytes{static_cast<std::uint8_t>(unit),
                   static_cast<std::uint8_t>(function)} +
             be16(first) + be16(second));
}

inline std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += text.empty() ? "" : " ";
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

inline Bytes bytes_of(std::span<const std::uint8_t> bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace strongroom::panel
