// SPDX-License-Identifier: Apache-2.0
// A line of text in a fixed buffer. What does not fit is cut.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace strongroom::panel {

class Text {
 public:
  Text& put(char c) {
    if (size_ < bytes_.size()) {
      bytes_[size_++] = static_cast<std::uint8_t>(c);
    }
    return *this;
  }
  Text& put(const char* text) {
    while (*text != '\0') {
      put(*text++);
    }
    return *this;
  }
  Text& number(std::uint32_t value) {
    std::array<char, 10> digits{};
    std::size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    while (count > 0) {
      put(digits[--count]);
    }
    return *this;
  }
  /// `digits`: how many, from the most significant one.
  Text& hex(std::uint32_t value, int digits) {
    for (int i = digits - 1; i >= 0; --i) {
      put("0123456789abcdef"[(value >> (4 * i)) & 0xf]);
    }
    return *this;
  }
  Text& hex(std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) {
      hex(byte, 2);
    }
    return *this;
  }

  std::span<const std::uint8_t> bytes() const {
    return std::span(bytes_).first(size_);
  }

 private:
  std::array<std::uint8_t, 400> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace strongroom::panel
