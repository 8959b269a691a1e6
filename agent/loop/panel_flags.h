// SPDX-License-Identifier: Apache-2.0
// Bits of PanelCursor::flags and PanelStatus.flags.
#pragma once

#include <cstdint>

namespace strongroom::panel_flags {

// PanelCursor::flags: what the panel says ...
inline constexpr std::uint32_t kLockdownMask = 0xff;
// ... and what a person ordered: it outlives rings, restarts and power cuts.
inline constexpr unsigned kOrderedShift = 16;
inline constexpr std::uint32_t kOrderedMask = 0xffU << kOrderedShift;
inline constexpr std::uint32_t kIsOrdered = 1U << 24U;

// PanelStatus.flags: the input is active; locks are released by fire and nobody
// has ended that.
inline constexpr std::uint32_t kStatusFire = 1U << 3U;
inline constexpr std::uint32_t kStatusFireReleased = 1U << 5U;
// PanelStatus.leaves.
inline constexpr std::uint8_t kStatusLeafLockedDown = 1U << 7U;

}  // namespace strongroom::panel_flags
