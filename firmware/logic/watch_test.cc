// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/watch.h"

#include <gtest/gtest.h>
#include <vector>

#include "firmware/logic/supply.h"

namespace strongroom::panel {
namespace {

// --- the master --------------------------------------------------------------

TEST(MasterWatch, IsAloneAfterItsTimeFromTheStartOn) {
  MasterWatch watch;
  EXPECT_FALSE(watch.tick(3000, 2999));
  EXPECT_TRUE(watch.tick(3000, 3000));
  EXPECT_TRUE(watch.is_alone());
  EXPECT_FALSE(watch.tick(3000, 9000)) << "told once";
  EXPECT_TRUE(watch.heard(9000));
  EXPECT_EQ(watch.since_ms(), 3000U);
  EXPECT_FALSE(watch.is_alone());
  EXPECT_FALSE(watch.heard(9500));
  EXPECT_FALSE(watch.tick(3000, 12'499));
  EXPECT_TRUE(watch.tick(3000, 12'500));
}

TEST(MasterWatch, IsNeverAloneWithoutConfiguration) {
  MasterWatch watch;
  EXPECT_FALSE(watch.tick(0, 1'000'000'000));
  EXPECT_FALSE(watch.is_alone());
}

// --- refused frames ----------------------------------------------------------

std::uint32_t refuse(RefusalWatch& watch,
                     int count,
                     std::uint64_t first_ms,
                     std::uint64_t apart_ms) {
  std::uint32_t told = 0;
  for (int i = 0; i < count; ++i) {
    watch.refused(first_ms + static_cast<std::uint64_t>(i) * apart_ms);
    told += watch.tick(first_ms + static_cast<std::uint64_t>(i) * apart_ms);
  }
  return told;
}

TEST(RefusalWatch, TellsBurstsAndNoNoise) {
  struct Row {
    int count;
    std::uint64_t apart_ms;
    std::uint32_t told;
  };
  for (const Row row : {Row{7, 1, 0},
                        Row{8, 1, 8},
                        Row{8, 1428, 8},
                        Row{8, 1429, 0},
                        Row{1000, 2000, 0}}) {
    RefusalWatch watch;
    EXPECT_EQ(refuse(watch, row.count, 5000, row.apart_ms), row.told)
        << row.count << " every " << row.apart_ms;
    EXPECT_EQ(watch.total(), static_cast<std::uint32_t>(row.count));
  }
}

TEST(RefusalWatch, TellsEachMinuteHowManyThereWereAndLeavesNoneOut) {
  RefusalWatch watch;
  std::vector<std::uint32_t> told;
  std::vector<std::uint64_t> when;
  for (std::uint64_t now = 0; now < 200'000; ++now) {
    if (now % 100 == 0 && now < 150'000) {
      watch.refused(now);
    }
    if (const auto count = watch.tick(now); count != 0) {
      told.push_back(count);
      when.push_back(now);
    }
  }
  ASSERT_EQ(told, (std::vector<std::uint32_t>{8, 600, 600, 292}));
  EXPECT_EQ(when, (std::vector<std::uint64_t>{700, 60'700, 120'700, 180'700}));
}

// --- the supply --------------------------------------------------------------

struct Sample {
  std::uint16_t mv;
  std::uint64_t at_ms;
  Supply::Change change;
};

TEST(Supply, IsLowWithHysteresisAndNotByInrush) {
  using enum Supply::Change;
  EXPECT_EQ(restored_mv(11'000), 11'550U);
  const Sample samples[] = {
      {12'000, 0, kNone},
      {10'999, 100, kNone},  // a strike is driven
      {12'000, 900, kNone},
      {10'999, 1000, kNone},
      {10'999, 1999, kNone},
      {10'999, 2000, kLow},
      {10'000, 9000, kNone},    // once
      {11'549, 10'000, kNone},  // above the limit is not enough
      {11'549, 60'000, kNone},
      {11'550, 60'001, kNone},
      {11'000, 60'500, kNone},
      {11'550, 60'600, kNone},
      {11'550, 61'600, kRestored},
      {11'000, 70'000, kNone},  // at the limit is not below it
      {11'000, 80'000, kNone},
  };
  Supply supply;
  for (const Sample& sample : samples) {
    EXPECT_EQ(supply.sample(sample.mv, 11'000, sample.at_ms), sample.change)
        << sample.at_ms;
  }
}

TEST(Supply, IsNeverLowWhenItIsNotWatched) {
  Supply supply;
  EXPECT_EQ(supply.sample(0, 0, 0), Supply::Change::kNone);
  EXPECT_EQ(supply.sample(0, 0, 100'000), Supply::Change::kNone);
}

}  // namespace
}  // namespace strongroom::panel
