// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "firmware/logic/offline_list_fixture.h"

namespace strongroom::panel {
namespace {

using namespace list_words;

class OfflineListTest : public testing::Test, protected ListFixture {};

TEST_F(OfflineListTest, IsNoneInMemoryThatSaysNothing) {
  const OfflineList list(*memory, kKey);
  EXPECT_EQ(list.version(), 0U);
  EXPECT_EQ(list.judge(badge(1), 1, k2020), kNotListed);
}

TEST_F(OfflineListTest, JudgesByLeafAndTime) {
  Wanted wanted;
  put(wanted, 1, 0b0000'0001);
  put(wanted, 2, 0b1000'0010, 10);
  {
    OfflineList list(*memory, kKey);
    EXPECT_EQ(replace(list, 5, wanted), kDone);
  }
  const OfflineList list(*memory, kKey);
  EXPECT_EQ(list.version(), 5U);
  EXPECT_EQ(list.leaves_of(badge(1)), 1);
  EXPECT_EQ(list.leaves_of(badge(2)), 0b1000'0010);
  EXPECT_EQ(list.leaves_of(badge(3)), 0);

  EXPECT_EQ(list.judge(badge(1), 1, k2020), kOpens);
  EXPECT_EQ(list.judge(badge(1), 1, 0), kOpens) << "it never expires";
  EXPECT_EQ(list.judge(badge(1), 2, k2020), kNotThisLeaf);
  EXPECT_EQ(list.judge(badge(3), 1, k2020), kNotListed);
  EXPECT_EQ(list.judge(Credential{}, 1, k2020), kNotListed);
  EXPECT_EQ(list.judge(credential_of(1, 27), 1, k2020), kNotListed)
      << "the number of bits is part of a badge";

  EXPECT_EQ(list.judge(badge(2), 8, k2020 + 10 * 60'000 - 1), kOpens);
  EXPECT_EQ(list.judge(badge(2), 8, k2020 + 10 * 60'000), kExpired);
  EXPECT_EQ(list.judge(badge(2), 8, 0), kClockUnknown);
  EXPECT_EQ(list.judge(badge(2), 8, k2020 - 1), kClockUnknown);
  EXPECT_EQ(list.judge(badge(2), 8, std::numeric_limits<std::uint64_t>::max()),
            kExpired);
  EXPECT_EQ(list.judge(badge(2), 1, 0), kNotThisLeaf);

  EXPECT_EQ(list.judge(badge(2), 0, k2020), kNoLeaf);
  EXPECT_EQ(list.judge(badge(2), 9, k2020), kNoLeaf);
}

TEST_F(OfflineListTest, KnowsNobodyUnderAnotherKey) {
  Wanted wanted;
  put(wanted, 1, 1);
  OfflineList list(*memory, kKey);
  replace(list, 5, wanted);
  const OfflineList other(*memory, ListKey{9});
  EXPECT_EQ(other.judge(badge(1), 1, k2020), kNotListed);
}

TEST_F(OfflineListTest, ChangesByDelta) {
  Wanted wanted;
  for (std::uint32_t i = 0; i < 30; ++i) {
    put(wanted, i, 1);
  }
  OfflineList list(*memory, kKey);
  ASSERT_EQ(replace(list, 5, wanted), kDone);

  Wanted changes;
  put(changes, 3, 0);    // removed
  put(changes, 99, 0);   // was never there
  put(changes, 4, 2);    // changed
  put(changes, 100, 1);  // new
  Wanted result = wanted;
  put(result, 4, 2);
  put(result, 100, 1);
  Wanted third;
  put(third, 3, 0);
  result.erase(third.begin()->first);
  ASSERT_EQ(take_all(list, parts_of(5, 6, changes, result)), kDone);
  EXPECT_EQ(list.version(), 6U);
  EXPECT_EQ(list.size(), 30U);
  EXPECT_EQ(list.leaves_of(badge(3)), 0);
  EXPECT_EQ(list.leaves_of(badge(4)), 2);
  EXPECT_EQ(list.leaves_of(badge(5)), 1);
  EXPECT_EQ(list.leaves_of(badge(100)), 1);
  EXPECT_EQ(entries(*memory), bytes_of(result));
}

TEST_F(OfflineListTest, IsEmptiedByAWholeListOfNothing) {
  Wanted wanted;
  put(wanted, 1, 1);
  OfflineList list(*memory, kKey);
  replace(list, 5, wanted);
  EXPECT_EQ(replace(list, 6, {}), kDone);
  EXPECT_EQ(list.version(), 6U);
  EXPECT_EQ(list.size(), 0U);
  EXPECT_EQ(list.judge(badge(1), 1, k2020), kNotListed);
}

TEST_F(OfflineListTest, HoldsItsCapacityAndNotOneMore) {
  Wanted wanted;
  for (std::uint32_t i = 0; i < kListCapacity; ++i) {
    put(wanted, i, 1);
  }
  OfflineList list(*memory, kKey);
  ASSERT_EQ(replace(list, 5, wanted), kDone);
  for (std::uint32_t i = 0; i < kListCapacity; ++i) {
    ASSERT_EQ(list.judge(badge(i), 1, 0), kOpens);
  }
  Wanted more = wanted;
  put(more, kListCapacity, 1);
  EXPECT_EQ(replace(list, 6, more), kNoRoom);
  Wanted change;
  put(change, kListCapacity, 1);
  EXPECT_EQ(take_all(list, parts_of(5, 6, change, more)), kNoRoom);
  EXPECT_EQ(list.version(), 5U);
  EXPECT_EQ(entries(*memory), bytes_of(wanted));
}

TEST_F(OfflineListTest, RefusesWhatIsNotTheNextPart) {
  Wanted wanted;
  for (std::uint32_t i = 0; i < 30; ++i) {
    put(wanted, i, 1);
  }
  const std::vector<Part> parts = parts_of(0, 5, wanted, wanted);
  ASSERT_EQ(parts.size(), 3U);
  OfflineList list(*memory, kKey);
  EXPECT_EQ(list.take(parts[1]), kOutOfOrder);
  EXPECT_EQ(list.take(parts[0]), kDone);
  EXPECT_EQ(list.take(parts[2]), kOutOfOrder);
  EXPECT_EQ(list.take(parts[1]), kOutOfOrder) << "it began anew";
  for (const auto change : {+[](Part& part) { part.version = 6; },
                            +[](Part& part) { part.count = 4; },
                            +[](Part& part) { part.from_version = 1; }}) {
    Part other = parts[1];
    change(other);
    EXPECT_EQ(list.take(parts[0]), kDone);
    EXPECT_EQ(list.take(other), kOutOfOrder);
  }
  EXPECT_EQ(list.version(), 0U);
  EXPECT_EQ(take_all(list, parts), kDone);
  EXPECT_EQ(list.version(), 5U);
}

TEST_F(OfflineListTest, RefusesWhatItCannotBe) {
  Wanted wanted;
  put(wanted, 1, 1);
  put(wanted, 2, 1);
  const Part part = parts_of(0, 5, wanted, wanted)[0];
  OfflineList list(*memory, kKey);
  for (const auto change :
       {+[](Part& p) { p.version = 0; },
        +[](Part& p) { p.count = 0; },
        +[](Part& p) { p.index = 1; },
        +[](Part& p) { p.entries.size = 23; },
        +[](Part& p) { p.crc ^= 1; },
        // The same twice, and the wrong way round.
        +[](Part& p) {
          std::memcpy(p.entries.bytes, p.entries.bytes + 12, 12);
        },
        +[](Part& p) {
          std::swap_ranges(
              p.entries.bytes, p.entries.bytes + 12, p.entries.bytes + 12);
        }}) {
    Part other = part;
    change(other);
    EXPECT_EQ(list.take(other), kInvalid);
    EXPECT_EQ(list.version(), 0U);
  }
  Part delta = part;
  delta.from_version = 4;
  EXPECT_EQ(list.take(delta), kWrongVersion);
  EXPECT_EQ(list.take(part), kDone);
  delta.from_version = 5;
  EXPECT_EQ(list.take(delta), kInvalid) << "the same version again";
  delta.from_version = 4;
  delta.version = 6;
  EXPECT_EQ(list.take(delta), kWrongVersion);
  EXPECT_EQ(list.version(), 5U);
}

}  // namespace
}  // namespace strongroom::panel
