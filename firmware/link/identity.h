// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace strongroom::panel {

/// What the board and the build say of themselves; identity registers. What it
/// points to outlives whoever holds it.
struct LinkIdentity {
  const char* board = "";
  const char* firmware = "";
  std::span<const std::uint8_t> serial;
  std::uint16_t boot = 1;
  bool tests_only = false;
};

}  // namespace strongroom::panel
