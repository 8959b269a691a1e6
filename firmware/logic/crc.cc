// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/crc.h"

#include <array>

#include "firmware/logic/offline_list.h"

namespace strongroom::panel {
namespace {

// By half bytes where flash is dear; by whole ones where the list is long: its
// CRC runs within the 2 ms of one answer.
constexpr unsigned kCrc32Bits = kListCapacity > 512 ? 8 : 4;
constexpr std::array<std::uint32_t, 1U << kCrc32Bits> kCrc32Table = [] {
  std::array<std::uint32_t, 1U << kCrc32Bits> table{};
  for (std::uint32_t part = 0; part < table.size(); ++part) {
    std::uint32_t value = part;
    for (unsigned bit = 0; bit < kCrc32Bits; ++bit) {
      value = (value & 1U) != 0 ? value >> 1U ^ 0xedb88320U : value >> 1U;
    }
    table[part] = value;
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
    crc ^= byte;
    for (unsigned bit = 0; bit < 8; bit += kCrc32Bits) {
      crc = kCrc32Table[crc & (kCrc32Table.size() - 1)] ^ crc >> kCrc32Bits;
    }
  }
  return ~crc;
}

}  // namespace strongroom::panel
