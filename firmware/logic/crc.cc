// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/crc.h"

#include <array>

namespace strongroom::panel {
namespace {

// Of a whole byte: the list's CRC runs within the 2 ms of one answer.
constexpr std::array<std::uint32_t, 256> kCrc32Table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value & 1U) != 0 ? value >> 1U ^ 0xedb88320U : value >> 1U;
    }
    table[byte] = value;
  }
  return table;
}();

// Of half a byte: 22 bytes a slot.
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
    crc = kCrc32Table[(crc ^ byte) & 0xffU] ^ crc >> 8U;
  }
  return ~crc;
}

}  // namespace strongroom::panel
