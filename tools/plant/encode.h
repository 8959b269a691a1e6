// SPDX-License-Identifier: Apache-2.0
// The inverse of core/point/sample.h: what a device's registers hold when a
// point has a value. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/point/profile.h"

namespace strongroom::plant {

/// The bits of the point's addresses, in order, nearest to `mantissa`: of a
/// point of some bits only those are set. Nothing when they cannot hold it.
std::optional<std::uint64_t> raw_of(const PointProfile& point,
                                    std::int64_t mantissa);

/// The value nearest to `mantissa` that the registers hold.
std::int64_t nearest_held(const PointProfile& point, std::int64_t mantissa);

/// ORs the bits to the point's cells, in the order of the wire: points that
/// share a register do not disturb each other. `cells` are the point's own,
/// register_count(point.type) of them.
void place_raw(const PointProfile& point,
               std::uint64_t raw,
               std::span<std::uint16_t> cells);

/// As place_raw(); `cells` has text.registers items. Too long a text is cut, a
/// short one padded with spaces.
void place_text(const TextProfile& text,
                std::string_view value,
                std::span<std::uint16_t> cells);

}  // namespace strongroom::plant
