// SPDX-License-Identifier: Apache-2.0
// Epochs as persons meet them: entries and findings spell them in decimal,
// agents in hexadecimal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace strongroom {

/// Both forms: "1234 (0x00000000000004d2)".
std::string epoch_text(std::uint64_t epoch);

/// Takes decimal, "0x" with hexadecimal, or the sixteen hexadecimal digits of
/// an agent. Faults: it is none of these; or sixteen decimal digits, which
/// could be either: the fault shows both.
Result<std::uint64_t> parse_epoch(std::string_view text);

}  // namespace strongroom
