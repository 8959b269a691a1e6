// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/reader.h"

#include <algorithm>

namespace strongroom::panel {
namespace {

using Fault = strongroom_panel_v1_PanelReadFault;

constexpr Fault kNoFault =
    strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_UNSPECIFIED;

/// Between two bytes of one frame.
constexpr std::uint64_t kByteSilenceMs = 20;
/// After the last pulse of one frame.
constexpr std::uint64_t kPulseSilenceUs = 25'000;
/// Pulses that begin nearer to each other are not a reader's: the fastest one
/// known takes 1 040 us a bit.
constexpr std::uint64_t kNoiseUs = 500;
constexpr std::uint8_t kMaxBits = 64;
/// Noise that stays is told once, not all the time.
constexpr std::uint64_t kFaultRepeatMs = 2000;
/// A module on a UART sends its frame every 50 to 65 ms while the badge stays.
constexpr std::uint64_t kUartRepeatMs = 300;

std::uint64_t since(std::uint64_t now, std::uint64_t then) {
  return now > then ? now - then : 0;
}

bool is_on_uart(strongroom_panel_v1_ReaderKind kind) {
  return kind == strongroom_panel_v1_ReaderKind_READER_KIND_RDM6300 ||
         kind == strongroom_panel_v1_ReaderKind_READER_KIND_ID12LA;
}

}  // namespace

void Reader::configure(const strongroom_panel_v1_ReaderSettings& settings) {
  *this = Reader();
  settings_ = settings;
  uart_ = Em4100Frames(settings.kind);
}

ReaderOutput Reader::byte(std::uint8_t byte, std::uint64_t now_ms) {
  Em4100Output stopped;
  if (uart_.is_inside() && since(now_ms, last_byte_ms_) > kByteSilenceMs) {
    stopped = uart_.silence();
  }
  last_byte_ms_ = now_ms;
  const Em4100Output output = uart_.byte(byte);
  // One byte after a silence completes nothing, so only one of both says
  // something.
  return uart_output(
      std::holds_alternative<std::monostate>(stopped) ? output : stopped,
      now_ms);
}

ReaderOutput Reader::pulse(bool is_one, std::uint64_t now_us) {
  ReaderOutput ended;
  if (has_pulses_) {
    const std::uint64_t passed = since(now_us, last_pulse_us_);
    if (passed >= kPulseSilenceUs) {
      ended = end_pulses(now_us);
    } else if (passed < kNoiseUs) {
      // The same line rings; the other one is not to be believed, nor is then
      // the frame.
      if (is_one != was_one_) {
        spoil(strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_FRAMING);
      }
      return {};
    }
  }
  has_pulses_ = true;
  was_one_ = is_one;
  last_pulse_us_ = now_us;
  pulses_.bits = pulses_.bits << 1U | static_cast<std::uint64_t>(is_one);
  if (pulses_.count == kMaxBits) {
    // Longer than any frame. Said now, for the silence may never come; until it
    // does nothing of this is taken for a frame.
    return unreadable(
        strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_LENGTH,
        now_us / 1000);
  }
  ++pulses_.count;
  return ended;
}

ReaderOutput Reader::both_low(std::uint64_t now_us) {
  ReaderOutput ended;
  if (has_pulses_ && since(now_us, last_pulse_us_) >= kPulseSilenceUs) {
    ended = end_pulses(now_us);
  }
  has_pulses_ = true;
  last_pulse_us_ = now_us;
  spoil(strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_BOTH_LOW);
  return ended;
}

ReaderOutput Reader::tick(std::uint64_t now_us) {
  if (has_pulses_ && since(now_us, last_pulse_us_) >= kPulseSilenceUs) {
    return end_pulses(now_us);
  }
  const std::uint64_t now_ms = now_us / 1000;
  if (uart_.is_inside() && since(now_ms, last_byte_ms_) > kByteSilenceMs) {
    return uart_output(uart_.silence(), now_ms);
  }
  return {};
}

ReaderOutput Reader::uart_output(const Em4100Output& output,
                                 std::uint64_t now_ms) {
  if (const auto* credential = std::get_if<Credential>(&output)) {
    return badge(*credential, now_ms);
  }
  if (const auto* fault = std::get_if<Fault>(&output)) {
    return unreadable(*fault, now_ms);
  }
  return {};
}

ReaderOutput Reader::end_pulses(std::uint64_t now_us) {
  const WiegandBits frame = pulses_;
  const Fault spoilt = spoilt_;
  pulses_ = {};
  spoilt_ = kNoFault;
  has_pulses_ = false;
  const std::uint64_t now_ms = now_us / 1000;
  return spoilt != kNoFault ? unreadable(spoilt, now_ms)
                            : pulses_output(frame, now_ms);
}

ReaderOutput Reader::pulses_output(WiegandBits frame, std::uint64_t now_ms) {
  if (const auto key = key_in(settings_.keypad, frame)) {
    if (key->fault != kNoFault) {
      return unreadable(key->fault, now_ms);
    }
    if (!is_on_uart(settings_.kind)) {
      // A badge that follows a key is shown anew, as for another leaf; one that
      // lies on a module is not.
      last_badge_ = {};
    }
    return KeyPressed{key->key};
  }
  const Fault fault = wiegand_fault(settings_.kind, frame);
  return fault != kNoFault
             ? unreadable(fault, now_ms)
             : badge(credential_of(frame.bits, frame.count), now_ms);
}

/// The first reason is the one that is told.
void Reader::spoil(Fault fault) {
  if (spoilt_ == kNoFault) {
    spoilt_ = fault;
  }
}

ReaderOutput Reader::badge(const Credential& credential, std::uint64_t now_ms) {
  const std::uint64_t within =
      is_on_uart(settings_.kind)
          ? std::max<std::uint64_t>(settings_.repeat_ms, kUartRepeatMs)
          : settings_.repeat_ms;
  const bool is_repeated =
      last_badge_ == credential && since(now_ms, last_badge_ms_) < within;
  last_badge_ = credential;
  last_badge_ms_ = now_ms;
  if (is_repeated) {
    return {};
  }
  return BadgeSeen{credential};
}

ReaderOutput Reader::unreadable(Fault fault, std::uint64_t now_ms) {
  const bool is_repeated =
      last_fault_ == fault && since(now_ms, last_fault_ms_) < kFaultRepeatMs;
  last_fault_ = fault;
  last_fault_ms_ = now_ms;
  if (is_repeated) {
    return {};
  }
  return Unreadable{fault};
}

}  // namespace strongroom::panel
