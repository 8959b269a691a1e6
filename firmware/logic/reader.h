// SPDX-License-Identifier: Apache-2.0
// Badge readers and keypads: bytes of a UART or pulses of D0 and D1 in, badges
// and keys out. One object a reader (reference: docs/formats/readers.md).
#pragma once

#include <cstdint>
#include <variant>

#include "firmware/logic/credential.h"
#include "firmware/logic/em4100.h"
#include "firmware/logic/keypad.h"
#include "firmware/logic/wiegand.h"
#include "proto/panel.pb.h"

namespace strongroom::panel {

struct BadgeSeen {
  Credential credential;
};
struct KeyPressed {
  std::uint8_t key = 0;  // 0-9, kKeyClear ('*'), kKeyEnter ('#')
};
/// Something came that is no badge of the configured kind.
struct Unreadable {
  strongroom_panel_v1_PanelReadFault fault{};
};
using ReaderOutput =
    std::variant<std::monostate, BadgeSeen, KeyPressed, Unreadable>;

/// Bytes and pulses in the order of their times, and before a tick whatever
/// came before it: silence ends frames.
class Reader {
 public:
  /// Forgets what was half received.
  void configure(const strongroom_panel_v1_ReaderSettings& settings);

  /// A byte of the reader's UART.
  ReaderOutput byte(std::uint8_t byte, std::uint64_t now_ms);
  /// A pulse: on D1 (`is_one`) or on D0.
  ReaderOutput pulse(bool is_one, std::uint64_t now_us);
  /// Both lines low at once.
  ReaderOutput both_low(std::uint64_t now_us);
  /// Ends frames that have been silent for long enough. Call every few ms.
  ReaderOutput tick(std::uint64_t now_us);

 private:
  using Fault = strongroom_panel_v1_PanelReadFault;

  ReaderOutput uart_output(const Em4100Output& output, std::uint64_t now_ms);
  ReaderOutput end_pulses(std::uint64_t now_us);
  ReaderOutput pulses_output(WiegandBits frame, std::uint64_t now_ms);
  void spoil(Fault fault);
  ReaderOutput badge(const Credential& credential, std::uint64_t now_ms);
  ReaderOutput unreadable(Fault fault, std::uint64_t now_ms);

  strongroom_panel_v1_ReaderSettings settings_{};
  Em4100Frames uart_;
  std::uint64_t last_byte_ms_ = 0;
  WiegandBits pulses_;
  Fault spoilt_{};  // the frame of pulses that is being received
  bool has_pulses_ = false;
  bool was_one_ = false;
  std::uint64_t last_pulse_us_ = 0;
  // Seen again within its time it is the same reading, and its time begins
  // anew.
  Credential last_badge_;
  std::uint64_t last_badge_ms_ = 0;
  Fault last_fault_{};
  std::uint64_t last_fault_ms_ = 0;
};

}  // namespace strongroom::panel
