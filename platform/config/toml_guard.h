// SPDX-License-Identifier: Apache-2.0
// toml11 parses and destroys nested values recursively: a file of brackets or
// of dots would overflow the stack. This looks before it parses.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace strongroom {

/// The line of the first place where values nest deeper than any configuration
/// of ours, or a key has more parts; nothing when the text may be parsed.
std::optional<std::uint32_t> line_nested_too_deep(std::string_view text);

}  // namespace strongroom
