// SPDX-License-Identifier: Apache-2.0
// The check of a Modbus RTU frame.
#pragma once

#include <cstdint>
#include <span>

namespace strongroom::panel {

/// CRC-16/MODBUS; a frame carries its low byte first. Over a whole frame, check
/// included, it is 0.
std::uint16_t modbus_crc(std::span<const std::uint8_t> bytes);

}  // namespace strongroom::panel
