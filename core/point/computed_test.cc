// SPDX-License-Identifier: Apache-2.0
#include "core/point/computed.h"

#include <gtest/gtest.h>
#include <limits>
#include <map>

namespace strongroom {
namespace {

using namespace std::chrono_literals;
using enum ComputedKind;

constexpr PointSample kBadSample{PointQuality::kBad, 0};
constexpr PointSample kWild{PointQuality::kOutOfRange, 0};
constexpr PointSample kNone{PointQuality::kNotAsked, 0};

PointSample good(std::int64_t mantissa) {
  return {PointQuality::kGood, mantissa};
}

PointProfile point(std::string name,
                   std::string unit,
                   std::int32_t exponent,
                   std::int64_t min,
                   std::int64_t max) {
  PointProfile out;
  out.name = std::move(name);
  out.unit = std::move(unit);
  out.exponent = exponent;
  out.min = min;
  out.max = max;
  return out;
}

// The devices of most tests.
class ComputedTest : public ::testing::Test {
 protected:
  ComputedTest() {
    add("room",
        {point("temperature", "Cel", -1, -400, 800),
         point("humidity", "%", -1, 0, 1000)});
    add("cold", {point("temperature", "Cel", -2, -4000, 8000)});
    add("meter",
        {point("l1", "W", 0, 0, 1000),
         point("l2", "W", 1, 0, 100),
         point("huge", "W", 9, 0, kMantissaLimit - 1)});
    add("panel",
        {point("open", "1", 0, 0, 1),
         point("closed", "1", 0, 0, 1),
         point("count", "1", 0, 0, 9)});
    devices_["panel"].points[0].states = {{0, "dry"}, {1, "leak"}};
  }

  void add(const std::string& name, std::vector<PointProfile> points) {
    DeviceProfile& profile = devices_[name];
    profile.name = name;
    profile.hash = sha256(as_bytes(name));
    profile.points = std::move(points);
  }
  ProfileOf profile_of() const {
    return [this](std::string_view name) -> const DeviceProfile* {
      const auto found = devices_.find(name);
      return found == devices_.end() ? nullptr : &found->second;
    };
  }
  std::expected<DeviceProfile, std::vector<Error>> make(
      const ComputedPoint& what) const {
    return computed_profile({"vault", {what}}, profile_of());
  }
  // All faults, one a line; empty when there is none.
  std::string faults(const ComputedPoint& what) const {
    const auto made = make(what);
    std::string all;
    if (!made) {
      for (const Error& error : made.error()) {
        all += error.what + "\n";
      }
    }
    return all;
  }
  // One poll of a made-up device with the given points, all asked.
  PointSample of(ComputedKind kind,
                 std::vector<PointProfile> inputs,
                 const std::vector<PointSample>& samples,
                 std::optional<std::int32_t> exponent = std::nullopt) {
    ComputedPoint what{"out", kind, {}, exponent};
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      inputs[i].name = "p" + std::to_string(i);
      what.of.push_back({"it", inputs[i].name});
    }
    add("it", std::move(inputs));
    const ComputedDevice device{"vault", {what}};
    const auto profile = computed_profile(device, profile_of());
    if (!profile) {
      ADD_FAILURE() << profile.error()[0].what;
      return kNone;
    }
    ComputedPoints points(device, *profile, profile_of(), 3s);
    EXPECT_TRUE(points.take("it", 10s, samples));
    return points.samples()[0];
  }

  std::map<std::string, DeviceProfile, std::less<>> devices_;
};

// --- the formula ------------------------------------------------------------

// Psychrometric tables over water, to a tenth.
TEST(DewPoint, PublishedValues) {
  struct Row {
    double temperature;
    double humidity;
    double dew_point;
  };
  for (const Row& row : {Row{20, 50, 9.3},
                         Row{25, 60, 16.7},
                         Row{30, 80, 26.2},
                         Row{22, 45, 9.5},
                         Row{10, 100, 10.0},
                         Row{0, 100, 0.0},
                         Row{35, 20, 8.7}}) {
    SCOPED_TRACE(row.temperature);
    const auto found = dew_point_cel(row.temperature, row.humidity);
    ASSERT_TRUE(found.has_value());
    EXPECT_NEAR(*found, row.dew_point, 0.05);
  }
}

TEST(DewPoint, OutsideItsRange_IsNone) {
  EXPECT_TRUE(dew_point_cel(-45, 1).has_value());
  EXPECT_TRUE(dew_point_cel(60, 100).has_value());
  EXPECT_FALSE(dew_point_cel(-45.01, 50).has_value());
  EXPECT_FALSE(dew_point_cel(60.01, 50).has_value());
  EXPECT_FALSE(dew_point_cel(20, 0.99).has_value());
  EXPECT_FALSE(dew_point_cel(20, 100.01).has_value());
  EXPECT_FALSE(
      dew_point_cel(std::numeric_limits<double>::quiet_NaN(), 50).has_value());
}

TEST_F(ComputedTest, DewPoint_IsRoundedToItsExponent) {
  const auto inputs = devices_["room"].points;
  EXPECT_EQ(of(kDewPoint, inputs, {good(200), good(500)}), good(93));
  EXPECT_EQ(of(kDewPoint, inputs, {good(250), good(600)}), good(167));
  EXPECT_EQ(of(kDewPoint, inputs, {good(300), good(800)}), good(262));
  EXPECT_EQ(of(kDewPoint, inputs, {good(200), good(500)}, -3), good(9255));
  EXPECT_EQ(of(kDewPoint, inputs, {good(200), good(5)}), kWild)
      << "0.5 % is no humidity of the formula";
}

// --- exact arithmetic -------------------------------------------------------

TEST_F(ComputedTest, Sum_AlignsExponents) {
  const PointProfile tenths = point("", "kW", -1, -1000, 1000);
  const PointProfile ones = point("", "kW", 0, -1000, 1000);
  const PointProfile tens = point("", "kW", 1, -1000, 1000);
  const std::vector<PointSample> samples = {good(15), good(2), good(-1)};
  EXPECT_EQ(of(kSum, {tenths, ones, tens}, samples), good(-65));
  EXPECT_EQ(of(kSum, {tenths, ones, tens}, samples, -3), good(-6500));
  EXPECT_EQ(of(kSum, {tenths, ones, tens}, samples, 0), good(-6))
      << "-6.5, half to even";
  EXPECT_EQ(of(kDifference, {tenths, ones}, {good(15), good(2)}), good(-5));
}

TEST_F(ComputedTest, Mean_RoundsOnce_HalfToEven) {
  const PointProfile tenths = point("", "Cel", -1, -1000, 1000);
  struct Row {
    std::vector<std::int64_t> values;
    std::int64_t mean;
  };
  for (const Row& row : {Row{{235}, 235},
                         Row{{234, 235}, 234},  // 234.5
                         Row{{235, 236}, 236},  // 235.5
                         Row{{-234, -235}, -234},
                         Row{{-235, -236}, -236},
                         Row{{1, 1, 2}, 1},
                         Row{{1, 2, 2}, 2},
                         Row{{-1, -2, -2}, -2}}) {
    std::vector<PointSample> samples;
    for (const std::int64_t value : row.values) {
      samples.push_back(good(value));
    }
    EXPECT_EQ(of(kMean, std::vector(row.values.size(), tenths), samples),
              good(row.mean))
        << row.values[0];
  }
  // 2.449 is 2.4; rounded to hundredths first it would be 2.45, and 2.5 or 2.4
  // by luck.
  const PointProfile fine = point("", "Cel", -3, 0, 9999);
  EXPECT_EQ(of(kMean, {fine, fine}, {good(2449), good(2451)}, -1), good(24));
  EXPECT_EQ(of(kMean, {fine, fine}, {good(2450), good(2451)}, -1), good(25));
}

TEST_F(ComputedTest, MinAndMax_CompareAcrossExponents) {
  const PointProfile tenths = point("", "Cel", -1, -1000, 1000);
  const PointProfile hundredths = point("", "Cel", -2, -10000, 10000);
  const std::vector<PointSample> samples = {good(12), good(119)};
  EXPECT_EQ(of(kMin, {tenths, hundredths}, samples), good(119));
  EXPECT_EQ(of(kMax, {tenths, hundredths}, samples), good(120));
  EXPECT_EQ(of(kMin, {tenths, hundredths}, samples, -1), good(12));
}

TEST_F(ComputedTest, Overflow_IsOutOfRange) {
  const std::int64_t most = kMantissaLimit - 1;
  const PointProfile big = point("", "W.h", 9, -most, most);
  const PointProfile small = point("", "W.h", -9, -most, most);
  EXPECT_EQ(of(kSum, {big, big}, {good(most), good(-most)}), good(0));
  EXPECT_EQ(of(kSum, {big, big}, {good(most), good(0)}), good(most));
  EXPECT_EQ(of(kSum, {big, big}, {good(most), good(1)}), kWild);
  EXPECT_EQ(of(kSum, {big}, {good(1)}, -9), kWild);
  EXPECT_EQ(of(kSum, std::vector(16, big), std::vector(16, good(-most)), -9),
            kWild);
  EXPECT_EQ(of(kDifference, {big, small}, {good(0), good(most)}), good(-most));
  EXPECT_EQ(of(kMean, std::vector(16, big), std::vector(16, good(most))),
            good(most));
}

// --- contacts ---------------------------------------------------------------

TEST_F(ComputedTest, Antivalent_EqualContactsAreACutWire) {
  const PointProfile contact = point("", "1", 0, 0, 1);
  const std::vector<PointProfile> pair = {contact, contact};
  EXPECT_EQ(of(kAntivalent, pair, {good(1), good(0)}), good(1));
  EXPECT_EQ(of(kAntivalent, pair, {good(0), good(1)}), good(0));
  EXPECT_EQ(of(kAntivalent, pair, {good(0), good(0)}), kBadSample);
  EXPECT_EQ(of(kAntivalent, pair, {good(1), good(1)}), kBadSample);
  EXPECT_EQ(of(kAntivalent, pair, {good(1), kBadSample}), kBadSample);
  EXPECT_EQ(of(kInverted, {contact}, {good(1)}), good(0));
  EXPECT_EQ(of(kInverted, {contact}, {good(0)}), good(1));
}

TEST_F(ComputedTest, Inverted_TurnsTheStatesToo) {
  const auto inverted = make({"dry", kInverted, {{"panel", "open"}}, {}});
  ASSERT_TRUE(inverted.has_value());
  const PointProfile& out = inverted->points[0];
  ASSERT_EQ(out.states.size(), 2U);
  EXPECT_EQ(out.states[0].code, 1);
  EXPECT_EQ(out.states[0].name, "dry");
  EXPECT_EQ(out.states[1].code, 0);
  EXPECT_EQ(out.min, 0);
  EXPECT_EQ(out.max, 1);
}

// --- quality ----------------------------------------------------------------

TEST_F(ComputedTest, Quality_IsThatOfTheWorstInput) {
  const PointProfile watt = point("", "W", 0, 0, 100);
  const std::vector<PointProfile> two = {watt, watt};
  EXPECT_EQ(of(kSum, two, {good(1), kWild}), kWild);
  EXPECT_EQ(of(kSum, two, {kWild, good(1)}), kWild);
  EXPECT_EQ(of(kSum, two, {good(1), kBadSample}), kBadSample);
  EXPECT_EQ(of(kSum, two, {kWild, kBadSample}), kBadSample);
  EXPECT_EQ(of(kSum, two, {kBadSample, kWild}), kBadSample);
  EXPECT_EQ(of(kSum, two, {good(1), kNone}), kBadSample) << "never read";
  EXPECT_EQ(of(kSum, two, {kBadSample, good(1)}), kBadSample);
}

class TwoDevices : public ComputedTest {
 protected:
  TwoDevices()
      : device_{"vault",
                {{"spread",
                  kDifference,
                  {{"room", "temperature"}, {"cold", "temperature"}},
                  {}},
                 {"dew",
                  kDewPoint,
                  {{"room", "temperature"}, {"room", "humidity"}},
                  {}}}},
        profile_(*computed_profile(device_, profile_of())),
        points_(device_, profile_, profile_of(), 3s) {}

  ComputedDevice device_;
  DeviceProfile profile_;
  ComputedPoints points_;
};

TEST_F(TwoDevices, IsComputedWithItsFirstInput) {
  EXPECT_FALSE(points_.take("cold", 10s, std::vector{good(1850)}));
  EXPECT_FALSE(points_.take("stranger", 10s, {}));
  ASSERT_TRUE(points_.take("room", 11s, std::vector{good(215), good(500)}));
  EXPECT_EQ(points_.samples()[0], good(300)) << "21.5 - 18.50 in hundredths";
  EXPECT_EQ(points_.samples()[1].quality, PointQuality::kGood);
}

TEST_F(TwoDevices, PollOfOtherPoints_AsksNothing) {
  points_.take("cold", 10s, std::vector{good(1850)});
  EXPECT_FALSE(points_.take("room", 10s, std::vector{kNone, good(500)}));
  EXPECT_EQ(points_.samples()[0], kNone);
  EXPECT_EQ(points_.samples()[1], kNone);
  ASSERT_TRUE(points_.take("room", 11s, std::vector{good(200), kNone}));
  EXPECT_EQ(points_.samples()[0], good(150));
  EXPECT_EQ(points_.samples()[1], good(93)) << "the humidity of a second ago";
}

TEST_F(TwoDevices, OldInput_IsBad_NotAValue) {
  const std::vector<PointSample> room = {good(215), good(500)};
  points_.take("cold", 10s, std::vector{good(1850)});
  points_.take("room", 13s, room);
  EXPECT_EQ(points_.samples()[0], good(300)) << "3 s is fresh";
  points_.take("room", 13s + 1us, room);
  EXPECT_EQ(points_.samples()[0], kBadSample);
  points_.set_fresh(10s);
  points_.take("room", 14s, room);
  EXPECT_EQ(points_.samples()[0], good(300));
  points_.take("cold", 14s, std::vector{kBadSample});
  points_.take("room", 15s, room);
  EXPECT_EQ(points_.samples()[0], kBadSample) << "the newest counts";
}

// --- what the profile says --------------------------------------------------

TEST_F(ComputedTest, Limits_FollowFromTheInputs) {
  struct Row {
    ComputedPoint what;
    std::int32_t exponent;
    std::int64_t min;
    std::int64_t max;
    const char* unit;
  };
  const std::vector<PointRef> both = {{"room", "temperature"},
                                      {"cold", "temperature"}};
  const std::vector<PointRef> power = {{"meter", "l1"}, {"meter", "l2"}};
  for (const Row& row :
       {Row{{"a", kSum, power, {}}, 0, 0, 2000, "W"},
        Row{{"b", kSum, power, 2}, 2, 0, 20, "W"},
        Row{{"c", kDifference, both, {}}, -2, -12000, 12000, "Cel"},
        Row{{"d", kDifference, both, -1}, -1, -1200, 1200, "Cel"},
        Row{{"e", kMean, both, {}}, -2, -4000, 8000, "Cel"},
        Row{{"f", kMin, both, -1}, -1, -400, 800, "Cel"},
        Row{{"g", kSum, {{"meter", "huge"}}, 0}, 0, 0, kMantissaLimit - 1, "W"},
        Row{{"h",
             kDewPoint,
             {{"room", "temperature"}, {"room", "humidity"}},
             {}},
            -1,
            -764,
            600,
            "Cel"}}) {
    SCOPED_TRACE(row.what.name);
    const auto made = make(row.what);
    ASSERT_TRUE(made.has_value()) << made.error()[0].what;
    EXPECT_EQ(made->name, "computed");
    const PointProfile& out = made->points.at(0);
    EXPECT_EQ(out.name, row.what.name);
    EXPECT_EQ(out.unit, row.unit);
    EXPECT_EQ(out.exponent, row.exponent);
    EXPECT_EQ(out.min, row.min);
    EXPECT_EQ(out.max, row.max);
  }
}

TEST_F(ComputedTest, Hash_IsOverTheRulesAndTheInputsProfiles) {
  const ComputedPoint what{"spread",
                           kDifference,
                           {{"room", "temperature"}, {"cold", "temperature"}},
                           {}};
  const Hash before = make(what)->hash;
  EXPECT_EQ(make(what)->hash, before);
  // docs/formats/computed-points.md
  const std::string text =
      "strongroom/computed/v1\nspread difference -2\n"
      " room.temperature " +
      to_hex(sha256(as_bytes("room"))) + "\n cold.temperature " +
      to_hex(sha256(as_bytes("cold"))) + "\n";
  EXPECT_EQ(before, sha256(as_bytes(text)));
  ComputedPoint other = what;
  other.exponent = -1;
  EXPECT_NE(make(other)->hash, before);
  other = what;
  std::swap(other.of[0], other.of[1]);
  EXPECT_NE(make(other)->hash, before);
  other = what;
  other.kind = kMean;
  EXPECT_NE(make(other)->hash, before);
  devices_["cold"].hash = sha256(as_bytes("another file"));
  EXPECT_NE(make(what)->hash, before);
}

TEST_F(ComputedTest, Faults_NamePointAndInput) {
  struct Row {
    ComputedPoint what;
    const char* fault;
  };
  const PointRef temperature{"room", "temperature"};
  const PointRef humidity{"room", "humidity"};
  const PointRef contact{"panel", "open"};
  for (const Row& row :
       {Row{{"a", kSum, {{"attic", "x"}}, {}},
            "computed point a: attic.x: there is no device attic that is "
            "polled\n"},
        Row{{"a", kSum, {{"room", "x"}}, {}},
            "computed point a: room.x: the profile room has no point x\n"},
        Row{{"a", kSum, {temperature, temperature}, {}},
            "computed point a: room.temperature: stands there twice\n"},
        Row{{"a", kSum, {}, {}},
            "computed point a: sum is of 1 to 16 points, not of 0\n"},
        Row{{"a", kDifference, {temperature}, {}},
            "computed point a: difference is of 2 points, not of 1\n"},
        Row{{"a", kSum, {temperature, humidity}, {}},
            "computed point a: room.humidity: has '%', and must have 'Cel'\n"},
        Row{{"a", kDewPoint, {humidity, temperature}, {}},
            "computed point a: room.humidity: has '%', and must have 'Cel'\n"
            "computed point a: room.temperature: has 'Cel', and must have "
            "'%'\n"},
        Row{{"a", kInverted, {{"panel", "count"}}, {}},
            "computed point a: panel.count: has other values than 0 and 1\n"},
        Row{{"a", kAntivalent, {contact, temperature}, {}},
            "computed point a: room.temperature: has other values than 0 and "
            "1\n"},
        Row{{"a", kInverted, {contact}, 1},
            "computed point a: exponent of a contact is 0\n"},
        Row{{"a", kSum, {temperature}, 10},
            "computed point a: exponent is -9 to 9\n"},
        Row{{"A", kSum, {temperature}, {}},
            "computed point A: a name is a lower-case letter and up to 30 of "
            "a-z, 0-9 and _\n"}}) {
    EXPECT_EQ(faults(row.what), row.fault);
  }
}

TEST_F(ComputedTest, SeventeenInputsAndTwoOfAName_AreFaults) {
  ComputedPoint many{"many", kSum, {}, {}};
  std::vector<PointProfile> points;
  for (int i = 0; i < 17; ++i) {
    points.push_back(point("p" + std::to_string(i), "W", 0, 0, 1));
    many.of.push_back({"it", points.back().name});
  }
  add("it", points);
  EXPECT_EQ(faults(many),
            "computed point many: sum is of 1 to 16 points, not of 17\n");
  many.of.pop_back();
  EXPECT_EQ(faults(many), "");
  EXPECT_FALSE(computed_profile({"vault", {many, many}}, profile_of()));
  EXPECT_FALSE(computed_profile({"vault", {}}, profile_of()));
}

TEST(ComputedKind, Words) {
  for (const ComputedKind kind : {kSum,
                                  kDifference,
                                  kMean,
                                  kMin,
                                  kMax,
                                  kDewPoint,
                                  kInverted,
                                  kAntivalent}) {
    EXPECT_EQ(parse_computed_kind(computed_kind_name(kind)), kind);
  }
  EXPECT_EQ(computed_kind_name(kDewPoint), "dew_point");
  EXPECT_EQ(parse_computed_kind("Sum"), std::nullopt);
}

}  // namespace
}  // namespace strongroom
