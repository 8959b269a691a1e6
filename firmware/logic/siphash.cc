// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/siphash.h"

#include <bit>

namespace strongroom::panel {
namespace {

constexpr std::size_t kWord = 8;

std::uint64_t little_endian(std::span<const std::uint8_t, kWord> bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < kWord; ++i) {
    word |= std::uint64_t{bytes[i]} << (8 * i);
  }
  return word;
}

}  // namespace

SipHash::SipHash(const SipKey& key) {
  const std::span<const std::uint8_t, 16> bytes(key);
  const std::uint64_t k0 = little_endian(bytes.first<kWord>());
  const std::uint64_t k1 = little_endian(bytes.last<kWord>());
  v0_ = k0 ^ 0x736f6d6570736575U;
  v1_ = k1 ^ 0x646f72616e646f6dU;
  v2_ = k0 ^ 0x6c7967656e657261U;
  v3_ = k1 ^ 0x7465646279746573U;
}

void SipHash::update(std::span<const std::uint8_t> data) {
  for (const std::uint8_t byte : data) {
    word_ |= std::uint64_t{byte} << (8 * (size_ % kWord));
    ++size_;
    if (size_ % kWord == 0) {
      compress(word_);
      word_ = 0;
    }
  }
}

std::uint64_t SipHash::finish() {
  compress(word_ | std::uint64_t{size_} << 56);
  v2_ ^= 0xff;
  for (int i = 0; i < 4; ++i) {
    round();
  }
  return v0_ ^ v1_ ^ v2_ ^ v3_;
}

void SipHash::compress(std::uint64_t word) {
  v3_ ^= word;
  round();
  round();
  v0_ ^= word;
}

void SipHash::round() {
  v0_ += v1_;
  v1_ = std::rotl(v1_, 13) ^ v0_;
  v0_ = std::rotl(v0_, 32);
  v2_ += v3_;
  v3_ = std::rotl(v3_, 16) ^ v2_;
  v0_ += v3_;
  v3_ = std::rotl(v3_, 21) ^ v0_;
  v2_ += v1_;
  v1_ = std::rotl(v1_, 17) ^ v2_;
  v2_ = std::rotl(v2_, 32);
}

std::uint64_t siphash(const SipKey& key, std::span<const std::uint8_t> data) {
  SipHash hash(key);
  hash.update(data);
  return hash.finish();
}

SipBytes sip_bytes(std::uint64_t hash) {
  SipBytes bytes{};
  for (std::size_t i = 0; i < kWord; ++i) {
    bytes[i] = static_cast<std::uint8_t>(hash >> (8 * i));
  }
  return bytes;
}

}  // namespace strongroom::panel
