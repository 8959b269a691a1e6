// SPDX-License-Identifier: Apache-2.0
// Badges as people write them down, and as readers send them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/access/policy.h"

namespace strongroom {

/// "em4100", "h10301", ...; nothing: no such format.
std::optional<CredentialFormat> credential_format(std::string_view name);
std::string_view credential_format_name(CredentialFormat format);
/// 40, 26, 34, 37; 0: no such format.
std::uint8_t credential_bit_count(CredentialFormat format);

/// EM4100: the version byte and the four of the tag, 10 hexadecimal digits.
std::optional<CredentialBits> em4100_bits(std::string_view hex);
/// A Wiegand frame with its parity bits. H10302 has no facility code: 0.
/// Nothing: a number that the format cannot hold.
std::optional<CredentialBits> wiegand_bits(CredentialFormat format,
                                           std::uint32_t facility,
                                           std::uint64_t card);

}  // namespace strongroom
