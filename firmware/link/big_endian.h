// SPDX-License-Identifier: Apache-2.0
// Numbers as Modbus and our frames write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace strongroom::panel {

/// The first `Size` bytes; the caller has looked that they are there.
template <typename Number>
Number get_be(std::span<const std::uint8_t> bytes, std::size_t at) {
  Number value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    value = static_cast<Number>(value << 8 | bytes[at + i]);
  }
  return value;
}

template <typename Number>
void put_be(std::span<std::uint8_t> bytes, std::size_t at, Number value) {
  for (std::size_t i = sizeof(Number); i > 0; --i) {
    bytes[at + i - 1] = static_cast<std::uint8_t>(value);
    value = static_cast<Number>(sizeof(Number) > 1 ? value >> 8 : 0);
  }
}

}  // namespace strongroom::panel
