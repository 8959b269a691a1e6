// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace strongroom {

/// Fills from the kernel's generator; never fails. Any thread.
void fill_random(std::span<std::uint8_t> out);
std::array<std::uint8_t, 16> random16();
/// Never 0.
std::uint64_t random64();

}  // namespace strongroom
