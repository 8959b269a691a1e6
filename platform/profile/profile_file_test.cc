// SPDX-License-Identifier: Apache-2.0
#include "platform/profile/profile_file.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

constexpr std::string_view kValid = R"(format = 1
title = "A sensor"
source = "its data sheet"
trust = "documented"
max_registers = 8

[[point]]
name = "temperature"
unit = "Cel"
function = 4
address = 0x0001
type = "i16"
exponent = -1
min = "-40.0"
max = "80"
sentinels = [0x7FFF]
)";

/// The errors of kValid with one line replaced, as text.
std::string errors_with(std::string_view line, std::string_view instead) {
  std::string text(kValid);
  const auto at = text.find(line);
  EXPECT_NE(at, std::string::npos) << line;
  text.replace(at, line.size(), instead);
  const auto profile = parse_profile(std::move(text), "sensor");
  if (profile) {
    return "";
  }
  std::string all;
  for (const ConfigError& error : profile.error()) {
    all += error.text() + "\n";
  }
  return all;
}

TEST(ProfileFile, Valid_IsRead) {
  const auto profile = parse_profile(std::string(kValid), "sensor");
  ASSERT_TRUE(profile.has_value()) << profile.error()[0].text();
  EXPECT_EQ(profile->name, "sensor");
  EXPECT_EQ(profile->title, "A sensor");
  EXPECT_EQ(profile->source, "its data sheet");
  EXPECT_EQ(profile->trust, TrustRung::kDocumented);
  EXPECT_EQ(profile->max_registers, 8);
  EXPECT_EQ(profile->hash, sha256(as_bytes(kValid)));
  ASSERT_EQ(profile->points.size(), 1U);
  const PointProfile& point = profile->points[0];
  EXPECT_EQ(point.name, "temperature");
  EXPECT_EQ(point.unit, "Cel");
  EXPECT_EQ(point.kind, RegisterKind::kInput);
  EXPECT_EQ(point.address, 1);
  EXPECT_EQ(point.type, ValueType::kI16);
  EXPECT_EQ(point.exponent, -1);
  EXPECT_EQ(point.min, -400);
  EXPECT_EQ(point.max, 800);
  EXPECT_EQ(point.sentinels, (std::vector<std::uint64_t>{0x7FFF}));
}

TEST(ProfileFile, EachFault_IsNamedWithItsLine) {
  struct Case {
    const char* line;
    const char* instead;
    const char* expected;  // a part of the message
  };
  const std::vector<Case> cases = {
      {"format = 1", "format = 2", "sensor.toml:1"},
      {"format = 1\n", "", "format"},
      {"title = \"A sensor\"", "titel = \"A sensor\"", "titel"},
      {"source = \"its data sheet\"\n", "", "source"},
      {"trust = \"documented\"", "trust = \"sure\"", "sensor.toml:4"},
      {"max_registers = 8", "max_registers = 126", "sensor.toml:5"},
      {"[[point]]", "[point]", "point"},
      {"\"temperature\"", "\"Temperature\"", "sensor.toml:8"},
      {"\"Cel\"", "\"deg C\"", "sensor.toml:9"},
      {"\"Cel\"", "\"\"", "sensor.toml:9"},
      {"function = 4", "function = 6", "sensor.toml:10"},
      {"0x0001", "0x10000", "sensor.toml:11"},
      {"\"i16\"", "\"f32\"", "sensor.toml:12"},
      {"exponent = -1", "exponent = -10", "sensor.toml:13"},
      {"\"-40.0\"", "\"-40.05\"", "sensor.toml:14"},
      {"\"-40.0\"", "-40.0", "sensor.toml:14"},
      {"max = \"80\"", "max = \"-41\"", "sensor.toml:15: "},
      {"0x7FFF", "0x10000", "sensor.toml:16"},
      {"0x7FFF", "-1", "sensor.toml:16"},
  };
  for (const Case& c : cases) {
    EXPECT_NE(errors_with(c.line, c.instead).find(c.expected),
              std::string::npos)
        << c.line << " -> " << c.instead << " gave:\n"
        << errors_with(c.line, c.instead);
  }
}

TEST(ProfileFile, SameNameTwice_IsAnError) {
  const std::string point(kValid.substr(kValid.find("[[point]]")));
  const auto profile = parse_profile(std::string(kValid) + point, "sensor");
  ASSERT_FALSE(profile.has_value());
  EXPECT_EQ(profile.error().size(), 1U);
  EXPECT_EQ(profile.error()[0].line, 18U);
}

TEST(ProfileFile, NotToml_IsOneErrorMore) {
  EXPECT_FALSE(parse_profile("format = ", "sensor").has_value());
  EXPECT_FALSE(parse_profile("", "sensor").has_value());
}

TEST(ProfileFile, NameThatLeavesTheDirectory_IsRefused) {
  for (const char* name : {"../x", "", "a/b", "A", "-a", "a.b"}) {
    EXPECT_FALSE(load_profile("boards/devices", name).has_value()) << name;
  }
}

TEST(ProfileFile, Absent_IsAnError) {
  const auto profile = load_profile("boards/devices", "no-such-device");
  ASSERT_FALSE(profile.has_value());
  EXPECT_EQ(profile.error()[0].line, 0U);
}

// The schema check of the build: every profile that we ship.
TEST(ProfileFile, EveryShippedProfile_IsValid) {
  const std::filesystem::path directory = profile_directory();
  ASSERT_FALSE(directory.empty());
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".toml") {
      continue;
    }
    ++count;
    const auto profile = load_profile(directory, entry.path().stem().string());
    if (!profile) {
      for (const ConfigError& error : profile.error()) {
        ADD_FAILURE() << error.text();
      }
      continue;
    }
    EXPECT_LE(plan_reads(*profile).size(), profile->points.size());
  }
  EXPECT_GT(count, 0U);
}

TEST(ProfileFile, XyMd02_HasTheRegistersOfItsSheet) {
  const auto profile = load_profile(profile_directory(), "xy-md02");
  ASSERT_TRUE(profile.has_value());
  const auto blocks = plan_reads(*profile);
  ASSERT_EQ(blocks.size(), 1U) << "one request reads both";
  EXPECT_EQ(blocks[0].kind, RegisterKind::kInput);
  EXPECT_EQ(blocks[0].address, 1);
  EXPECT_EQ(blocks[0].count, 2);
  EXPECT_EQ(profile->points[0].type, ValueType::kI16);
  EXPECT_EQ(profile->points[1].type, ValueType::kU16);
}

}  // namespace
}  // namespace strongroom
