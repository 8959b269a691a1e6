// SPDX-License-Identifier: Apache-2.0
// Words and numbers of control lines. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strongroom::plant {

std::string_view trimmed(std::string_view text);

struct Split {
  std::string_view verb;
  std::string_view rest;  // trimmed
};
/// At the first space.
Split split(std::string_view line);
std::vector<std::string> words_of(std::string_view line);

/// From 0 to `max`.
std::optional<std::int64_t> whole_number(std::string_view text,
                                         std::int64_t max);
/// A finite decimal number.
std::optional<double> number(std::string_view text);

}  // namespace strongroom::plant
