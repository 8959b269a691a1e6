// SPDX-License-Identifier: Apache-2.0
// The keys of one point, format 2.
#include <gtest/gtest.h>

#include "platform/profile/profile_file.h"

namespace strongroom {
namespace {

/// A file with one point; the point's keys begin at line 6.
std::expected<DeviceProfile, ProfileErrors> parse_point(std::string_view keys,
                                                        int format = 2) {
  return parse_profile("format = " + std::to_string(format) +
                           "\ntitle = \"t\"\nsource = \"s\"\n"
                           "trust = \"documented\"\n[[point]]\n"
                           "name = \"p\"\n" +
                           std::string(keys),
                       "device");
}

PointProfile point_of(std::string_view keys) {
  const auto profile = parse_point(keys);
  if (!profile) {
    ADD_FAILURE() << profile.error()[0].text() << " of\n" << keys;
    return {};
  }
  return profile->points[0];
}

std::string errors_of(std::string_view keys, int format = 2) {
  const auto profile = parse_point(keys, format);
  std::string all;
  if (!profile) {
    for (const ConfigError& error : profile.error()) {
      all += error.text() + "\n";
    }
  }
  return all;
}

constexpr std::string_view kLimits = "min = \"-10\"\nmax = \"10\"\n";

std::string holding(std::string_view type, std::string_view more) {
  return "unit = \"1\"\nfunction = 3\naddress = 5\ntype = \"" +
         std::string(type) + "\"\n" + std::string(more);
}

std::string limited(std::string_view type, std::string_view more = "") {
  return holding(type, std::string(kLimits) + std::string(more));
}

TEST(ProfilePoint, EveryType_IsRead) {
  using Case = std::pair<const char*, ValueType>;
  for (const Case& c : std::vector<Case>{{"u16", ValueType::kU16},
                                         {"i16", ValueType::kI16},
                                         {"u32", ValueType::kU32},
                                         {"i32", ValueType::kI32},
                                         {"u64", ValueType::kU64},
                                         {"i64", ValueType::kI64},
                                         {"f32", ValueType::kF32},
                                         {"f64", ValueType::kF64}}) {
    EXPECT_EQ(point_of(limited(c.first)).type, c.second) << c.first;
  }
  for (const int function : {1, 2}) {
    const PointProfile bit =
        point_of("unit = \"1\"\nfunction = " + std::to_string(function) +
                 "\naddress = 65535\ntype = \"bit\"\n");
    EXPECT_EQ(bit.type, ValueType::kBit);
    EXPECT_EQ(bit.kind, static_cast<RegisterKind>(function));
    EXPECT_EQ(bit.min, 0);
    EXPECT_EQ(bit.max, 1);
  }
}

TEST(ProfilePoint, Order_IsWhereEachByteStands) {
  using Bytes = std::vector<std::uint8_t>;
  EXPECT_EQ(point_of(limited("u32")).order, Bytes{});
  EXPECT_EQ(point_of(limited("u16", "order = \"BA\"\n")).order, (Bytes{1, 0}));
  EXPECT_EQ(point_of(limited("f32", "order = \"CDAB\"\n")).order,
            (Bytes{2, 3, 0, 1}));
  EXPECT_EQ(point_of(limited("f64", "order = \"GHEFCDAB\"\n")).order,
            (Bytes{6, 7, 4, 5, 2, 3, 0, 1}));
}

TEST(ProfilePoint, Scale_IsARatio) {
  struct Case {
    const char* text;
    std::int64_t numerator;
    std::int64_t denominator;
  };
  for (const Case& c : std::vector<Case>{{"1/128", 1, 128},
                                         {"0.1", 1, 10},
                                         {"-1/4", -1, 4},
                                         {"-0.25", -1, 4},
                                         {"10", 10, 1},
                                         {"0.001", 1, 1000},
                                         {"4/8", 1, 2},
                                         {"2147483647/1", 2147483647, 1},
                                         {"0.000000001", 1, 1'000'000'000}}) {
    const PointProfile point =
        point_of(limited("u16", "scale = \"" + std::string(c.text) + "\"\n"));
    ASSERT_TRUE(point.scale.has_value()) << c.text;
    EXPECT_EQ(point.scale->numerator, c.numerator) << c.text;
    EXPECT_EQ(point.scale->denominator, c.denominator) << c.text;
  }
}

TEST(ProfilePoint, NumbersOfTheExponent_AreRead) {
  const PointProfile point = point_of(
      "unit = \"Cel\"\nfunction = 4\naddress = 9\ntype = \"u16\"\n"
      "exponent = -1\nscale = \"1/128\"\noffset = \"-40.5\"\nmin = \"-40.5\"\n"
      "max = \"80\"\nmax_step_per_s = \"0.5\"\npoll = \"slow\"\n");
  EXPECT_EQ(point.offset, -405);
  EXPECT_EQ(point.min, -405);
  EXPECT_EQ(point.max, 800);
  EXPECT_EQ(point.max_step_per_s, 5);
  EXPECT_EQ(point.poll, PollClass::kSlow);
  EXPECT_EQ(point_of(limited("u16", "poll = \"safety\"\n")).poll,
            PollClass::kSafety);
  EXPECT_EQ(point_of(limited("u16", "poll = \"normal\"\n")).poll,
            PollClass::kNormal);
}

TEST(ProfilePoint, BitsAndStates_AreRead_AndGiveTheLimits) {
  const PointProfile flag =
      point_of(holding("u16", "bit = 15\ninverted = true\n"));
  ASSERT_TRUE(flag.bits.has_value());
  EXPECT_EQ(flag.bits->low, 15);
  EXPECT_EQ(flag.bits->high, 15);
  EXPECT_TRUE(flag.inverted);
  EXPECT_EQ(flag.min, 0);
  EXPECT_EQ(flag.max, 1);

  const PointProfile field = point_of(limited("i32", "bits = [4, 20]\n"));
  EXPECT_EQ(field.bits->low, 4);
  EXPECT_EQ(field.bits->high, 20);

  const PointProfile mode = point_of(
      holding("i16", "states = { \"3\" = \"leak\", \"-1\" = \"no cable\" }\n"));
  ASSERT_EQ(mode.states.size(), 2U);
  EXPECT_EQ(mode.states[0].code, -1) << "by code";
  EXPECT_EQ(mode.states[0].name, "no cable");
  EXPECT_EQ(mode.states[1].code, 3);
  EXPECT_EQ(mode.states[1].name, "leak");
  EXPECT_EQ(mode.min, -1);
  EXPECT_EQ(mode.max, 3);
}

TEST(ProfilePoint, Sentinels_HaveTheWidthOfTheType) {
  using Raw = std::vector<std::uint64_t>;
  EXPECT_EQ(point_of(limited("u32", "sentinels = [0xFFFFFFFF, 0]\n")).sentinels,
            (Raw{0xFFFFFFFF, 0}));
  EXPECT_EQ(point_of(limited("i64",
                             "sentinels = [\"0x8000000000000000\", "
                             "\"0xffffffffffffffff\"]\n"))
                .sentinels,
            (Raw{0x8000000000000000, 0xFFFFFFFFFFFFFFFF}));
}

TEST(ProfilePoint, EachFault_IsNamed) {
  struct Case {
    std::string keys;
    const char* expected;
  };
  const std::vector<Case> cases = {
      // unit
      {"unit = \"VA\"\nfunction = 3\naddress = 5\ntype = \"u16\"\n" +
           std::string(kLimits),
       "device.toml:7: \"point.unit\" \"VA\" is written \"V.A\""},
      {"unit = \"furlong\"\nfunction = 3\naddress = 5\ntype = \"u16\"\n" +
           std::string(kLimits),
       "core/point/unit.cc adds a code"},
      // function and type
      {"unit = \"1\"\nfunction = 1\naddress = 5\ntype = \"u16\"\n" +
           std::string(kLimits),
       "is \"bit\" where function is 1 or 2"},
      {holding("bit", ""), "\"bit\" is for function 1 or 2"},
      {"unit = \"1\"\nfunction = 3\naddress = 65533\ntype = \"u64\"\n" +
           std::string(kLimits),
       "device.toml:9: "},
      // order
      {limited("u32", "order = \"ABC\"\n"), "letters ABCD once"},
      {limited("u32", "order = \"ABCC\"\n"), "letters ABCD once"},
      {limited("u32", "order = \"abcd\"\n"), "letters ABCD once"},
      {limited("u16", "order = \"ABCD\"\n"), "letters AB once"},
      {limited("u64", "order = \"GHEFCDA\"\n"), "letters ABCDEFGH once"},
      {limited("u32", "order = 1\n"), "device.toml:13: "},
      {"unit = \"1\"\nfunction = 1\naddress = 5\ntype = \"bit\"\n"
       "order = \"A\"\n",
       "more than one bit"},
      // bits
      {holding("u16", "bit = 16\n"), "to 15"},
      {holding("u16", "bit = -1\n"), "device.toml:11: "},
      {limited("u32", "bits = [0, 32]\n"), "to 31"},
      {limited("u32", "bits = [5, 4]\n"), "is [lowest, highest]"},
      {limited("u32", "bits = [5]\n"), "is [lowest, highest]"},
      {limited("u32", "bits = [-1, 4]\n"), "is [lowest, highest]"},
      {holding("u16", "bit = 1\nbits = [0, 1]\n"), "exclude each other"},
      {holding("i16", "bit = 1\n"), "would be 0 or -1"},
      {limited("f32", "bits = [0, 3]\n"), "whole numbers in registers"},
      {"unit = \"1\"\nfunction = 1\naddress = 5\ntype = \"bit\"\nbit = 0\n",
       "whole numbers in registers"},
      {holding("u16", "bits = [0, 3]\n"), "\"point.min\" is missing"},
      {limited("u16", "inverted = true\n"), "is for a single bit"},
      {limited("u16", "bits = [0, 1]\ninverted = true\n"),
       "is for a single bit"},
      // scale and offset
      {limited("u16", "scale = \"0\"\n"), "\"point.scale\""},
      {limited("u16", "scale = \"1/0\"\n"), "\"point.scale\""},
      {limited("u16", "scale = \"1/-2\"\n"), "\"point.scale\""},
      {limited("u16", "scale = \"+1\"\n"), "\"point.scale\""},
      {limited("u16", "scale = \"+1/2\"\n"), "\"point.scale\""},
      {limited("u16", "scale = \"1/2/3\"\n"), "\"point.scale\""},
      {limited("u16", "scale = \"/\"\n"), "\"point.scale\""},
      {limited("u16", "scale = \"2147483648\"\n"), "\"point.scale\""},
      {limited("u16", "scale = \"1/2147483649\"\n"), "\"point.scale\""},
      {limited("u16", "scale = \"0.0000000001\"\n"), "\"point.scale\""},
      {limited("u16", "scale = \"99999999999999999999999\"\n"),
       "\"point.scale\""},
      {limited("u16", "scale = 0.1\n"), "device.toml:13: "},
      {limited("u16", "offset = \"0.5\"\n"), "device.toml:13: "},
      {limited("u16", "offset = 3\n"), "device.toml:13: "},
      // states
      {holding("u16", "states = {}\n"), "has 1 to 64 states"},
      {holding("u16", "states = { \"65536\" = \"x\" }\n"), "from 0 to 65535"},
      {holding("u16", "states = { \"-1\" = \"x\" }\n"), "from 0 to 65535"},
      {holding("i16", "states = { \"-32769\" = \"x\" }\n"), "from -32768"},
      {holding("u16", "bits = [2, 3]\nstates = { \"4\" = \"x\" }\n"),
       "from 0 to 3"},
      {holding("u16", "bit = 2\nstates = { \"2\" = \"x\" }\n"), "from 0 to 1"},
      {holding("u16", "states = { \"01\" = \"x\" }\n"), "is no code"},
      {holding("u16", "states = { \"-0\" = \"x\" }\n"), "is no code"},
      {holding("u16", "states = { \"0\" = \"\" }\n"), "must not be empty"},
      {holding("u16", "states = { \"0\" = 1 }\n"), "device.toml:11: "},
      {holding("u16",
               "states = { \"0\" = \"" + std::string(32, 'x') + "\" }\n"),
       "at most 31 bytes"},
      {holding("u16", "states = \"on\"\n"), "device.toml:11: "},
      {holding("f32", "states = { \"0\" = \"x\" }\n"), "a float is not"},
      {holding("u16", "exponent = -1\nstates = { \"0\" = \"x\" }\n"),
       "\"point.exponent\" is not for a point with states"},
      {holding("u16", "bit = 1\nscale = \"2\"\n"),
       "\"point.scale\" is not for a single bit"},
      {"unit = \"V\"\nfunction = 3\naddress = 5\ntype = \"u16\"\nbit = 1\n",
       "\"point.unit\" of a single bit is \"1\""},
      // limits, sentinels, the rest
      {holding("u16", ""), "\"point.min\" is missing"},
      {holding("u16", "bit = 0\nmin = \"0\"\n"), "\"point.max\" is missing"},
      {holding("u16", "min = \"1\"\nmax = \"0\"\n"), "is below min"},
      {limited("u32", "sentinels = [0x100000000]\n"), "from 0 to 4294967295"},
      {limited("u16", "sentinels = [\"0xFFFF\"]\n"), "device.toml:13: "},
      {limited("u64", "sentinels = [0xFFFF]\n"), "device.toml:13: "},
      {limited("u64", "sentinels = [\"FFFF\"]\n"), "are texts like"},
      {limited("u64", "sentinels = [\"0x\"]\n"), "are texts like"},
      {limited("u64", "sentinels = [\"0x-1\"]\n"), "are texts like"},
      {limited("u64", "sentinels = [\"0x10000000000000000\"]\n"),
       "are texts like"},
      {"unit = \"1\"\nfunction = 1\naddress = 5\ntype = \"bit\"\n"
       "sentinels = [1]\n",
       "no value to spare"},
      {limited("u16", "max_step_per_s = \"0\"\n"), "above 0"},
      {limited("u16", "max_step_per_s = \"-1\"\n"), "above 0"},
      {limited("u16", "max_step_per_s = \"0.5\"\n"), "device.toml:13: "},
      {limited("u16", "poll = \"fast\"\n"), "device.toml:13: "},
  };
  for (const Case& c : cases) {
    const std::string errors = errors_of(c.keys);
    EXPECT_NE(errors.find(c.expected), std::string::npos) << c.keys << "gave:\n"
                                                          << errors;
    EXPECT_EQ(errors.find("device.toml: "), std::string::npos)
        << "an error without a line:\n"
        << errors;
  }
}

TEST(ProfilePoint, OneFault_IsOneError) {
  for (const std::string& keys :
       {holding("u16", "bit = 16\n"),
        holding("u16", "states = { \"x\" = \"y\" }\n"),
        holding("u16", "min = 0\nmax = \"9\"\n"),
        limited("u32", "order = \"ABC\"\n"),
        limited("u16", "inverted = true\n")}) {
    const auto profile = parse_point(keys);
    ASSERT_FALSE(profile.has_value()) << keys;
    EXPECT_EQ(profile.error().size(), 1U) << keys;
  }
}

TEST(ProfilePoint, NewKeysInAnOldFile_NeedFormat2) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{
           {"order", "\"BA\""},
           {"bits", "[0, 3]"},
           {"scale", "\"1/2\""},
           {"offset", "\"1\""},
           {"max_step_per_s", "\"1\""},
           {"poll", "\"slow\""},
           {"inverted", "false"},
           {"bit", "1"},
           {"states", "{ \"1\" = \"x\" }"}}) {
    const std::string keys = limited("u16", key + " = " + value + "\n");
    EXPECT_EQ(errors_of(keys).find("needs"), std::string::npos);
    EXPECT_NE(errors_of(keys, 1).find("device.toml:13: \"point." + key +
                                      "\" needs format = 2"),
              std::string::npos)
        << errors_of(keys, 1);
  }
  EXPECT_NE(errors_of(limited("u32"), 1).find("\"u32\" needs format = 2"),
            std::string::npos);
  EXPECT_NE(errors_of("unit = \"1\"\nfunction = 2\naddress = 5\n"
                      "type = \"bit\"\n",
                      1)
                .find("2 needs format = 2"),
            std::string::npos);
}

TEST(ProfilePoint, ForbiddenOrTooLong_IsAnError) {
  const auto with = [](std::string_view top, std::string_view point) {
    return parse_profile(
        "format = 2\ntitle = \"t\"\nsource = \"s\"\n"
        "trust = \"documented\"\n" +
            std::string(top) + "[[point]]\nname = \"p\"\n" + std::string(point),
        "device");
  };
  const std::string_view forbidden =
      "[[forbidden]]\nfunction = 3\nfirst = 6\nlast = 7\n";
  EXPECT_FALSE(with(forbidden, limited("u32")).has_value()) << "5 and 6";
  EXPECT_TRUE(with(forbidden, limited("u16")).has_value()) << "5 alone";
  EXPECT_TRUE(with("[[forbidden]]\nfunction = 4\nfirst = 0\nlast = 65535\n",
                   limited("u32"))
                  .has_value())
      << "of another kind";
  EXPECT_FALSE(with("max_registers = 3\n", limited("u64")).has_value());
  EXPECT_TRUE(with("max_registers = 4\n", limited("u64")).has_value());
}

}  // namespace
}  // namespace strongroom
