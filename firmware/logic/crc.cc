// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/crc.h"

#include <array>

namespace strongroom::panel {
namespace {

// Of half a byte: flash is dearer than the few cycles.
constexpr std::array<std::uint32_t, 16> kCrc32Table = [] {
  std::array<std::uint32_t, 16> table{};
  for (std::uint32_t nibble = 0; nibble < table.size(); ++nibble) {
    std::uint32_t value = nibble;
    for (int bit = 0; bit < 4; ++bit) {
      value = (value & 1U) != 0 ? value >> 1U ^ 0xedb88320U : value >> 1U;
    }
    table[nibble] = value;
  }
  return table;
}();

constexpr std::array<std::uint16_t, 16> kCrc16Table = [] {
  std::array<std::uint16_t, 16> table{};
  for (unsigned nibble = 0; nibble < table.size(); ++nibble) {
    unsigned value = nibble << 12U;
    for (int bit = 0; bit < 4; ++bit) {
      value = (value & 0x8000U) != 0 ? value << 1U ^ 0x1021U : value << 1U;
    }
    table[nibble] = static_cast<std::uint16_t>(value);
  }
  return table;
}();

}  // namespace

std::uint16_t crc16(std::span<const std::uint8_t> data) {
  unsigned crc = 0xffff;
  for (const unsigned byte : data) {
    crc = (crc << 4U ^ kCrc16Table[crc >> 12U ^ byte >> 4U]) & 0xffffU;
    crc = (crc << 4U ^ kCrc16Table[crc >> 12U ^ (byte & 0xfU)]) & 0xffffU;
  }
  return static_cast<std::uint16_t>(crc);
}

std::uint32_t crc32(std::span<const std::uint8_t> data, std::uint32_t before) {
  std::uint32_t crc = ~before;
  for (const std::uint8_t byte : data) {
    crc ^= byte;
    crc = kCrc32Table[crc & 0xfU] ^ crc >> 4U;
    crc = kCrc32Table[crc & 0xfU] ^ crc >> 4U;
  }
  return ~crc;
}

}  // namespace strongroom::panel
