// SPDX-License-Identifier: Apache-2.0
// SHA-256. Declared here, implemented by platform/crypto over OpenSSL.
#pragma once

#include <array>
#include <initializer_list>

#include "core/base/bytes.h"

namespace strongroom {

using Hash = std::array<std::uint8_t, 32>;

/// SHA-256 of the concatenation of `parts`. Any thread.
Hash sha256(std::initializer_list<ByteView> parts);
inline Hash sha256(ByteView bytes) {
  return sha256({bytes});
}

/// Nothing unless `bytes` is 32 bytes long.
std::optional<Hash> hash_from(ByteView bytes);

}  // namespace strongroom
