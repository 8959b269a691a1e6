// SPDX-License-Identifier: Apache-2.0
// Enums that came off the wire may hold any number, and loading such a one as
// the enum would be undefined.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace strongroom::panel {

/// To be compared with the greatest value before anything else is done with it.
template <typename Enum>
std::uint32_t enum_number(const Enum& value) {
  static_assert(sizeof(Enum) <= sizeof(std::uint32_t));
  static_assert(std::endian::native == std::endian::little);
  std::uint32_t number = 0;
  std::memcpy(&number, &value, sizeof value);
  return number;
}

}  // namespace strongroom::panel
