// SPDX-License-Identifier: Apache-2.0
// How large windows and descriptions are as events.
#include <gtest/gtest.h>
#include <random>

#include "core/point/window.h"
#include "core/point/window_fixture.h"

namespace strongroom {
namespace {

TEST(DeviceWindow, LargestValues_AreSplitBelowTheBound) {
  const DeviceProfile profile = profile_of(200);
  DeviceWindow window(std::string(31, 'd'), profile, {});
  Closed closed;
  const std::int64_t big = kMantissaLimit - 1;
  for (int poll = 0; poll < 200; ++poll) {
    window.add(at_s(28800 + poll / 4),
               std::vector(200, good(poll % 3 == 0 ? big : -big)),
               closed);
  }
  window.flush(at_s(28860), closed);
  std::size_t next = 0;
  std::size_t largest = 0;
  for (const auto& w : closed) {
    EXPECT_EQ(w.first_point, next);
    next += w.good_count;
    largest = std::max(largest, windows_event_size(w));
  }
  EXPECT_EQ(next, 200U) << "every point once, in order, without a hole";
  EXPECT_LE(largest, 2048U);
  EXPECT_GT(largest, 1900U) << "the bound is used, not only kept";
}

TEST(DeviceWindow, HundredPoints_StayWithinTheDiskBudget) {
  const DeviceProfile profile = profile_of(100);
  DeviceWindow window("rack-1", profile, {});
  std::mt19937_64 random(7);
  std::normal_distribution<double> noise(0, 3);
  Closed closed;
  for (int second = 0; second < 60; ++second) {
    std::vector<PointSample> samples;
    samples.reserve(100);
    for (int i = 0; i < 100; ++i) {
      samples.push_back(
          good(235 + 10 * i + static_cast<std::int64_t>(noise(random))));
    }
    window.add(at_s(1'763'625'600 + second), samples, closed);
  }
  window.flush(at_s(1'763'625'660), closed);
  std::size_t total = 0;
  for (const auto& w : closed) {
    strongroom_v1_Event event = largest_envelope();
    event.has_salvaged = false;
    event.source[10] = '\0';
    event.seq = 1'000'000;
    event.occurred_us = event.recorded_us = 1'763'625'660'000'000;
    event.monotonic_us = 1'000'000'000'000;
    event.clock.error_us = 5'000;
    event.which_body = strongroom_v1_Event_windows_tag;
    event.body.windows = w;
    event.body.windows.described_seq = 1'000;
    total += encoded_size(event);
  }
  const double per_point = static_cast<double>(total) / 100;
  std::cout << "bytes per point-minute at 100 points: " << per_point << " in "
            << closed.size() << " events\n";
  RecordProperty("bytes_per_point_minute_x100", static_cast<int>(total));
  EXPECT_EQ(closed.size(), 2U);
  EXPECT_LT(per_point, 20) << "25 on disk, what SQLite adds included";
}

TEST(DescribeDevice, Parts_CoverThePointsInOrder) {
  DeviceProfile profile = profile_of(30);
  profile.hash.fill(0xAB);
  const auto parts = describe_device("rack-1", profile);
  ASSERT_EQ(parts.size(), 3U);
  std::size_t next = 0;
  for (const auto& part : parts) {
    EXPECT_STREQ(part.device, "rack-1");
    EXPECT_STREQ(part.profile, "test");
    EXPECT_EQ(part.point_count, 30U);
    EXPECT_EQ(part.first_point, next);
    EXPECT_EQ(part.profile_hash[31], 0xAB);
    for (std::size_t i = 0; i < part.points_count; ++i, ++next) {
      EXPECT_EQ(part.points[i].name, "p" + std::to_string(next));
      EXPECT_STREQ(part.points[i].unit, "Cel");
      EXPECT_EQ(part.points[i].exponent, -1);
    }
  }
  EXPECT_EQ(next, 30U);
}

TEST(DescribeDevice, LargestPart_FitsAnEvent) {
  DeviceProfile profile = profile_of(kMaxPoints);
  profile.name = std::string(47, 'n');
  for (PointProfile& point : profile.points) {
    point.name = std::string(31, 'p');
    point.unit = std::string(15, 'u');
    point.exponent = kMinExponent;
  }
  for (const auto& part : describe_device(std::string(31, 'd'), profile)) {
    strongroom_v1_Event event = largest_envelope();
    event.stream = strongroom_v1_Stream_STREAM_RECORD;
    event.which_body = strongroom_v1_Event_device_described_tag;
    event.body.device_described = part;
    EXPECT_LE(encoded_size(event), 1024U);
  }
}

TEST(DescribeStates, Parts_CoverTheStatesInOrder) {
  DeviceProfile profile = profile_of(3);
  for (int code = 0; code < 40; ++code) {
    profile.points[1].states.push_back({code * 3, "s" + std::to_string(code)});
  }
  profile.points[2].states = {{0, "dry"}, {-7, "leak"}};
  const auto parts = describe_states("rack-1", profile);
  ASSERT_EQ(parts.size(), 4U);
  int next = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& part = parts[i];
    EXPECT_STREQ(part.device, "rack-1");
    EXPECT_EQ(part.described_seq, 0U);
    EXPECT_EQ(part.point, 1U);
    EXPECT_EQ(part.state_count, 40U);
    EXPECT_EQ(part.first_state, static_cast<std::uint32_t>(next));
    for (std::size_t state = 0; state < part.states_count; ++state, ++next) {
      EXPECT_EQ(part.states[state].code, next * 3);
      EXPECT_EQ(part.states[state].name, "s" + std::to_string(next));
    }
  }
  EXPECT_EQ(next, 40);
  EXPECT_EQ(parts[3].point, 2U);
  EXPECT_EQ(parts[3].states_count, 2U);
  EXPECT_STREQ(parts[3].states[1].name, "leak");
  EXPECT_EQ(parts[3].states[1].code, -7);
  EXPECT_TRUE(describe_states("d", profile_of(5)).empty());
}

TEST(DescribeStates, LargestPart_FitsAnEvent) {
  DeviceProfile profile = profile_of(kMaxPoints);
  for (std::size_t code = 0; code < kMaxStates; ++code) {
    profile.points.back().states.push_back(
        {1 - kMantissaLimit, std::string(31, 's')});
  }
  const auto parts = describe_states(std::string(31, 'd'), profile);
  ASSERT_EQ(parts.size(), 4U);
  for (const auto& part : parts) {
    strongroom_v1_Event event = largest_envelope();
    event.stream = strongroom_v1_Stream_STREAM_RECORD;
    event.which_body = strongroom_v1_Event_states_described_tag;
    event.body.states_described = part;
    event.body.states_described.described_seq = UINT64_MAX;
    EXPECT_LE(encoded_size(event), 1024U);
  }
}

TEST(DeviceIdentified, Largest_FitsAnEvent) {
  strongroom_v1_Event event = largest_envelope();
  event.stream = strongroom_v1_Stream_STREAM_RECORD;
  event.which_body = strongroom_v1_Event_device_identified_tag;
  auto& body = event.body.device_identified;
  std::fill_n(body.device, 31, 'd');
  std::fill_n(body.profile, 47, 'p');
  std::fill_n(body.name, 31, 'n');
  std::fill_n(body.text, 64, 't');
  std::fill_n(body.previous, 64, 't');
  EXPECT_LE(encoded_size(event), 1024U);
}

}  // namespace
}  // namespace strongroom
