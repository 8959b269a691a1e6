// SPDX-License-Identifier: Apache-2.0
#include "core/log/lines.h"

#include <charconv>

namespace strongroom {

std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) {
    return std::nullopt;
  }
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  const bool has_zero_before = text.size() > 1 && text.starts_with('0');
  if (error != std::errc() || stop != text.data() + text.size() ||
      has_zero_before) {
    return std::nullopt;
  }
  return value;
}

std::optional<Hash> parse_hash(std::string_view text) {
  const auto bytes = from_base64(text);
  return bytes ? hash_from(*bytes) : std::nullopt;
}

}  // namespace strongroom
