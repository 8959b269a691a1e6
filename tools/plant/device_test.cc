// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/device.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "core/point/sample.h"

namespace strongroom::plant {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Cells = std::vector<std::uint16_t>;

DeviceProfile sensor() {
  DeviceProfile profile;
  profile.name = "sensor";
  profile.max_registers = 4;
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
                     .sentinels = {500}},
                    {.name = "leak",
                     .unit = "1",
                     .address = 5,
                     .bits = BitRange{0, 0},
                     .max = 1,
                     .states = {{0, "normal"}, {1, "leak"}}}};
  profile.texts = {{.name = "model",
                    .kind = RegisterKind::kHolding,
                    .address = 10,
                    .registers = 2}};
  return profile;
}

SimulatedDevice make(DeviceProfile profile) {
  return {"vault-1", std::make_shared<const DeviceProfile>(std::move(profile))};
}

Request input(std::uint16_t address, std::uint16_t count) {
  return {.unit = 1, .function = 4, .address = address, .count = count};
}

Bytes values(std::initializer_list<std::uint16_t> cells) {
  return read_answer(4, Cells(cells));
}

constexpr microseconds kStart{0};

TEST(SimulatedDevice, Varying_IsPlausibleSlowAndRepeatable) {
  const SimulatedDevice device = make(sensor());
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
  EXPECT_EQ(device.mantissa(2, milliseconds{50'000}), 0) << "a state stays";
}

TEST(SimulatedDevice, Varying_IsNoFasterThanPlausible) {
  DeviceProfile profile = sensor();
  profile.points[0].max_step_per_s = 1;
  profile.points[0].min = -30'000;
  profile.points[0].max = 30'000;
  const SimulatedDevice device = make(profile);
  for (int s = 0; s < 300; ++s) {
    EXPECT_LE(std::abs(device.mantissa(0, milliseconds{1000 * s}) -
                       device.mantissa(0, milliseconds{1000 * s + 1000})),
              1);
  }
}

TEST(SimulatedDevice, Counters_OnlyRise) {
  DeviceProfile profile = sensor();
  profile.points[0].unit = "kW.h";
  const SimulatedDevice device = make(profile);
  EXPECT_EQ(device.mantissa(0, milliseconds{3'600'000}),
            device.mantissa(0, kStart) + 3600);
}

TEST(SimulatedDevice, ProbedPoint_VariesWhereTheDeviceIsRecognised) {
  DeviceProfile profile = sensor();
  profile.points[0] = {.name = "frequency",
                       .unit = "Hz",
                       .address = 1,
                       .type = ValueType::kF32,
                       .exponent = -2,
                       .min = 0,
                       .max = 20'000};
  profile.points[1].address = 3;
  // The upper half of a float from 45 to 65.
  profile.probe = ProbeRegister{RegisterKind::kInput, 1, 2, 0x4234, 0x4282};
  const SimulatedDevice device = make(profile);
  for (int s = 0; s < 300; ++s) {
    const Bytes answer = device.answer(input(1, 2), milliseconds{1000 * s});
    ASSERT_EQ(answer.size(), 6U);
    const int cell = answer[2] << 8 | answer[3];
    EXPECT_GE(cell, 0x4234);
    EXPECT_LE(cell, 0x4282);
  }
}

TEST(SimulatedDevice, ProbeWithoutAPoint_IsAnsweredAsExpected) {
  DeviceProfile profile = sensor();
  profile.probe = ProbeRegister{RegisterKind::kHolding, 100, 1, 42, 44};
  const SimulatedDevice device = make(profile);
  EXPECT_EQ(device.answer(
                {.unit = 1, .function = 3, .address = 100, .count = 1}, kStart),
            read_answer(3, Cells({42})));
}

TEST(SimulatedDevice, ProbedText_StartsWithWhatTheProbeExpects) {
  DeviceProfile profile = sensor();
  profile.probe = ProbeRegister{RegisterKind::kHolding, 10, 1, 0x536D, 0x536D};
  const SimulatedDevice device = make(profile);
  EXPECT_EQ(device.answer({.unit = 1, .function = 3, .address = 10, .count = 2},
                          kStart),
            read_answer(3, Cells({0x536D, 0x5641})));  // "SmVA"
}

TEST(SimulatedDevice, SetFollowAndVary_InThisOrderOfWeight) {
  SimulatedDevice device = make(sensor());
  device.follow(0, 21.54);
  EXPECT_EQ(device.mantissa(0, kStart), 215);
  ASSERT_TRUE(device.set("temperature=-20.5"));
  EXPECT_EQ(device.mantissa(0, kStart), -205);
  EXPECT_EQ(device.answer(input(1, 1), kStart), values({0xFF33}));
  device.follow(0, 22);
  EXPECT_EQ(device.mantissa(0, kStart), -205);
  ASSERT_TRUE(device.vary("temperature"));
  EXPECT_EQ(device.mantissa(0, kStart), 220);
  device.follow(0, 1e12);
  EXPECT_EQ(device.mantissa(0, kStart), 32767) << "what the register holds";
  ASSERT_TRUE(device.set("leak=leak"));
  EXPECT_EQ(device.mantissa(2, kStart), 1);
  ASSERT_TRUE(device.set("leak=0"));
  EXPECT_EQ(device.mantissa(2, kStart), 0);
}

TEST(SimulatedDevice, Texts_SayTheNameOrWhatWasSet) {
  SimulatedDevice device = make(sensor());
  const Request model{.unit = 1, .function = 3, .address = 10, .count = 2};
  EXPECT_EQ(device.answer(model, kStart),
            read_answer(3, Cells({0x5641, 0x554C})));  // "VAUL"
  ASSERT_TRUE(device.set("model=X"));
  EXPECT_EQ(device.answer(model, kStart),
            read_answer(3, Cells({0x5820, 0x2020})));
  EXPECT_FALSE(device.set("model=ABCDE")) << "too long";
}

TEST(SimulatedDevice, Exceptions_WhereADeviceGivesThem) {
  DeviceProfile profile = sensor();
  profile.forbidden = {{RegisterKind::kInput, 4, 4}};
  const SimulatedDevice bridging = make(profile);
  profile.bridge_holes = false;
  const SimulatedDevice strict = make(profile);
  struct Row {
    Request request;
    int bridging;  // exception; 0: values
    int strict;
  };
  const Row rows[] = {
      {input(1, 2), 0, 0},
      {input(1, 3), 0, 2},  // 3 is a hole
      {input(3, 1), 0, 2},
      {input(5, 1), 0, 0},
      {input(4, 1), 2, 2},  // forbidden
      {input(2, 4), 2, 2},
      {input(0, 1), 2, 2},  // before all
      {input(5, 2), 2, 2},  // beyond all
      {input(1, 0), 3, 3},
      {input(1, 5), 3, 3},  // more than it takes
      {input(0xFFFF, 2), 2, 2},
      {{.function = 1, .address = 1, .count = 1}, 1, 1},
      {{.function = 6, .address = 1, .count = 1}, 1, 1},
      {{.function = 0}, 1, 1},
      {{.function = 0x2B}, 1, 1},
  };
  for (const Row& row : rows) {
    for (const auto& [device, code] :
         {std::pair{&bridging, row.bridging}, {&strict, row.strict}}) {
      const Bytes answer = device->answer(row.request, kStart);
      SCOPED_TRACE(std::to_string(row.request.function) + " " +
                   std::to_string(row.request.address) + " " +
                   std::to_string(row.request.count));
      if (code == 0) {
        EXPECT_EQ(answer[0], row.request.function);
        EXPECT_EQ(answer[1], 2 * row.request.count);
      } else {
        EXPECT_EQ(answer,
                  Bytes({static_cast<std::uint8_t>(row.request.function | 0x80),
                         static_cast<std::uint8_t>(code)}));
      }
    }
  }
  const Bytes hole = bridging.answer(input(3, 1), kStart);
  EXPECT_EQ(hole, values({0}));
}

TEST(SimulatedDevice, Trouble_IsOfTheRegistersNotOfTheValue) {
  SimulatedDevice device = make(sensor());
  ASSERT_TRUE(device.set("temperature=20.0"));
  ASSERT_TRUE(device.trouble(PointTrouble::kStuck, {"temperature"}, kStart));
  ASSERT_TRUE(device.set("temperature=30.0"));
  EXPECT_EQ(device.answer(input(1, 1), kStart), values({200}));
  ASSERT_TRUE(device.trouble(PointTrouble::kNone, {"temperature"}, kStart));
  EXPECT_EQ(device.answer(input(1, 1), kStart), values({300}));

  ASSERT_TRUE(device.trouble(PointTrouble::kSentinel, {}, kStart));
  EXPECT_EQ(device.answer(input(1, 2), kStart), values({300, 500}))
      << "only what has one";
  EXPECT_FALSE(
      device.trouble(PointTrouble::kSentinel, {"temperature"}, kStart));

  ASSERT_TRUE(device.set("leak=leak"));
  ASSERT_TRUE(device.trouble(PointTrouble::kCut, {"leak"}, kStart));
  EXPECT_EQ(device.answer(input(5, 1), kStart), values({0}));
  EXPECT_FALSE(device.trouble(PointTrouble::kCut, {"humidity"}, kStart));
  EXPECT_FALSE(device.trouble(PointTrouble::kCut, {"pressure"}, kStart));
}

TEST(SimulatedDevice, CutWireOfAnInvertedContact_ReadsAsOpen) {
  DeviceProfile profile;
  profile.name = "io";
  profile.points = {{.name = "smoke",
                     .unit = "1",
                     .kind = RegisterKind::kDiscrete,
                     .type = ValueType::kBit,
                     .inverted = true,
                     .max = 1}};
  SimulatedDevice device = make(profile);
  const Request bit{.unit = 1, .function = 2, .address = 0, .count = 1};
  EXPECT_EQ(device.answer(bit, kStart), Bytes({2, 1, 1})) << "closed at rest";
  ASSERT_TRUE(device.trouble(PointTrouble::kCut, {}, kStart));
  EXPECT_EQ(device.answer(bit, kStart), Bytes({2, 1, 0}));
}

}  // namespace
}  // namespace strongroom::plant
