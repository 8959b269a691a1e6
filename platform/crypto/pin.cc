// SPDX-License-Identifier: Apache-2.0
#include "platform/crypto/pin.h"

#include <algorithm>
#include <array>
#include <sodium.h>

namespace strongroom {
namespace {

constexpr std::size_t kFewestDigits = 4;
constexpr std::size_t kMostDigits = 12;  // a panel's entry holds no more

}  // namespace

Result<std::string> make_pin_verifier(std::string_view digits) {
  const bool are_digits =
      std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!are_digits || digits.size() < kFewestDigits ||
      digits.size() > kMostDigits) {
    return fault("a PIN is 4 to 12 digits");
  }
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str(text.data(),
                        digits.data(),
                        digits.size(),
                        crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
    return fault("there is not enough memory for the hash of a PIN (64 MiB)");
  }
  return std::string(text.data());
}

bool verify_pin(const std::string& verifier, std::string_view digits) {
  return crypto_pwhash_str_verify(
             verifier.c_str(), digits.data(), digits.size()) == 0;
}

}  // namespace strongroom
