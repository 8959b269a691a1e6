// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/credential.h"

#include <cstddef>

namespace strongroom::panel {

Credential credential_of(std::uint64_t bits, std::uint8_t bit_count) {
  Credential credential{.bit_count = bit_count, .bits = {}};
  const std::uint64_t left = bit_count == 0 ? 0 : bits << (64U - bit_count);
  for (std::size_t i = 0; i < credential.bits.size(); ++i) {
    credential.bits[i] = static_cast<std::uint8_t>(left >> (56 - 8 * i));
  }
  return credential;
}

}  // namespace strongroom::panel
