// SPDX-License-Identifier: Apache-2.0
#include "platform/config/toml_guard.h"

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

}  // namespace

std::optional<std::uint32_t> line_nested_too_deep(std::string_view text) {
  return Scanner(text).run();
}

}  // namespace strongroom
