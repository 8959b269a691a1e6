// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/words.h"

#include <charconv>
#include <cmath>

namespace strongroom::plant {

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
  };
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

Split split(std::string_view line) {
  line = trimmed(line);
  const auto space = line.find_first_of(" \t");
  if (space == std::string_view::npos) {
    return {line, {}};
  }
  return {line.substr(0, space), trimmed(line.substr(space))};
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (Split next = split(line); !next.verb.empty(); next = split(next.rest)) {
    words.emplace_back(next.verb);
  }
  return words;
}

std::optional<std::int64_t> whole_number(std::string_view text,
                                         std::int64_t max) {
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0 ||
      value > max) {
    return std::nullopt;
  }
  return value;
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() ||
      !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

}  // namespace strongroom::plant
