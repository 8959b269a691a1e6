// SPDX-License-Identifier: Apache-2.0
#include "platform/config/toml_guard.h"

#include <algorithm>

namespace strongroom {
namespace {

constexpr int kMaxDepth = 16;
constexpr int kMaxKeyParts = 16;

// Knows strings and comments no better than it must: where it misreads a
// broken text it only counts too much, and the parser refuses that text anyway.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::optional<std::uint32_t> run() {
    while (at_ < text_.size()) {
      step(text_[at_++]);
      if (depth_ > kMaxDepth || dots_ >= kMaxKeyParts) {
        return line_;
      }
    }
    return {};
  }

 private:
  void step(char c) {
    switch (c) {
      case '\n':
        ++line_;
        dots_ = 0;
        break;
      case '#':
        skip_to("\n");
        break;
      case '"':
      case '\'':
        skip_string(c);
        break;
      case '[':
      case '{':
        ++depth_;
        dots_ = 0;
        break;
      case ']':
      case '}':
        --depth_;
        dots_ = 0;
        break;
      case ',':
      case '=':
        dots_ = 0;
        break;
      case '.':
        ++dots_;
        break;
      default:
        break;
    }
  }

  void skip_string(char quote) {
    const std::string_view triple = quote == '"' ? "\"\"\"" : "'''";
    if (text_.substr(at_ - 1, 3) == triple) {
      at_ += 2;
      skip_to(triple);
      return;
    }
    while (at_ < text_.size() && text_[at_] != '\n') {
      if (text_[at_] == quote) {
        ++at_;
        return;
      }
      at_ += quote == '"' && text_[at_] == '\\' ? 2U : 1U;
    }
  }

  // Stops before a line's end, behind a string's.
  void skip_to(std::string_view end) {
    while (at_ < text_.size()) {
      if (text_.substr(at_, end.size()) == end) {
        at_ += end == "\n" ? 0 : end.size();
        return;
      }
      line_ += text_[at_] == '\n' ? 1U : 0U;
      at_ += end == "\"\"\"" && text_[at_] == '\\' ? 2U : 1U;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  int depth_ = 0;
  int dots_ = 0;
};

// The length of the character that `text` begins with; 0 when it is none.
// Overlong forms, surrogates and what is beyond U+10FFFF are none.
std::size_t utf8_character(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  if (first < 0xc2 || first > 0xf4) {
    return 0;
  }
  const unsigned lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < lowest || byte(1) > highest) {
    return 0;
  }
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  for (std::size_t i = 2; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) {
      return 0;
    }
  }
  return size;
}

std::optional<std::size_t> find_not_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t size = utf8_character(text.substr(at));
    if (size == 0) {
      return at;
    }
    at += size;
  }
  return {};
}

}  // namespace

std::optional<TextFault> check_toml_text(std::string_view text) {
  if (const auto place = find_not_utf8(text)) {
    const auto lines = std::ranges::count(text.substr(0, *place), '\n');
    return TextFault{.line = static_cast<std::uint32_t>(1 + lines),
                     .what = "not valid TOML: a byte is not UTF-8"};
  }
  if (const auto line = Scanner(text).run()) {
    return TextFault{.line = *line, .what = "nested too deep"};
  }
  return {};
}

}  // namespace strongroom
