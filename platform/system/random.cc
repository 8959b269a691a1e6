// SPDX-License-Identifier: Apache-2.0
#include "platform/system/random.h"

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
  std::array<std::uint8_t, 16> bytes{};
  fill_random(bytes);
  return bytes;
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
