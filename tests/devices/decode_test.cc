// SPDX-License-Identifier: Apache-2.0
// Every point of every shipped profile, decoded from registers whose meaning is
// known: images/<profile>.txt says what stands on the wire and what it means.
#include <algorithm>
#include <charconv>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

#include "core/bus/plan.h"
#include "core/point/sample.h"
#include "platform/profile/profile_file.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

struct Image {
  std::string title;
  std::map<std::pair<RegisterKind, std::uint16_t>, std::uint16_t> cells;
  std::map<std::string, std::string> expected;  // by point or text
};

/// "3 128: 0000 1518": function, address, and what stands from there on.
void take_cells(Image& image, const std::string& line) {
  std::istringstream words(line);
  int function = 0;
  int address = 0;
  char colon = 0;
  words >> function >> address >> colon;
  ASSERT_TRUE(words && colon == ':' && function >= 1 && function <= 4) << line;
  for (std::string word; words >> word; ++address) {
    std::uint16_t cell = 0;
    const char* const end = word.data() + word.size();
    ASSERT_EQ(std::from_chars(word.data(), end, cell, 16).ptr, end) << line;
    image.cells[{static_cast<RegisterKind>(function),
                 static_cast<std::uint16_t>(address)}] = cell;
  }
}

std::vector<Image> images_of(const fs::path& file) {
  std::vector<Image> images;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t equals = line.find(" = ");
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    if (line.starts_with('[')) {
      images.push_back({line, {}, {}});
    } else if (images.empty()) {
      ADD_FAILURE() << file << ": " << line << " stands before any [title]";
    } else if (equals != std::string::npos) {
      images.back().expected[line.substr(0, equals)] = line.substr(equals + 3);
    } else {
      take_cells(images.back(), line);
    }
  }
  return images;
}

/// What the image says: values, qualities of what has none, texts in quotes.
std::map<std::string, std::string> decoded(const DeviceProfile& profile,
                                           const Image& image) {
  std::vector<std::uint16_t> points(profile.points.size());
  std::iota(points.begin(), points.end(), std::uint16_t{0});
  std::vector<PointSample> samples(profile.points.size());
  std::vector<TextSample> texts;
  // Without bridges, so that an image need not have what nobody reads.
  DeviceProfile strict = profile;
  strict.bridge_holes = false;
  for (const RegisterBlock& block :
       plan_reads(strict, points, true, RequestCost{}, PlanLimits{})) {
    std::vector<std::uint16_t> cells;
    for (std::uint16_t i = 0; i < block.count; ++i) {
      const auto cell = image.cells.find(
          {block.kind, static_cast<std::uint16_t>(block.address + i)});
      // What an image leaves out is not asserted either.
      cells.push_back(cell == image.cells.end() ? 0 : cell->second);
    }
    decode_block(profile, block, cells, samples, texts);
  }
  std::map<std::string, std::string> values;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const PointProfile& point = profile.points[i];
    values[point.name] =
        samples[i].quality == PointQuality::kGood
            ? format_decimal(samples[i].mantissa, point.exponent)
            : std::string(quality_name(samples[i].quality));
  }
  for (const TextSample& text : texts) {
    values[profile.texts[text.text].name] =
        text.value ? "\"" + *text.value + "\"" : "unreadable";
  }
  return values;
}

std::vector<std::string> shipped_profiles() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("boards/devices", error)) {
    if (entry.path().extension() == ".toml") {
      names.push_back(entry.path().stem().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

class ShippedProfile : public testing::TestWithParam<std::string> {};

TEST_P(ShippedProfile, EveryPoint_IsWhatTheImagesMean) {
  const auto profile = load_profile(fs::path("boards/devices"), GetParam());
  ASSERT_TRUE(profile.has_value()) << profile.error().front().text();
  const auto images = images_of("tests/devices/images/" + GetParam() + ".txt");
  ASSERT_FALSE(images.empty()) << "a profile without an image is untested";
  std::set<std::string> asserted;
  for (const Image& image : images) {
    const auto values = decoded(*profile, image);
    for (const auto& [name, value] : image.expected) {
      const auto found = values.find(name);
      ASSERT_NE(found, values.end()) << image.title << " " << name;
      EXPECT_EQ(found->second, value) << image.title << " " << name;
      asserted.insert(name);
    }
  }
  for (const PointProfile& point : profile->points) {
    EXPECT_TRUE(asserted.contains(point.name)) << point.name;
  }
  for (const TextProfile& text : profile->texts) {
    EXPECT_TRUE(asserted.contains(text.name)) << text.name;
  }
}

TEST_P(ShippedProfile, EveryPoint_IsReadWithinTheLimits) {
  const auto profile = load_profile(fs::path("boards/devices"), GetParam());
  ASSERT_TRUE(profile.has_value());
  std::vector<std::uint16_t> points(profile->points.size());
  std::iota(points.begin(), points.end(), std::uint16_t{0});
  std::set<std::uint16_t> read;
  for (const RegisterBlock& block :
       plan_reads(*profile, points, true, RequestCost{}, PlanLimits{})) {
    read.insert(block.points.begin(), block.points.end());
    for (const RegisterRange& range : profile->forbidden) {
      EXPECT_FALSE(range.kind == block.kind &&
                   range.first < block.address + block.count &&
                   range.last >= block.address)
          << block.address;
    }
  }
  EXPECT_EQ(read.size(), profile->points.size());
  EXPECT_TRUE(profile->probe.has_value()) << "`bus scan` finds it by its probe";
}

// The probe must fit what the images say, where they have its register.
TEST_P(ShippedProfile, Probe_FitsTheImages) {
  const auto profile = load_profile(fs::path("boards/devices"), GetParam());
  ASSERT_TRUE(profile.has_value() && profile->probe.has_value());
  const ProbeRegister& probe = *profile->probe;
  const auto images = images_of("tests/devices/images/" + GetParam() + ".txt");
  ASSERT_FALSE(images.empty());
  const auto cell = images.front().cells.find({probe.kind, probe.address});
  if (cell != images.front().cells.end()) {
    EXPECT_GE(cell->second, probe.min);
    EXPECT_LE(cell->second, probe.max);
  }
}

INSTANTIATE_TEST_SUITE_P(Devices,
                         ShippedProfile,
                         testing::ValuesIn(shipped_profiles()),
                         [](const testing::TestParamInfo<std::string>& device) {
                           std::string name = device.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

// The template of README.md, which a site fills in with its own addresses.
TEST(ReadmeTemplate, IsAProfile_AndSaysWhatAZoneMeans) {
  std::ifstream in("boards/devices/README.md");
  std::stringstream page;
  page << in.rdbuf();
  const std::string text = page.str();
  const std::string begin = "```toml\n# A site's zones";
  const std::size_t start = text.find(begin);
  ASSERT_NE(start, std::string::npos);
  const std::size_t first = text.find('\n', start) + 1;
  const auto profile = parse_profile(
      text.substr(first, text.find("```", first) - first), "site-fire-panel");
  ASSERT_TRUE(profile.has_value()) << profile.error().front().text();
  const auto values_of = [&](std::uint16_t word) {
    Image image;
    image.cells[{RegisterKind::kHolding, profile->points[0].address}] = word;
    return decoded(*profile, image);
  };
  auto fire = values_of(0x0810);
  EXPECT_EQ(fire["zone1_active"], "1");
  EXPECT_EQ(fire["zone1_event"], "16");
  auto trouble = values_of(0x3400);
  EXPECT_EQ(trouble["zone1_active"], "0");
  EXPECT_EQ(trouble["zone1_trouble"], "1");
  auto absent = values_of(0x00FF);
  for (const auto& [name, value] : absent) {
    EXPECT_EQ(value, "bad") << name << ": a zone that is not programmed";
  }
}

}  // namespace
}  // namespace strongroom
