// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/plant.h"

#include <gtest/gtest.h>

namespace strongroom::plant {
namespace {

using std::chrono::milliseconds;

DeviceProfile profile() {
  DeviceProfile profile;
  profile.name = "sensor";
  profile.points = {{.name = "temperature",
                     .unit = "Cel",
                     .address = 1,
                     .type = ValueType::kI16,
                     .exponent = -1,
                     .min = -400,
                     .max = 800},
                    {.name = "humidity",
                     .unit = "%",
                     .address = 2,
                     .exponent = -1,
                     .min = 0,
                     .max = 1000,
                     .sentinels = {500}}};
  return profile;
}

Plant make() {
  return {SimulatedDevice(profile()), {1, 3}};
}

std::string said(Plant& plant, std::string_view line) {
  const auto reply = plant.command(line);
  return reply ? *reply : "error: " + reply.error().what;
}

TEST(SimulatedDevice, Varying_IsPlausibleSlowAndRepeatable) {
  const SimulatedDevice device(profile());
  for (std::size_t point = 0; point < 2; ++point) {
    const PointProfile& p = device.profile().points[point];
    std::int64_t lowest = p.max;
    std::int64_t highest = p.min;
    for (int ms = 0; ms < 600'000; ms += 100) {
      const auto value = device.mantissa(point, milliseconds{ms});
      EXPECT_EQ(value, device.mantissa(point, milliseconds{ms}));
      EXPECT_NE(static_cast<std::uint64_t>(value),
                p.sentinels.empty() ? UINT64_MAX : p.sentinels[0]);
      lowest = std::min(lowest, value);
      highest = std::max(highest, value);
      EXPECT_LE(
          std::abs(value - device.mantissa(point, milliseconds{ms + 1000})), 2);
    }
    EXPECT_GE(lowest, p.min);
    EXPECT_LE(highest, p.max);
    EXPECT_GT(highest - lowest, 20);
  }
}

TEST(SimulatedDevice, Encode_FitsOrIsRefused) {
  EXPECT_EQ(encode_register(ValueType::kI16, -205), 0xFF33);
  EXPECT_EQ(encode_register(ValueType::kI16, 32767), 0x7FFF);
  EXPECT_EQ(encode_register(ValueType::kI16, 32768), std::nullopt);
  EXPECT_EQ(encode_register(ValueType::kU16, 65535), 0xFFFF);
  EXPECT_EQ(encode_register(ValueType::kU16, -1), std::nullopt);
}

TEST(Plant, Commands_Table) {
  Plant plant = make();
  EXPECT_EQ(said(plant, "set temperature=-20.5"), "ok");
  EXPECT_EQ(said(plant, "  set   humidity=45 "), "ok");
  EXPECT_EQ(said(plant, "values"), "temperature=-20.5 Cel\nhumidity=45.0 %");
  EXPECT_EQ(said(plant, "set temperature=150.0"), "ok") << "implausible is ok";
  EXPECT_EQ(said(plant, "answers"), "0");
  for (const char* wrong : {"",
                            "set",
                            "set temperature",
                            "set temperature=",
                            "set pressure=1",
                            "set temperature=20.55",
                            "set temperature=9999.9",
                            "set humidity=-1",
                            "vary pressure",
                            "dead",
                            "dead maybe",
                            "delay",
                            "delay -1",
                            "delay x",
                            "delay 60001",
                            "values now",
                            "sett temperature=1"}) {
    EXPECT_TRUE(said(plant, wrong).starts_with("error: ")) << wrong;
  }
  EXPECT_EQ(plant.device().mantissa(0, milliseconds{0}), 1500);
  EXPECT_EQ(said(plant, "vary temperature"), "ok");
  EXPECT_NE(plant.device().mantissa(0, milliseconds{0}), 1500);
}

TEST(Plant, Dead_AnswersForNobody) {
  Plant plant = make();
  EXPECT_TRUE(plant.answers_for(1));
  EXPECT_FALSE(plant.answers_for(2));
  EXPECT_TRUE(plant.answers_for(3));
  said(plant, "dead on");
  EXPECT_FALSE(plant.answers_for(1));
  said(plant, "dead off");
  EXPECT_TRUE(plant.answers_for(1));
}

TEST(Plant, Script_GoesOnAnswerByAnswer) {
  Plant plant = make();
  ASSERT_TRUE(plant
                  .load_script("# two values\n"
                               "set temperature=1.0\n"
                               "answers 2\n"
                               "\n"
                               "set temperature=2.0\r\n"
                               "answers 1\n"
                               "dead on")
                  .has_value());
  const auto now = [&] {
    plant.advance_script();
    return plant.device().mantissa(0, milliseconds{0});
  };
  EXPECT_EQ(now(), 10);
  plant.note_answer();
  EXPECT_EQ(now(), 10);
  plant.note_answer();
  EXPECT_EQ(now(), 20);
  EXPECT_TRUE(plant.answers_for(1));
  EXPECT_EQ(plant.script_wait_ms(), -1);
  plant.note_answer();
  now();
  EXPECT_FALSE(plant.answers_for(1));
}

TEST(Plant, Script_WaitsForTime) {
  Plant plant = make();
  ASSERT_TRUE(plant.load_script("wait 3600000\ndead on\n").has_value());
  plant.advance_script();
  EXPECT_GT(plant.script_wait_ms(), 3'000'000);
  EXPECT_TRUE(plant.answers_for(1));
  Plant at_once = make();
  ASSERT_TRUE(at_once.load_script("wait 0\ndead on\n").has_value());
  at_once.advance_script();
  EXPECT_FALSE(at_once.answers_for(1));
}

TEST(Plant, ScriptWithAFault_NamesItsLineAndRunsNothing) {
  for (const char* line : {"set pressure=1",
                           "wait",
                           "wait x",
                           "answers -1",
                           "answers x",
                           "jump"}) {
    Plant plant = make();
    const auto loaded =
        plant.load_script("dead on\n# comment\n" + std::string(line) + "\n");
    ASSERT_FALSE(loaded.has_value()) << line;
    EXPECT_TRUE(loaded.error().what.starts_with("script line 3: ")) << line;
    EXPECT_TRUE(plant.answers_for(1));
  }
}

}  // namespace
}  // namespace strongroom::plant
