// SPDX-License-Identifier: Apache-2.0
#include "platform/modbus/mbap.h"

#include <algorithm>
#include <string>

#include "core/base/check.h"
#include "core/point/profile.h"

namespace strongroom {
namespace {

constexpr std::size_t kHeader = 7;  // up to the unit
constexpr std::uint8_t kExceptionFlag = 0x80;
constexpr std::uint8_t kExchangeFunction = 23;

std::uint8_t high(std::uint16_t value) {
  return static_cast<std::uint8_t>(value >> 8);
}

std::uint8_t low(std::uint16_t value) {
  return static_cast<std::uint8_t>(value & 0xFF);
}

std::uint16_t word(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::unexpected<LinkError> garbled(std::string what) {
  return std::unexpected(
      LinkError{LinkFault::kGarbled, ModbusException::kNone, std::move(what)});
}

LinkError exception(int code) {
  const ModbusException meaning = modbus_exception(code);
  const LinkFault fault = meaning == ModbusException::kNone
                              ? LinkFault::kGarbled
                              : LinkFault::kException;
  return {fault, meaning, "exception " + std::to_string(code)};
}

/// What the frame carries when it is the answer to that: `bytes` of data.
std::expected<std::span<const std::uint8_t>, LinkError> data_of(
    std::span<const std::uint8_t> frame,
    std::uint16_t transaction,
    std::uint8_t unit,
    std::uint8_t function,
    std::size_t bytes) {
  if (frame.size() < kHeader + 2 || word(frame, 2) != 0 ||
      word(frame, 4) != frame.size() - 6) {
    return garbled("an answer that is no frame");
  }
  if (word(frame, 0) != transaction) {
    return garbled("the answer to another question");
  }
  if (frame[6] != unit) {
    return garbled("unit " + std::to_string(frame[6]) + " answered");
  }
  if (frame[7] == (function | kExceptionFlag) && frame.size() == kHeader + 2) {
    return std::unexpected(exception(frame[8]));
  }
  if (frame[7] != function || frame[8] != bytes ||
      frame.size() != kHeader + 2 + bytes) {
    return garbled("an answer of another function or length");
  }
  return frame.subspan(kHeader + 2);
}

}  // namespace

ModbusException modbus_exception(int code) {
  const bool is_known = (code >= 1 && code <= 8) || code == 10 || code == 11;
  return is_known ? static_cast<ModbusException>(code) : ModbusException::kNone;
}

std::array<std::uint8_t, kMbapRequestSize> mbap_request(
    const Question& question, std::uint16_t transaction) {
  return {high(transaction),
          low(transaction),
          0,  // protocol
          0,
          0,  // bytes that follow
          6,
          question.unit,
          static_cast<std::uint8_t>(question.kind),
          high(question.address),
          low(question.address),
          high(question.count),
          low(question.count)};
}

std::expected<void, LinkError> take_mbap_answer(
    const Question& question,
    std::uint16_t transaction,
    std::span<const std::uint8_t> frame,
    std::span<std::uint16_t> values) {
  const bool bits = is_bit_kind(question.kind);
  const auto data =
      data_of(frame,
              transaction,
              question.unit,
              static_cast<std::uint8_t>(question.kind),
              bits ? (question.count + 7U) / 8U : question.count * 2U);
  if (!data) {
    return std::unexpected(data.error());
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = bits ? static_cast<std::uint16_t>((*data)[i / 8] >> i % 8 & 1)
                     : word(*data, 2 * i);
  }
  return {};
}

std::span<const std::uint8_t> mbap_exchange(
    std::uint8_t unit,
    std::uint16_t address,
    std::span<const std::uint8_t> written,
    std::uint16_t read_registers,
    std::uint16_t transaction,
    std::span<std::uint8_t, kMbapFrameSize> frame) {
  const auto registers = static_cast<std::uint16_t>(written.size() / 2);
  const auto bytes = static_cast<std::uint16_t>(written.size());
  const std::array<std::uint8_t, 17> head{
      high(transaction),
      low(transaction),
      0,  // protocol
      0,
      high(static_cast<std::uint16_t>(bytes + 11)),  // that follow
      low(static_cast<std::uint16_t>(bytes + 11)),
      unit,
      kExchangeFunction,
      high(address),  // read
      low(address),
      high(read_registers),
      low(read_registers),
      high(address),  // written
      low(address),
      high(registers),
      low(registers),
      low(bytes)};
  check(head.size() + written.size() <= frame.size(), "it fits into a frame");
  std::ranges::copy(head, frame.begin());
  std::ranges::copy(written, frame.begin() + head.size());
  return frame.first(head.size() + written.size());
}

std::expected<void, LinkError> take_mbap_exchange(
    std::uint8_t unit,
    std::uint16_t transaction,
    std::span<const std::uint8_t> frame,
    std::span<std::uint8_t> read) {
  const auto data =
      data_of(frame, transaction, unit, kExchangeFunction, read.size());
  if (!data) {
    return std::unexpected(data.error());
  }
  std::ranges::copy(*data, read.begin());
  return {};
}

}  // namespace strongroom
