// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/twin.h"

#include <gtest/gtest.h>

#include "tools/plant/scene_file.h"

namespace strongroom::plant {
namespace {

constexpr const char* kAgent = R"(# our agent
agent = "edge-1"
site = "bj1"
[keys]
event = "event.key"
sealing = "sealing.key"
trust = "trust.txt"
disclosure_public = "disclosure.pub"
[journal]
path = "journal.db"
[mqtt]
uri = "tcp://localhost:1883"
[http]
listen = "127.0.0.1:9481"

[[line]]
name = "gateway" # in the hall
kind = "tcp"
host = "192.0.2.10" # by the electrician
# port = 4711
[[line.device]]
name = "room-1"
profile = "xy-md02"
unit_id = 3
[[ line ]]
name = "panel"
kind = "tcp"
port = 1502
host = "192.0.2.11"
[[line.device]]
name = "panel"
profile = "xy-md02"
[[line]]
name = "rs485-1"
kind = "rtu"
serial = "/dev/serial/by-path/pci-0000"
baud = 19200
parity = "even"
[[line.device]]
name = "room-2"
profile = "xy-md02"
)";

AgentConfig config_of(const std::string& text) {
  // Profiles of the source tree: this test runs there.
  auto config = parse_agent_config("profiles = \"boards/devices\"\n" + text,
                                   "agent.toml");
  EXPECT_TRUE(config) << (config ? "" : config.error()[0].text());
  return config.value_or(AgentConfig{});
}

const TwinOptions kOptions{.port_base = 15020,
                           .link_directory = "/run/twin",
                           .profiles = "boards/devices"};

TEST(Twin, IsASceneWithEveryLineAndDevice) {
  const Twin twin = twin_of(config_of(kAgent), kOptions).value();
  const auto scene = parse_scene(twin.scene, "scene.toml", {});
  ASSERT_TRUE(scene) << scene.error()[0].text() << "\n" << twin.scene;
  ASSERT_EQ(scene->lines.size(), 3U);
  EXPECT_EQ(scene->lines[0].port, 15020);
  EXPECT_EQ(scene->lines[1].name, "panel-line1") << "a device has its name";
  EXPECT_EQ(scene->lines[1].port, 15021);
  EXPECT_EQ(scene->lines[2].link, "/run/twin/rs485-1");
  EXPECT_EQ(scene->lines[2].baud, 19'200);
  EXPECT_EQ(scene->lines[2].parity, 'E');
  ASSERT_EQ(scene->devices.size(), 3U);
  EXPECT_EQ(scene->devices[0].name, "room-1");
  EXPECT_EQ(scene->devices[0].units, std::vector<std::uint8_t>{3});
  EXPECT_EQ(scene->devices[2].line, 2U);
  EXPECT_EQ(scene->devices[2].profile->name, "xy-md02");
}

TEST(Twin, Panels_AreProgramsOnTheirLine) {
  const Twin twin = twin_of(config_of(std::string(kAgent) + R"(
[[line.panel]]
name = "door-1"
unit_id = 9
key = "/etc/strongroom/door-1.key"
[[line.panel.leaf]]
name = "vault"
zone = "vault-room"
lock = "magnet"
inputs = ["contact", "exit"]
inverted = ["exit"]
[[line.panel.reader]]
name = "in"
kind = "h10304"
keypad = "wiegand8"
leaves = ["vault"]
)"),
                            kOptions)
                        .value();
  const auto scene = parse_scene(twin.scene, "scene.toml", {});
  ASSERT_TRUE(scene) << scene.error()[0].text() << "\n" << twin.scene;
  ASSERT_EQ(scene->panels.size(), 1U);
  const PanelScene& panel = scene->panels[0];
  EXPECT_EQ(panel.name, "door-1");
  EXPECT_EQ(panel.line, 2U);
  EXPECT_EQ(panel.unit, 9);
  EXPECT_EQ(panel.board, PanelBoard::kNative);
  EXPECT_EQ(panel.key, "/etc/strongroom/door-1.key");
  ASSERT_EQ(panel.leaves.size(), 1U);
  EXPECT_EQ(panel.leaves[0].name, "vault");
  EXPECT_EQ(panel.leaves[0].lock, LockScene::kMagnet);
  EXPECT_EQ(panel.leaves[0].inverted, 8);
  ASSERT_EQ(panel.readers.size(), 1U);
  EXPECT_EQ(panel.readers[0].kind, ReaderScene::kH10304);
  EXPECT_EQ(panel.readers[0].keypad, KeypadScene::kWiegand8);
}

TEST(Twin, CopyOfTheConfiguration_AsksTheTwinAndKeepsTheRest) {
  const AgentConfig config = config_of(kAgent);
  const Twin twin = twin_of(config, kOptions).value();
  EXPECT_FALSE(asks_twin(config, twin));
  const std::string copy = with_twin_lines(kAgent, twin);
  EXPECT_TRUE(asks_twin(config_of(copy), twin)) << copy;
  EXPECT_NE(copy.find("# our agent"), std::string::npos);
  EXPECT_NE(copy.find("name = \"gateway\" # in the hall"), std::string::npos);
  EXPECT_EQ(copy.find("192.0.2"), std::string::npos);
  EXPECT_EQ(with_twin_lines(copy, twin), copy);
}

TEST(Twin, LinesInAnotherSpelling_AreSeenToBeLeft) {
  const Twin twin = twin_of(config_of(kAgent), kOptions).value();
  std::string text = kAgent;
  text.replace(text.find("host = "), 7, "\"host\" = ");
  EXPECT_FALSE(asks_twin(config_of(with_twin_lines(text, twin)), twin));
}

TEST(Twin, Changes_SayWhatWas) {
  const AgentConfig config = config_of(kAgent);
  EXPECT_EQ(twin_changes(config, twin_of(config, kOptions).value()),
            "line gateway: host = \"127.0.0.1\", port = 15020  # was "
            "192.0.2.10:502\n"
            "line panel: host = \"127.0.0.1\", port = 15021  # was "
            "192.0.2.11:1502\n"
            "line rs485-1: serial = \"/run/twin/rs485-1\"  # was "
            "/dev/serial/by-path/pci-0000\n");
}

TEST(Twin, TooFewPorts_IsRefused) {
  TwinOptions options = kOptions;
  options.port_base = 65535;
  EXPECT_FALSE(twin_of(config_of(kAgent), options));
}

}  // namespace
}  // namespace strongroom::plant
