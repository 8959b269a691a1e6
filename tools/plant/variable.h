// SPDX-License-Identifier: Apache-2.0
// The variables of a building by name: "room:vault.temperature". Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "tools/plant/building.h"

namespace strongroom::plant {

/// Nothing: there is no such variable.
std::optional<double> variable(const Building& building, std::string_view name);

/// Refused: what follows from others, or would make no sense (a capacity of 0).
Result<void> set_variable(Building& building,
                          std::string_view name,
                          double value);

/// "room:vault.temperature=22.5", a line per variable.
std::string variables_text(const Building& building);

}  // namespace strongroom::plant
