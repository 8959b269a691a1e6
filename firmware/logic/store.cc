// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/store.h"

namespace strongroom::panel {

void store(void* to, const void* from, std::size_t size) {
  auto* target = static_cast<volatile unsigned char*>(to);
  const auto* source = static_cast<const unsigned char*>(from);
  for (std::size_t i = 0; i < size; ++i) {
    target[i] = source[i];
  }
}

}  // namespace strongroom::panel
