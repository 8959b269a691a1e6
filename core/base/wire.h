// SPDX-License-Identifier: Apache-2.0
// The protobuf wire format, strict and minimal: what our envelopes are read
// and written with where one byte more or less must not pass. A message has
// one encoding only as long as its reader refuses the others, so the reader
// takes no varint that is longer than needed, no group, and nothing that runs
// past its end. Order, repetition and unknown numbers are the caller's
// business: usually it encodes what it decoded and compares.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.h"

namespace strongroom {

/// The values are those of the wire; groups (3, 4) are refused.
enum class WireType : std::uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kFixed32 = 5,
};

struct WireField {
  std::uint32_t number = 0;  // 1 .. 2^29 - 1
  WireType type = WireType::kVarint;
  std::uint64_t value = 0;  // varint, fixed64, fixed32
  ByteView bytes;           // points into what is read

  /// The field is `n` of that type.
  bool is(std::uint32_t n, WireType t) const {
    return number == n && type == t;
  }
  std::string_view text() const { return as_chars(bytes); }
};

/// Reads fields in place:
///
///   WireReader reader(bytes);
///   while (const auto field = reader.next()) { … }
///   if (!reader.ok()) { refuse }
class WireReader {
 public:
  /// `bytes` outlives the reader and the views that it returns.
  explicit WireReader(ByteView bytes) : rest_(bytes) {}

  /// The next field; nothing at the end and, for good, after a malformed one.
  std::optional<WireField> next() {
    const auto field = rest_.empty() || !ok_ ? std::nullopt : read_field();
    ok_ = ok_ && (field || rest_.empty());
    return field;
  }
  /// False once something malformed was met.
  bool ok() const { return ok_; }
  /// What is not read yet.
  ByteView rest() const { return rest_; }

 private:
  static constexpr std::uint32_t kMaxNumber = (1U << 29U) - 1;

  // Leaves rest_ non-empty on failure, by which next() knows.
  std::optional<WireField> read_field() {
    const ByteView start = rest_;
    const auto field = take_field();
    if (!field) {
      rest_ = start;
    }
    return field;
  }

  std::optional<WireField> take_field() {
    const auto tag = take_varint();
    if (!tag || *tag >> 3U == 0 || *tag >> 3U > kMaxNumber) {
      return std::nullopt;
    }
    WireField field;
    field.number = static_cast<std::uint32_t>(*tag >> 3U);
    switch (*tag & 7U) {
      case 0: {
        field.type = WireType::kVarint;
        const auto value = take_varint();
        if (!value) {
          return std::nullopt;
        }
        field.value = *value;
        return field;
      }
      case 1:
        field.type = WireType::kFixed64;
        return take_fixed(field, 8);
      case 2: {
        field.type = WireType::kBytes;
        const auto size = take_varint();
        if (!size || *size > rest_.size()) {
          return std::nullopt;
        }
        field.bytes = rest_.first(static_cast<std::size_t>(*size));
        rest_ = rest_.subspan(field.bytes.size());
        return field;
      }
      case 5:
        field.type = WireType::kFixed32;
        return take_fixed(field, 4);
      default:
        return std::nullopt;
    }
  }

  std::optional<WireField> take_fixed(WireField field, std::size_t width) {
    if (rest_.size() < width) {
      return std::nullopt;
    }
    for (std::size_t i = 0; i < width; ++i) {
      field.value |= std::uint64_t{rest_[i]} << (8 * i);
    }
    rest_ = rest_.subspan(width);
    return field;
  }

  // Nothing when it runs past the end, exceeds 64 bits, or has a byte more
  // than its value needs.
  std::optional<std::uint64_t> take_varint() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < rest_.size() && i < 10; ++i) {
      const std::uint8_t byte = rest_[i];
      if (i == 9 && byte > 1) {
        return std::nullopt;
      }
      value |= std::uint64_t{byte & 0x7fU} << (7 * i);
      if (byte < 0x80) {
        if (byte == 0 && i > 0) {
          return std::nullopt;
        }
        rest_ = rest_.subspan(i + 1);
        return value;
      }
    }
    return std::nullopt;
  }

  ByteView rest_;
  bool ok_ = true;
};

/// How many bytes a varint takes: 1 .. 10.
constexpr std::size_t varint_size(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1U)) + 6) / 7;
}

/// sint64 to its varint, and back.
constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^
         static_cast<std::uint64_t>(value >> 63U);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1));
}

/// Appends fields to a byte string, in the order of the calls. As in proto3, a
/// field that has its default value is not written; element() is for what is
/// written even when empty.
class WireWriter {
 public:
  /// `out` outlives the writer; what it holds stays.
  explicit WireWriter(Bytes& out) : out_(out) {}

  /// uint32, uint64, bool, an enum, and int64 as two's complement.
  void varint(std::uint32_t number, std::uint64_t value) {
    if (value != 0) {
      tag(number, WireType::kVarint);
      raw_varint(value);
    }
  }
  void fixed64(std::uint32_t number, std::uint64_t value) {
    if (value != 0) {
      tag(number, WireType::kFixed64);
      for (unsigned i = 0; i < 8; ++i) {
        out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
      }
    }
  }
  void bytes(std::uint32_t number, ByteView value) {
    if (!value.empty()) {
      element(number, value);
    }
  }
  void text(std::uint32_t number, std::string_view value) {
    bytes(number, as_bytes(value));
  }
  /// One of a repeated field, or a message that is present.
  void element(std::uint32_t number, ByteView value) {
    element_head(number, value.size());
    append(out_, value);
  }
  /// Tag and length only: the caller appends `size` bytes itself.
  void element_head(std::uint32_t number, std::size_t size) {
    tag(number, WireType::kBytes);
    raw_varint(size);
  }

 private:
  void tag(std::uint32_t number, WireType type) {
    raw_varint(std::uint64_t{number} << 3U | static_cast<std::uint64_t>(type));
  }
  void raw_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) {
      out_.push_back(static_cast<std::uint8_t>(value | 0x80U));
    }
    out_.push_back(static_cast<std::uint8_t>(value));
  }

  Bytes& out_;
};

}  // namespace strongroom
