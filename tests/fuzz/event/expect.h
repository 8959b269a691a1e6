// SPDX-License-Identifier: Apache-2.0
// What a fuzz target holds to be true of any input.
#pragma once

#include <cstdlib>

namespace strongroom {

inline void expect(bool condition) {
  if (!condition) {
    std::abort();
  }
}

}  // namespace strongroom
