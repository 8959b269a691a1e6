// SPDX-License-Identifier: Apache-2.0
#include "core/point/computed_value.h"

#include <algorithm>
#include <cmath>

namespace strongroom {
namespace computed {
namespace {

Wide power_of_ten(std::int32_t exponent) {
  Wide power = 1;
  for (; exponent > 0; --exponent) {
    power *= 10;
  }
  return power;
}

Wide divide_half_even(Wide numerator, Wide divisor) {
  Wide quotient = numerator / divisor;
  const Wide rest = numerator % divisor;
  const Wide twice = 2 * (rest < 0 ? -rest : rest);
  const bool away = twice > divisor || (twice == divisor && quotient % 2 != 0);
  if (away) {
    quotient += numerator < 0 ? -1 : 1;
  }
  return quotient;
}

}  // namespace

Wide combine(ComputedKind kind,
             std::span<const Term> terms,
             std::int32_t exponent) {
  std::int32_t finest = exponent;
  for (const Term& term : terms) {
    finest = std::min(finest, term.exponent);
  }
  Wide result = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const Wide value =
        terms[i].mantissa * power_of_ten(terms[i].exponent - finest);
    if (i == 0) {
      result = value;
    } else if (kind == ComputedKind::kMin) {
      result = std::min(result, value);
    } else if (kind == ComputedKind::kMax) {
      result = std::max(result, value);
    } else {
      result += kind == ComputedKind::kDifference ? -value : value;
    }
  }
  const Wide count =
      kind == ComputedKind::kMean ? static_cast<Wide>(terms.size()) : 1;
  return divide_half_even(result, count * power_of_ten(exponent - finest));
}

double to_double(const Term& term) {
  const double power =
      static_cast<double>(power_of_ten(std::abs(term.exponent)));
  const auto mantissa = static_cast<double>(term.mantissa);
  return term.exponent < 0 ? mantissa / power : mantissa * power;
}

Wide from_double(double value, std::int32_t exponent) {
  const double power = static_cast<double>(power_of_ten(std::abs(exponent)));
  // The processor's default mode rounds half to even.
  return static_cast<Wide>(
      std::nearbyint(exponent < 0 ? value * power : value / power));
}

std::optional<std::uint16_t> index_of_point(const DeviceProfile& profile,
                                            std::string_view name) {
  const auto found =
      std::ranges::find(profile.points, name, &PointProfile::name);
  if (found == profile.points.end()) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(found - profile.points.begin());
}

}  // namespace computed

std::optional<double> dew_point_cel(double temperature_cel,
                                    double relative_humidity_percent) {
  // Written so that "not a number" is outside.
  if (!(temperature_cel >= computed::kColdest &&
        temperature_cel <= computed::kHottest &&
        relative_humidity_percent >= computed::kDriest &&
        relative_humidity_percent <= computed::kWettest)) {
    return std::nullopt;
  }
  constexpr double kB = 17.62;
  constexpr double kC = 243.12;
  const double gamma = std::log(relative_humidity_percent / 100) +
                       kB * temperature_cel / (kC + temperature_cel);
  return kC * gamma / (kB - gamma);
}

}  // namespace strongroom
