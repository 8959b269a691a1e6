// SPDX-License-Identifier: Apache-2.0
// What a person sets at the panel itself, over the local port: who it is on the
// line, and the key that it shares with its agent. Kept in slot kCommissioning.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "firmware/link/frame.h"
#include "firmware/logic/io.h"

namespace strongroom::panel {

struct Commissioning {
  std::uint8_t unit = 1;
  std::uint32_t baud = 19200;
  char parity = 'E';
  std::uint8_t leaves = kMaxLeaves;  // whose inputs and locks are connected
  std::uint8_t readers = kMaxReaders;
  bool has_key = false;  // without one the panel does not answer on the line
  PanelKey key{};

  friend bool operator==(const Commissioning&, const Commissioning&) = default;
};

/// docs/formats/panel-memory.md
inline constexpr std::size_t kCommissioningBytes = 26;
std::array<std::uint8_t, kCommissioningBytes> encode(const Commissioning& from);
/// Nothing: not of this version, or not possible.
std::optional<Commissioning> decode_commissioning(
    std::span<const std::uint8_t> bytes);

/// What people compare, so that the key itself is never shown: the first four
/// bytes of SipHash-2-4(key, "id").
std::uint32_t fingerprint(const PanelKey& key);

bool is_baud(std::uint32_t baud);

}  // namespace strongroom::panel
