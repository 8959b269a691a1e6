// SPDX-License-Identifier: Apache-2.0
// What agent.toml says of lines, devices and computed points.
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>

#include "agent/config/config.h"
#include "agent/config/line_settings.h"
#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kClimate = R"(format = 2
title = "climate"
source = "made up for this test"
trust = "documented"
[serial]
baud = 9600
parity = "none"
stop_bits = 1
[[point]]
name = "temperature"
unit = "Cel"
function = 4
address = 1
type = "i16"
exponent = -1
min = "-40.0"
max = "80.0"
[[point]]
name = "humidity"
unit = "%"
function = 4
address = 2
type = "u16"
exponent = -1
min = "0.0"
max = "100.0"
)";

constexpr std::string_view kContacts = R"(format = 2
title = "contacts"
source = "made up for this test"
trust = "documented"
[[point]]
name = "leak"
unit = "1"
function = 2
address = 0
type = "bit"
poll = "safety"
)";

// Lines 1 to 18, before the first [[line]] on line 19.
constexpr std::string_view kHead = R"(agent = "edge-1"
site = "bj1"
profiles = "{}"
[keys]
event = "event.key"
sealing = "sealing.key"
trust = "trust.txt"
disclosure_public = "disclosure.pub"
[journal]
path = "journal.db"
[mqtt]
uri = "tcp://127.0.0.1:1883"
[http]
listen = "127.0.0.1:0"
[windows]
length_s = 60
# here
# be lines
)";

class AgentConfigLines : public ::testing::Test {
 protected:
  AgentConfigLines() {
    write("climate", kClimate);
    write("contacts", kContacts);
  }
  void write(const std::string& name, std::string_view text) {
    std::ofstream(profiles_.path() / (name + ".toml")) << text;
  }
  auto parse(std::string_view lines) {
    return parse_agent_config(
        fmt::format(fmt::runtime(kHead), profiles_.path().string()) +
            std::string(lines),
        "agent.toml");
  }
  AgentConfig right(std::string_view lines) {
    auto config = parse(lines);
    if (!config) {
      ADD_FAILURE() << config.error()[0].text();
      return {};
    }
    return *std::move(config);
  }
  // The one error that these lines have.
  std::string error_of(std::string_view lines) {
    const auto config = parse(lines);
    if (config || config.error().size() != 1) {
      ADD_FAILURE() << (config ? 0 : config.error().size()) << " errors";
      for (const ConfigError& error :
           config ? std::vector<ConfigError>{} : config.error()) {
        ADD_FAILURE() << error.text();
      }
      return "";
    }
    return config.error()[0].text();
  }
  TemporaryDirectory profiles_;
};

constexpr std::string_view kTcp = R"([[line]]
name = "tcp-1"
kind = "tcp"
host = "192.0.2.1"
[[line.device]]
name = "room-1"
profile = "climate"
)";

TEST_F(AgentConfigLines, Periods_DefaultsAndGiven) {
  const AgentConfig config = right(std::string(kTcp) + R"([[line.device]]
name = "door-1"
profile = "contacts"
unit_id = 2
safety_period_ms = 100
period_ms = 2000
slow_period_ms = 3600000
)");
  ASSERT_EQ(config.lines.size(), 1U);
  const std::array defaults{200ms, 1000ms, 60'000ms};
  EXPECT_EQ(config.lines[0].devices[0].periods, defaults);
  const std::array given{100ms, 2000ms, 3'600'000ms};
  EXPECT_EQ(config.lines[0].devices[1].periods, given);
  EXPECT_EQ(config.lines[0].late_answer, 0ms);
  EXPECT_TRUE(config.warnings.empty());
}

TEST_F(AgentConfigLines, LateAnswer_IsTaken) {
  EXPECT_EQ(
      right("[[line]]\nlate_answer_ms = 5000\n" + std::string(kTcp.substr(9)))
          .lines[0]
          .late_answer,
      5s);
  EXPECT_NE(
      error_of("[[line]]\nlate_answer_ms = 0\n" + std::string(kTcp.substr(9)))
          .find("agent.toml:20: \"line.late_answer_ms\""),
      std::string::npos);
}

TEST_F(AgentConfigLines, SafetyPoints_AreReadOftenEnough) {
  const std::string door = std::string(kTcp) + R"([[line.device]]
name = "door-1"
profile = "contacts"
unit_id = 2
safety_period_ms = )";
  right(door + "200\n");
  EXPECT_EQ(error_of(door + "201\n"),
            "agent.toml:30: \"line.device.safety_period_ms\" must be at most "
            "200: \"contacts\" has fire, leak or door points, and these are "
            "read at least that often");
}

TEST_F(AgentConfigLines, SecondDeviceOfAUnit_IsRefused) {
  EXPECT_EQ(error_of(std::string(kTcp) + R"([[line.device]]
name = "room-2"
profile = "climate"
unit_id = 1
)"),
            "agent.toml:29: \"line.device.unit_id\" 1 is that of device "
            "\"room-1\" on this line: both would answer at once");
}

TEST_F(AgentConfigLines, SecondLineOfAHostAndPort_IsRefused) {
  std::string text(kTcp);
  text += R"([[line]]
name = "tcp-2"
kind = "tcp"
host = "192.0.2.1"
port = 502
[[line.device]]
name = "room-2"
profile = "climate"
)";
  const std::string error = error_of(text);
  EXPECT_NE(error.find("agent.toml:29: \"line.host\""), std::string::npos)
      << error;
  EXPECT_NE(error.find("\"tcp-1\""), std::string::npos) << error;
  text.replace(text.find("port = 502"), 10, "port = 503");
  EXPECT_EQ(right(text).lines.size(), 2U);
}

std::string rtu(std::string_view name, std::string_view port, int baud) {
  return fmt::format(R"([[line]]
name = "{0}"
kind = "rtu"
serial = "{1}"
baud = {2}
[[line.device]]
name = "of-{0}"
profile = "climate"
)",
                     name,
                     port,
                     baud);
}

TEST_F(AgentConfigLines, TwoBaudsOnOnePort_AreRefused_WithTheReason) {
  const std::string error = error_of(rtu("one", "/dev/ttyS1", 9600) +
                                     rtu("two", "/dev/ttyS1", 19200));
  EXPECT_NE(error.find("agent.toml:31: \"line.baud\" is 19200"),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("a port has one baud"), std::string::npos) << error;
}

TEST_F(AgentConfigLines, OnePortTwice_IsRefused_UnderAnyName) {
  const std::string error =
      error_of(rtu("one", "/dev/ttyS1", 9600) + rtu("two", "/dev/ttyS1", 9600));
  EXPECT_NE(error.find("agent.toml:30: \"line.serial\" is that of line"),
            std::string::npos)
      << error;
  const auto port = profiles_.path() / "port";
  const auto name = profiles_.path() / "by-id";
  std::ofstream(port) << "";
  std::filesystem::create_symlink(port, name);
  EXPECT_NE(error_of(rtu("one", port.string(), 9600) +
                     rtu("two", name.string(), 9600))
                .find("is that of line"),
            std::string::npos);
}

TEST_F(AgentConfigLines, PortThatIsNumberedByPlugging_IsAWarning) {
  for (const char* port : {"/dev/ttyUSB0", "/dev/ttyACM1"}) {
    const AgentConfig config = right(rtu("one", port, 9600));
    ASSERT_EQ(config.warnings.size(), 1U) << port;
    EXPECT_EQ(config.warnings[0].line, 22U);
    EXPECT_NE(config.warnings[0].what.find("/dev/serial/by-path"),
              std::string::npos);
  }
  EXPECT_TRUE(right(rtu("one", "/dev/ttyS1", 9600)).warnings.empty());
}

TEST_F(AgentConfigLines, BaudUnlikeTheFactorys_IsAWarning) {
  const AgentConfig config = right(rtu("one", "/dev/ttyS1", 19200));
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_EQ(
      config.warnings[0].text(),
      "agent.toml:26: \"line.device.profile\" \"climate\" leaves the "
      "factory with 9600 baud and parity none, the line has 19200 and none: "
      "was the device set to that?");
}

// Each device needs about 37 ms of a 9600 baud line for one poll.
std::string many(int devices, int period_ms) {
  std::string text = rtu("one", "/dev/ttyS1", 9600);
  for (int at = 2; at <= devices; ++at) {
    text += fmt::format(
        "[[line.device]]\nname = \"d-{0}\"\nprofile = \"climate\"\n"
        "unit_id = {0}\nperiod_ms = {1}\n",
        at,
        period_ms);
  }
  return text;
}

TEST_F(AgentConfigLines, LoadOfALine_IsJudged) {
  EXPECT_TRUE(right(many(10, 1000)).warnings.empty());
  const AgentConfig full = right(many(10, 400));
  ASSERT_EQ(full.warnings.size(), 1U);
  EXPECT_NE(full.warnings[0].what.find("little is left"), std::string::npos)
      << full.warnings[0].what;
  const AgentConfig over = right(many(10, 200));
  ASSERT_EQ(over.warnings.size(), 1U);
  EXPECT_EQ(over.warnings[0].line, 20U);
  EXPECT_NE(over.warnings[0].what.find("lengthen what needs most: \"d-2\" with "
                                       "its period_ms"),
            std::string::npos)
      << over.warnings[0].what;
}

TEST_F(AgentConfigLines, AsFastAsItGoes_IsNoLoad) {
  EXPECT_TRUE(right(many(10, 0)).warnings.empty());
}

TEST_F(AgentConfigLines, Wire_CountsTheBits) {
  LineConfig line{.kind = LineKind::kRtu, .baud = 19200};
  EXPECT_EQ(line_wire(line).bits_per_character, 10);
  line.parity = 'E';
  EXPECT_EQ(line_wire(line).bits_per_character, 11);
  line.stop_bits = 2;
  EXPECT_EQ(line_wire(line).bits_per_character, 12);
  EXPECT_EQ(line_wire(line).baud, 19200);
  EXPECT_EQ(line_wire(line).kind, LineKind::kRtu);
}

TEST_F(AgentConfigLines, Computed_IsReadAndBound) {
  const AgentConfig config = right(std::string(kTcp) + R"(period_ms = 5000
[[computed]]
name = "derived"
[[computed.point]]
name = "dew_point"
kind = "dew_point"
of = ["room-1.temperature", "room-1.humidity"]
[[computed.point]]
name = "warmest"
kind = "max"
of = ["room-1.temperature"]
exponent = -1
)");
  ASSERT_EQ(config.computed.size(), 1U);
  const ComputedConfig& computed = config.computed[0];
  EXPECT_EQ(computed.device.name, "derived");
  ASSERT_EQ(computed.device.points.size(), 2U);
  EXPECT_EQ(computed.device.points[0].kind, ComputedKind::kDewPoint);
  EXPECT_EQ(computed.device.points[0].of[1].device, "room-1");
  EXPECT_EQ(computed.device.points[0].of[1].point, "humidity");
  EXPECT_EQ(computed.device.points[1].exponent, -1);
  EXPECT_EQ(computed.fresh, 15s);
  ASSERT_NE(computed.profile, nullptr);
  EXPECT_EQ(computed.profile->points[0].unit, "Cel");
}

struct Mistake {
  const char* lines;  // after the line and its device: from line 26 on
  const char* error;  // its beginning
};

class ComputedMistake : public AgentConfigLines,
                        public ::testing::WithParamInterface<Mistake> {};

TEST_P(ComputedMistake, IsNamedWithItsLine) {
  const std::string error = error_of(std::string(kTcp) + GetParam().lines);
  EXPECT_TRUE(error.starts_with(GetParam().error)) << error;
}

INSTANTIATE_TEST_SUITE_P(
    All,
    ComputedMistake,
    ::testing::Values(
        Mistake{"[[computed]]\nname = \"room-1\"\n[[computed.point]]\n"
                "name = \"a\"\nkind = \"sum\"\nof = [\"room-1.humidity\"]\n",
                "agent.toml:27: \"computed.name\" a second device"},
        Mistake{"[[computed]]\nname = \"x\"\n",
                "agent.toml:27: \"computed.name\" needs at least one"},
        Mistake{
            "[[computed]]\nname = \"x\"\n[[computed.point]]\n"
            "name = \"a\"\nkind = \"product\"\nof = [\"room-1.humidity\"]\n",
            "agent.toml:30: \"computed.point.kind\" must be one of"},
        Mistake{"[[computed]]\nname = \"x\"\n[[computed.point]]\n"
                "name = \"a\"\nkind = \"sum\"\nof = [\"humidity\"]\n",
                "agent.toml:31: \"computed.point.of\" holds \"humidity\""},
        Mistake{"[[computed]]\nname = \"x\"\n[[computed.point]]\n"
                "name = \"a\"\nkind = \"sum\"\nof = []\n",
                "agent.toml:31: \"computed.point.of\" must not be empty"},
        Mistake{"[[computed]]\nname = \"x\"\n[[computed.point]]\n"
                "name = \"a\"\nkind = \"sum\"\nof = [\"room-9.humidity\"]\n",
                "agent.toml:31: \"computed.point.of\""},
        Mistake{"[[computed]]\nname = \"x\"\n[[computed.point]]\n"
                "name = \"a\"\nkind = \"sum\"\nof = [\"room-1.pressure\"]\n",
                "agent.toml:31: \"computed.point.of\""},
        Mistake{"[[computed]]\nname = \"x\"\n[[computed.point]]\n"
                "name = \"a\"\nkind = \"difference\"\n"
                "of = [\"room-1.temperature\", \"room-1.humidity\"]\n",
                "agent.toml:31: \"computed.point.of\""},
        Mistake{"[[computed]]\nname = \"x\"\n[[computed.point]]\n"
                "name = \"a\"\nkind = \"dew_point\"\n"
                "of = [\"room-1.temperature\"]\n",
                "agent.toml:31: \"computed.point.of\""}),
    [](const auto& at) { return "Number" + std::to_string(at.index); });

TEST_F(AgentConfigLines, ComputedOfADeviceWithoutProfile_IsNotJudged) {
  std::string text(kTcp);
  text.replace(text.find("\"climate\""), 9, "\"nowhere\"");
  const auto config = parse(text + R"([[computed]]
name = "x"
[[computed.point]]
name = "a"
kind = "sum"
of = ["room-1.humidity"]
)");
  ASSERT_FALSE(config.has_value());
  for (const ConfigError& error : config.error()) {
    EXPECT_EQ(error.what.find("computed"), std::string::npos) << error.text();
  }
}

}  // namespace
}  // namespace strongroom
