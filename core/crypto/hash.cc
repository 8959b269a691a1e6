// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/hash.h"

#include <algorithm>

namespace strongroom {

std::optional<Hash> hash_from(ByteView bytes) {
  Hash hash;
  if (bytes.size() != hash.size()) {
    return std::nullopt;
  }
  std::ranges::copy(bytes, hash.begin());
  return hash;
}

}  // namespace strongroom
