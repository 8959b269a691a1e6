// SPDX-License-Identifier: Apache-2.0
// What a badge says: bits as they were sent.
#pragma once

#include <array>
#include <cstdint>

namespace strongroom::panel {

inline constexpr std::uint8_t kMaxCredentialBits = 48;

/// As PanelEvent.credential holds it: most significant bit first,
/// left-justified, zeros behind.
struct Credential {
  std::uint8_t bit_count = 0;  // 0: none
  std::array<std::uint8_t, 6> bits{};

  std::uint8_t byte_count() const {
    return static_cast<std::uint8_t>((bit_count + 7) / 8);
  }
  friend bool operator==(const Credential&, const Credential&) = default;
};

/// Of the lowest `bit_count` bits, at most kMaxCredentialBits; the highest of
/// them was sent first.
Credential credential_of(std::uint64_t bits, std::uint8_t bit_count);

}  // namespace strongroom::panel
