// SPDX-License-Identifier: Apache-2.0
// What toml11 3.7.1 must not be given. It parses and destroys nested values
// recursively, so that a file of brackets or of dots overflows the stack, and
// it reads outside its buffer to report a byte that is not UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strongroom {

struct TextFault {
  std::uint32_t line = 0;
  std::string what;
};

/// Nothing when the text may be parsed.
std::optional<TextFault> check_toml_text(std::string_view text);

}  // namespace strongroom
