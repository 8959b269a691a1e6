// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/bus_scan.h"

#include <gtest/gtest.h>

#include "platform/config/config.h"
#include "tools/strongroom/bus_fake_line_test_util.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;

DeviceProfile profile_of(std::string name,
                         std::uint16_t address,
                         std::uint16_t count,
                         std::uint16_t min,
                         std::uint16_t max) {
  DeviceProfile profile;
  profile.name = std::move(name);
  profile.probe =
      ProbeRegister{RegisterKind::kHolding, address, count, min, max};
  for (std::uint16_t i = 0; i < count; ++i) {
    PointProfile point;
    point.name = "p" + std::to_string(i);
    point.unit = "1";
    point.kind = RegisterKind::kHolding;
    point.address = static_cast<std::uint16_t>(address + i);
    point.max = 10'000;
    profile.points.push_back(point);
  }
  return profile;
}

FakeDevice holding(std::uint16_t address, std::vector<std::uint16_t> values) {
  FakeDevice device;
  for (const std::uint16_t value : values) {
    device.cells[{RegisterKind::kHolding, address++}] = value;
  }
  return device;
}

class ScanTest : public testing::Test {
 protected:
  std::vector<ScanFind> scan(std::vector<std::uint8_t> units,
                             bool is_thorough = false) {
    BusAsker asker(line_, wire_, 100ms, 400ms, [this] { return line_.now; });
    auto finds = scan_line(asker,
                           wire_,
                           profiles_,
                           {std::move(units), is_thorough},
                           [this](std::size_t done, std::size_t found) {
                             progress_.emplace_back(done, found);
                           });
    EXPECT_TRUE(finds.has_value());
    return finds.value_or(std::vector<ScanFind>{});
  }

  LineWire wire_{.kind = LineKind::kRtu, .baud = 9600};
  Profiles profiles_ = {profile_of("meter", 100, 2, 200, 250),
                        profile_of("meter-3", 104, 2, 200, 250),
                        profile_of("sensor", 0, 3, 7, 7)};
  FakeLine line_;
  std::vector<std::pair<std::size_t, std::size_t>> progress_;
};

TEST_F(ScanTest, DeviceOfOneKind_IsCertain) {
  line_.devices[3] = holding(0, {7, 8, 9});
  const auto finds = scan({1, 2, 3, 4});
  ASSERT_EQ(finds.size(), 1U);
  EXPECT_EQ(finds[0].unit, 3);
  const ScanMatch* const match = certain_match(finds[0]);
  ASSERT_NE(match, nullptr);
  EXPECT_EQ(match->profile->name, "sensor");
  EXPECT_EQ(good_points(match->reading), 3U);
  EXPECT_EQ(progress_.back(), (std::pair<std::size_t, std::size_t>{4, 1}));
}

TEST_F(ScanTest, SilentUnits_CostOneQuestionEach) {
  EXPECT_TRUE(scan({1, 2, 3, 4, 5}).empty());
  EXPECT_EQ(line_.asked.size(), 5U) << "all probes are of one function";
}

TEST_F(ScanTest, DeviceThatKeepsSilent_IsFoundThoroughly) {
  line_.devices[3] = holding(0, {7, 8, 9});
  line_.devices[3].refuses = false;
  EXPECT_TRUE(scan({3}).empty());
  EXPECT_EQ(scan({3}, true).size(), 1U);
}

TEST_F(ScanTest, TwoProfilesFit_APersonChooses) {
  line_.devices[1] = holding(100, {230, 1, 2, 3, 231, 2});
  const auto finds = scan({1});
  ASSERT_EQ(finds.size(), 1U);
  EXPECT_EQ(finds[0].matches.size(), 2U);
  EXPECT_EQ(certain_match(finds[0]), nullptr);
  const std::string config =
      proposed_config(BusLine{{TcpEndpoint{"192.0.2.1", 502}}}, finds);
  EXPECT_NE(config.find("# profile = \"meter\""), std::string::npos) << config;
  EXPECT_NE(config.find("# profile = \"meter-3\""), std::string::npos);
  EXPECT_EQ(config.find("\nprofile"), std::string::npos);
}

TEST_F(ScanTest, MuchLikelierProfile_IsCertain) {
  profiles_[0].points.resize(1);
  profiles_[0].points[0].address = 300;  // which this device does not have
  line_.devices[1] = holding(100, {230, 1, 2, 3, 231, 2});
  const auto finds = scan({1});
  ASSERT_EQ(finds.size(), 1U);
  EXPECT_EQ(finds[0].matches.size(), 2U);
  ASSERT_NE(certain_match(finds[0]), nullptr);
  EXPECT_EQ(certain_match(finds[0])->profile->name, "meter-3");
}

TEST_F(ScanTest, HardlyAnyPointGood_IsNotCertain) {
  profiles_.resize(1);
  profiles_[0].points[0].max = 5;
  profiles_[0].points[1].max = 5;
  line_.devices[1] = holding(100, {230, 9});
  const auto finds = scan({1});
  ASSERT_EQ(finds.size(), 1U);
  EXPECT_EQ(certain_match(finds[0]), nullptr);
}

TEST_F(ScanTest, NoProfileFits_IsSaid) {
  line_.devices[9] = holding(5000, {1});
  const auto finds = scan({9});
  ASSERT_EQ(finds.size(), 1U);
  EXPECT_TRUE(finds[0].matches.empty());
  EXPECT_NE(scan_table(finds, {}).find("unknown"), std::string::npos);
  EXPECT_NE(proposed_config({}, finds).find("# Unit 9 answers"),
            std::string::npos);
}

TEST_F(ScanTest, RegisterOutsideTheProbesLimits_IsNoMatch) {
  for (const auto value : {std::uint16_t{199}, std::uint16_t{251}}) {
    line_.devices[1] = holding(100, {value, 1});
    const auto finds = scan({1});
    ASSERT_EQ(finds.size(), 1U);
    EXPECT_TRUE(finds[0].matches.empty()) << value;
  }
}

TEST_F(ScanTest, LateAnswers_AreNoMatchOfAnotherProbe) {
  line_.devices[1] = holding(100, {230, 1, 2, 3, 9, 9});
  line_.devices[1].delay = 130ms;
  for (const ScanFind& find : scan({1}, true)) {
    for (const ScanMatch& match : find.matches) {
      EXPECT_NE(match.profile->name, "meter-3");
    }
  }
}

// What it says to the probe of meter-3 is its answer to that of meter.
TEST_F(ScanTest, DeviceOneAnswerBehind_IsNeverCertain) {
  profiles_.pop_back();
  line_.devices[1] = holding(100, {230, 1, 2, 3, 9, 9});
  line_.devices[1].is_behind = true;
  const auto finds = scan({1}, true);
  ASSERT_EQ(finds.size(), 1U);
  ASSERT_EQ(finds[0].matches.size(), 1U);
  EXPECT_EQ(finds[0].matches[0].profile->name, "meter-3") << "as it would seem";
  EXPECT_FALSE(finds[0].matches[0].is_confirmed);
  EXPECT_EQ(certain_match(finds[0]), nullptr);
}

TEST_F(ScanTest, ProposedConfig_IsTomlThatTheAgentReads) {
  line_.devices[3] = holding(0, {7, 8, 9});
  BusLine line{{RtuEndpoint{"/dev/ttyUSB7", 19200, 'E', 1}}, 200ms};
  ConfigFile file =
      ConfigFile::parse(proposed_config(line, scan({3})), "agent.toml");
  ConfigTable root = file.root();
  std::vector<ConfigTable> lines = root.tables("line");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].required_string("kind"), "rtu");
  EXPECT_EQ(lines[0].required_string("serial"), "/dev/ttyUSB7");
  EXPECT_EQ(lines[0].required_int("baud", 1, 99999), 19200);
  EXPECT_EQ(lines[0].required_string("parity"), "even");
  EXPECT_EQ(lines[0].required_int("stop_bits", 1, 2), 1);
  EXPECT_EQ(lines[0].required_int("timeout_ms", 1, 9999), 500);
  EXPECT_EQ(lines[0].required_string("name"), "line-1");
  std::vector<ConfigTable> devices = lines[0].tables("device");
  ASSERT_EQ(devices.size(), 1U);
  EXPECT_EQ(devices[0].required_string("name"), "sensor-3");
  EXPECT_EQ(devices[0].required_string("profile"), "sensor");
  EXPECT_EQ(devices[0].required_int("unit_id", 1, 247), 3);
  EXPECT_TRUE(file.finish().empty());
}

TEST(ProgressText, Half_SaysHowLongTheOtherTakes) {
  EXPECT_EQ(progress_text(0, 247, 0, 0ms), "unit 0 of 247, 0 found");
  EXPECT_EQ(progress_text(100, 200, 3, 100'000ms),
            "unit 100 of 200, 3 found, 1 min 40 s left");
  EXPECT_EQ(progress_text(240, 247, 3, 24'000ms),
            "unit 240 of 247, 3 found, 1 s left");
  EXPECT_EQ(progress_text(247, 247, 3, 25'000ms), "unit 247 of 247, 3 found");
}

}  // namespace
}  // namespace strongroom
