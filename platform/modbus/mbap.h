// SPDX-License-Identifier: Apache-2.0
// A read over Modbus TCP, byte by byte. libmodbus compares the transaction id
// alone; a gateway that gave us another unit's answer would go unnoticed.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>

#include "core/bus/question.h"

namespace strongroom {

/// Modbus messaging on TCP/IP 1.0b, 3.1.3.
inline constexpr std::size_t kMbapRequestSize = 12;

std::array<std::uint8_t, kMbapRequestSize> mbap_request(
    const Question& question, std::uint16_t transaction);

/// Writes the values of the answer (one frame, whole), or says what is wrong
/// with it: an exception, or garbled. `values`: question.count items.
std::expected<void, LinkError> take_mbap_answer(
    const Question& question,
    std::uint16_t transaction,
    std::span<const std::uint8_t> frame,
    std::span<std::uint16_t> values);

/// kNone: no paper knows this code.
ModbusException modbus_exception(int code);

}  // namespace strongroom
