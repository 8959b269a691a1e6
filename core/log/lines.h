// SPDX-License-Identifier: Apache-2.0
// The line-wise texts of this folder: checkpoints, proofs, trust files.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/crypto/hash.h"

namespace strongroom {

/// Takes the first line off a text, without its line feed; nothing, and the
/// text stays, when no line feed is left.
std::optional<std::string_view> take_line(std::string_view& text);

/// A decimal number without sign and leading zeros.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

/// The base64 of 32 bytes.
std::optional<Hash> parse_hash(std::string_view text);

}  // namespace strongroom
