// SPDX-License-Identifier: Apache-2.0
// Ed25519 (RFC 8032). Declared here, implemented by platform/crypto over
// libsodium.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "core/base/bytes.h"

namespace strongroom {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

/// False for a wrong signature, a non-canonical one, or a weak key.
bool verify_ed25519(const PublicKey& key,
                    ByteView message,
                    const Signature& signature);

/// Signs with a key that the caller does not see. Implementations:
/// platform/crypto/keys.h (a key file); tests (a fixed seed).
class Signer {
 public:
  virtual ~Signer() = default;
  virtual PublicKey public_key() const = 0;
  virtual Signature sign(ByteView message) const = 0;
};

/// A signer from a 32-byte seed: tests and benches.
std::unique_ptr<Signer> signer_from_seed(
    std::span<const std::uint8_t, 32> seed);

}  // namespace strongroom
