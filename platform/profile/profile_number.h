// SPDX-License-Identifier: Apache-2.0
// Numbers that stand in quotes in a profile, beside decimals (parse_decimal).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/point/profile.h"

namespace strongroom {

/// "1/128" or "-0.1", in lowest terms. Nothing when it is neither, is 0, or a
/// part is 2^31 or more.
std::optional<Ratio> parse_ratio(std::string_view text);

/// "0xFFFFFFFFFFFFFFFF". Nothing when it is none, or longer.
std::optional<std::uint64_t> parse_hexadecimal(std::string_view text);

}  // namespace strongroom
