// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/memory.h"

#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

#include "firmware/logic/store_fixture.h"

namespace strongroom::panel {
namespace {

/// What `recover` and `commit` keep, and the one that comes next.
template <typename T>
struct Kept {
  T current;
  T next;
};

void fill_in(ConfigMemory& config, std::uint8_t with) {
  config.version = with;
  config.settings.leaf_count = with;
  config.leaves[7].pulse_ms = 1000U * with;
  config.readers[7].repeat_ms = with;
}

void fill_in(OrderMemory& orders, std::uint8_t with) {
  orders.unlocks.fill(with);
  orders.next = with;
  orders.lockdown = with;
}

bool is_filled(const ConfigMemory& config, std::uint8_t with) {
  return config.version == with && config.settings.leaf_count == with &&
         config.leaves[7].pulse_ms == 1000U * with &&
         config.readers[7].repeat_ms == with;
}

bool is_filled(const OrderMemory& orders, std::uint8_t with) {
  return orders.unlocks.front() == with && orders.unlocks.back() == with &&
         orders.next == with && orders.lockdown == with;
}

template <typename T>
class SurvivingTest : public testing::Test {};

using Both = testing::Types<ConfigMemory, OrderMemory>;
TYPED_TEST_SUITE(SurvivingTest, Both);

TYPED_TEST(SurvivingTest, IsZerosInMemoryThatSaysNothing) {
  for (const int byte : {0x00, 0x5a, 0xff}) {
    Kept<TypeParam> kept;
    std::memset(&kept, byte, sizeof kept);
    EXPECT_FALSE(recover(kept.current, kept.next)) << byte;
    EXPECT_TRUE(is_filled(kept.current, 0)) << byte;
  }
}

TYPED_TEST(SurvivingTest, KeepsWhatWasCommitted) {
  Kept<TypeParam> kept;
  std::memset(&kept, 0x5a, sizeof kept);
  recover(kept.current, kept.next);
  fill_in(kept.next, 7);
  EXPECT_TRUE(is_filled(kept.current, 0));
  commit(kept.current, kept.next);
  EXPECT_TRUE(is_filled(kept.current, 7));
  fill_in(kept.next, 8);  // begun, and never committed
  EXPECT_TRUE(recover(kept.current, kept.next));
  EXPECT_TRUE(is_filled(kept.current, 7));
}

TYPED_TEST(SurvivingTest, IsTheOldOrTheNewContentAtEveryByte) {
  Kept<TypeParam> kept;
  std::memset(&kept, 0, sizeof kept);
  fill_in(kept.next, 7);
  commit(kept.current, kept.next);
  fill_in(kept.next, 8);

  struct Images {
    const Kept<TypeParam>* kept;
    std::vector<Kept<TypeParam>> all;
  } images{&kept, {}};
  watch_store(
      [](void* where) {
        auto* to = static_cast<Images*>(where);
        to->all.push_back(*to->kept);
      },
      &images);
  commit(kept.current, kept.next);
  watch_store(nullptr, nullptr);
  images.all.push_back(kept);

  bool was_new = false;
  for (Kept<TypeParam>& image : images.all) {
    EXPECT_TRUE(recover(image.current, image.next));
    const bool is_new = is_filled(image.current, 8);
    EXPECT_TRUE(is_new || is_filled(image.current, 7));
    EXPECT_TRUE(is_new || !was_new) << "the old content again";
    was_new = is_new;
  }
  EXPECT_TRUE(was_new);
}

TYPED_TEST(SurvivingTest, FallsBackOnTheCopyWhenOneDecays) {
  Kept<TypeParam> kept;
  std::memset(&kept, 0, sizeof kept);
  fill_in(kept.next, 7);
  commit(kept.current, kept.next);
  auto* bytes = reinterpret_cast<std::uint8_t*>(&kept.current);
  for (std::size_t bit = 0; bit < 8 * sizeof kept.current; ++bit) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_TRUE(recover(kept.current, kept.next)) << bit;
    EXPECT_TRUE(is_filled(kept.current, 7)) << bit;
  }
}

// The budget of the smallest board (docs/performance.md).
TEST(PanelMemory, LeavesRoomOnASmallBoard) {
  EXPECT_LE(sizeof(RingMemory), 24 * kRingCapacity + 64);
  EXPECT_LE(sizeof(ListMemory), 2 * kListEntryBytes * kListCapacity + 64);
  EXPECT_LE(sizeof(PanelMemory), 14'500U);
}

}  // namespace
}  // namespace strongroom::panel
