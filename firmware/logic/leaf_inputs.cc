// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/leaf_inputs.h"

#include <cstddef>

namespace strongroom::panel {
namespace {

// Closed circuits that are at rest; the button is pressed when its one closes.
constexpr std::uint8_t kClosedAtRest =
    kContactInput | kLockSenseInput | kHandleInput;

// Which closed circuits are away from rest, and back: the same either way.
std::uint8_t turned(std::uint8_t mask,
                    const strongroom_panel_v1_LeafSettings& settings) {
  return static_cast<std::uint8_t>(
      (mask ^ kClosedAtRest ^ settings.inverted_inputs) & settings.has_inputs);
}

}  // namespace

void LeafInputs::sample(std::uint8_t closed,
                        const strongroom_panel_v1_LeafSettings& settings,
                        std::uint64_t now_ms) {
  const std::uint8_t active = turned(closed, settings);
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if ((settings.has_inputs >> i) & 1U) {
      inputs_[i].sample((active >> i) & 1U, now_ms, settings.debounce_ms);
    }
  }
}

bool LeafInputs::is_settled(
    const strongroom_panel_v1_LeafSettings& settings) const {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (((settings.has_inputs >> i) & 1U) && !inputs_[i].is_settled()) {
      return false;
    }
  }
  return true;
}

std::uint8_t LeafInputs::active(
    const strongroom_panel_v1_LeafSettings& settings) const {
  unsigned mask = 0;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    mask |= static_cast<unsigned>(inputs_[i].is_active()) << i;
  }
  return static_cast<std::uint8_t>(mask & settings.has_inputs);
}

std::uint8_t LeafInputs::closed(
    const strongroom_panel_v1_LeafSettings& settings) const {
  return turned(active(settings), settings);
}

}  // namespace strongroom::panel
