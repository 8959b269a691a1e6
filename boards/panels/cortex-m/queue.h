// SPDX-License-Identifier: Apache-2.0
// From one interrupt to the loop. Full: push() refuses, and the board's source
// says what becomes of it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace strongroom::panel::cortex_m {

template <typename T, std::size_t kSize>
class Queue {
 public:
  /// Interrupt.
  bool push(const T& value) {
    const std::uint32_t end = end_.load(std::memory_order_relaxed);
    if (end - begin_.load(std::memory_order_acquire) == kSize) {
      return false;
    }
    content_[end % kSize] = value;
    end_.store(end + 1, std::memory_order_release);
    return true;
  }
  bool is_full() const {
    return end_.load(std::memory_order_relaxed) -
               begin_.load(std::memory_order_acquire) ==
           kSize;
  }

  /// Loop.
  std::optional<T> pop() {
    const std::uint32_t begin = begin_.load(std::memory_order_relaxed);
    if (begin == end_.load(std::memory_order_acquire)) {
      return std::nullopt;
    }
    const T value = content_[begin % kSize];
    begin_.store(begin + 1, std::memory_order_release);
    return value;
  }

 private:
  static_assert((kSize & (kSize - 1)) == 0, "indices wrap");

  std::array<T, kSize> content_{};
  std::atomic<std::uint32_t> begin_{0};
  std::atomic<std::uint32_t> end_{0};
};

}  // namespace strongroom::panel::cortex_m
