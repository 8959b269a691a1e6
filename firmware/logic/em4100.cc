// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/em4100.h"

#include <algorithm>

namespace strongroom::panel {
namespace {

constexpr std::uint8_t kStart = 0x02;
constexpr std::uint8_t kEnd = 0x03;
constexpr std::uint8_t kCarriageReturn = 0x0d;
constexpr std::uint8_t kLineFeed = 0x0a;
constexpr std::uint8_t kDigits = 12;
/// STX and so many bytes as they must be are a badge that went wrong. Less is
/// what a line picks up: a floating pin makes it once in months.
constexpr std::uint8_t kIsAFrame = 1 + 6;
constexpr std::uint8_t kNoDigit = 0xff;
constexpr std::uint8_t kEm4100Bits = 40;

std::uint8_t digit(std::uint8_t byte) {
  if (byte >= '0' && byte <= '9') {
    return static_cast<std::uint8_t>(byte - '0');
  }
  if (byte >= 'A' && byte <= 'F') {
    return static_cast<std::uint8_t>(byte - 'A' + 10);
  }
  return kNoDigit;
}

}  // namespace

Em4100Output Em4100Frames::byte(std::uint8_t byte) {
  if (size_ == 0 || !fits(byte)) {
    const Em4100Output output = size_ == 0 ? Em4100Output{} : stop();
    size_ = byte == kStart && length() > 0 ? 1 : 0;
    return output;
  }
  if (size_ <= kDigits) {
    std::uint8_t& into = decoded_[(size_ - 1U) / 2];
    into = static_cast<std::uint8_t>(into << 4U | digit(byte));
  }
  ++size_;
  return size_ == length() ? finish() : Em4100Output{};
}

Em4100Output Em4100Frames::silence() {
  return stop();
}

Em4100Output Em4100Frames::stop() {
  const bool is_a_frame = size_ >= kIsAFrame;
  size_ = 0;
  if (!is_a_frame) {
    return {};
  }
  return strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_FRAMING;
}

Em4100Output Em4100Frames::finish() {
  size_ = 0;
  std::uint8_t sum = 0;
  for (const std::uint8_t byte : decoded_) {
    sum ^= byte;
  }
  if (sum != 0) {
    return strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_CHECKSUM;
  }
  Credential credential{.bit_count = kEm4100Bits, .bits = {}};
  std::copy_n(decoded_.begin(), kEm4100Bits / 8, credential.bits.begin());
  return credential;
}

/// What may stand where the frame is.
bool Em4100Frames::fits(std::uint8_t byte) const {
  if (size_ <= kDigits) {
    return digit(byte) != kNoDigit;
  }
  if (size_ + 1 == length()) {
    return byte == kEnd;
  }
  return byte == (size_ == kDigits + 1 ? kCarriageReturn : kLineFeed);
}

std::uint8_t Em4100Frames::length() const {
  if (kind_ == strongroom_panel_v1_ReaderKind_READER_KIND_RDM6300) {
    return 14;
  }
  return kind_ == strongroom_panel_v1_ReaderKind_READER_KIND_ID12LA ? 16 : 0;
}

}  // namespace strongroom::panel
