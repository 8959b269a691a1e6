// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 with a result of 64 bits (Aumasson and Bernstein, 2012): the
// frames' tags, the keys made of the panel key, and the offline list's entries.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace strongroom::panel {

using SipKey = std::array<std::uint8_t, 16>;
/// The result as the paper writes it: least significant byte first.
using SipBytes = std::array<std::uint8_t, 8>;

class SipHash {
 public:
  explicit SipHash(const SipKey& key);

  void update(std::span<const std::uint8_t> data);
  /// Once; nothing may be added after it.
  std::uint64_t finish();

 private:
  void compress(std::uint64_t word);
  void round();

  std::uint64_t v0_;
  std::uint64_t v1_;
  std::uint64_t v2_;
  std::uint64_t v3_;
  std::uint64_t word_ = 0;  // bytes that do not fill a word yet
  std::uint8_t size_ = 0;   // of everything, modulo 256
};

std::uint64_t siphash(const SipKey& key, std::span<const std::uint8_t> data);
SipBytes sip_bytes(std::uint64_t hash);

}  // namespace strongroom::panel
