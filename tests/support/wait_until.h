// SPDX-License-Identifier: Apache-2.0
// Awaiting a condition of another thread or process.
#pragma once

#include <chrono>
#include <thread>

namespace strongroom {

/// Whether `condition` came true in time. Generous by default: a loaded machine
/// is slow, and a test that succeeds does not wait.
template <typename Condition>
bool wait_until(Condition condition,
                std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace strongroom
