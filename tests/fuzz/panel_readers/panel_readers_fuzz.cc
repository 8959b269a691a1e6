// SPDX-License-Identifier: Apache-2.0
// A reader of any kind, and what its lines may bring. Input: kind, keypad, then
// steps of two bytes: what comes and how much later, and the byte of a UART.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "firmware/logic/reader.h"

namespace {

using namespace strongroom::panel;
using Kind = strongroom_panel_v1_ReaderKind;

void demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

/// The newest bytes of the UART, to be read in another way than the decoder's.
class Tail {
 public:
  void add(std::uint8_t byte) {
    std::shift_left(bytes_.begin(), bytes_.end(), 1);
    bytes_.back() = byte;
  }
  bool is_frame_of(const Credential& badge, Kind kind) const {
    const bool is_id12 =
        kind == strongroom_panel_v1_ReaderKind_READER_KIND_ID12LA;
    const std::size_t size = is_id12 ? 16 : 14;
    const std::uint8_t* frame = bytes_.data() + bytes_.size() - size;
    bool is_frame = frame[0] == 2 && frame[size - 1] == 3;
    if (is_id12) {
      is_frame = is_frame && frame[13] == '\r' && frame[14] == '\n';
    }
    unsigned sum = 0;
    for (std::size_t i = 0; i < 5; ++i) {
      const char* kDigits = "0123456789ABCDEF";
      is_frame = is_frame && frame[1 + 2 * i] == kDigits[badge.bits[i] / 16] &&
                 frame[2 + 2 * i] == kDigits[badge.bits[i] % 16];
      sum ^= badge.bits[i];
    }
    const char* kDigits = "0123456789ABCDEF";
    return is_frame && frame[11] == kDigits[sum / 16] &&
           frame[12] == kDigits[sum % 16];
  }

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

void look_at_badge(const Credential& badge, Kind kind, const Tail& tail) {
  std::uint64_t bits = 0;
  for (const std::uint8_t byte : badge.bits) {
    bits = bits << 8 | byte;
  }
  demand(badge.bit_count > 0 && badge.bit_count <= kMaxCredentialBits);
  demand((bits & ((std::uint64_t{1} << (48 - badge.bit_count)) - 1)) == 0);
  const std::uint8_t length = wiegand_length(kind);
  if (length == 0) {
    demand(badge.bit_count == 40 && tail.is_frame_of(badge, kind));
    return;
  }
  demand(badge.bit_count == length);
  // access.md 4.1 by the letter: bits 1 to half, and from there to the last but
  // one; of 37 the one in the middle twice.
  const auto sent = [&](unsigned bit) {
    return static_cast<unsigned>(bits >> (47 - bit) & 1);
  };
  const unsigned half = (length + 1U) / 2;
  unsigned even = 0;
  unsigned odd = 0;
  for (unsigned i = 0; i < half; ++i) {
    even ^= sent(i);
    odd ^= sent(length - 1U - i);
  }
  demand(even == 0 && odd == 1);
}

void look_at(const ReaderOutput& output,
             const strongroom_panel_v1_ReaderSettings& settings,
             const Tail& tail) {
  if (const auto* seen = std::get_if<BadgeSeen>(&output)) {
    look_at_badge(seen->credential, settings.kind, tail);
  } else if (const auto* pressed = std::get_if<KeyPressed>(&output)) {
    demand(pressed->key <= kKeyEnter);
    demand(settings.keypad > strongroom_panel_v1_KeypadKind_KEYPAD_KIND_NONE);
  } else if (const auto* unreadable = std::get_if<Unreadable>(&output)) {
    demand(unreadable->fault !=
           strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_UNSPECIFIED);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size < 3) {
    return 0;
  }
  strongroom_panel_v1_ReaderSettings settings{};
  settings.kind =
      static_cast<Kind>(data[0] % (_strongroom_panel_v1_ReaderKind_MAX + 1));
  settings.keypad = static_cast<strongroom_panel_v1_KeypadKind>(
      data[1] % (_strongroom_panel_v1_KeypadKind_MAX + 1));
  settings.repeat_ms = static_cast<std::uint16_t>(4 * data[2]);
  Reader reader;
  reader.configure(settings);
  Tail tail;
  constexpr std::array<std::uint32_t, 16> kLaterUs{0,
                                                   1,
                                                   100,
                                                   499,
                                                   500,
                                                   1000,
                                                   1040,
                                                   2000,
                                                   5000,
                                                   9999,
                                                   20000,
                                                   20'001,
                                                   24'999,
                                                   25'000,
                                                   50'000,
                                                   3'000'000};
  std::uint64_t now_us = 1'000'000;
  for (std::size_t i = 3; i + 1 < size; i += 2) {
    now_us += kLaterUs[data[i] >> 4];
    switch (data[i] & 7) {
      case 0:
      case 1:
        look_at(reader.pulse((data[i] & 1) != 0, now_us), settings, tail);
        break;
      case 2:
        look_at(reader.both_low(now_us), settings, tail);
        break;
      case 3:
        look_at(reader.tick(now_us), settings, tail);
        break;
      case 4:
        // Times from before: queues may be late, nothing may follow from it.
        look_at(reader.tick(now_us / 2), settings, tail);
        break;
      default:
        tail.add(data[i + 1]);
        look_at(reader.byte(data[i + 1], now_us / 1000), settings, tail);
        break;
    }
  }
  return 0;
}
