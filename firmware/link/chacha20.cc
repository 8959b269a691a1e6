// SPDX-License-Identifier: Apache-2.0
#include "firmware/link/chacha20.h"

#include <bit>
#include <cstddef>

namespace strongroom::panel {
namespace {

using State = std::array<std::uint32_t, 16>;

std::uint32_t little_endian(std::span<const std::uint8_t> bytes,
                            std::size_t word) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i > 0; --i) {
    value = value << 8 | bytes[4 * word + i - 1];
  }
  return value;
}

void quarter(State& s, unsigned a, unsigned b, unsigned c, unsigned d) {
  s[a] += s[b];
  s[d] = std::rotl(s[d] ^ s[a], 16);
  s[c] += s[d];
  s[b] = std::rotl(s[b] ^ s[c], 12);
  s[a] += s[b];
  s[d] = std::rotl(s[d] ^ s[a], 8);
  s[c] += s[d];
  s[b] = std::rotl(s[b] ^ s[c], 7);
}

void rounds(State& s) {
  for (int i = 0; i < 10; ++i) {
    quarter(s, 0, 4, 8, 12);
    quarter(s, 1, 5, 9, 13);
    quarter(s, 2, 6, 10, 14);
    quarter(s, 3, 7, 11, 15);
    quarter(s, 0, 5, 10, 15);
    quarter(s, 1, 6, 11, 12);
    quarter(s, 2, 7, 8, 13);
    quarter(s, 3, 4, 9, 14);
  }
}

}  // namespace

void chacha20(const ChaChaKey& key,
              const ChaChaNonce& nonce,
              std::uint32_t counter,
              std::span<std::uint8_t> bytes) {
  State start{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  for (std::size_t i = 0; i < 8; ++i) {
    start[4 + i] = little_endian(key, i);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    start[13 + i] = little_endian(nonce, i);
  }
  State block{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t at = i % 64;
    if (at == 0) {
      start[12] = counter + static_cast<std::uint32_t>(i / 64);
      block = start;
      rounds(block);
    }
    const std::uint32_t word = block[at / 4] + start[at / 4];
    bytes[i] ^= static_cast<std::uint8_t>(word >> (8 * (at % 4)));
  }
}

}  // namespace strongroom::panel
