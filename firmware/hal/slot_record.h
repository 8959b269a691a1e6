// SPDX-License-Identifier: Apache-2.0
// How a slot's content lies in non-volatile memory
// (docs/formats/panel-memory.md):
//
//   0  4  CRC-32 (IEEE) of all that follows
//   4  2  size of the content, little-endian
//   6  1  slot
//   7  1  0
//   8  n  content
//
// One place for all boards, so that all tear alike.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "firmware/logic/crc.h"

namespace strongroom::panel::hal {

inline constexpr std::size_t kSlotHead = 8;

inline std::array<std::uint8_t, kSlotHead> slot_head(
    std::uint8_t slot, std::span<const std::uint8_t> content) {
  std::array<std::uint8_t, kSlotHead> head{};
  head[4] = static_cast<std::uint8_t>(content.size() & 0xff);
  head[5] = static_cast<std::uint8_t>(content.size() >> 8);
  head[6] = slot;
  std::uint32_t crc = crc32(std::span(head).subspan(4));
  crc = crc32(content, crc);
  for (std::size_t i = 0; i < 4; ++i) {
    head[i] = static_cast<std::uint8_t>(crc >> (8 * i));
  }
  return head;
}

/// The content of `record`; empty: torn, rotten, of another slot, or none.
inline std::span<const std::uint8_t> slot_content(
    std::uint8_t slot, std::span<const std::uint8_t> record) {
  if (record.size() < kSlotHead) {
    return {};
  }
  const std::size_t size = record[4] | static_cast<std::size_t>(record[5]) << 8;
  if (record[6] != slot || size > record.size() - kSlotHead) {
    return {};
  }
  const auto content = record.subspan(kSlotHead, size);
  const auto head = slot_head(slot, content);
  return std::ranges::equal(head, record.first(kSlotHead))
             ? content
             : std::span<const std::uint8_t>{};
}

}  // namespace strongroom::panel::hal
