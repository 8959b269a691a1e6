// SPDX-License-Identifier: Apache-2.0
// What the bits of a Wiegand frame say, as pure functions
// (docs/formats/readers.md).
#pragma once

#include <cstdint>

#include "proto/panel.pb.h"

namespace strongroom::panel {

/// A frame, the first bit in the highest of `count`.
struct WiegandBits {
  std::uint64_t bits = 0;
  std::uint8_t count = 0;
};

/// Of a Wiegand format; 0: of none.
std::uint8_t wiegand_length(strongroom_panel_v1_ReaderKind kind);

/// UNSPECIFIED: a badge of this format. LENGTH, PARITY, or SWAPPED: the
/// complement would be one.
strongroom_panel_v1_PanelReadFault wiegand_fault(
    strongroom_panel_v1_ReaderKind kind, WiegandBits frame);

}  // namespace strongroom::panel
