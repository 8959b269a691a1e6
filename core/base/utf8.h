// SPDX-License-Identifier: Apache-2.0
// UTF-8 (RFC 3629), as far as refusing what is none needs it.
#pragma once

#include <optional>
#include <string_view>

namespace strongroom {

/// Takes the first code point off a text that is not empty. Nothing, and the
/// text stays, when it does not start with one: cut short, a surrogate, above
/// U+10FFFF, or longer than needed.
std::optional<char32_t> take_code_point(std::string_view& text);

bool is_utf8(std::string_view text);

/// White_Space of Unicode.
bool is_unicode_space(char32_t point);

}  // namespace strongroom
