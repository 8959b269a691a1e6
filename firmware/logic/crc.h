// SPDX-License-Identifier: Apache-2.0
// Finds memory that decayed. Against a person it proves nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace strongroom::panel {

/// CRC-16/CCITT-FALSE: polynomial 0x1021, from 0xffff. 0x29b1 of "123456789".
std::uint16_t crc16(std::span<const std::uint8_t> data);

/// CRC-32 (IEEE 802.3, as zlib's). `before` is the CRC of what stands before
/// the data. 0xcbf43926 of "123456789".
std::uint32_t crc32(std::span<const std::uint8_t> data,
                    std::uint32_t before = 0);

}  // namespace strongroom::panel
