// SPDX-License-Identifier: Apache-2.0
#include "firmware/local/commissioning.h"

#include <algorithm>

#include "firmware/logic/siphash.h"

namespace strongroom::panel {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kKeyAt = 10;
// What the sensors of a line speak; the boards reach all of them within 1 %.
constexpr std::array<std::uint32_t, 8> kBauds{
    2400, 4800, 9600, 19200, 38400, 57600, 76800, 115200};

bool is_possible(const Commissioning& c) {
  return c.unit >= 1 && c.unit <= 247 && is_baud(c.baud) &&
         (c.parity == 'N' || c.parity == 'E' || c.parity == 'O') &&
         c.leaves >= 1 && c.leaves <= kMaxLeaves && c.readers <= kMaxReaders;
}

}  // namespace

bool is_baud(std::uint32_t baud) {
  return std::ranges::find(kBauds, baud) != kBauds.end();
}

std::array<std::uint8_t, kCommissioningBytes> encode(
    const Commissioning& from) {
  std::array<std::uint8_t, kCommissioningBytes> to{};
  to[0] = kVersion;
  to[1] = from.unit;
  for (std::size_t i = 0; i < 4; ++i) {
    to[2 + i] = static_cast<std::uint8_t>(from.baud >> (8 * i));
  }
  to[6] = static_cast<std::uint8_t>(from.parity);
  to[7] = from.leaves;
  to[8] = from.readers;
  to[9] = from.has_key ? 1 : 0;
  std::ranges::copy(from.key, to.begin() + kKeyAt);
  return to;
}

std::optional<Commissioning> decode_commissioning(
    std::span<const std::uint8_t> bytes) {
  if (bytes.size() != kCommissioningBytes || bytes[0] != kVersion) {
    return std::nullopt;
  }
  Commissioning to;
  to.unit = bytes[1];
  to.baud = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    to.baud |= static_cast<std::uint32_t>(bytes[2 + i]) << (8 * i);
  }
  to.parity = static_cast<char>(bytes[6]);
  to.leaves = bytes[7];
  to.readers = bytes[8];
  to.has_key = bytes[9] == 1;
  std::ranges::copy(bytes.subspan(kKeyAt), to.key.begin());
  if (!is_possible(to)) {
    return std::nullopt;
  }
  return to;
}

std::uint32_t fingerprint(const PanelKey& key) {
  constexpr std::array<std::uint8_t, 2> kId{'i', 'd'};
  const SipBytes hash = sip_bytes(siphash(key, kId));
  return static_cast<std::uint32_t>(hash[0]) << 24 |
         static_cast<std::uint32_t>(hash[1]) << 16 |
         static_cast<std::uint32_t>(hash[2]) << 8 | hash[3];
}

}  // namespace strongroom::panel
