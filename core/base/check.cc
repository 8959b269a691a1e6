// SPDX-License-Identifier: Apache-2.0
#include "core/base/check.h"

#include <cstdlib>
#include <iostream>

namespace strongroom {

void check(bool condition, const char* why, std::source_location where) {
  if (condition) [[likely]] {
    return;
  }
  std::cerr << where.file_name() << ':' << where.line() << ": "
            << where.function_name() << ": " << why << '\n';
  std::abort();
}

}  // namespace strongroom
