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

/// One per line; empty when the file is valid.
std::string errors_of(std::string text, std::string name) {
  const auto profile = parse_profile(std::move(text), std::move(name));
  if (profile) {
    return "";
  }
  std::string all;
  for (const ConfigError& error : profile.error()) {
    all += error.text() + "\n";
  }
  return all;
}

/// The errors of kValid with one line replaced, as text.
std::string errors_with(std::string_view line, std::string_view instead) {
  std::string text(kValid);
  const auto at = text.find(line);
  EXPECT_NE(at, std::string::npos) << line;
  text.replace(at, line.size(), instead);
  return errors_of(std::move(text), "sensor");
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
      {"format = 1", "format = 3", "sensor.toml:1"},
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
      {"\"i16\"", "\"f16\"", "sensor.toml:12"},
      {"\"i16\"", "\"f32\"", "sensor.toml:12: \"point.type\" \"f32\" needs"},
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

// What a file says of the device as a whole; format 2.
constexpr std::string_view kWhole = R"(format = 2
title = "A meter"
source = "its manual"
trust = "interop"
max_registers = 60
max_bits = 100
bridge_holes = false
pause_ms = 35

[probe]
function = 3
address = 532
count = 16
min = 0x536D
max = 0x536E

[serial]
baud = 19200
parity = "even"
stop_bits = 2

[[forbidden]]
function = 3
first = 600
last = 610

[[forbidden]]
function = 1
first = 7
last = 7

[[point]]
name = "power"
unit = "kW"
function = 3
address = 598
type = "f32"
exponent = -3
min = "-1000"
max = "1000"

[[text]]
name = "model"
function = 3
address = 700
registers = 16

[[text]]
name = "serial_number"
function = 4
address = 0
registers = 1
swapped = true
)";

TEST(ProfileFile, WholeDevice_IsRead) {
  const auto profile = parse_profile(std::string(kWhole), "meter");
  ASSERT_TRUE(profile.has_value()) << profile.error()[0].text();
  EXPECT_EQ(profile->max_registers, 60);
  EXPECT_EQ(profile->max_bits, 100);
  EXPECT_FALSE(profile->bridge_holes);
  EXPECT_EQ(profile->pause, std::chrono::milliseconds(35));
  ASSERT_TRUE(profile->probe.has_value());
  EXPECT_EQ(profile->probe->kind, RegisterKind::kHolding);
  EXPECT_EQ(profile->probe->address, 532);
  EXPECT_EQ(profile->probe->count, 16);
  EXPECT_EQ(profile->probe->min, 0x536D);
  EXPECT_EQ(profile->probe->max, 0x536E);
  ASSERT_TRUE(profile->serial.has_value());
  EXPECT_EQ(profile->serial->baud, 19200);
  EXPECT_EQ(profile->serial->parity, 'E');
  EXPECT_EQ(profile->serial->stop_bits, 2);
  EXPECT_EQ(profile->forbidden,
            (std::vector<RegisterRange>{{RegisterKind::kHolding, 600, 610},
                                        {RegisterKind::kCoil, 7, 7}}));
  ASSERT_EQ(profile->texts.size(), 2U);
  EXPECT_EQ(profile->texts[0].name, "model");
  EXPECT_EQ(profile->texts[0].kind, RegisterKind::kHolding);
  EXPECT_EQ(profile->texts[0].address, 700);
  EXPECT_EQ(profile->texts[0].registers, 16);
  EXPECT_FALSE(profile->texts[0].swapped);
  EXPECT_EQ(profile->texts[1].kind, RegisterKind::kInput);
  EXPECT_TRUE(profile->texts[1].swapped);
}

TEST(ProfileFile, WhatIsNotSaid_HasItsDefault) {
  const auto profile = parse_profile(std::string(kValid), "sensor");
  ASSERT_TRUE(profile.has_value());
  EXPECT_EQ(profile->max_bits, kMaxBitsPerRequest);
  EXPECT_TRUE(profile->bridge_holes);
  EXPECT_TRUE(profile->forbidden.empty());
  EXPECT_EQ(profile->pause.count(), 0);
  EXPECT_FALSE(profile->probe.has_value());
  EXPECT_FALSE(profile->serial.has_value());
  EXPECT_TRUE(profile->texts.empty());
}

TEST(ProfileFile, EachFaultOfTheWhole_IsNamedWithItsLine) {
  struct Case {
    const char* line;
    const char* instead;
    const char* expected;
  };
  const std::vector<Case> cases = {
      {"max_registers = 60", "max_registers = 15", "meter.toml:13: "},
      {"max_registers = 60", "max_registers = 1", "meter.toml:36: "},
      {"max_registers = 60", "max_registers = 15", "meter.toml:45: "},
      {"max_bits = 100", "max_bits = 2001", "meter.toml:6: "},
      {"bridge_holes = false", "bridge_holes = 0", "meter.toml:7: "},
      {"pause_ms = 35", "pause_ms = -1", "meter.toml:8: "},
      {"function = 3\naddress = 532",
       "function = 5\naddress = 532",
       "meter.toml:11: "},
      {"address = 532", "address = 65521", "meter.toml:12: "},
      {"address = 532", "address = 595", "meter.toml:12: "},
      {"function = 3\naddress = 532",
       "function = 2\naddress = 532",
       "meter.toml:14: "},
      {"max = 0x536E", "max = 0x536C", "meter.toml:15: "},
      {"baud = 19200", "baud = 19", "meter.toml:18: "},
      {"\"even\"", "\"E\"", "meter.toml:19: "},
      {"stop_bits = 2", "stop_bits = 3", "meter.toml:20: "},
      {"first = 600", "first = 611", "meter.toml:25: "},
      {"first = 600", "first = 599", "meter.toml:36: "},
      {"last = 610", "last = 700", "meter.toml:45: "},
      {"\"model\"", "\"power\"", "meter.toml:43: "},
      {"\"serial_number\"", "\"model\"", "meter.toml:49: "},
      {"registers = 16", "registers = 33", "meter.toml:46: "},
      {"function = 4", "function = 1", "meter.toml:50: "},
      {"swapped = true", "swaped = true", "meter.toml:53: "},
  };
  for (const Case& c : cases) {
    std::string text(kWhole);
    const auto at = text.find(c.line);
    ASSERT_NE(at, std::string::npos) << c.line;
    text.replace(at, std::string_view(c.line).size(), c.instead);
    const std::string errors = errors_of(std::move(text), "meter");
    EXPECT_NE(errors.find(c.expected), std::string::npos)
        << c.line << " -> " << c.instead << " gave:\n"
        << errors;
  }
}

TEST(ProfileFile, NewKeysInAnOldFile_NeedFormat2) {
  std::string text(kWhole);
  text.replace(text.find("format = 2"), 10, "format = 1");
  const std::string errors = errors_of(std::move(text), "meter");
  for (const char* key : {"max_bits",
                          "bridge_holes",
                          "pause_ms",
                          "forbidden",
                          "probe",
                          "serial",
                          "text"}) {
    EXPECT_NE(errors.find("\"" + std::string(key) + "\" needs format = 2"),
              std::string::npos)
        << key << " in\n"
        << errors;
  }
}

TEST(ProfileFile, TooManyTexts_IsAnError) {
  std::string text(kWhole);
  for (std::size_t i = 0; i < kMaxTexts - 1; ++i) {
    text += "[[text]]\nname = \"t" + std::to_string(i) +
            "\"\nfunction = 3\naddress = 0\nregisters = 1\n";
  }
  EXPECT_NE(errors_of(text, "meter").find("at most 8 texts"),
            std::string::npos);
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
  EXPECT_EQ(profile.error()[0].text(),
            "boards/devices/no-such-device.toml: cannot be opened: No such "
            "file or directory");
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
    EXPECT_FALSE(profile->points.empty()) << entry.path();
  }
  EXPECT_GT(count, 0U);
}

TEST(ProfileFile, XyMd02_HasTheRegistersOfItsSheet) {
  const auto profile = load_profile(profile_directory(), "xy-md02");
  ASSERT_TRUE(profile.has_value());
  ASSERT_EQ(profile->points.size(), 2U);
  for (std::uint16_t i = 0; i < 2; ++i) {
    EXPECT_EQ(profile->points[i].kind, RegisterKind::kInput);
    EXPECT_EQ(profile->points[i].address, 1 + i);
  }
  EXPECT_EQ(profile->points[0].type, ValueType::kI16);
  EXPECT_EQ(profile->points[1].type, ValueType::kU16);
}

}  // namespace
}  // namespace strongroom
