// SPDX-License-Identifier: Apache-2.0
#include "platform/http/request_head.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace strongroom {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::optional<std::size_t> length_of(std::string_view text) {
  std::size_t value = 0;
  const auto [end, bad] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc() || end != text.data() + text.size()) {
    return {};
  }
  return value;
}

RequestHead refused(int status, std::string what) {
  return {.state = RequestHead::State::kRefused,
          .status = status,
          .what = std::move(what)};
}

// Collects what the header lines say about the body.
struct Reading {
  RequestHead head;
  bool has_length = false;
  bool is_refused = false;

  void refuse(int status, std::string what) {
    if (!is_refused) {
      head = refused(status, std::move(what));
      is_refused = true;
    }
  }

  void length(std::string_view value) {
    const std::optional<std::size_t> size = length_of(value);
    if (has_length || !size) {
      refuse(400, "Content-Length must stand once and be a number");
      return;
    }
    has_length = true;
    head.body_size = *size;
  }

  // Whether the line goes on to cpp-httplib.
  bool keep(std::string_view name, std::string_view value) {
    if (same_name(name, "Content-Length")) {
      length(value);
      return false;  // the body does not go through it
    }
    if (same_name(name, "Transfer-Encoding")) {
      refuse(411, "send a Content-Length, not a Transfer-Encoding");
    } else if (same_name(name, "Content-Encoding")) {
      refuse(415, "send the body without a Content-Encoding");
    } else if (same_name(name, "Expect")) {
      head.expects_continue = same_name(value, "100-continue");
      return false;
    }
    return !same_name(name, "Range") && !same_name(name, "Accept-Encoding");
  }

  void line(std::string_view line) {
    const std::size_t colon = line.find(':');
    // A folded or nameless line is where request smuggling begins.
    if (colon == 0 || colon == std::string_view::npos ||
        line.find_first_of(" \t") < colon) {
      refuse(400, "a header line must be \"name: value\"");
      return;
    }
    if (keep(line.substr(0, colon), trimmed(line.substr(colon + 1)))) {
      head.text.append(line).append(kLineEnd);
    }
  }
};

}  // namespace

RequestHead scan_request_head(std::string_view bytes, std::size_t max_body) {
  const std::size_t end = bytes.substr(0, kMaxRequestHead).find(kHeadEnd);
  if (end == std::string_view::npos) {
    return bytes.size() < kMaxRequestHead
               ? RequestHead{}
               : refused(431, "the request's head is too large");
  }
  std::string_view lines = bytes.substr(0, end + kLineEnd.size());
  // A lone CR or LF, or a NUL, means different things to different readers.
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool pair = lines.substr(i, 2) == kLineEnd;
    if (!pair && (lines[i] == '\r' || lines[i] == '\n' || lines[i] == '\0')) {
      return refused(400, "a control character stands in the head");
    }
    i += pair ? 1U : 0U;
  }
  Reading reading;
  reading.head.state = RequestHead::State::kComplete;
  const std::size_t first = lines.find(kLineEnd) + kLineEnd.size();
  reading.head.text = lines.substr(0, first);
  lines.remove_prefix(first);
  while (!lines.empty() && !reading.is_refused) {
    const std::size_t size = lines.find(kLineEnd);
    reading.line(lines.substr(0, size));
    lines.remove_prefix(size + kLineEnd.size());
  }
  if (reading.head.body_size > max_body) {
    reading.refuse(413, "the request's body is too large");
  }
  if (!reading.is_refused) {
    reading.head.text.append(kLineEnd);
    reading.head.body_begin = end + kHeadEnd.size();
  }
  return reading.head;
}

}  // namespace strongroom
