// SPDX-License-Identifier: Apache-2.0
#include "platform/modbus/mbap.h"

#include <string>

#include "core/point/profile.h"

namespace strongroom {
namespace {

constexpr std::size_t kHeader = 7;  // up to the unit
constexpr std::uint8_t kExceptionFlag = 0x80;

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

std::expected<void, LinkError> exception(int code) {
  const ModbusException meaning = modbus_exception(code);
  const std::string what = "exception " + std::to_string(code);
  if (meaning == ModbusException::kNone) {
    return garbled(what);
  }
  return std::unexpected(LinkError{LinkFault::kException, meaning, what});
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
  if (frame.size() < kHeader + 2 || word(frame, 2) != 0 ||
      word(frame, 4) != frame.size() - 6) {
    return garbled("an answer that is no frame");
  }
  if (word(frame, 0) != transaction) {
    return garbled("the answer to another question");
  }
  if (frame[6] != question.unit) {
    return garbled("unit " + std::to_string(frame[6]) + " answered");
  }
  const auto function = static_cast<std::uint8_t>(question.kind);
  if (frame[7] == (function | kExceptionFlag) && frame.size() == kHeader + 2) {
    return exception(frame[8]);
  }
  const bool bits = is_bit_kind(question.kind);
  const std::size_t bytes =
      bits ? (question.count + 7U) / 8U : question.count * 2U;
  if (frame[7] != function || frame[8] != bytes ||
      frame.size() != kHeader + 2 + bytes) {
    return garbled("an answer of another function or length");
  }
  const auto data = frame.subspan(kHeader + 2);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = bits ? static_cast<std::uint16_t>(data[i / 8] >> i % 8 & 1)
                     : word(data, 2 * i);
  }
  return {};
}

}  // namespace strongroom
