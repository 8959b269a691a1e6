// SPDX-License-Identifier: Apache-2.0
// Stops the program on a bug. Outside input never reaches a check.
#pragma once

#include <source_location>

namespace strongroom {

/// Prints `why` with its place and aborts when `condition` is false.
void check(bool condition,
           const char* why,
           std::source_location where = std::source_location::current());

}  // namespace strongroom
