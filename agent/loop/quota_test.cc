// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/quota.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

using namespace std::chrono_literals;

// Telemetry's share is 1000.
constexpr QuotaOptions kQuota{1200, 200};

JournalUsage usage_of(std::uint64_t owed,
                      std::uint64_t kept = 0,
                      std::uint64_t record_owed = 0,
                      std::uint64_t record_kept = 0) {
  return {owed + kept + record_owed + record_kept,
          {record_owed, owed},
          {record_kept, kept}};
}

struct Row {
  JournalUsage usage;
  std::uint32_t level;
  Relief expected;
};

TEST(Quota, Table) {
  const Row rows[] = {
      // Nothing, and below every step.
      {usage_of(0), 0, {}},
      {usage_of(0), 3, {}},
      {usage_of(499), 0, {}},
      // Up, step by step or at once.
      {usage_of(500), 0, {.level = 1}},
      {usage_of(699), 0, {.level = 1}},
      {usage_of(700), 0, {.level = 2}},
      {usage_of(700), 1, {.level = 2}},
      {usage_of(850), 0, {.level = 3}},
      {usage_of(850), 2, {.level = 3}},
      // Down below half of the step that brought it.
      {usage_of(425), 3, {.level = 3}},
      {usage_of(424), 3, {.level = 2}},
      {usage_of(350), 2, {.level = 2}},
      {usage_of(349), 2, {.level = 1}},
      {usage_of(250), 1, {.level = 1}},
      {usage_of(249), 1, {.level = 0}},
      {usage_of(100), 3, {.level = 0}},
      // What is kept goes before anything owed is touched.
      {usage_of(400, 499), 0, {}},
      {usage_of(400, 500), 0, {.prune_telemetry = true}},
      {usage_of(0, 100, 0, 979), 0, {}},
      {usage_of(0, 100, 0, 980),
       0,
       {.prune_telemetry = true, .prune_record = true}},
      {usage_of(0, 0, 0, 1080), 0, {.prune_record = true}},
      // From 95 % on rows go: down to 94, at least an eighth of so small a
      // share.
      {usage_of(949), 3, {.level = 3}},
      {usage_of(950), 3, {.level = 3, .drop_bytes = 125}},
      {usage_of(1000), 3, {.level = 3, .drop_bytes = 125}},
      {usage_of(5000), 3, {.level = 3, .drop_bytes = 4060}},
      // A record that owes more than its reserve takes of telemetry's share.
      {usage_of(500, 0, 700), 0, {.level = 3, .drop_bytes = 62}},
      {usage_of(10, 0, 1300), 0, {.level = 3, .drop_bytes = 10}},
      {usage_of(0, 0, 1300), 0, {}},
  };
  for (const Row& row : rows) {
    const Relief got = relief_for(row.usage, kQuota, row.level);
    EXPECT_EQ(got, row.expected)
        << "owed " << row.usage.owed_bytes[1] << " kept "
        << row.usage.kept_bytes[1] << " record " << row.usage.owed_bytes[0]
        << " level " << row.level << ": level " << got.level << " drop "
        << got.drop_bytes << " prune " << got.prune_telemetry
        << got.prune_record;
  }
}

TEST(Quota, WhatRowsAddOnTheDisk_CountsWithThem) {
  JournalUsage usage = usage_of(450);
  usage.used_bytes = 540;
  EXPECT_EQ(relief_for(usage, kQuota, 0).level, 1U) << "540 of 1000";
  usage.used_bytes = 100'000;
  EXPECT_EQ(relief_for(usage, kQuota, 0).drop_bytes, 0U)
      << "no row takes more than its own size again";
  EXPECT_EQ(relief_for(usage, kQuota, 0).level, 3U);
}

TEST(Quota, Drop_IsBounded) {
  const QuotaOptions large{1ULL << 40U, 0};
  JournalUsage usage = usage_of(1ULL << 40U);
  EXPECT_EQ(relief_for(usage, large, 3).drop_bytes, kMaxDropBytes);
}

TEST(Quota, Stretched) {
  EXPECT_EQ(stretched(60s, 0), 60s);
  EXPECT_EQ(stretched(60s, 1), 5min);
  EXPECT_EQ(stretched(60s, 2), 15min);
  EXPECT_EQ(stretched(60s, 3), 1h);
  EXPECT_EQ(stretched(0s, 0), 0s);
  EXPECT_EQ(stretched(0s, 3), 1min) << "a window a poll counts as a second";
  EXPECT_LE(stretched(24h * 30, 3).count(), UINT32_MAX);
}

}  // namespace
}  // namespace strongroom
