// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/badge.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "tools/plant/words.h"

namespace strongroom::plant {
namespace {

constexpr std::uint8_t kStart = 0x02;
constexpr std::uint8_t kEnd = 0x03;
constexpr std::size_t kTagBytes = 5;
constexpr std::size_t kMaxBits = 64;

/// Where a format has its fields and its parities.
struct Layout {
  ReaderScene kind;
  std::string_view name;
  std::size_t facility_bits;
  std::size_t number_bits;
  std::size_t even_until;  // even parity, first bit, over those from 1 to it
  std::size_t odd_from;    // odd parity, last bit, over those from it
};
constexpr std::array<Layout, 4> kLayouts{{
    {ReaderScene::kH10301, "h10301", 8, 16, 12, 13},
    {ReaderScene::kH10306, "h10306", 16, 16, 16, 17},
    {ReaderScene::kH10302, "h10302", 0, 35, 18, 18},
    {ReaderScene::kH10304, "h10304", 16, 19, 18, 18},
}};

const Layout* layout_of(ReaderScene kind) {
  const auto found = std::ranges::find(kLayouts, kind, &Layout::kind);
  return found != kLayouts.end() ? &*found : nullptr;
}

int digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0) {
    return std::nullopt;
  }
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

void append_hex(Bytes& text, std::uint8_t byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  text.push_back(static_cast<std::uint8_t>(kDigits[byte >> 4]));
  text.push_back(static_cast<std::uint8_t>(kDigits[byte & 15]));
}

Result<Reading> read_em4100(ReaderScene kind, std::string_view number) {
  std::optional<Bytes> tag;
  const bool says_hex = number.starts_with("0x");
  const std::string_view digits = says_hex ? number.substr(2) : number;
  if (const auto value = whole_number(digits, 0xFFFF'FFFF);
      value && !says_hex && digits.size() <= 2 * kTagBytes) {
    tag = Bytes(kTagBytes, 0);
    for (std::size_t i = 1; i < kTagBytes; ++i) {
      (*tag)[i] =
          static_cast<std::uint8_t>(*value >> (8 * (kTagBytes - 1 - i)));
    }
  } else if (digits.size() == 2 * kTagBytes) {
    tag = from_hex(digits);
  }
  if (!tag) {
    return fault(
        "a badge em4100 is the decimal number that is printed on it, "
        "or ten hexadecimal digits (0x before them when they are all "
        "decimal)");
  }
  Reading reading;
  reading.bytes.push_back(kStart);
  std::uint8_t sum = 0;
  for (const std::uint8_t byte : *tag) {
    append_hex(reading.bytes, byte);
    sum = static_cast<std::uint8_t>(sum ^ byte);
  }
  append_hex(reading.bytes, sum);
  if (kind == ReaderScene::kId12la) {
    reading.bytes.push_back('\r');
    reading.bytes.push_back('\n');
  }
  reading.bytes.push_back(kEnd);
  return reading;
}

bool parity(const WiegandBits& bits, std::size_t from, std::size_t until) {
  bool odd = false;
  for (std::size_t i = from; i <= until; ++i) {
    odd = odd != bits[i];
  }
  return odd;
}

Result<Reading> read_card(const Layout& layout, std::string_view number) {
  const auto slash = number.find('/');
  const bool has_facility = layout.facility_bits > 0;
  const auto most = [](std::size_t bits) {
    return (std::int64_t{1} << bits) - 1;
  };
  const auto facility =
      has_facility && slash != std::string_view::npos
          ? whole_number(number.substr(0, slash), most(layout.facility_bits))
          : std::optional<std::int64_t>(0);
  const auto card = whole_number(has_facility && slash != std::string_view::npos
                                     ? number.substr(slash + 1)
                                     : number,
                                 most(layout.number_bits));
  if (!facility || !card || (has_facility && slash == std::string_view::npos)) {
    return fault("a badge " + std::string(layout.name) + " is " +
                 (has_facility
                      ? "FACILITY/NUMBER, up to " +
                            std::to_string(most(layout.facility_bits)) + "/"
                      : "NUMBER, up to ") +
                 std::to_string(most(layout.number_bits)));
  }
  const std::size_t fields = layout.facility_bits + layout.number_bits;
  const std::uint64_t value = static_cast<std::uint64_t>(*facility)
                                  << layout.number_bits |
                              static_cast<std::uint64_t>(*card);
  WiegandBits bits(fields + 2);
  for (std::size_t i = 0; i < fields; ++i) {
    bits[1 + i] = (value >> (fields - 1 - i) & 1) != 0;
  }
  bits.front() = parity(bits, 1, layout.even_until);
  bits.back() = !parity(bits, layout.odd_from, fields);
  return Reading{.bytes = {}, .bits = std::move(bits)};
}

Result<Reading> read_raw_bits(std::string_view text) {
  Reading reading;
  for (const char c : text) {
    if (c != '0' && c != '1') {
      return fault("bits are 0 and 1");
    }
    reading.bits.push_back(c == '1');
  }
  if (text.empty() || text.size() > kMaxBits) {
    return fault("1 to 64 bits");
  }
  return reading;
}

}  // namespace

Result<Reading> read_badge(ReaderScene kind,
                           std::string_view format,
                           std::string_view number) {
  const Layout* const layout = layout_of(kind);
  const bool is_serial = layout == nullptr;
  if (is_serial && format == "bytes") {
    const auto bytes = from_hex(number);
    return bytes ? Result<Reading>(Reading{.bytes = *bytes, .bits = {}})
                 : fault("bytes are an even number of hexadecimal digits");
  }
  if (!is_serial && format == "bits") {
    return read_raw_bits(number);
  }
  const std::string_view reads = is_serial ? "em4100" : layout->name;
  if (format != reads) {
    return fault("a reader " + std::string(reader_name(kind)) +
                 " reads badges " + std::string(reads) + ", and " +
                 (is_serial ? "bytes HEX" : "bits 0101...") +
                 " as they are sent");
  }
  return is_serial ? read_em4100(kind, number) : read_card(*layout, number);
}

Result<std::vector<WiegandBits>> press_keys(KeypadScene keypad,
                                            std::string_view keys) {
  if (keypad == KeypadScene::kNone) {
    return fault(
        "this reader has no keypad: keypad = \"wiegand4\" or "
        "\"wiegand8\" in the scene gives it one");
  }
  constexpr std::string_view kKeys = "0123456789*#";
  std::vector<WiegandBits> pressed;
  for (const char key : keys) {
    const auto code = kKeys.find(key);
    if (code == std::string_view::npos) {
      return fault("a keypad has the keys 0 to 9, * and #");
    }
    WiegandBits bits;
    const std::size_t size = keypad == KeypadScene::kWiegand8 ? 8 : 4;
    const std::size_t value = size == 8 ? (~code & 15) << 4 | code : code;
    for (std::size_t i = 0; i < size; ++i) {
      bits.push_back((value >> (size - 1 - i) & 1) != 0);
    }
    pressed.push_back(std::move(bits));
  }
  if (pressed.empty()) {
    return fault("which keys?");
  }
  return pressed;
}

std::string bits_text(const WiegandBits& bits) {
  std::string text;
  for (const bool bit : bits) {
    text += bit ? '1' : '0';
  }
  return text;
}

std::string bits_hex(const WiegandBits& bits) {
  std::uint64_t value = 0;
  for (const bool bit : bits) {
    value = value << 1 | (bit ? 1 : 0);
  }
  std::string text((bits.size() + 3) / 4, '0');
  for (std::size_t i = text.size(); i-- > 0; value >>= 4) {
    text[i] = "0123456789abcdef"[value & 15];
  }
  return text;
}

std::string_view reader_name(ReaderScene kind) {
  const Layout* const layout = layout_of(kind);
  return layout != nullptr               ? layout->name
         : kind == ReaderScene::kRdm6300 ? "rdm6300"
                                         : "id12la";
}

}  // namespace strongroom::plant
