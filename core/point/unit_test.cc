// SPDX-License-Identifier: Apache-2.0
#include "core/point/unit.h"

#include <gtest/gtest.h>
#include <string>

namespace strongroom {
namespace {

TEST(KnownUnit, CodesOfUcum) {
  for (const char* code :
       {"1",      "%",      "Cel",  "K",     "V",        "A",           "uA",
        "W",      "kW",     "V.A",  "kV.A",  "V.A{var}", "kV.A.h{var}", "W.h",
        "kW.h",   "Hz",     "s",    "min",   "h",        "d",           "m",
        "[ft_i]", "Pa",     "bar",  "L/min", "m3/h",     "deg",         "1/min",
        "[ppm]",  "[degF]", "g/m3", "Ohm"}) {
    EXPECT_TRUE(is_known_unit(code)) << code;
    EXPECT_LE(std::string_view(code).size(), 15U) << "what an event holds";
  }
}

TEST(KnownUnit, AnythingElse_IsUnknown) {
  for (const char* code : {"",
                           " ",
                           "cel",
                           "CEL",
                           "VA",
                           "var",
                           "kwh",
                           "°C",
                           "V ",
                           "sec",
                           "volts",
                           "L/min\n"}) {
    EXPECT_FALSE(is_known_unit(code)) << code;
  }
}

TEST(UcumInsteadOf, CommonAbbreviation_LeadsToAKnownUnit) {
  for (const char* word : {"VA",
                           "kVA",
                           "var",
                           "kvar",
                           "kvarh",
                           "kWh",
                           "°C",
                           "rpm",
                           "ppm",
                           "%RH"}) {
    EXPECT_FALSE(is_known_unit(word)) << word;
    EXPECT_TRUE(is_known_unit(ucum_instead_of(word)))
        << word << " -> " << ucum_instead_of(word);
  }
  EXPECT_EQ(ucum_instead_of("var"), "V.A{var}");
  EXPECT_EQ(ucum_instead_of("furlong"), "");
}

}  // namespace
}  // namespace strongroom
