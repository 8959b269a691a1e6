// SPDX-License-Identifier: Apache-2.0
#include "core/point/unit.h"

#include <algorithm>
#include <array>
#include <utility>

namespace strongroom {
namespace {

// By quantity. UCUM has no unit of reactive power: it is volt ampere, and the
// annotation in braces, which UCUM leaves to the writer, says which.
constexpr auto kUnits = std::to_array<std::string_view>({
    // Numbers, shares, concentrations.
    "1",
    "%",
    "[ppth]",
    "[ppm]",
    "[ppb]",
    "[pH]",
    "dB",
    // Temperature.
    "Cel",
    "K",
    "[degF]",
    "Cel/min",
    "K/min",
    // Voltage, current, resistance, charge, capacitance.
    "V",
    "mV",
    "uV",
    "kV",
    "A",
    "mA",
    "uA",
    "kA",
    "Ohm",
    "mOhm",
    "kOhm",
    "MOhm",
    "A.h",
    "mA.h",
    "C",
    "F",
    "uF",
    // Power and energy: active, apparent, reactive.
    "W",
    "mW",
    "kW",
    "MW",
    "V.A",
    "kV.A",
    "MV.A",
    "V.A{var}",
    "kV.A{var}",
    "MV.A{var}",
    "W.h",
    "kW.h",
    "MW.h",
    "GW.h",
    "V.A.h",
    "kV.A.h",
    "MV.A.h",
    "V.A.h{var}",
    "kV.A.h{var}",
    "MV.A.h{var}",
    "J",
    "kJ",
    "MJ",
    "GJ",
    // Time, frequency, speed of turning.
    "us",
    "ms",
    "s",
    "min",
    "h",
    "d",
    "wk",
    "mo",
    "a",
    "Hz",
    "kHz",
    "MHz",
    "1/s",
    "1/min",
    "1/h",
    // Length, area, volume, angle.
    "m",
    "cm",
    "mm",
    "um",
    "km",
    "[in_i]",
    "[ft_i]",
    "m2",
    "m3",
    "dm3",
    "L",
    "mL",
    "deg",
    "rad",
    // Flow and speed.
    "L/s",
    "L/min",
    "L/h",
    "m3/s",
    "m3/min",
    "m3/h",
    "kg/h",
    "kg/s",
    "m/s",
    "mm/s",
    "km/h",
    // Pressure, force, mass.
    "Pa",
    "hPa",
    "kPa",
    "MPa",
    "bar",
    "mbar",
    "[psi]",
    "mm[H2O]",
    "N",
    "kN",
    "g",
    "kg",
    "t",
    // Air, light, sound, liquids.
    "g/m3",
    "mg/m3",
    "ug/m3",
    "kg/m3",
    "g/kg",
    "lx",
    "W/m2",
    "S/m",
    "uS/cm",
    "mS/cm",
    "mol/L",
    "mg/L",
    // Data.
    "By",
    "kBy",
    "MBy",
    "GBy",
    "bit",
    "bit/s",
});

using Instead = std::pair<std::string_view, std::string_view>;

constexpr auto kInstead = std::to_array<Instead>({
    {"VA", "V.A"},
    {"kVA", "kV.A"},
    {"MVA", "MV.A"},
    {"VAh", "V.A.h"},
    {"VA.h", "V.A.h"},
    {"kVAh", "kV.A.h"},
    {"kVA.h", "kV.A.h"},
    {"var", "V.A{var}"},
    {"VAr", "V.A{var}"},
    {"kvar", "kV.A{var}"},
    {"kVAr", "kV.A{var}"},
    {"varh", "V.A.h{var}"},
    {"var.h", "V.A.h{var}"},
    {"kvarh", "kV.A.h{var}"},
    {"kvar.h", "kV.A.h{var}"},
    {"Wh", "W.h"},
    {"kWh", "kW.h"},
    {"MWh", "MW.h"},
    {"Ah", "A.h"},
    {"mAh", "mA.h"},
    {"C°", "Cel"},
    {"°C", "Cel"},
    {"degC", "Cel"},
    {"celsius", "Cel"},
    {"°F", "[degF]"},
    {"degF", "[degF]"},
    {"%RH", "%"},
    {"rpm", "1/min"},
    {"ppm", "[ppm]"},
    {"ppb", "[ppb]"},
    {"ohm", "Ohm"},
    {"psi", "[psi]"},
    {"ft", "[ft_i]"},
    {"in", "[in_i]"},
    {"m³", "m3"},
    {"m³/h", "m3/h"},
    {"µA", "uA"},
    {"sec", "s"},
    {"hours", "h"},
    {"°", "deg"},
    {"none", "1"},
    {"bool", "1"},
});

}  // namespace

bool is_known_unit(std::string_view code) {
  return std::ranges::find(kUnits, code) != kUnits.end();
}

std::string_view ucum_instead_of(std::string_view abbreviation) {
  const auto found = std::ranges::find(kInstead, abbreviation, &Instead::first);
  return found == kInstead.end() ? std::string_view{} : found->second;
}

}  // namespace strongroom
