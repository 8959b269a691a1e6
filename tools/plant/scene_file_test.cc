// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/scene_file.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "platform/profile/profile_file.h"
#include "tools/plant/device.h"
#include "tools/plant/encode.h"

namespace strongroom::plant {
namespace {

using std::chrono::milliseconds;

const SceneOptions kOptions{.profiles = "boards/devices",
                            .link_directory = "/run/links"};

constexpr const char* kScene = R"(speed = 60
[[line]]
name = "rs485-1"
kind = "rtu"
link = "rs485-1"
baud = 19200
parity = "even"
[[line.device]]
name = "room-1"
profile = "xy-md02"
[[line.device]]
name = "room-2"
profile = "xy-md02"
unit_id = 2
turnaround_ms = 2.5
[[line]]
name = "gateway"
kind = "tcp"
port = 0
[[line.device]]
name = "room-3"
profile = "xy-md02"
unit_id = 9
[[at]]
after_s = 90
do = "clear room-1"
[[at]]
after_s = 60
do = "fault room-1 late 100-200 parallel p=0.5"
)";

TEST(SceneFile, Whole) {
  const auto scene = parse_scene(kScene, "scene.toml", kOptions);
  ASSERT_TRUE(scene) << scene.error()[0].text();
  EXPECT_EQ(scene->speed, 60);
  ASSERT_EQ(scene->lines.size(), 2U);
  EXPECT_EQ(scene->lines[0].link, "/run/links/rs485-1");
  EXPECT_EQ(scene->lines[0].baud, 19'200);
  EXPECT_EQ(scene->lines[0].parity, 'E');
  EXPECT_TRUE(scene->lines[0].paced);
  EXPECT_EQ(scene->lines[1].host, "127.0.0.1");
  ASSERT_EQ(scene->devices.size(), 3U);
  EXPECT_EQ(scene->devices[1].line, 0U);
  EXPECT_EQ(scene->devices[1].units, std::vector<std::uint8_t>{2});
  EXPECT_EQ(scene->devices[1].turnaround, std::chrono::microseconds{2500});
  EXPECT_EQ(scene->devices[2].line, 1U);
  EXPECT_EQ(scene->devices[0].profile, scene->devices[2].profile);
  ASSERT_EQ(scene->happenings.size(), 2U);
  EXPECT_EQ(scene->happenings[0].after, std::chrono::seconds{60});
}

TEST(SceneFile, RelativeLinks_AreBesideTheScene) {
  SceneOptions options = kOptions;
  options.link_directory.clear();
  const auto scene = parse_scene(kScene, "/srv/site/scene.toml", options);
  ASSERT_TRUE(scene);
  EXPECT_EQ(scene->lines[0].link, "/srv/site/rs485-1");
}

TEST(SceneFile, Errors_NameTheirLine) {
  struct Row {
    const char* from;
    const char* to;
    const char* error;
  };
  const Row rows[] = {
      {"speed = 60", "speed = 0", "scene.toml:1: \"speed"},
      {"kind = \"rtu\"", "kind = \"usb\"", "scene.toml:4: \"line.kind\""},
      {"link = \"rs485-1\"\n", "", "scene.toml:2: \"line.link"},
      {"name = \"room-2\"",
       "name = \"room-1\"",
       "scene.toml:12: \"line.device"},
      {"name = \"room-2\"",
       "name = \"Room 2\"",
       "scene.toml:12: \"line.device"},
      {"unit_id = 2", "unit_id = 1", "scene.toml:14: \"line.device.unit_id"},
      {"unit_id = 2", "unit_id = 0", "scene.toml:14: \"line.device.unit_id"},
      {"parity = \"even\"", "colour = 1", "scene.toml:7: "},
      {"profile = \"xy-md02\"", "profile = \"no-such\"", "no-such.toml"},
      {"profile = \"xy-md02\"",
       "profile = \"no-such\"",
       "scene.toml:10: \"line.device.profile"},
      {"fault room-1 late", "fault room-9 late", "scene.toml:29: \"at.do"},
      {"after_s = 60\n", "", "scene.toml:27: \"at.after_s"},
  };
  for (const Row& row : rows) {
    std::string text = kScene;
    text.replace(
        text.find(row.from), std::string_view(row.from).size(), row.to);
    const auto scene = parse_scene(text, "scene.toml", kOptions);
    ASSERT_FALSE(scene) << row.to;
    std::string all;
    for (const ConfigError& error : scene.error()) {
      all += error.text() + "\n";
    }
    EXPECT_NE(all.find(row.error), std::string::npos)
        << all << "expected " << row.error;
  }
}

constexpr const char* kBuilding = R"([[mains]]
name = "main"
[[ups]]
name = "ups-1"
supply = "mains:main"
capacity_kw = 10
battery_kwh = 5
[[room]]
name = "vault"
load_kw = 2.5
[[cooling]]
name = "crac-1"
room = "vault"
supply = "ups:ups-1"
capacity_kw = 8
running = false
[[meter]]
name = "rack-1"
room = "vault"
supply = "ups:ups-1"
load_kw = 3
[[contact]]
name = "leak-1"
active = true
[[line]]
name = "l"
kind = "tcp"
port = 0
[[line.device]]
name = "d"
profile = "xy-md02"
set = { humidity = "40.0" }
[line.device.bind]
temperature = "meter:rack-1.power_kw * 10"
)";

constexpr const char* kPanel = R"(
[[panel]]
name = "door-1"
line = "rs485-1"
board = "qemu-mps2-an385"
unit_id = 11
key = "door-1.key"
[[panel.leaf]]
name = "vault"
auto_close_s = 2.5
[[panel.leaf]]
lock = "none"
inverted = ["contact", "exit"]
[[panel.reader]]
kind = "id12la"
keypad = "wiegand4"
)";

TEST(SceneFile, WithAPanel) {
  const auto scene =
      parse_scene(std::string(kScene) + kPanel +
                      "[[at]]\nafter_s = 1\ndo = \"open door-1 vault\"\n",
                  "/etc/scene.toml",
                  kOptions);
  ASSERT_TRUE(scene) << scene.error()[0].text();
  ASSERT_EQ(scene->panels.size(), 1U);
  const PanelScene& panel = scene->panels[0];
  EXPECT_EQ(panel.line, 0U);
  EXPECT_EQ(panel.board, PanelBoard::kQemu);
  EXPECT_EQ(panel.unit, 11);
  EXPECT_EQ(panel.key, "/etc/door-1.key");
  EXPECT_EQ(panel.local, "/run/links/door-1.local");
  ASSERT_EQ(panel.leaves.size(), 2U);
  EXPECT_EQ(panel.leaves[0].lock, LockScene::kStrike);
  EXPECT_EQ(panel.leaves[0].auto_close, milliseconds(2500));
  EXPECT_EQ(panel.leaves[1].name, "leaf-2");
  EXPECT_EQ(panel.leaves[1].inverted, 9);
  ASSERT_EQ(panel.readers.size(), 1U);
  EXPECT_EQ(panel.readers[0].kind, ReaderScene::kId12la);
}

TEST(SceneFile, ErrorsOfAPanel_NameTheirLine) {
  const auto wrong = [](std::string_view what, std::string_view instead) {
    std::string text = kPanel;
    text.replace(text.find(what), what.size(), instead);
    const auto scene =
        parse_scene(std::string(kScene) + text, "scene.toml", kOptions);
    return scene ? "nothing is wrong" : scene.error()[0].text();
  };
  for (const auto& [what, instead] : {std::pair{"rs485-1", "gateway"},
                                      {"door-1", "room-1"},
                                      {"unit_id = 11", "unit_id = 2"},
                                      {"qemu-mps2-an385", "avr"},
                                      {"\"vault\"", "\"Vault\""},
                                      {"\"none\"", "\"rope\""},
                                      {"\"exit\"", "\"nose\""},
                                      {"id12la", "osdp"},
                                      {"key = ", "keys = "}}) {
    EXPECT_TRUE(wrong(what, instead).starts_with("scene.toml:")) << instead;
  }
}

TEST(SceneFile, WithABuilding) {
  const auto scene = parse_scene(kBuilding, "scene.toml", kOptions);
  ASSERT_TRUE(scene) << scene.error()[0].text();
  const Building& building = scene->building;
  EXPECT_EQ(building.coolings[0].supply.kind, Supply::Kind::kUps);
  EXPECT_EQ(building.coolings[0].running, 0);
  EXPECT_EQ(building.upses[0].charge_kw, 1);
  EXPECT_TRUE(building.meters[0].is_in_room);
  EXPECT_EQ(building.contacts[0].active, 1);
  ASSERT_EQ(scene->devices[0].bindings.size(), 1U);
  EXPECT_EQ(scene->devices[0].bindings[0].point, 0U);
  EXPECT_EQ(scene->devices[0].bindings[0].factor, 10);
  EXPECT_EQ(scene->devices[0].set, std::vector<std::string>{"humidity=40.0"});
}

TEST(SceneFile, ErrorsOfABuilding_NameTheirLine) {
  struct Row {
    const char* from;
    const char* to;
    const char* error;
  };
  const Row rows[] = {
      {"capacity_kw = 10\n", "", "scene.toml:3: \"ups.capacity_kw"},
      {"supply = \"mains:main\"", "supply = \"ups:ups-1\"", "scene.toml:5: "},
      {"supply = \"mains:main\"", "supply = \"mains\"", "scene.toml:5: "},
      {"room = \"vault\"", "room = \"attic\"", "scene.toml:13: "},
      {"active = true", "active = 1", "scene.toml:24: "},
      {"\"40.0\"", "\"40.05\"", "scene.toml:32: "},
      {"{ humidity", "{ pressure", "scene.toml:32: "},
      {"temperature = \"meter", "pressure = \"meter", "scene.toml:34: "},
      {"power_kw * 10", "power * 10", "scene.toml:34: "},
      {"power_kw * 10", "power_kw 10", "scene.toml:34: "},
      {"power_kw * 10", "power_kw * ten", "scene.toml:34: "},
      {"power_kw * 10", "power_kw -> on off", "scene.toml:34: "},
  };
  for (const Row& row : rows) {
    std::string text = kBuilding;
    text.replace(
        text.find(row.from), std::string_view(row.from).size(), row.to);
    const auto scene = parse_scene(text, "scene.toml", kOptions);
    ASSERT_FALSE(scene) << row.to;
    std::string all;
    for (const ConfigError& error : scene.error()) {
      all += error.text() + "\n";
    }
    EXPECT_NE(all.find(row.error), std::string::npos)
        << all << "expected " << row.error;
  }
}

TEST(SceneFile, EveryShippedScene_IsRight) {
  int scenes = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator("tools/plant/scenes")) {
    const auto scene = load_scene(entry.path(), kOptions);
    EXPECT_TRUE(scene) << scene.error()[0].text();
    ++scenes;
  }
  EXPECT_GE(scenes, 1);
}

/// A twin would not be found by its probe otherwise.
TEST(SceneFile, EveryShippedProfile_CanBePlayedAndRecognised) {
  for (const auto& entry :
       std::filesystem::directory_iterator("boards/devices")) {
    if (entry.path().extension() != ".toml") {
      continue;
    }
    auto loaded = load_profile(entry.path());
    ASSERT_TRUE(loaded) << loaded.error()[0].text();
    const auto profile =
        std::make_shared<const DeviceProfile>(std::move(*loaded));
    const SimulatedDevice device("twin", profile);
    const ProbeRegister probe = profile->probe.value_or(ProbeRegister{});
    for (int s = 0; s < 300 && profile->probe.has_value(); s += 10) {
      const Bytes pdu =
          device.answer({.unit = 1,
                         .function = static_cast<std::uint8_t>(probe.kind),
                         .address = probe.address,
                         .count = probe.count},
                        std::chrono::seconds{s});
      ASSERT_GE(pdu.size(), 3U) << entry.path() << ": exception";
      const int first =
          is_bit_kind(probe.kind) ? pdu[2] & 1 : pdu[2] << 8 | pdu[3];
      EXPECT_GE(first, probe.min) << entry.path() << " after " << s << " s";
      EXPECT_LE(first, probe.max) << entry.path() << " after " << s << " s";
    }
    for (std::size_t i = 0; i < profile->points.size(); ++i) {
      const PointProfile& point = profile->points[i];
      for (int s = 0; s < 300; s += 10) {
        const std::int64_t value = device.mantissa(i, std::chrono::seconds{s});
        EXPECT_TRUE(raw_of(point, value)) << entry.path() << " " << point.name;
        EXPECT_TRUE(!point.states.empty() ||
                    (value >= point.min && value <= point.max))
            << entry.path() << " " << point.name << " " << value;
      }
    }
  }
}

}  // namespace
}  // namespace strongroom::plant
