// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/keypad.h"

namespace strongroom::panel {
namespace {

constexpr std::uint8_t kNibble = 0xf;

std::uint8_t length_of(strongroom_panel_v1_KeypadKind kind) {
  if (kind == strongroom_panel_v1_KeypadKind_KEYPAD_KIND_WIEGAND4) {
    return 4;
  }
  return kind == strongroom_panel_v1_KeypadKind_KEYPAD_KIND_WIEGAND8 ? 8 : 0;
}

}  // namespace

std::optional<KeyFrame> key_in(strongroom_panel_v1_KeypadKind kind,
                               WiegandBits frame) {
  const std::uint8_t length = length_of(kind);
  if (length == 0 || frame.count != length) {
    return std::nullopt;
  }
  const auto key = static_cast<std::uint8_t>(frame.bits & kNibble);
  const auto high = static_cast<std::uint8_t>(frame.bits >> 4U & kNibble);
  if (length == 8 && (key ^ high) != kNibble) {
    return KeyFrame{
        .fault = strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_CHECKSUM};
  }
  if (key > kKeyEnter) {
    return KeyFrame{
        .fault = strongroom_panel_v1_PanelReadFault_PANEL_READ_FAULT_FRAMING};
  }
  return KeyFrame{.key = key, .fault = {}};
}

}  // namespace strongroom::panel
