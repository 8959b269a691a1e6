// SPDX-License-Identifier: Apache-2.0
// What the logic sees of the board, and what it wants of it. Leaves and readers
// count from 1, masks from bit 0.
#pragma once

#include <cstdint>

namespace strongroom::panel {

inline constexpr std::uint8_t kMaxLeaves = 8;
inline constexpr std::uint8_t kMaxReaders = 8;

/// Inputs of one leaf, as bits of LeafSettings' masks.
enum LeafInput : std::uint8_t {
  kContactInput = 1,    // closed circuit: the leaf is shut
  kLockSenseInput = 2,  // closed: the bolt is thrown, or the armature held
  kHandleInput = 4,     // closed: the handle is at rest
  kExitInput = 8,       // closed: the button is pressed
};

/// Inputs of the panel itself.
enum PanelInput : std::uint8_t {
  kTamperInput = 1,  // closed: the case is shut
  kMainsInput = 2,   // closed: there is mains
  kFireInput = 4,    // closed: no alarm
};

/// Circuits as they are, not debounced: a set bit is a closed one.
struct Inputs {
  /// Bits 4 * (leaf - 1) up: LeafInput.
  std::uint32_t leaves = 0;
  std::uint8_t panel = 0;  // PanelInput
  std::uint16_t supply_mv = 0;
};

struct Outputs {
  std::uint8_t locks = 0;  // leaves whose lock gets current, whatever its kind
  std::uint8_t green = 0;  // readers
  std::uint8_t red = 0;
  std::uint8_t buzzer = 0;

  friend bool operator==(const Outputs&, const Outputs&) = default;
};

}  // namespace strongroom::panel
