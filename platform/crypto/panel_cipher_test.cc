// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/panel_cipher.h"

#include <gtest/gtest.h>
#include <numeric>

namespace strongroom {
namespace {

template <std::size_t N>
std::array<std::uint8_t, N> counting() {
  std::array<std::uint8_t, N> bytes{};
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

// The paper's appendix A, and vectors_sip64 of its reference code: key 00 to
// 0f, message 00, 01, ….
TEST(PanelCipher, SipHashIsThePapers) {
  const auto key = counting<16>();
  const auto message = counting<63>();
  const struct {
    std::size_t size;
    const char* hash;
  } table[] = {
      {0, "310e0edd47db6f72"},
      {1, "fd67dc93c539f874"},
      {7, "37d1018bf50002ab"},
      {8, "6224939a79f5f593"},
      {15, "e545be4961ca29a1"},
      {63, "724506eb4c328a95"},
  };
  for (const auto& row : table) {
    EXPECT_EQ(to_hex(siphash24(key, ByteView(message).first(row.size))),
              row.hash)
        << row.size;
  }
}

// RFC 8439, A.1: test vectors 1 and 2 are blocks 0 and 1.
TEST(PanelCipher, ChaCha20IsTheRfcsFromBlockZero) {
  const std::array<std::uint8_t, 32> key{};
  const std::array<std::uint8_t, 12> nonce{};
  std::array<std::uint8_t, 128> text{};
  chacha20(key, nonce, text);
  EXPECT_EQ(to_hex(ByteView(text).first(64)),
            "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
            "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
  EXPECT_EQ(to_hex(ByteView(text).subspan(64)),
            "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
            "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
}

TEST(PanelCipher, ChaCha20TwiceIsThePlainText) {
  const auto key = counting<32>();
  const auto nonce = counting<12>();
  auto text = counting<12>();
  chacha20(key, nonce, text);
  EXPECT_NE(text, counting<12>());
  chacha20(key, nonce, text);
  EXPECT_EQ(text, counting<12>());
}

// docs/formats/panel-link.md, "Keys".
TEST(PanelCipher, KeysAreThoseOfThePage) {
  const PanelLinkKeys keys = derive_panel_keys(counting<16>());
  EXPECT_EQ(to_hex(keys.tag), "a217abc9c34d536e776394e7a9c5f5f1");
  EXPECT_EQ(to_hex(keys.list), "b3e4ac4f0c29d713f052fb958bdf8d27");
  EXPECT_EQ(to_hex(keys.pin),
            "4d6ed8bddc71a889710947be3a3902a45da1db964f133ce5ea9e9f9560cfc56c");
}

TEST(PanelCipher, ComparesAndWipes) {
  auto a = counting<8>();
  auto b = counting<8>();
  EXPECT_TRUE(equal_in_constant_time(a, b));
  EXPECT_FALSE(equal_in_constant_time(a, ByteView(b).first(7)));
  b[7] ^= 1;
  EXPECT_FALSE(equal_in_constant_time(a, b));
  wipe(a);
  EXPECT_EQ(to_hex(a), "0000000000000000");
}

}  // namespace
}  // namespace strongroom
