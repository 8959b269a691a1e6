// SPDX-License-Identifier: Apache-2.0
#include "platform/system/random.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <sys/random.h>

#include "core/base/check.h"

namespace strongroom {

void fill_random(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t count = getrandom(out.data(), out.size(), 0);
    if (count < 0) {
      check(errno == EINTR, "the kernel gives no random numbers");
      continue;
    }
    out = out.subspan(static_cast<std::size_t>(count));
  }
}

std::array<std::uint8_t, 16> random16() {
  // One system call for 64 of them: every event takes one. What was given out
  // is wiped, so that no later leak of memory tells it. Never used across a
  // fork: our programs do not fork.
  struct Pool {
    std::array<std::uint8_t, 1024> bytes{};
    std::size_t used = 1024;
  };
  static thread_local Pool pool;
  if (pool.used == pool.bytes.size()) {
    fill_random(pool.bytes);
    pool.used = 0;
  }
  std::array<std::uint8_t, 16> taken{};
  const auto from = std::span(pool.bytes).subspan(pool.used, taken.size());
  std::ranges::copy(from, taken.begin());
  std::ranges::fill(from, std::uint8_t{0});
  pool.used += taken.size();
  return taken;
}

std::uint64_t random64() {
  std::array<std::uint8_t, 8> bytes{};
  std::uint64_t value = 0;
  while (value == 0) {
    fill_random(bytes);
    value = std::bit_cast<std::uint64_t>(bytes);
  }
  return value;
}

}  // namespace strongroom
