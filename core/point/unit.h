// SPDX-License-Identifier: Apache-2.0
// The units that a point may have.
#pragma once

#include <string_view>

namespace strongroom {

/// True of the UCUM codes (case sensitive) that this build knows. Not all of
/// UCUM: a wrong unit is easily written and hardly seen, so that each stands in
/// a table (unit.cc), where one line adds the next.
bool is_known_unit(std::string_view code);

/// What to write instead of a common abbreviation that is no UCUM code: "V.A"
/// for "VA". Empty when nothing is known.
std::string_view ucum_instead_of(std::string_view abbreviation);

}  // namespace strongroom
