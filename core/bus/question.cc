// SPDX-License-Identifier: Apache-2.0
#include "core/bus/question.h"

#include "core/base/check.h"

namespace strongroom {
namespace {

// Unit, function, address, count, CRC.
constexpr int kRequestCharacters = 8;
// Unit, function, length, CRC.
constexpr int kAnswerFrameCharacters = 5;
// Unit, function, two addresses and counts, length, CRC.
constexpr int kExchangeFrameCharacters = 13;
constexpr int kFastBaud = 19'200;
constexpr std::chrono::microseconds kFastFrameGap{1'750};

std::chrono::microseconds round_up(std::chrono::nanoseconds time) {
  return std::chrono::ceil<std::chrono::microseconds>(time);
}

int data_characters(const Question& question) {
  return is_bit_kind(question.kind) ? (question.count + 7) / 8
                                    : 2 * question.count;
}

}  // namespace

std::chrono::nanoseconds character_time(const LineWire& wire) {
  if (wire.kind == LineKind::kTcp) {
    return std::chrono::nanoseconds(0);
  }
  check(wire.baud > 0, "an RTU line has a baud rate");
  constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
  const std::int64_t nanoseconds =
      kNanosecondsPerSecond * wire.bits_per_character;
  return std::chrono::nanoseconds((nanoseconds + wire.baud - 1) / wire.baud);
}

std::chrono::microseconds frame_gap(const LineWire& wire) {
  if (wire.kind == LineKind::kTcp) {
    return std::chrono::microseconds(0);
  }
  if (wire.baud > kFastBaud) {
    return kFastFrameGap;
  }
  return round_up(character_time(wire) * 7 / 2);
}

std::chrono::microseconds wire_time(const LineWire& wire,
                                    const Question& question) {
  const int characters =
      kRequestCharacters + kAnswerFrameCharacters + data_characters(question);
  return round_up(character_time(wire) * characters) + 2 * frame_gap(wire);
}

std::chrono::microseconds exchange_time(const LineWire& wire,
                                        std::size_t written_bytes,
                                        std::uint16_t read_registers) {
  const int characters = kExchangeFrameCharacters +
                         static_cast<int>(written_bytes) +
                         kAnswerFrameCharacters + 2 * read_registers;
  return round_up(character_time(wire) * characters) + 2 * frame_gap(wire);
}

}  // namespace strongroom
