// SPDX-License-Identifier: Apache-2.0
#include "core/base/source.h"

#include <array>
#include <charconv>

namespace strongroom {
namespace {

constexpr std::size_t kMaxName = 32;
constexpr std::size_t kMaxLedgerName = 63;

struct StreamWord {
  Stream stream;
  std::string_view name;
};
constexpr std::array kStreams = {
    StreamWord{Stream::kRecord, "record"},
    StreamWord{Stream::kTelemetry, "telemetry"},
    StreamWord{Stream::kRegistry, "registry"},
};

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_word(std::string_view text,
             std::size_t max_size,
             std::string_view also) {
  if (text.empty() || text.size() > max_size || !is_lower_or_digit(text[0])) {
    return false;
  }
  for (const char c : text) {
    if (!is_lower_or_digit(c) && !also.contains(c)) {
      return false;
    }
  }
  return true;
}

// What stands before the next slash; `text` becomes what stands behind it.
std::string_view take_part(std::string_view& text) {
  const std::size_t end = text.find('/');
  const std::string_view part = text.substr(0, end);
  text = end == text.npos ? std::string_view() : text.substr(end + 1);
  return part;
}

}  // namespace

std::string_view stream_name(Stream stream) {
  for (const StreamWord& word : kStreams) {
    if (word.stream == stream) {
      return word.name;
    }
  }
  return "unknown";
}

std::optional<Stream> stream_from_name(std::string_view name) {
  for (const StreamWord& word : kStreams) {
    if (word.name == name) {
      return word.stream;
    }
  }
  return std::nullopt;
}

std::optional<Stream> stream_from_wire(int value) {
  for (const StreamWord& word : kStreams) {
    if (static_cast<int>(word.stream) == value) {
      return word.stream;
    }
  }
  return std::nullopt;
}

bool is_valid_name(std::string_view name) {
  return is_word(name, kMaxName, "-");
}

bool is_valid_ledger_name(std::string_view name) {
  return is_word(name, kMaxLedgerName, ".-");
}

std::optional<Source> Source::parse(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == text.npos || !is_valid_name(text.substr(0, at)) ||
      !is_valid_name(text.substr(at + 1))) {
    return std::nullopt;
  }
  return Source{std::string(text.substr(0, at)),
                std::string(text.substr(at + 1))};
}

std::string Source::text() const {
  return agent + "@" + site;
}

std::optional<Origin> Origin::parse(std::string_view text) {
  std::string_view rest = text;
  Origin origin;
  origin.ledger = take_part(rest);
  origin.site = take_part(rest);
  const auto stream = stream_from_name(take_part(rest));
  if (!is_valid_ledger_name(origin.ledger) || !is_valid_name(origin.site) ||
      !stream) {
    return std::nullopt;
  }
  origin.stream = *stream;
  std::from_chars(rest.data(), rest.data() + rest.size(), origin.generation);
  // Signs, zeros before and anything behind the number do not survive this.
  if (origin.generation == 0 || origin.text() != text) {
    return std::nullopt;
  }
  return origin;
}

std::string Origin::text() const {
  std::string text = ledger + "/" + site + "/";
  text += stream_name(stream);
  return text + "/" + std::to_string(generation);
}

}  // namespace strongroom
