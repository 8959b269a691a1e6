// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/offline_list.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "firmware/logic/crc.h"
#include "firmware/logic/store_fixture.h"

namespace strongroom::panel {
namespace {

using Result = strongroom_panel_v1_OrderResult;
using Denial = strongroom_panel_v1_PanelDenial;
using Part = strongroom_panel_v1_ListPart;

constexpr Result kDone = strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;
constexpr Result kInvalid =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID;
constexpr Result kNoRoom = strongroom_panel_v1_OrderResult_ORDER_RESULT_NO_ROOM;
constexpr Result kOutOfOrder =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_OUT_OF_ORDER;
constexpr Result kWrongVersion =
    strongroom_panel_v1_OrderResult_ORDER_RESULT_WRONG_VERSION;
constexpr Denial kOpens =
    strongroom_panel_v1_PanelDenial_PANEL_DENIAL_UNSPECIFIED;
constexpr Denial kNotListed =
    strongroom_panel_v1_PanelDenial_PANEL_DENIAL_NOT_LISTED;
constexpr Denial kNotThisLeaf =
    strongroom_panel_v1_PanelDenial_PANEL_DENIAL_NOT_THIS_LEAF;
constexpr Denial kExpired =
    strongroom_panel_v1_PanelDenial_PANEL_DENIAL_EXPIRED;
constexpr Denial kClockUnknown =
    strongroom_panel_v1_PanelDenial_PANEL_DENIAL_CLOCK_UNKNOWN;
constexpr Denial kNoLeaf = strongroom_panel_v1_PanelDenial_PANEL_DENIAL_NO_LEAF;

constexpr std::uint32_t kNever = 0xffffff;
constexpr std::uint64_t k2020 = 1'577'836'800'000;
constexpr ListKey kKey{1, 2, 3};

Credential badge(std::uint32_t number) {
  return credential_of(number, 26);
}

/// What a list holds, as the agent keeps it: leaves and expiry by hash.
using Wanted = std::map<SipBytes, std::array<std::uint8_t, 4>>;

void put(Wanted& wanted,
         std::uint32_t number,
         std::uint8_t leaves,
         std::uint32_t expiry = kNever) {
  const Credential credential = badge(number);
  std::vector<std::uint8_t> bytes{credential.bit_count};
  bytes.insert(bytes.end(),
               credential.bits.begin(),
               credential.bits.begin() + credential.byte_count());
  wanted[sip_bytes(siphash(kKey, bytes))] = {
      leaves,
      static_cast<std::uint8_t>(expiry >> 16),
      static_cast<std::uint8_t>(expiry >> 8),
      static_cast<std::uint8_t>(expiry)};
}

std::vector<std::uint8_t> bytes_of(const Wanted& wanted) {
  std::vector<std::uint8_t> bytes;
  for (const auto& [hash, rest] : wanted) {
    bytes.insert(bytes.end(), hash.begin(), hash.end());
    bytes.insert(bytes.end(), rest.begin(), rest.end());
  }
  return bytes;
}

/// The parts that make of a list at `from` (0: of nothing) the list `result`.
std::vector<Part> parts_of(std::uint32_t from,
                           std::uint32_t version,
                           const Wanted& changes,
                           const Wanted& result) {
  const std::vector<std::uint8_t> entries = bytes_of(changes);
  constexpr std::size_t kPerPart = 12 * kListEntryBytes;
  const std::size_t count =
      std::max<std::size_t>(1, (entries.size() + kPerPart - 1) / kPerPart);
  std::vector<Part> parts;
  for (std::size_t i = 0; i < count; ++i) {
    Part part{};
    part.from_version = from;
    part.version = version;
    part.index = static_cast<std::uint16_t>(i);
    part.count = static_cast<std::uint16_t>(count);
    const std::size_t size = std::min(
        kPerPart, entries.size() - std::min(entries.size(), i * kPerPart));
    part.entries.size = static_cast<pb_size_t>(size);
    std::copy_n(entries.begin() + static_cast<std::ptrdiff_t>(i * kPerPart),
                size,
                part.entries.bytes);
    part.crc = i + 1 == count ? crc32(bytes_of(result)) : 0;
    parts.push_back(part);
  }
  return parts;
}

class OfflineListTest : public testing::Test {
 protected:
  OfflineListTest() : memory(std::make_unique<ListMemory>()) {
    std::memset(memory.get(), 0x5a, sizeof *memory);
  }

  Result take_all(OfflineList& list, const std::vector<Part>& parts) {
    for (const Part& part : parts) {
      const Result result = list.take(part);
      if (result != kDone) {
        return result;
      }
    }
    return kDone;
  }
  Result replace(OfflineList& list,
                 std::uint32_t version,
                 const Wanted& wanted) {
    return take_all(list, parts_of(0, version, wanted, wanted));
  }
  /// Whatever is listed in `list`, in order.
  static std::vector<std::uint8_t> entries(const ListMemory& memory) {
    const ListBank& bank = memory.banks[memory.active % 2];
    std::vector<std::uint8_t> bytes;
    for (std::uint32_t i = 0; bank.version != 0 && i < bank.count; ++i) {
      bytes.insert(bytes.end(), bank.entries[i].begin(), bank.entries[i].end());
    }
    return bytes;
  }

  std::unique_ptr<ListMemory> memory;
};

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

TEST_F(OfflineListTest, IsNoneWhenItsBankDecayed) {
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
TEST_F(OfflineListTest, IsTheOldOrTheNewListAtEveryByte) {
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
TEST_F(OfflineListTest, AgreesWithAMap) {
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
