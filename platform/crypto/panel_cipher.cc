// SPDX-License-Identifier: Apache-2.0
// The ciphers of the panel link, by libsodium.
#include "core/crypto/panel_cipher.h"

#include <algorithm>
#include <sodium.h>

#include "core/base/check.h"

namespace strongroom {
namespace {

static_assert(crypto_shorthash_siphash24_KEYBYTES == 16);
static_assert(crypto_shorthash_siphash24_BYTES == 8);
static_assert(crypto_stream_chacha20_ietf_KEYBYTES == 32);
static_assert(crypto_stream_chacha20_ietf_NONCEBYTES == 12);

// Fills `key` with SipHash-2-4(K, [n]) of n = first, first + 1, …
template <std::size_t N>
void derive(const PanelKey& from,
            std::uint8_t first,
            std::array<std::uint8_t, N>& key) {
  static_assert(N % 8 == 0);
  for (std::size_t at = 0; at < N; at += 8) {
    const std::array<std::uint8_t, 1> number{
        static_cast<std::uint8_t>(first + at / 8)};
    std::ranges::copy(siphash24(from, number), key.begin() + at);
  }
}

}  // namespace

PanelLinkKeys derive_panel_keys(const PanelKey& key) {
  PanelLinkKeys keys;
  derive(key, 1, keys.tag);
  derive(key, 3, keys.list);
  derive(key, 5, keys.pin);
  return keys;
}

std::array<std::uint8_t, 8> siphash24(std::span<const std::uint8_t, 16> key,
                                      ByteView message) {
  std::array<std::uint8_t, 8> hash{};
  crypto_shorthash_siphash24(
      hash.data(), message.data(), message.size(), key.data());
  return hash;
}

void chacha20(std::span<const std::uint8_t, 32> key,
              std::span<const std::uint8_t, 12> nonce,
              std::span<std::uint8_t> text) {
  check(
      crypto_stream_chacha20_ietf_xor(
          text.data(), text.data(), text.size(), nonce.data(), key.data()) == 0,
      "libsodium does not encrypt");
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() &&
         sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::span<std::uint8_t> secret) {
  sodium_memzero(secret.data(), secret.size());
}

}  // namespace strongroom
