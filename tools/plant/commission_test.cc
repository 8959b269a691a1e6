// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/commission.h"

#include <gtest/gtest.h>

namespace strongroom::plant {
namespace {

Commission talk() {
  PanelScene panel{.name = "door-1", .unit = 9};
  panel.leaves.resize(2);
  panel.readers.resize(3);
  PanelKey key{};
  key.fill(0xA5);
  return {panel, {.name = "doors", .baud = 115'200, .parity = 'E'}, key};
}

TEST(Commission, PanelWithoutAKey_IsToldEverythingThenSaves) {
  Commission commission = talk();
  std::vector<std::string> lines;
  commission.hear("noise");
  while (commission.state() == Commission::State::kTalking) {
    const auto line = commission.take_line();
    ASSERT_TRUE(line) << "it would wait for ever";
    EXPECT_FALSE(commission.take_line()) << "each once";
    lines.push_back(*line);
    commission.hear(lines.size() == 1 ? "ok board=native unit=1 key=none"
                                      : "ok not saved yet\r");
  }
  EXPECT_EQ(commission.state(), Commission::State::kDone);
  EXPECT_EQ(lines,
            (std::vector<std::string>{"id?",
                                      "unit 9",
                                      "baud 115200",
                                      "parity E",
                                      "key a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5",
                                      "leaves 2",
                                      "readers 3",
                                      "save"}));
}

TEST(Commission, PanelWithAKey_IsLeftAlone) {
  Commission commission = talk();
  EXPECT_EQ(commission.take_line(), "id?");
  commission.hear("ok board=native unit=1 key=12ab34cd");
  EXPECT_EQ(commission.state(), Commission::State::kHadKey);
  EXPECT_FALSE(commission.take_line());
}

TEST(Commission, Refusal_EndsIt) {
  Commission commission = talk();
  commission.take_line();
  commission.hear("ok key=none");
  commission.take_line();
  commission.hear("error 1 to 247, no other device's of the line");
  EXPECT_EQ(commission.state(), Commission::State::kRefused);
  EXPECT_NE(commission.said().find("1 to 247"), std::string::npos);
  EXPECT_FALSE(commission.take_line());
}

}  // namespace
}  // namespace strongroom::plant
