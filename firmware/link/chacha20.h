// SPDX-License-Identifier: Apache-2.0
// ChaCha20 (RFC 8439), for the few digits of a PIN.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace strongroom::panel {

using ChaChaKey = std::array<std::uint8_t, 32>;
using ChaChaNonce = std::array<std::uint8_t, 12>;

/// Encrypts or decrypts in place; the key stream begins with block `counter`.
void chacha20(const ChaChaKey& key,
              const ChaChaNonce& nonce,
              std::uint32_t counter,
              std::span<std::uint8_t> bytes);

}  // namespace strongroom::panel
