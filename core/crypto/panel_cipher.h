// SPDX-License-Identifier: Apache-2.0
// The ciphers of the panel link (docs/formats/panel-link.md), as roles of the
// core: platform/crypto implements them with libsodium. The firmware has its
// own, held to the same published vectors.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/base/bytes.h"

namespace strongroom {

/// 128 bits, set at commissioning.
using PanelKey = std::array<std::uint8_t, 16>;

struct PanelLinkKeys {
  std::array<std::uint8_t, 16> tag{};
  std::array<std::uint8_t, 16> list{};
  std::array<std::uint8_t, 32> pin{};
};
/// As docs/formats/panel-link.md, "Keys".
PanelLinkKeys derive_panel_keys(const PanelKey& key);

/// SipHash-2-4, 8 bytes as the paper writes them.
std::array<std::uint8_t, 8> siphash24(std::span<const std::uint8_t, 16> key,
                                      ByteView message);

/// ChaCha20 of RFC 8439 from block counter 0, in place.
void chacha20(std::span<const std::uint8_t, 32> key,
              std::span<const std::uint8_t, 12> nonce,
              std::span<std::uint8_t> text);

/// In a time that does not tell where they differ.
bool equal_in_constant_time(ByteView a, ByteView b);
/// Zeros that no compiler leaves out.
void wipe(std::span<std::uint8_t> secret);

}  // namespace strongroom
