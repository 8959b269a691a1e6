// SPDX-License-Identifier: Apache-2.0
#include "boards/panels/netduinoplus2/slot_log.h"

#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <vector>

namespace strongroom::panel::netduino {
namespace {

using Bytes = std::vector<std::uint8_t>;

// Bits only fall until the sector is erased, and the power may go after any
// step; what is being erased then holds anything.
class FakeFlash {
 public:
  explicit FakeFlash(std::size_t words)
      : sectors_{std::vector<std::uint32_t>(words, 0xffffffff),
                 std::vector<std::uint32_t>(words, 0xffffffff)} {}

  std::size_t words() const { return sectors_[0].size(); }
  std::uint32_t read(unsigned sector, std::size_t word) const {
    return sectors_[sector].at(word);
  }
  bool erase(unsigned sector) {
    if (is_cut()) {
      for (std::size_t i = 0; i < words(); i += 3) {
        sectors_[sector][i] = 0xffffffff;
      }
      return false;
    }
    sectors_[sector].assign(words(), 0xffffffff);
    ++erasures;
    return true;
  }
  bool program(unsigned sector, std::size_t word, std::uint32_t value) {
    if (is_cut()) {
      return false;
    }
    EXPECT_EQ(value, sectors_[sector].at(word) & value)
        << "programmed over what was not free";
    sectors_[sector].at(word) &= value;
    return true;
  }

  std::optional<int> steps_left;
  int erasures = 0;

 private:
  bool is_cut() {
    if (steps_left) {
      if (*steps_left == 0) {
        return true;
      }
      --*steps_left;
    }
    return false;
  }
  std::array<std::vector<std::uint32_t>, 2> sectors_;
};

Bytes read(SlotLog<FakeFlash>& log, hal::Slot slot) {
  Bytes bytes(hal::kSlotBytes);
  bytes.resize(log.read(slot, bytes));
  return bytes;
}

TEST(SlotLog, EmptyFlashHoldsNothing) {
  FakeFlash flash(512);
  SlotLog log(flash);
  EXPECT_EQ(Bytes{}, read(log, hal::Slot::kCommissioning));
}

TEST(SlotLog, KeepsTheNewestOfEach) {
  FakeFlash flash(512);
  SlotLog log(flash);
  EXPECT_TRUE(log.write(hal::Slot::kCommissioning, Bytes{1, 2, 3}));
  EXPECT_TRUE(log.write(hal::Slot::kSession, Bytes(12, 7)));
  EXPECT_TRUE(log.write(hal::Slot::kCommissioning, Bytes{4, 5, 6, 7, 8}));
  SlotLog again(flash);
  EXPECT_EQ((Bytes{4, 5, 6, 7, 8}), read(again, hal::Slot::kCommissioning));
  EXPECT_EQ(Bytes(12, 7), read(again, hal::Slot::kSession));
  EXPECT_EQ(Bytes{}, read(again, hal::Slot::kConfiguration));
}

TEST(SlotLog, ContentThatLooksFreeIsNotWrittenOver) {
  FakeFlash flash(512);
  {
    SlotLog log(flash);
    EXPECT_TRUE(log.write(hal::Slot::kConfiguration, Bytes(64, 0xff)));
  }
  SlotLog log(flash);
  EXPECT_TRUE(log.write(hal::Slot::kSession, Bytes{1}));
  SlotLog again(flash);
  EXPECT_EQ(Bytes(64, 0xff), read(again, hal::Slot::kConfiguration));
  EXPECT_EQ(Bytes{1}, read(again, hal::Slot::kSession));
}

TEST(SlotLog, TakesNothingThatItCannotHold) {
  FakeFlash flash(512);
  SlotLog log(flash);
  EXPECT_FALSE(log.write(hal::Slot::kSession, Bytes{}));
  EXPECT_FALSE(log.write(hal::Slot::kSession, Bytes(hal::kSlotBytes + 1, 1)));
  Bytes small(2);
  EXPECT_TRUE(log.write(hal::Slot::kSession, Bytes{1, 2, 3}));
  EXPECT_EQ(0U, log.read(hal::Slot::kSession, small));
}

TEST(SlotLog, AThousandStartsEraseSeldom) {
  FakeFlash flash(4096);  // 16 KiB
  for (std::uint32_t i = 1; i <= 5000; ++i) {
    SlotLog log(flash);
    Bytes counts(12);
    counts[0] = static_cast<std::uint8_t>(i);
    counts[1] = static_cast<std::uint8_t>(i >> 8);
    ASSERT_TRUE(log.write(hal::Slot::kSession, counts));
    SlotLog again(flash);
    ASSERT_EQ(counts, read(again, hal::Slot::kSession)) << i;
  }
  // 818 records of five words a sector.
  EXPECT_LE(flash.erasures, 7);
}

// Every step of a history is where the power goes once: each slot then holds
// what was written last, or, when that was not finished, what was before.
TEST(SlotLog, APowerCutLeavesTheOldOrTheNew) {
  constexpr int kWrites = 40;
  const auto content = [](int i) {
    return Bytes(static_cast<std::size_t>(5 + i * 7 % 90),
                 static_cast<std::uint8_t>(i));
  };
  for (int cut = 0;; ++cut) {
    FakeFlash flash(128);  // moves every few writes
    flash.steps_left = cut;
    std::map<hal::Slot, Bytes> before;
    int i = 0;
    for (; i < kWrites; ++i) {
      SlotLog log(flash);
      const auto slot = static_cast<hal::Slot>(i % 3);
      if (!log.write(slot, content(i))) {
        break;
      }
      before[slot] = content(i);
    }
    flash.steps_left.reset();
    SlotLog log(flash);
    for (const hal::Slot slot : {hal::Slot::kCommissioning,
                                 hal::Slot::kConfiguration,
                                 hal::Slot::kSession}) {
      const Bytes found = read(log, slot);
      const bool is_new =
          i < kWrites && static_cast<int>(slot) == i % 3 && found == content(i);
      ASSERT_TRUE(found == before[slot] || is_new)
          << "cut at step " << cut << ", slot " << static_cast<int>(slot);
    }
    ASSERT_TRUE(log.write(hal::Slot::kSession, Bytes{9})) << "it goes on";
    ASSERT_EQ(Bytes{9}, read(log, hal::Slot::kSession));
    if (i == kWrites) {
      EXPECT_GT(cut, 500);
      return;
    }
  }
}

TEST(SlotLog, WhatRotsIsGoneAndNothingElse) {
  FakeFlash flash(512);
  SlotLog log(flash);
  EXPECT_TRUE(log.write(hal::Slot::kSession, Bytes{1, 2, 3, 4}));
  EXPECT_TRUE(log.write(hal::Slot::kSession, Bytes{0xf5, 6, 7, 8}));
  EXPECT_TRUE(log.write(hal::Slot::kCommissioning, Bytes{9}));
  // Second record: words 2 + 3 on; its content is the third of them.
  flash.program(1, 2 + 3 + 2, flash.read(1, 2 + 3 + 2) & ~1u);
  SlotLog again(flash);
  EXPECT_EQ((Bytes{1, 2, 3, 4}), read(again, hal::Slot::kSession));
  EXPECT_EQ(Bytes{9}, read(again, hal::Slot::kCommissioning));
}

}  // namespace
}  // namespace strongroom::panel::netduino
