// SPDX-License-Identifier: Apache-2.0
// Keys of a keypad on the lines of a Wiegand reader (docs/formats/readers.md).
#pragma once

#include <cstdint>
#include <optional>

#include "firmware/logic/wiegand.h"
#include "proto/panel.pb.h"

namespace strongroom::panel {

inline constexpr std::uint8_t kKeyClear = 10;  // '*'
inline constexpr std::uint8_t kKeyEnter = 11;  // '#'

struct KeyFrame {
  std::uint8_t key = 0;
  // CHECKSUM: the nibbles are no complements; FRAMING: no such key.
  strongroom_panel_v1_PanelReadFault fault{};
};

/// Nothing: by its length the frame is no key of such a keypad.
std::optional<KeyFrame> key_in(strongroom_panel_v1_KeypadKind kind,
                               WiegandBits frame);

}  // namespace strongroom::panel
