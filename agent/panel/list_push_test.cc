// SPDX-License-Identifier: Apache-2.0
#include "agent/panel/list_push.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <random>

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonoTime kNow = seconds(10);
constexpr milliseconds kPace{100};
constexpr auto kDone = strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;
const PanelLinkKeys kKeys = derive_panel_keys(PanelKey{1, 2, 3});

PanelList::Entry entry(std::uint8_t number,
                       std::uint8_t leaves = 1,
                       std::uint32_t expires = 0xffffff) {
  return {.bit_count = 26,
          .bits = {number, 2, 3, 0x40},
          .leaves = leaves,
          .expires_minutes = expires};
}

PanelList list_of(std::uint32_t version, std::uint8_t from, std::uint8_t to) {
  PanelList list{.version = version, .entries = {}};
  for (std::uint8_t i = from; i < to; ++i) {
    list.entries.push_back(entry(i));
  }
  return list;
}

using Table = std::map<Bytes, SealedEntry>;

Table table_of(const SealedList& list) {
  Table table;
  for (const SealedEntry& sealed : list.entries) {
    table[Bytes(sealed.begin(), sealed.begin() + 8)] = sealed;
  }
  return table;
}

/// What a panel makes of it.
void apply(Table& table, const SealedEntry& sealed) {
  const Bytes hash(sealed.begin(), sealed.begin() + 8);
  if (sealed[8] == 0) {
    table.erase(hash);
  } else {
    table[hash] = sealed;
  }
}

TEST(ListPush, AnEntryIsTheHashOfTheCredentialItsLeavesAndItsEnd) {
  const PanelList list{.version = 3, .entries = {entry(9, 5, 0x010203)}};
  const SealedList sealed = seal_list(list, kKeys.list);
  ASSERT_EQ(sealed.entries.size(), 1U);
  const Bytes credential{26, 9, 2, 3, 0x40};
  EXPECT_EQ(to_hex(sealed.entries[0]),
            to_hex(siphash24(kKeys.list, credential)) + "05" + "010203");
}

TEST(ListPush, AListIsSortedAndHasNothingTwice) {
  PanelList list = list_of(1, 0, 40);
  list.entries.push_back(entry(7, 8));
  list.entries.push_back(entry(8, 0));
  const SealedList sealed = seal_list(list, kKeys.list);
  EXPECT_EQ(sealed.entries.size(), 39U);
  EXPECT_TRUE(std::ranges::is_sorted(sealed.entries));
  EXPECT_EQ(std::ranges::count_if(sealed.entries,
                                  [](const auto& e) { return e[8] == 8; }),
            1);
}

// Of the twelve letters by Python's zlib.
TEST(ListPush, TheCrcIsThatOfZip) {
  SealedEntry one{};
  std::ranges::copy(as_bytes("123456789012"), one.begin());
  EXPECT_EQ(list_crc({one}), 0x5d34eb96U);
  EXPECT_EQ(list_crc({}), 0U);
}

TEST(ListPush, ADeltaTurnsOneListIntoTheOther) {
  std::mt19937 random(1);
  for (int run = 0; run < 200; ++run) {
    PanelList lists[2];
    for (PanelList& list : lists) {
      for (std::uint8_t i = 0; i < 30; ++i) {
        if (random() % 2 != 0) {
          list.entries.push_back(
              entry(i, static_cast<std::uint8_t>(1 + random() % 2)));
        }
      }
    }
    const SealedList from = seal_list(lists[0], kKeys.list);
    const SealedList to = seal_list(lists[1], kKeys.list);
    Table table = table_of(from);
    const auto delta = list_delta(from, to);
    EXPECT_TRUE(std::ranges::is_sorted(delta));
    for (const SealedEntry& change : delta) {
      apply(table, change);
    }
    EXPECT_EQ(table, table_of(to)) << run;
  }
}

class ListPushTest : public ::testing::Test {
 protected:
  /// Brings all of it; how many parts it took.
  int bring(std::uint32_t held) {
    int count = 0;
    while (push.is_wanted(version) && count < 100) {
      const auto part = push.part(held);
      EXPECT_EQ(part.index, count);
      from = part.from_version;
      ++count;
      push.ended(kDone, kNow, kPace);
      if (part.index + 1 == part.count) {
        version = part.version;
        crc = part.crc;
      } else {
        EXPECT_EQ(part.crc, 0U);
      }
    }
    return count;
  }

  ListPush push{kKeys};
  std::uint32_t version = 0;  // that the panel has
  std::uint32_t from = 0;
  std::uint32_t crc = 0;
};

TEST_F(ListPushTest, NothingIsWantedBeforeThereIsAList) {
  EXPECT_FALSE(push.is_wanted(0));
  EXPECT_FALSE(push.is_wanted(9));
}

TEST_F(ListPushTest, TheFirstListGoesWholeTheNextOneAsWhatChanged) {
  push.set(list_of(1, 0, 30), kNow);
  EXPECT_EQ(bring(0), 3);
  EXPECT_EQ(from, 0U);
  push.set(list_of(2, 1, 32), kNow);
  EXPECT_EQ(bring(1), 1);
  EXPECT_EQ(from, 1U);
  EXPECT_EQ(crc, list_crc(seal_list(list_of(2, 1, 32), kKeys.list).entries));
}

TEST_F(ListPushTest, AnEmptyListIsOnePartOfNothing) {
  push.set(list_of(4, 0, 0), kNow);
  const auto part = push.part(0);
  EXPECT_EQ(part.count, 1);
  EXPECT_EQ(part.entries.size, 0);
  EXPECT_EQ(bring(0), 1);
}

TEST_F(ListPushTest, WhenThePanelHoldsAnotherOneItGoesWhole) {
  push.set(list_of(1, 0, 30), kNow);
  bring(0);
  push.set(list_of(2, 1, 31), kNow);
  version = 7;
  EXPECT_EQ(bring(7), 3);
  EXPECT_EQ(from, 0U);
}

TEST_F(ListPushTest, ADeltaThatIsRefusedGoesWhole) {
  push.set(list_of(1, 0, 30), kNow);
  bring(0);
  push.set(list_of(2, 1, 31), kNow);
  EXPECT_EQ(push.part(1).from_version, 1U);
  push.ended(
      strongroom_panel_v1_OrderResult_ORDER_RESULT_WRONG_VERSION, kNow, kPace);
  EXPECT_GT(push.due(), kNow);
  EXPECT_EQ(push.part(1).from_version, 0U);
}

TEST_F(ListPushTest, ANewerListReplacesTheOneThatIsUnderWay) {
  push.set(list_of(1, 0, 30), kNow);
  push.part(0);
  push.ended(kDone, kNow, kPace);
  push.set(list_of(2, 0, 20), kNow);
  const auto part = push.part(0);
  EXPECT_EQ(part.version, 2U);
  EXPECT_EQ(part.index, 0);
  EXPECT_EQ(part.from_version, 0U) << "the first was never taken whole";
}

TEST_F(ListPushTest, AListThatIsTooLongIsSaidAndNotSent) {
  push.capacity(20);
  push.set(list_of(1, 0, 30), kNow);
  EXPECT_FALSE(push.is_wanted(0));
  EXPECT_EQ(push.error(), "its offline list has 30 entries, and it holds 20");
  push.set(list_of(2, 0, 20), kNow);
  EXPECT_TRUE(push.is_wanted(0));
  EXPECT_TRUE(push.error().empty());
}

}  // namespace
}  // namespace strongroom
