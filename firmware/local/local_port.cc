// SPDX-License-Identifier: Apache-2.0
#include "firmware/local/local_port.h"

namespace strongroom::panel {
namespace {

constexpr const char* kHelp =
    "ok id? | unit 1-247 | baud 2400-115200 | parity N|E|O | key <32 hex> |"
    " leaves 1-8 | readers 0-8 | save | status?";

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return static_cast<std::uint8_t>(c - '0');
  }
  const char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f') {
    return static_cast<std::uint8_t>(lower - 'a' + 10);
  }
  return std::nullopt;
}

}  // namespace

LocalWish LocalPort::received(std::uint8_t byte) {
  reply_ = Text{};
  if (byte == '\n' || byte == '\r') {
    const LocalWish wish = line_ended();
    forget_line();
    return wish;
  }
  if (size_ == line_.size()) {
    is_too_long_ = true;
  } else if (byte == '\b' || byte == 0x7f) {
    size_ -= size_ > 0 ? 1 : 0;
  } else {
    line_[size_++] = static_cast<char>(byte);
  }
  return LocalWish::kNone;
}

LocalWish LocalPort::line_ended() {
  if (is_too_long_) {
    return refuse("the line is longer than 80 characters");
  }
  while (size_ > 0 && line_[size_ - 1] == ' ') {
    --size_;
  }
  if (size_ == 0) {
    return LocalWish::kNone;
  }
  argument_ = 0;
  while (argument_ < size_ && line_[argument_] != ' ') {
    ++argument_;
  }
  if (is_word("unit") || is_word("baud") || is_word("leaves") ||
      is_word("readers")) {
    return set_number();
  }
  if (is_word("parity")) {
    return set_parity();
  }
  if (is_word("key")) {
    return set_key();
  }
  if (argument_ < size_) {
    return refuse("unknown; say help");
  }
  if (is_word("id?")) {
    return LocalWish::kIdentity;
  }
  if (is_word("status?")) {
    return LocalWish::kStatus;
  }
  if (is_word("save")) {
    return wanted_.has_key ? LocalWish::kSave
                           : refuse("there is no key; say key <32 hex> first");
  }
  if (is_word("help")) {
    reply_.put(kHelp).put('\n');
    return LocalWish::kNone;
  }
  return refuse("unknown; say help");
}

bool LocalPort::is_word(const char* word) const {
  std::size_t i = 0;
  while (i < argument_ && word[i] == line_[i]) {
    ++i;
  }
  return i == argument_ && word[i] == '\0';
}

std::optional<std::uint32_t> LocalPort::number() const {
  // One space, then up to six digits: no setting is longer.
  const std::size_t first = argument_ + 1;
  if (first >= size_ || size_ - first > 6) {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  for (std::size_t i = first; i < size_; ++i) {
    if (line_[i] < '0' || line_[i] > '9') {
      return std::nullopt;
    }
    value = 10 * value + static_cast<std::uint32_t>(line_[i] - '0');
  }
  return value;
}

LocalWish LocalPort::set_number() {
  const auto value = number();
  if (is_word("baud")) {
    if (!value || !is_baud(*value)) {
      return refuse(
          "one of 2400 4800 9600 19200 38400 57600 76800 115200, as the line");
    }
    wanted_.baud = *value;
    return accept();
  }
  const bool is_unit = is_word("unit");
  const std::uint32_t least = is_word("readers") ? 0 : 1;
  if (!value || *value < least || *value > (is_unit ? 247u : 8u)) {
    return refuse(is_unit ? "1 to 247, no other device's of the line"
                          : "how many are connected, at most 8");
  }
  const auto small = static_cast<std::uint8_t>(*value);
  (is_unit             ? wanted_.unit
   : is_word("leaves") ? wanted_.leaves
                       : wanted_.readers) = small;
  return accept();
}

LocalWish LocalPort::set_parity() {
  const char c =
      size_ == argument_ + 2 ? static_cast<char>(line_[size_ - 1] & 0xdf) : '?';
  if (c != 'N' && c != 'E' && c != 'O') {
    return refuse("N, E or O, as the line");
  }
  wanted_.parity = c;
  return accept();
}

LocalWish LocalPort::set_key() {
  PanelKey key{};
  bool is_zero = true;
  bool is_hex = size_ == argument_ + 1 + 2 * key.size();
  for (std::size_t i = 0; is_hex && i < key.size(); ++i) {
    const auto high = hex_digit(line_[argument_ + 1 + 2 * i]);
    const auto low = hex_digit(line_[argument_ + 2 + 2 * i]);
    is_hex = high && low;
    if (is_hex) {
      key[i] = static_cast<std::uint8_t>(*high << 4 | *low);
      is_zero = is_zero && key[i] == 0;
    }
  }
  if (!is_hex || is_zero) {
    return refuse("32 hexadecimal digits, as strongroom panel keygen wrote");
  }
  wanted_.key = key;
  wanted_.has_key = true;
  return accept();
}

LocalWish LocalPort::refuse(const char* what_to_do) {
  reply_ = Text{};
  reply_.put("error ").put(what_to_do).put('\n');
  return LocalWish::kNone;
}

LocalWish LocalPort::accept() {
  reply_ = Text{};
  reply_.put("ok not saved yet\n");
  return LocalWish::kNone;
}

void LocalPort::forget_line() {
  line_ = {};  // it may have held the key
  size_ = 0;
  is_too_long_ = false;
}

}  // namespace strongroom::panel
