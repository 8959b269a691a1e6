// SPDX-License-Identifier: Apache-2.0
#include "ledger/loop/retention.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

std::int64_t days_ago(int days) {
  return (kNow - std::chrono::hours(24) * days).time_since_epoch().count();
}

/// Batches of 100 entries each; how far they may go when 30 days are kept.
std::uint64_t may_go(std::uint64_t from, const std::vector<BatchTime>& times) {
  RetentionLook look(from, kNow, 30);
  std::uint64_t end = from;
  for (const BatchTime& time : times) {
    end += 100;
    if (!look.take(end, time)) {
      break;
    }
  }
  return look.to();
}

TEST(RetentionLook, WholeTilesBelowTheFirstThatIsYounger) {
  const BatchTime old = days_ago(31);
  const BatchTime young = days_ago(29);
  const BatchTime unknown;
  struct Case {
    const char* name;
    std::uint64_t from;
    std::vector<BatchTime> times;
    std::uint64_t to;
  };
  const Case cases[] = {
      {"nothing there", 0, {}, 0},
      {"all young", 0, {young, young, young, young}, 0},
      {"not a whole tile", 0, {old, old, young}, 0},
      {"one tile", 0, {old, old, old, young}, 256},
      {"all old", 0, {old, old, old, old, old, old}, 512},
      {"an old one behind a young one", 0, {old, old, young, old, old, old}, 0},
      {"unknown between old ones", 0, {old, unknown, old, young}, 256},
      {"unknown at the end", 0, {old, old, unknown, unknown, young}, 0},
      {"unknown alone", 0, {unknown, unknown, unknown, unknown}, 0},
      {"from a tile on", 512, {old, old, young}, 512},
      {"on from a tile", 512, {old, old, old, young}, 768},
      {"exactly as old as is kept",
       0,
       {days_ago(30), days_ago(30), days_ago(30)},
       0},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(may_go(each.from, each.times), each.to) << each.name;
  }
}

}  // namespace
}  // namespace strongroom
