// SPDX-License-Identifier: Apache-2.0
// How anything is written into memory that survives a reset.
#pragma once

#include <cstddef>

namespace strongroom::panel {

/// In ascending order, and nothing of it before or after what the caller stores
/// before or after it: a reset may stop it between any two bytes, and the
/// compiler must not reorder what the order protects. The only function of its
/// file, so that a test can put one in its place that is stopped.
void store(void* to, const void* from, std::size_t size);

template <typename T>
void store_value(T& to, const T& value) {
  store(&to, &value, sizeof value);
}

}  // namespace strongroom::panel
