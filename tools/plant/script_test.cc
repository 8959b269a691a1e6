// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/script.h"

#include <gtest/gtest.h>

#include "tools/plant/scene_fixture.h"

namespace strongroom::plant {
namespace {

constexpr Request kAsk{.unit = 1, .function = 4, .address = 1, .count = 1};

/// -1: no answer.
int temperature(Plant& plant) {
  const auto sent = plant.ask(0, kAsk, Time{0});
  return sent.empty() ? -1 : sent[0].bytes[9] << 8 | sent[0].bytes[10];
}

TEST(Script, GoesOnAnswerByAnswer) {
  Plant plant(one_device());
  auto script = Script::load(
      "# two values\n"
      "set temperature=1.0\n"
      "answers 2\n"
      "\n"
      "set temperature=2.0\r\n"
      "answers 1\n"
      "dead on",
      plant,
      Time{0});
  ASSERT_TRUE(script.has_value());
  const auto next = [&] {
    script->advance(plant, Time{0});
    return temperature(plant);
  };
  EXPECT_EQ(next(), 10);
  EXPECT_EQ(next(), 10);
  EXPECT_EQ(next(), 20);
  EXPECT_EQ(script->due(), std::nullopt);
  EXPECT_EQ(next(), -1);
}

TEST(Script, WaitsForTime_AndWaitsAddUp) {
  Plant plant(one_device());
  auto script =
      Script::load("wait 1000\ndead on\nwait 500\ndead off\n", plant, Time{7});
  ASSERT_TRUE(script.has_value());
  script->advance(plant, Time{7});
  EXPECT_EQ(script->due(), Time{1'000'007});
  script->advance(plant, Time{1'000'006});
  EXPECT_NE(temperature(plant), -1);
  script->advance(plant, Time{1'200'000});
  EXPECT_EQ(temperature(plant), -1);
  EXPECT_EQ(script->due(), Time{1'500'007});
  script->advance(plant, Time{1'500'007});
  EXPECT_NE(temperature(plant), -1);
}

TEST(Script, WithAFault_NamesItsLineAndRunsNothing) {
  for (const char* line : {"set pressure=1",
                           "wait",
                           "wait x",
                           "answers -1",
                           "answers x",
                           "jump"}) {
    Plant plant(one_device());
    const auto loaded = Script::load(
        "dead on\n# comment\n" + std::string(line) + "\n", plant, Time{0});
    ASSERT_FALSE(loaded.has_value()) << line;
    EXPECT_TRUE(loaded.error().what.starts_with("script line 3: ")) << line;
    EXPECT_NE(temperature(plant), -1);
  }
}

}  // namespace
}  // namespace strongroom::plant
