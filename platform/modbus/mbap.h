// SPDX-License-Identifier: Apache-2.0
// Reads and exchanges over Modbus TCP, byte by byte. libmodbus compares the
// transaction id alone; a gateway that gave us another unit's answer would go
// unnoticed.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>

#include "core/bus/question.h"

namespace strongroom {

/// Modbus messaging on TCP/IP 1.0b, 3.1.3.
inline constexpr std::size_t kMbapRequestSize = 12;
inline constexpr std::size_t kMbapFrameSize = 260;

std::array<std::uint8_t, kMbapRequestSize> mbap_request(
    const Question& question, std::uint16_t transaction);

/// Writes the values of the answer (one frame, whole), or says what is wrong
/// with it: an exception, or garbled. `values`: question.count items.
std::expected<void, LinkError> take_mbap_answer(
    const Question& question,
    std::uint16_t transaction,
    std::span<const std::uint8_t> frame,
    std::span<std::uint16_t> values);

/// Function 23, as ModbusLink::exchange says: both from `address` on. Of
/// `frame` the first bytes, which are returned, are the request.
std::span<const std::uint8_t> mbap_exchange(
    std::uint8_t unit,
    std::uint16_t address,
    std::span<const std::uint8_t> written,
    std::uint16_t read_registers,
    std::uint16_t transaction,
    std::span<std::uint8_t, kMbapFrameSize> frame);

/// `read`: as many bytes as were asked for.
std::expected<void, LinkError> take_mbap_exchange(
    std::uint8_t unit,
    std::uint16_t transaction,
    std::span<const std::uint8_t> frame,
    std::span<std::uint8_t> read);

/// kNone: no paper knows this code.
ModbusException modbus_exception(int code);

}  // namespace strongroom
