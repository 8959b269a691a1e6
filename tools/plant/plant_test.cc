// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/plant.h"

#include <gtest/gtest.h>

#include "tools/plant/scene_fixture.h"

namespace strongroom::plant {
namespace {

using std::chrono::milliseconds;

std::string said(Plant& plant, std::string_view line, Time now = Time{0}) {
  const auto reply = plant.command(line, now);
  return reply ? *reply : "error: " + reply.error().what;
}

constexpr Request kAsk{.unit = 1, .function = 4, .address = 1, .count = 1};

TEST(Plant, Commands_OfOneDevice) {
  Plant plant(one_device({1, 3}));
  EXPECT_EQ(said(plant, "set temperature=-20.5"), "ok");
  EXPECT_EQ(said(plant, "  set   humidity=45 "), "ok");
  EXPECT_EQ(said(plant, "values"), "temperature=-20.5 Cel\nhumidity=45.0 %");
  EXPECT_EQ(said(plant, "set temperature=150.0"), "ok") << "implausible is ok";
  EXPECT_EQ(said(plant, "set sensor-1.temperature=15.0"), "ok");
  EXPECT_EQ(said(plant, "answers"), "0");
  for (const char* wrong : {"",
                            "set",
                            "set temperature",
                            "set temperature=",
                            "set pressure=1",
                            "set temperature=20.55",
                            "set temperature=9999.9",
                            "set humidity=-1",
                            "set sensor-2.humidity=1",
                            "vary pressure",
                            "dead",
                            "dead maybe",
                            "delay",
                            "delay -1",
                            "delay x",
                            "delay 60001",
                            "values now",
                            "list all",
                            "fault",
                            "fault sensor-1",
                            "fault sensor-9 dead",
                            "fault sensor-1 unplug",
                            "fault line-1 stuck",
                            "clear sensor-9",
                            "clear sensor-1 broken",
                            "replug sensor-9",
                            "sett temperature=1"}) {
    EXPECT_TRUE(said(plant, wrong).starts_with("error: ")) << wrong;
  }
  EXPECT_EQ(said(plant, "values sensor-1"),
            "temperature=15.0 Cel\nhumidity=45.0 %");
}

TEST(Plant, Units_AnswerAsTheirDevice) {
  Plant plant(two_lines());
  said(plant, "set a1.temperature=1.0");
  said(plant, "set a2.temperature=2.0");
  said(plant, "set b1.temperature=3.0");
  const auto value = [&](std::size_t line, std::uint8_t unit) {
    Request request = kAsk;
    request.unit = unit;
    const auto sent = plant.ask(line, request, Time{0});
    return sent.empty() ? -1 : sent[0].bytes[3] << 8 | sent[0].bytes[4];
  };
  EXPECT_EQ(value(0, 1), 10);
  EXPECT_EQ(value(0, 2), 20);
  EXPECT_EQ(value(0, 3), -1);
  EXPECT_EQ(value(1, 1), 30);
  EXPECT_EQ(value(1, 2), -1);
  EXPECT_EQ(plant.counters(0).requests, 3U);
  EXPECT_EQ(plant.counters(0).answers, 2U);
  EXPECT_EQ(plant.answers(), 3U);
}

TEST(Plant, DeadDevice_DelaysNobody) {
  Plant plant(two_lines());
  EXPECT_EQ(said(plant, "fault a1 dead"), "ok");
  EXPECT_TRUE(plant.ask(0, kAsk, Time{0}).empty());
  Request other = kAsk;
  other.unit = 2;
  EXPECT_EQ(plant.ask(0, other, Time{0}).size(), 1U);
  EXPECT_EQ(said(plant, "fault line-a dead"), "ok");
  EXPECT_TRUE(plant.ask(0, other, Time{0}).empty());
  EXPECT_EQ(plant.ask(1, kAsk, Time{0}).size(), 1U);
  EXPECT_EQ(said(plant, "clear"), "ok");
  EXPECT_EQ(plant.ask(0, kAsk, Time{0}).size(), 1U);
}

Time answered(Plant& plant, Time now, std::uint8_t unit = 1) {
  Request request = kAsk;
  request.unit = unit;
  const auto sent = plant.ask(0, request, now);
  return sent.empty() ? Time{-1} : sent[0].at;
}

TEST(Plant, LateSerially_OneAfterAnother) {
  Plant plant(two_lines());
  said(plant, "fault a1 late 100");
  EXPECT_EQ(answered(plant, milliseconds{0}), milliseconds{100});
  EXPECT_EQ(answered(plant, milliseconds{50}), milliseconds{200});
  EXPECT_EQ(answered(plant, milliseconds{50}, 2), milliseconds{50})
      << "another device is not concerned";
  EXPECT_EQ(answered(plant, milliseconds{1000}), milliseconds{1100});
  said(plant, "clear a1 late");
  EXPECT_EQ(answered(plant, milliseconds{1001}), milliseconds{1100})
      << "what it owes goes first";
  EXPECT_EQ(answered(plant, milliseconds{2000}), milliseconds{2000});
}

TEST(Plant, LateInParallel_EachByItself) {
  Plant plant(two_lines());
  said(plant, "fault a1 late 100 parallel");
  EXPECT_EQ(answered(plant, milliseconds{0}), milliseconds{100});
  EXPECT_EQ(answered(plant, milliseconds{50}), milliseconds{150});
}

TEST(Plant, LateLine_DelaysAllOfIt) {
  Plant plant(two_lines());
  said(plant, "fault line-a late 100");
  EXPECT_EQ(answered(plant, milliseconds{0}), milliseconds{100});
  EXPECT_EQ(answered(plant, milliseconds{0}, 2), milliseconds{200});
}

TEST(Plant, LateWithProbability_StrikesThatManyWithinTheRange) {
  Plant plant(two_lines());
  said(plant, "fault a1 late 100-300 parallel p=0.1");
  int late = 0;
  for (int i = 0; i < 5000; ++i) {
    const Time after = answered(plant, Time{0});
    late += after != Time{0} ? 1 : 0;
    EXPECT_TRUE(after == Time{0} ||
                (after >= milliseconds{100} && after <= milliseconds{300}));
  }
  EXPECT_NEAR(late, 500, 75);
}

TEST(Plant, SameSeed_SameChance) {
  const auto run = [](std::uint64_t seed) {
    Scene scene = two_lines();
    scene.seed = seed;
    Plant plant(std::move(scene));
    said(plant, "fault a1 late 1-1000 parallel p=0.5");
    std::vector<Time> all;
    all.reserve(50);
    for (int i = 0; i < 50; ++i) {
      all.push_back(answered(plant, Time{0}));
    }
    return all;
  };
  EXPECT_EQ(run(4), run(4));
  EXPECT_NE(run(4), run(5));
}

TEST(Plant, Turnaround_IsTheDevicesOwn) {
  Scene scene = two_lines();
  scene.devices[0].turnaround = milliseconds{20};
  Plant plant(std::move(scene));
  EXPECT_EQ(answered(plant, milliseconds{5}), milliseconds{25});
}

TEST(Plant, PointFaults_AddUpAndGo) {
  Plant plant(two_lines());
  said(plant, "set a1.temperature=20.0");
  EXPECT_EQ(said(plant, "fault a1 stuck temperature"), "ok");
  EXPECT_EQ(said(plant, "fault a1 stuck humidity"), "ok");
  EXPECT_NE(said(plant, "list").find("[stuck temperature humidity]"),
            std::string::npos);
  said(plant, "set a1.temperature=30.0");
  EXPECT_TRUE(said(plant, "values a1").starts_with("temperature=20.0"));
  EXPECT_EQ(said(plant, "fault a1 clear"), "ok");
  EXPECT_TRUE(said(plant, "values a1").starts_with("temperature=30.0 Cel\n"));
}

TEST(Plant, Unplugged_UntilReplugged) {
  Plant plant(two_lines());
  EXPECT_TRUE(plant.is_plugged(0));
  EXPECT_EQ(said(plant, "fault line-a unplug"), "ok");
  EXPECT_FALSE(plant.is_plugged(0));
  EXPECT_TRUE(plant.is_plugged(1));
  EXPECT_EQ(said(plant, "fault line-a replug"), "ok");
  EXPECT_TRUE(plant.is_plugged(0));
  said(plant, "fault line-a unplug");
  EXPECT_EQ(said(plant, "replug line-a"), "ok");
  EXPECT_TRUE(plant.is_plugged(0));
}

TEST(Plant, Happenings_InTimeOfTheScene) {
  Scene scene = two_lines();
  scene.speed = 60;
  scene.happenings = {{std::chrono::seconds{60}, "fault a1 dead"},
                      {std::chrono::seconds{120}, "clear a1"}};
  Plant plant(std::move(scene));
  EXPECT_EQ(plant.next_happening(), Time{1'000'001});
  plant.advance(milliseconds{999});
  EXPECT_EQ(answered(plant, milliseconds{999}), milliseconds{999});
  EXPECT_TRUE(plant.advance(plant.next_happening().value_or(Time{0})).empty());
  EXPECT_EQ(answered(plant, milliseconds{1500}), Time{-1});
  plant.advance(milliseconds{2001});
  EXPECT_EQ(answered(plant, milliseconds{2001}), milliseconds{2001});
  EXPECT_EQ(plant.next_happening(), std::nullopt);
}

Scene with_building() {
  Scene scene = two_lines();
  scene.building.rooms = {{.name = "vault",
                           .temperature = 20,
                           .capacity_kj_per_k = 50,
                           .load_kw = 0.5}};
  scene.building.upses = {
      {.name = "ups-1", .capacity_kw = 1, .battery_kwh = 1}};
  scene.devices[0].bindings = {
      {.point = 0, .variable = "room:vault.temperature"},
      {.point = 1, .variable = "room:vault.load_kw", .factor = 10}};
  scene.devices[1].bindings = {
      {.point = 1, .variable = "ups:ups-1.state", .codes = {7, 5, 9}}};
  return scene;
}

TEST(Plant, BoundPoints_SayWhatTheBuildingIs) {
  Plant plant(with_building());
  EXPECT_EQ(said(plant, "values a1"), "temperature=20.0 Cel\nhumidity=5.0 %");
  // 0.5 kW into 50 kJ/K: 1 K in 100 s.
  EXPECT_TRUE(said(plant, "values a1", std::chrono::seconds{100})
                  .starts_with("temperature=21.0 "));
  EXPECT_EQ(said(plant, "set room:vault.load_kw=0", std::chrono::seconds{100}),
            "ok");
  EXPECT_EQ(said(plant, "values a1", std::chrono::seconds{500}),
            "temperature=21.0 Cel\nhumidity=0.0 %");
  EXPECT_NE(said(plant, "list").find("\nroom:vault.temperature=21.000\n"),
            std::string::npos);
  for (const char* wrong : {"set room:vault.load_kw=much",
                            "set room:vault.heat_kw=1",
                            "set room:attic.load_kw=1"}) {
    EXPECT_TRUE(said(plant, wrong).starts_with("error: ")) << wrong;
  }
}

TEST(Plant, BoundCodes_ByTheVariable) {
  Plant plant(with_building());
  const auto humidity = [&] {
    const std::string text = said(plant, "values a2");
    return text.substr(text.find('\n') + 1);
  };
  EXPECT_EQ(humidity(), "humidity=5.0 %");
  said(plant, "set ups:ups-1.failed=1");
  EXPECT_EQ(humidity(), "humidity=7.0 %");
}

TEST(Plant, Requests_SeeTheBuildingOfNow) {
  Scene scene = with_building();
  scene.speed = 60;
  Plant plant(std::move(scene));
  const auto temperature = [&](Time now) {
    const Bytes bytes = plant.ask(0, kAsk, now)[0].bytes;
    return bytes[3] << 8 | bytes[4];
  };
  EXPECT_EQ(temperature(Time{0}), 200);
  EXPECT_EQ(temperature(std::chrono::seconds{10}), 260);
}

TEST(Plant, HappeningsThatAreOverdue_HaveTheirOwnTimeEach) {
  Scene scene = with_building();
  scene.happenings = {{std::chrono::seconds{100}, "set room:vault.load_kw=1"},
                      {std::chrono::seconds{150}, "set room:vault.load_kw=0"}};
  Plant plant(std::move(scene));
  EXPECT_TRUE(plant.advance(std::chrono::seconds{500}).empty());
  // 1 K in the first 100 s, another in the 50 s after.
  EXPECT_TRUE(said(plant, "values a1", std::chrono::seconds{500})
                  .starts_with("temperature=22.0 "));
}

}  // namespace
}  // namespace strongroom::plant
