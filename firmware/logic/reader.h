// SPDX-License-Identifier: Apache-2.0
// Badge readers and keypads: bytes of a UART or pulses of D0 and D1 in, badges
// and keys out. One object a reader (reference: docs/formats/readers.md).
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "firmware/logic/credential.h"
#include "proto/panel.pb.h"

namespace strongroom::panel {

struct BadgeSeen {
  Credential credential;
};
struct KeyPressed {
  std::uint8_t key = 0;  // 0-9, kKeyClear ('*'), kKeyEnter ('#')
};
inline constexpr std::uint8_t kKeyClear = 10;
inline constexpr std::uint8_t kKeyEnter = 11;
/// Something came that is no badge of the configured kind.
struct Unreadable {
  strongroom_panel_v1_PanelReadFault fault{};
};
using ReaderOutput =
    std::variant<std::monostate, BadgeSeen, KeyPressed, Unreadable>;

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
  // The owner's business.
  strongroom_panel_v1_ReaderSettings settings_{};
  std::array<std::uint8_t, 16> frame_{};
  std::uint8_t frame_size_ = 0;
  std::uint64_t bits_ = 0;
  std::uint8_t bit_count_ = 0;
  bool is_spoilt_ = false;
  std::uint64_t last_us_ = 0;
  Credential last_badge_;
  std::uint64_t last_badge_ms_ = 0;
};

}  // namespace strongroom::panel
