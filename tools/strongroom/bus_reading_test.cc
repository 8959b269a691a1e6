// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/bus_reading.h"

#include <gtest/gtest.h>

#include "tools/strongroom/bus_fake_line_test_util.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;

PointProfile register_at(std::string name, std::uint16_t address) {
  PointProfile point;
  point.name = std::move(name);
  point.unit = "V";
  point.kind = RegisterKind::kHolding;
  point.address = address;
  point.exponent = -1;
  point.max = 10'000;
  return point;
}

class ReadDeviceTest : public testing::Test {
 protected:
  ReadDeviceTest() {
    profile_.points = {
        register_at("a", 0), register_at("b", 1), register_at("c", 2)};
    TextProfile model;
    model.name = "model";
    model.address = 10;
    model.registers = 2;
    profile_.texts = {model};
    FakeDevice& device = line_.devices[1];
    for (std::uint16_t address = 0; address < 3; ++address) {
      device.cells[{RegisterKind::kHolding, address}] =
          static_cast<std::uint16_t>(230 + address);
    }
    device.cells[{RegisterKind::kHolding, 10}] = 0x4142;
    device.cells[{RegisterKind::kHolding, 11}] = 0x4300;
  }
  DeviceReading read() {
    BusAsker asker(line_, {}, 100ms, 400ms, [this] { return line_.now; });
    return read_device(asker, profile_, 1, {});
  }

  FakeLine line_;
  DeviceProfile profile_;
};

TEST_F(ReadDeviceTest, Everything_IsReadOnce) {
  const DeviceReading reading = read();
  EXPECT_EQ(good_points(reading), 3U);
  EXPECT_EQ(value_text(profile_.points[1], reading.samples[1]), "23.1");
  EXPECT_EQ(identity_text(profile_, reading), "model ABC");
  EXPECT_EQ(reading.cells.at({RegisterKind::kHolding, 2}), 232);
  EXPECT_TRUE(reading.faults.empty());
}

TEST_F(ReadDeviceTest, RefusedRequest_IsAskedPointByPoint) {
  line_.devices[1].cells.erase({RegisterKind::kHolding, 1});
  const DeviceReading reading = read();
  EXPECT_EQ(reading.samples[0].quality, PointQuality::kGood);
  EXPECT_EQ(reading.samples[1].quality, PointQuality::kBad);
  EXPECT_EQ(reading.samples[2].quality, PointQuality::kGood);
  ASSERT_EQ(reading.faults.size(), 1U);
  EXPECT_NE(reading.faults[0].find("function 3, address 1: exception 2"),
            std::string::npos)
      << reading.faults[0];
}

TEST_F(ReadDeviceTest, SilentDevice_IsAskedOnce) {
  line_.devices.clear();
  const DeviceReading reading = read();
  EXPECT_EQ(good_points(reading), 0U);
  EXPECT_EQ(line_.asked.size(), 1U);
  EXPECT_EQ(reading.faults.size(), 1U);
}

TEST(ValueText, NamedCode_IsItsName) {
  PointProfile point = register_at("leak", 0);
  point.exponent = 0;
  point.states = {{0, "dry"}, {1, "leak"}};
  EXPECT_EQ(value_text(point, {PointQuality::kGood, 1}), "leak");
  EXPECT_EQ(value_text(point, {PointQuality::kGood, 7}), "7");
  EXPECT_EQ(value_text(point, {PointQuality::kBad, 0}), "");
}

std::string value_of(std::span<const std::uint16_t> cells,
                     std::string_view type,
                     std::string_view order) {
  const auto one = interpretation(cells, type, order);
  return one ? one->value : one.error().what;
}

TEST(Interpretation, EveryTypeAndOrder_GivesTheNumberThatWasMeant) {
  struct Case {
    std::vector<std::uint16_t> cells;
    const char* type;
    const char* order;
    const char* value;
  };
  for (const Case& c : {
           Case{{0xFF33}, "i16", "", "-205"},
           Case{{0x33FF}, "i16", "BA", "-205"},
           Case{{0xFF33}, "u16", "AB", "65331"},
           Case{{0x0001, 0x0002}, "u32", "", "65538"},
           Case{{0x0002, 0x0001}, "u32", "CDAB", "65538"},
           Case{{0xFFFF, 0xFFFE}, "i32", "ABCD", "-2"},
           Case{{0x4366, 0x4000}, "f32", "ABCD", "230.25"},
           Case{{0x4000, 0x4366}, "f32", "CDAB", "230.25"},
           Case{{0x6643, 0x0040}, "f32", "BADC", "230.25"},
           Case{{0x0040, 0x6643}, "f32", "DCBA", "230.25"},
           Case{{0x7FC0, 0x0000}, "f32", "", "nan"},
           Case{{0, 0, 0, 5}, "u64", "", "5"},
           Case{{0xFFFB, 0xFFFF, 0xFFFF, 0xFFFF}, "i64", "GHEFCDAB", "-5"},
           Case{
               {0x4009, 0x21FB, 0x5444, 0x2D18}, "f64", "", "3.14159265358979"},
       }) {
    EXPECT_EQ(value_of(c.cells, c.type, c.order), c.value)
        << c.type << " " << c.order;
  }
}

TEST(Interpretation, WhatCannotBe_IsSaid) {
  const std::vector<std::uint16_t> cells = {1, 2};
  EXPECT_NE(value_of(cells, "float", "").find("f32"), std::string::npos);
  EXPECT_NE(value_of(cells, "f64", "").find("4 registers"), std::string::npos);
  for (const char* order : {"AB", "ABCC", "ABCE", "abcd"}) {
    EXPECT_NE(value_of(cells, "u32", order).find("CDAB"), std::string::npos)
        << order;
  }
}

TEST(Interpretations, OfTwoRegisters_ContainTheRightOne) {
  const std::vector<std::uint16_t> cells = {0x4000, 0x4366};
  const auto all = interpretations(cells);
  EXPECT_EQ(all.size(), 2U * 2 + 3U * 4) << "64 bits do not fit";
  EXPECT_TRUE(std::ranges::any_of(all, [](const Interpretation& one) {
    return one.type == "f32" && one.order == "CDAB" && one.value == "230.25";
  }));
}

TEST(QuestionText, OneOrMany_ReadsNaturally) {
  EXPECT_EQ(question_text({1, RegisterKind::kInput, 7, 1}),
            "function 4, address 7");
  EXPECT_EQ(question_text({1, RegisterKind::kHolding, 530, 16}),
            "function 3, addresses 530 to 545");
}

}  // namespace
}  // namespace strongroom
