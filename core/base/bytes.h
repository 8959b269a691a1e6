// SPDX-License-Identifier: Apache-2.0
// Byte strings, and their spellings in hex and base64.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strongroom {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The bytes of a text, without copying; valid as long as `text` is.
ByteView as_bytes(std::string_view text);

/// The characters of a byte string, without copying or checking them.
std::string_view as_chars(ByteView bytes);

/// Appends `tail` to `bytes`.
void append(Bytes& bytes, ByteView tail);

/// Lower-case hex, two digits a byte.
std::string to_hex(ByteView bytes);

/// Hex in either case; nothing when a digit is wrong or the length is odd.
std::optional<Bytes> from_hex(std::string_view text);

/// Standard base64 with padding (RFC 4648 section 4).
std::string to_base64(ByteView bytes);

/// Strict: padding required, no white space, unused bits zero. Exactly one
/// text decodes to given bytes, so that no bit of a text is unauthenticated.
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace strongroom
