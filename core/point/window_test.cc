// SPDX-License-Identifier: Apache-2.0
#include "core/point/window.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <pb_decode.h>
#include <pb_encode.h>
#include <random>

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr PointSample kBad{PointQuality::kBad, 0};
constexpr PointSample kOutOfRange{PointQuality::kOutOfRange, 0};

PointSample good(std::int64_t mantissa) {
  return {PointQuality::kGood, mantissa};
}

WallTime at_us(std::int64_t us) {
  return WallTime{microseconds{us}};
}
WallTime at_s(std::int64_t s) {
  return WallTime{seconds{s}};
}

DeviceProfile profile_of(std::size_t points) {
  DeviceProfile profile;
  profile.name = "test";
  for (std::size_t i = 0; i < points; ++i) {
    profile.points.push_back({.name = "p" + std::to_string(i),
                              .unit = "Cel",
                              .address = static_cast<std::uint16_t>(i),
                              .exponent = -1});
  }
  return profile;
}

template <typename T, typename Count, std::size_t N>
std::vector<T> column(const T (&items)[N], Count count) {
  return {items, items + count};
}

using Closed = std::vector<strongroom_v1_Windows>;

TEST(DeviceWindow, Minute_HasTheColumnsOfItsSamples) {
  const DeviceProfile profile = profile_of(3);
  DeviceWindow window("rack-1", profile, {});
  Closed closed;
  // 08:00:10, :20, :30 and the next minute; the second point never answers.
  const std::vector<std::vector<PointSample>> polls = {
      {good(235), kBad, good(400)},
      {good(230), kBad, kOutOfRange},
      {good(234), kBad, good(410)},
  };
  for (std::size_t i = 0; i < polls.size(); ++i) {
    window.add(at_s(28800 + 10 * (static_cast<std::int64_t>(i) + 1)),
               polls[i],
               closed);
  }
  EXPECT_TRUE(closed.empty());
  EXPECT_EQ(window.ends(), at_s(28860));
  window.add(at_s(28860), polls[0], closed);

  ASSERT_EQ(closed.size(), 1U);
  const auto& w = closed[0];
  EXPECT_STREQ(w.device, "rack-1");
  EXPECT_EQ(w.described_seq, 0U);
  EXPECT_EQ(w.start_us, 28800'000'000);
  EXPECT_EQ(w.duration_ms, 60'000U);
  EXPECT_EQ(w.first_point, 0U);
  EXPECT_EQ(column(w.good, w.good_count),
            (std::vector<std::uint32_t>{3, 0, 2}));
  EXPECT_EQ(column(w.missed, w.missed_count),
            (std::vector<std::uint32_t>{0, 3, 1}));
  EXPECT_EQ(column(w.quality, w.quality_count),
            (std::vector{strongroom_v1_PointQuality_POINT_QUALITY_GOOD,
                         strongroom_v1_PointQuality_POINT_QUALITY_BAD,
                         strongroom_v1_PointQuality_POINT_QUALITY_GOOD}));
  // Nothing measured, nothing written: two items for three points.
  EXPECT_EQ(column(w.last, w.last_count),
            (std::vector<std::int64_t>{234, 410}));
  EXPECT_EQ(column(w.last_minus_min, w.last_minus_min_count),
            (std::vector<std::uint64_t>{4, 10}));
  EXPECT_EQ(column(w.max_minus_last, w.max_minus_last_count),
            (std::vector<std::uint64_t>{1, 0}));
  EXPECT_EQ(column(w.sum_minus_good_last, w.sum_minus_good_last_count),
            (std::vector<std::int64_t>{-3, -10}));
}

TEST(DeviceWindow, LengthZero_IsAWindowPerPoll) {
  const DeviceProfile profile = profile_of(1);
  DeviceWindow window("d", profile, {.length = milliseconds{0}});
  Closed closed;
  window.add(at_us(1'234'567), std::vector{good(5)}, closed);
  window.add(at_us(1'234'568), std::vector{kBad}, closed);
  ASSERT_EQ(closed.size(), 2U);
  EXPECT_EQ(closed[0].start_us, 1'234'567);
  EXPECT_EQ(closed[0].duration_ms, 0U);
  EXPECT_EQ(closed[0].last[0], 5);
  EXPECT_EQ(closed[1].start_us, 1'234'568);
  EXPECT_EQ(closed[1].last_count, 0);
  EXPECT_EQ(window.ends(), std::nullopt);
}

TEST(DeviceWindow, EndedWithoutAPoll_IsClosedByTime) {
  const DeviceProfile profile = profile_of(1);
  DeviceWindow window("d", profile, {});
  Closed closed;
  window.close_ended(at_s(1000), closed);  // nothing is open
  window.add(at_s(30), std::vector{good(5)}, closed);
  window.close_ended(at_us(59'999'999), closed);
  EXPECT_TRUE(closed.empty());
  window.close_ended(at_s(60), closed);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].duration_ms, 60'000U);
  window.close_ended(at_s(120), closed);
  EXPECT_EQ(closed.size(), 1U) << "a window without polls is none";
}

TEST(DeviceWindow, Flush_CutsTheWindowShort) {
  const DeviceProfile profile = profile_of(1);
  DeviceWindow window("d", profile, {});
  Closed closed;
  window.add(at_s(70), std::vector{good(5)}, closed);
  window.flush(at_s(75), closed);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].start_us, 60'000'000);
  EXPECT_EQ(closed[0].duration_ms, 15'000U);
  window.flush(at_s(80), closed);
  EXPECT_EQ(closed.size(), 1U);
}

TEST(DeviceWindow, WallClockSteppedBack_ClosesTheWindow) {
  const DeviceProfile profile = profile_of(1);
  DeviceWindow window("d", profile, {});
  Closed closed;
  window.add(at_s(130), std::vector{good(5)}, closed);
  window.add(at_s(70), std::vector{good(6)}, closed);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].start_us, 120'000'000);
  window.flush(at_s(71), closed);
  EXPECT_EQ(closed[1].start_us, 60'000'000);
  EXPECT_EQ(closed[1].last[0], 6);
}

TEST(DeviceWindow, BeforeTheEpoch_AlignsDownwards) {
  const DeviceProfile profile = profile_of(1);
  DeviceWindow window("d", profile, {});
  Closed closed;
  window.add(at_s(-1), std::vector{good(5)}, closed);
  window.flush(at_s(0), closed);
  EXPECT_EQ(closed[0].start_us, -60'000'000);
}

std::vector<PointQuality> qualities(std::span<const PointSample> polls) {
  const DeviceProfile profile = profile_of(1);
  DeviceWindow window(
      "d", profile, {.length = milliseconds{0}, .stale_after_missed = 3});
  std::vector<PointQuality> result;
  Closed closed;
  for (const PointSample& sample : polls) {
    closed.clear();
    window.add(at_s(1), {&sample, 1}, closed);
    result.push_back(static_cast<PointQuality>(closed.at(0).quality[0]));
  }
  return result;
}

TEST(DeviceWindow, Quality_GoesStaleAfterMissedPolls) {
  using enum PointQuality;
  // Two globals of this test share a name with an enumerator.
  const PointSample bad{PointQuality::kBad, 0};
  const PointSample wild{PointQuality::kOutOfRange, 0};
  EXPECT_EQ(qualities(std::vector{bad, bad, bad, bad}),
            (std::vector(4, PointQuality::kBad)))
      << "what was never read cannot be stale";
  EXPECT_EQ(qualities(std::vector{good(1), bad, bad, bad, bad, good(1), bad}),
            (std::vector{kGood,
                         PointQuality::kBad,
                         PointQuality::kBad,
                         kStale,
                         kStale,
                         kGood,
                         PointQuality::kBad}));
  EXPECT_EQ(qualities(std::vector{good(1), wild, wild, bad, wild}),
            (std::vector{kGood,
                         PointQuality::kOutOfRange,
                         PointQuality::kOutOfRange,
                         kStale,
                         PointQuality::kOutOfRange}));
}

// What the messages of one window say about one point.
struct Read {
  std::uint64_t good = 0;
  std::uint64_t missed = 0;
  std::int64_t last = 0;
  std::int64_t min = INT64_MAX;
  std::int64_t max = INT64_MIN;
  __extension__ typedef __int128 Wide;
  Wide sum = 0;
};

void read_windows(const strongroom_v1_Windows& w,
                  std::map<std::pair<std::int64_t, std::size_t>, Read>& reads,
                  std::int64_t aligned_start) {
  std::size_t value = 0;
  ASSERT_EQ(w.good_count, w.missed_count);
  ASSERT_EQ(w.good_count, w.quality_count);
  for (std::size_t i = 0; i < w.good_count; ++i) {
    Read& read = reads[{aligned_start, w.first_point + i}];
    read.missed += w.missed[i];
    if (w.good[i] == 0) {
      continue;
    }
    read.good += w.good[i];
    read.last = w.last[value];
    read.min = std::min(
        read.min,
        w.last[value] - static_cast<std::int64_t>(w.last_minus_min[value]));
    read.max = std::max(
        read.max,
        w.last[value] + static_cast<std::int64_t>(w.max_minus_last[value]));
    read.sum +=
        w.sum_minus_good_last[value] + Read::Wide{w.good[i]} * w.last[value];
    ++value;
  }
  EXPECT_EQ(value, w.last_count);
  EXPECT_EQ(value, w.last_minus_min_count);
  EXPECT_EQ(value, w.max_minus_last_count);
  EXPECT_EQ(value, w.sum_minus_good_last_count);
}

strongroom_v1_Event largest_envelope() {
  strongroom_v1_Event event{};
  std::fill_n(event.source, 65, 'x');
  event.stream = strongroom_v1_Stream_STREAM_TELEMETRY;
  event.epoch = UINT64_MAX;
  event.seq = UINT64_MAX;
  std::fill_n(event.prev_hash, 32, std::uint8_t{0xFF});
  std::fill_n(event.blind, 16, std::uint8_t{0xFF});
  event.occurred_us = -1;
  event.recorded_us = -1;
  event.monotonic_us = UINT64_MAX;
  event.has_clock = true;
  event.clock.quality = strongroom_v1_ClockQuality_CLOCK_QUALITY_GOOD;
  event.clock.error_us = UINT64_MAX;
  event.has_salvaged = true;
  event.salvaged.epoch = UINT64_MAX;
  event.salvaged.seq = UINT64_MAX;
  std::fill_n(event.salvaged.hash, 32, std::uint8_t{0xFF});
  return event;
}

std::size_t encoded_size(const strongroom_v1_Event& event) {
  std::size_t size = 0;
  EXPECT_TRUE(pb_get_encoded_size(&size, strongroom_v1_Event_fields, &event));
  return size;
}

std::size_t windows_event_size(const strongroom_v1_Windows& windows) {
  strongroom_v1_Event event = largest_envelope();
  event.which_body = strongroom_v1_Event_windows_tag;
  event.body.windows = windows;
  event.body.windows.described_seq = UINT64_MAX;
  return encoded_size(event);
}

TEST(DeviceWindow, RandomPolls_AreReproducedExactly) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto pick = [&](std::int64_t low, std::int64_t high) {
      return std::uniform_int_distribution<std::int64_t>(low, high)(random);
    };
    const auto point_count = static_cast<std::size_t>(pick(1, 150));
    // Every third seed uses the whole range, so that sums must be cut.
    const std::int64_t limit =
        seed % 3 == 0 ? kMantissaLimit - 1 : pick(0, 40'000);
    const DeviceProfile profile = profile_of(point_count);
    const std::int64_t length_us = 1'000 * pick(1, 60'000);
    DeviceWindow window("d",
                        profile,
                        {.length = std::chrono::duration_cast<milliseconds>(
                             microseconds{length_us})});

    std::map<std::pair<std::int64_t, std::size_t>, Read> expected;
    Closed closed;
    std::int64_t now = pick(0, 1'800'000'000'000'000);
    const std::int64_t polls = seed % 3 == 0 ? 600 : 200;
    for (std::int64_t poll = 0; poll < polls; ++poll) {
      now += pick(1, length_us / 100);
      const std::int64_t start = now - now % length_us;
      std::vector<PointSample> samples;
      for (std::size_t i = 0; i < point_count; ++i) {
        Read& read = expected[{start, i}];
        const std::int64_t kind = pick(0, 9);
        if (kind == 0 || i % 7 == 3) {
          samples.push_back(kind == 1 ? kOutOfRange : kBad);
          ++read.missed;
          continue;
        }
        const std::int64_t value = pick(-limit, limit);
        samples.push_back(good(value));
        ++read.good;
        read.last = value;
        read.min = std::min(read.min, value);
        read.max = std::max(read.max, value);
        read.sum += value;
      }
      window.add(at_us(now), samples, closed);
    }
    window.flush(at_us(now), closed);

    std::map<std::pair<std::int64_t, std::size_t>, Read> reads;
    for (const auto& w : closed) {
      ASSERT_LE(w.good_count, kMaxPointsPerWindows);
      ASSERT_LE(windows_event_size(w), 2048U);
      read_windows(w, reads, w.start_us - w.start_us % length_us);
    }
    ASSERT_EQ(reads.size(), expected.size());
    for (const auto& [key, want] : expected) {
      const Read& got = reads.at(key);
      ASSERT_EQ(got.good, want.good);
      ASSERT_EQ(got.missed, want.missed);
      ASSERT_TRUE(got.sum == want.sum);
      if (want.good > 0) {
        ASSERT_EQ(got.last, want.last);
        ASSERT_EQ(got.min, want.min);
        ASSERT_EQ(got.max, want.max);
      }
    }
  }
}

TEST(DeviceWindow, SumThatWouldNotFit_CutsTheWindow) {
  const DeviceProfile profile = profile_of(1);
  DeviceWindow window("d", profile, {});
  Closed closed;
  const std::int64_t big = kMantissaLimit - 1;
  constexpr int kPolls = 3000;
  for (int poll = 0; poll < kPolls; ++poll) {
    window.add(at_us(60'000'000 + poll),
               std::vector{good(poll % 341 == 0 ? big : -big)},
               closed);
  }
  window.flush(at_us(120'000'000), closed);
  ASSERT_GE(closed.size(), 2U);
  EXPECT_EQ(closed[0].start_us, 60'000'000);
  std::map<std::pair<std::int64_t, std::size_t>, Read> reads;
  for (std::size_t i = 0; i < closed.size(); ++i) {
    read_windows(closed[i], reads, 0);
    if (i > 0) {
      EXPECT_GT(closed[i].start_us, closed[i - 1].start_us);
    }
  }
  const Read& read = reads.at({0, 0});
  EXPECT_EQ(read.good, std::uint64_t{kPolls});
  EXPECT_TRUE(read.sum == -Read::Wide{kPolls - 2 * 9} * big);
}

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

TEST(DeviceWindow, Live_HasTheLastGoodValueAndTheQualityNow) {
  const DeviceProfile profile = profile_of(2);
  DeviceWindow window("rack-1", profile, {});
  Closed closed;
  window.add(at_s(10), std::vector{good(235), kBad}, closed);
  window.add(at_s(11), std::vector{kOutOfRange, kBad}, closed);
  std::vector<strongroom_v1_Live> parts;
  window.live(at_s(12), parts);
  ASSERT_EQ(parts.size(), 1U);
  const auto& live = parts[0];
  EXPECT_EQ(live.format, 1U);
  EXPECT_STREQ(live.device, "rack-1");
  EXPECT_EQ(live.at_us, 12'000'000);
  EXPECT_EQ(live.point_count, 2U);
  ASSERT_EQ(live.values_count, 2);
  EXPECT_STREQ(live.values[0].name, "p0");
  EXPECT_EQ(live.values[0].quality,
            strongroom_v1_PointQuality_POINT_QUALITY_OUT_OF_RANGE);
  EXPECT_TRUE(live.values[0].measured);
  EXPECT_EQ(live.values[0].mantissa, 235);
  EXPECT_EQ(live.values[0].at_us, 10'000'000);
  EXPECT_FALSE(live.values[1].measured);
  EXPECT_EQ(live.values[1].at_us, 0);
}

TEST(DeviceWindow, Live_ManyPoints_ComeInParts) {
  const DeviceProfile profile = profile_of(130);
  const DeviceWindow window("d", profile, {});
  std::vector<strongroom_v1_Live> parts;
  window.live(at_s(1), parts);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[2].first_point, 128U);
  EXPECT_EQ(parts[2].values_count, 2);
}

}  // namespace
}  // namespace strongroom
