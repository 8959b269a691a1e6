// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/variable.h"

#include <gtest/gtest.h>

namespace strongroom::plant {
namespace {

Building building() {
  Building building;
  building.rooms = {{.name = "vault", .temperature = 21}, {.name = "hall"}};
  building.contacts = {{.name = "leak-1"}};
  step(building, 0);
  return building;
}

TEST(Variable, ByName) {
  const Building b = building();
  EXPECT_EQ(variable(b, "room:vault.temperature"), 21);
  EXPECT_EQ(variable(b, "room:hall.temperature"), 22);
  EXPECT_EQ(variable(b, "contact:leak-1.quiet"), 1);
  for (const char* wrong : {"",
                            ":",
                            "room",
                            "room:vault",
                            "room:vault.",
                            "room:vault.pressure",
                            "room:attic.temperature",
                            "roomvault.temperature",
                            "contact:vault.temperature",
                            "room:vault:temperature",
                            "room:vault.temperature "}) {
    EXPECT_EQ(variable(b, wrong), std::nullopt) << wrong;
  }
}

TEST(Variable, Set_WhatIsGivenAlone) {
  Building b = building();
  ASSERT_TRUE(set_variable(b, "contact:leak-1.active", 1));
  EXPECT_EQ(variable(b, "contact:leak-1.quiet"), 0) << "follows at once";
  EXPECT_FALSE(set_variable(b, "contact:leak-1.quiet", 1));
  EXPECT_FALSE(set_variable(b, "room:vault.capacity_kj_per_k", 0));
  EXPECT_FALSE(set_variable(b, "room:attic.load_kw", 1));
  EXPECT_TRUE(set_variable(b, "room:vault.load_kw", 12));
  EXPECT_EQ(variable(b, "room:vault.heat_kw"), 12);
}

TEST(Variable, Text_ListsThemAll) {
  const std::string text = variables_text(building());
  EXPECT_NE(text.find("room:vault.temperature=21.000\n"), std::string::npos);
  EXPECT_NE(text.find("room:hall.capacity_kj_per_k=2000\n"), std::string::npos);
  EXPECT_NE(text.find("contact:leak-1.active=0.000\n"), std::string::npos);
}

}  // namespace
}  // namespace strongroom::plant
