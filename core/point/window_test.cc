// SPDX-License-Identifier: Apache-2.0
#include "core/point/window.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "core/point/window_fixture.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

template <typename T, typename Count, std::size_t N>
std::vector<T> column(const T (&items)[N], Count count) {
  return {items, items + count};
}

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

// --- polls of some points only ----------------------------------------------

TEST(DeviceWindow, NotAsked_IsNeitherGoodNorMissed) {
  const DeviceProfile profile = profile_of(3);
  DeviceWindow window("d", profile, {});
  Closed closed;
  window.add(at_s(10), std::vector{good(5), good(7), kBad}, closed);
  for (int poll = 0; poll < 5; ++poll) {
    window.add(
        at_s(11 + poll), std::vector{good(6), kNotAsked, kNotAsked}, closed);
  }
  window.flush(at_s(20), closed);
  ASSERT_EQ(closed.size(), 1U);
  const auto& w = closed[0];
  EXPECT_EQ(column(w.good, w.good_count),
            (std::vector<std::uint32_t>{6, 1, 0}));
  EXPECT_EQ(column(w.missed, w.missed_count),
            (std::vector<std::uint32_t>{0, 0, 1}));
  EXPECT_EQ(w.quality[1], strongroom_v1_PointQuality_POINT_QUALITY_GOOD)
      << "five polls of others make nothing stale";
  EXPECT_EQ(column(w.last, w.last_count), (std::vector<std::int64_t>{6, 7}));
  EXPECT_EQ(w.sum_minus_good_last[1], 0);
}

TEST(DeviceWindow, NotAsked_CountsNoMissedPollInARow) {
  const std::vector<PointSample> polls = {
      good(1), kBad, kNotAsked, kBad, kNotAsked, kBad};
  const DeviceProfile profile = profile_of(1);
  DeviceWindow window("d", profile, {.stale_after_missed = 3});
  std::vector<int> seen;
  Closed closed;
  std::vector<strongroom_v1_Live> live;
  for (const PointSample& sample : polls) {
    window.add(at_s(1), {&sample, 1}, closed);
    live.clear();
    window.live(at_s(1), live);
    seen.push_back(static_cast<int>(live[0].values[0].quality));
    EXPECT_EQ(live[0].values[0].mantissa, 1);
  }
  EXPECT_EQ(seen, (std::vector{1, 3, 3, 3, 3, 2}));
}

// Windows of one poll: what was not asked is written only where a message goes
// on behind it.
TEST(DeviceWindow, LengthZero_WritesWhatWasAsked) {
  constexpr std::size_t kPoints = 200;
  struct Row {
    std::vector<std::size_t> asked;
    // First point and number of rows of each message.
    std::vector<std::pair<std::uint32_t, std::size_t>> messages;
  };
  for (const Row& row : {Row{{}, {}},
                         Row{{0}, {{0, 1}}},
                         Row{{199}, {{199, 1}}},
                         Row{{3, 5}, {{3, 3}}},
                         Row{{3, 52}, {{3, 50}}},
                         Row{{3, 53}, {{3, 1}, {53, 1}}},
                         Row{{0, 40, 63}, {{0, 64}}},
                         Row{{0, 40, 64}, {{0, 41}, {64, 1}}}}) {
    const DeviceProfile profile = profile_of(kPoints);
    DeviceWindow window("d", profile, {.length = milliseconds{0}});
    Closed closed;
    std::vector<PointSample> samples(kPoints, good(9));
    window.add(at_s(1), samples, closed);
    closed.clear();
    std::ranges::fill(samples, kNotAsked);
    for (const std::size_t index : row.asked) {
      samples[index] = good(static_cast<std::int64_t>(index));
    }
    window.add(at_s(2), samples, closed);

    std::vector<std::pair<std::uint32_t, std::size_t>> messages;
    std::vector<std::int64_t> values;
    for (const auto& w : closed) {
      messages.emplace_back(w.first_point, w.good_count);
      values.insert(values.end(), w.last, w.last + w.last_count);
      for (std::size_t i = 0; i < w.good_count; ++i) {
        EXPECT_EQ(w.quality[i], strongroom_v1_PointQuality_POINT_QUALITY_GOOD);
        EXPECT_EQ(w.missed[i], 0U);
      }
    }
    EXPECT_EQ(messages, row.messages);
    EXPECT_EQ(values,
              std::vector<std::int64_t>(row.asked.begin(), row.asked.end()));
  }
}

TEST(DeviceWindow, OtherOptions_CloseTheWindowOnlyForAnotherLength) {
  const DeviceProfile profile = profile_of(1);
  DeviceWindow window("d", profile, {});
  Closed closed;
  window.add(at_s(70), std::vector{good(5)}, closed);
  window.set_options({.stale_after_missed = 1}, at_s(71), closed);
  EXPECT_TRUE(closed.empty());
  window.set_options({.length = milliseconds{10'000}}, at_s(75), closed);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].duration_ms, 15'000U);
  window.add(at_s(76), std::vector{kBad}, closed);
  EXPECT_EQ(window.ends(), at_s(80));
  std::vector<strongroom_v1_Live> live;
  window.live(at_s(76), live);
  EXPECT_EQ(live[0].values[0].mantissa, 5) << "values and qualities go on";
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
        const std::int64_t kind = pick(0, 9);
        if (kind == 2) {
          samples.push_back(kNotAsked);
          continue;
        }
        Read& read = expected[{start, i}];
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
    // Rows between others may say that a point was not asked.
    for (const auto& [key, got] : reads) {
      ASSERT_TRUE(expected.contains(key) || got.good + got.missed == 0);
    }
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
