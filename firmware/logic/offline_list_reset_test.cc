// SPDX-License-Identifier: Apache-2.0
// The list over decay, torn writes and resets.
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <vector>

#include "firmware/logic/offline_list_fixture.h"
#include "firmware/logic/store_fixture.h"

namespace strongroom::panel {
namespace {

using namespace list_words;

class OfflineListResetTest : public testing::Test, protected ListFixture {};

TEST_F(OfflineListResetTest, IsNoneWhenItsBankDecayed) {
  Wanted wanted;
  put(wanted, 1, 1);
  OfflineList list(*memory, kKey);
  replace(list, 5, wanted);
  put(wanted, 2, 1);
  replace(list, 6, wanted);
  const std::size_t active = memory->active % 2;
  const auto before = std::make_unique<ListMemory>(*memory);
  auto* bank = reinterpret_cast<std::uint8_t*>(&memory->banks[active]);
  constexpr std::size_t kUsed =
      offsetof(ListBank, entries) + 2 * kListEntryBytes;
  for (std::size_t bit = 0; bit < 8 * kUsed; ++bit) {
    *memory = *before;
    bank[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    const OfflineList found(*memory, kKey);
    EXPECT_EQ(found.version(), 0U) << bit;
    EXPECT_EQ(found.judge(badge(1), 1, k2020), kNotListed)
        << "not the version before: somebody was revoked since";
  }
  for (std::size_t bit = 0; bit < 32; ++bit) {
    *memory = *before;
    memory->active ^= 1U << bit;
    EXPECT_EQ(OfflineList(*memory, kKey).version(), 0U) << bit;
  }
}

struct Image {
  const ListMemory* memory;
  std::vector<ListMemory> all;
};

// Every byte that a delta writes: the old list or the new one, and a bank that
// is half filled is taken up again from the start.
TEST_F(OfflineListResetTest, IsTheOldOrTheNewListAtEveryByte) {
  Wanted wanted;
  for (std::uint32_t i = 0; i < 20; ++i) {
    put(wanted, i, 1);
  }
  OfflineList list(*memory, kKey);
  ASSERT_EQ(replace(list, 5, wanted), kDone);
  Wanted changes;
  Wanted result = wanted;
  for (std::uint32_t i = 15; i < 30; ++i) {
    put(changes, i, 3);
    put(result, i, 3);
  }
  const std::vector<Part> parts = parts_of(5, 6, changes, result);
  Image image{.memory = memory.get(), .all = {}};
  watch_store(
      [](void* where) {
        auto* to = static_cast<Image*>(where);
        to->all.push_back(*to->memory);
      },
      &image);
  ASSERT_EQ(take_all(list, parts), kDone);
  watch_store(nullptr, nullptr);
  image.all.push_back(*memory);
  int seen_new = 0;
  for (ListMemory& found_memory : image.all) {
    OfflineList found(found_memory, kKey);
    const bool is_new = found.version() == 6;
    seen_new += is_new ? 1 : 0;
    ASSERT_EQ(found.version(), is_new ? 6U : 5U);
    ASSERT_EQ(entries(found_memory), bytes_of(is_new ? result : wanted));
    if (!is_new) {
      ASSERT_EQ(found.take(parts[1]), kOutOfOrder);
      ASSERT_EQ(take_all(found, parts), kDone);
      ASSERT_EQ(entries(found_memory), bytes_of(result));
    }
  }
  EXPECT_GT(image.all.size(), 350U);
  EXPECT_GT(seen_new, 0);
  EXPECT_LT(seen_new, 13) << "one word decides, and the old list goes";
}

// Random deltas and whole lists against a map, with resets between the parts.
TEST_F(OfflineListResetTest, AgreesWithAMap) {
  std::mt19937 random(3);
  auto list = std::make_unique<OfflineList>(*memory, kKey);
  Wanted wanted;
  std::uint32_t version = 0;
  int resets = 0;
  for (int round = 0; round < 2000; ++round) {
    const bool is_whole = version == 0 || random() % 10 == 0;
    Wanted changes;
    Wanted result = is_whole ? Wanted{} : wanted;
    for (auto i = random() % 60; i > 0; --i) {
      const bool is_removal = random() % 3 == 0;
      put(changes,
          static_cast<std::uint32_t>(random() % 300),
          is_removal ? 0 : static_cast<std::uint8_t>(1 + random() % 255),
          static_cast<std::uint32_t>(random() % 0x1000000));
    }
    for (const auto& [hash, rest] : changes) {
      if (rest[0] == 0) {
        result.erase(hash);
      } else {
        result[hash] = rest;
      }
    }
    const auto parts =
        parts_of(is_whole ? 0 : version, version + 1, changes, result);
    if (random() % 4 == 0) {
      const std::size_t taken = random() % parts.size();
      for (std::size_t i = 0; i < taken; ++i) {
        list->take(parts[i]);
      }
      list = std::make_unique<OfflineList>(*memory, kKey);
      ASSERT_EQ(list->version(), version);
      ++resets;
    }
    const Result outcome = take_all(*list, parts);
    if (result.size() > kListCapacity) {
      ASSERT_EQ(outcome, kNoRoom);
    } else {
      ASSERT_EQ(outcome, kDone);
      wanted = result;
      ++version;
    }
    ASSERT_EQ(list->version(), version);
    ASSERT_EQ(entries(*memory), bytes_of(wanted));
  }
  EXPECT_GT(resets, 100);
}

}  // namespace
}  // namespace strongroom::panel
