// SPDX-License-Identifier: Apache-2.0
// Words that remember who wrote what, in place of a processor's registers.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace strongroom::panel::stm32 {

class FakeWord {
 public:
  FakeWord() = default;
  FakeWord(const FakeWord&) = delete;

  operator std::uint32_t() const {  // NOLINT: as a volatile word does
    return on_read ? on_read(value) : value;
  }
  FakeWord& operator=(std::uint32_t written) {
    value = written;
    writes.push_back(written);
    if (on_write) {
      on_write(written);
    }
    return *this;
  }

  std::uint32_t value = 0;
  std::vector<std::uint32_t> writes;
  std::function<std::uint32_t(std::uint32_t)> on_read;
  std::function<void(std::uint32_t)> on_write;
};

}  // namespace strongroom::panel::stm32
