// SPDX-License-Identifier: Apache-2.0
// The arithmetic of computed points (core/point/computed.h): exact, rounded
// once. Not for others.
#pragma once

#include <cstdint>
#include <span>

#include "core/point/computed.h"

namespace strongroom::computed {

// Sums of 16 mantissas, 18 powers of ten apart, stay below 2^117.
__extension__ typedef __int128 Wide;

inline constexpr std::size_t kMaxInputs = 16;

/// What dew_point_cel() takes.
inline constexpr double kColdest = -45;
inline constexpr double kHottest = 60;
inline constexpr double kDriest = 1;
inline constexpr double kWettest = 100;

/// A number of an input: mantissa * 10^exponent.
struct Term {
  std::int64_t mantissa;
  std::int32_t exponent;
};

/// Sum, difference, mean, smallest or largest of the terms, in steps of
/// 10^exponent, rounded once, half to even. Monotone in every term (falling in
/// the second of a difference), so that limits go through it too.
Wide combine(ComputedKind kind,
             std::span<const Term> terms,
             std::int32_t exponent);

/// Index of a point by its name.
std::optional<std::uint16_t> index_of_point(const DeviceProfile& profile,
                                            std::string_view name);

double to_double(const Term& term);
/// In steps of 10^exponent, rounded half to even.
Wide from_double(double value, std::int32_t exponent);

}  // namespace strongroom::computed
