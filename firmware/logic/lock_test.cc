// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/lock.h"

#include <gtest/gtest.h>

#include "firmware/logic/words_fixture.h"

namespace strongroom::panel {
namespace {

using words::kMagnet;
using words::kNoLock;
using words::kStrike;

constexpr auto kUnset = strongroom_panel_v1_LockKind_LOCK_KIND_UNSPECIFIED;

enum class Act { kNone, kRelease, kSecure, kPulseEnds, kHold, kLetGo };

struct Row {
  const char* state;
  strongroom_panel_v1_LockKind kind;
  bool has_pulse;
  bool is_held;
  Act act;
  bool is_released;
  bool is_driven;
  bool is_told;  // what the act returns: the lock changed
};

// Every state of every kind with everything that can be done to it.
constexpr Row kRows[] = {
    {"secured strike", kStrike, false, false, Act::kNone, false, false, false},
    {"secured strike", kStrike, false, false, Act::kRelease, true, true, false},
    {"secured strike",
     kStrike,
     false,
     false,
     Act::kSecure,
     false,
     false,
     false},
    {"secured strike",
     kStrike,
     false,
     false,
     Act::kPulseEnds,
     false,
     false,
     false},
    {"secured strike", kStrike, false, false, Act::kHold, false, false, false},
    {"secured strike", kStrike, false, false, Act::kLetGo, false, false, false},
    {"released strike", kStrike, true, false, Act::kNone, true, true, false},
    {"released strike", kStrike, true, false, Act::kRelease, true, true, false},
    {"released strike", kStrike, true, false, Act::kSecure, false, false, true},
    {"released strike",
     kStrike,
     true,
     false,
     Act::kPulseEnds,
     false,
     false,
     true},
    {"released strike", kStrike, true, false, Act::kHold, true, true, false},
    {"strike in fire", kStrike, false, true, Act::kNone, false, false, false},
    {"strike in fire", kStrike, false, true, Act::kRelease, true, true, false},
    {"strike in fire",
     kStrike,
     true,
     true,
     Act::kPulseEnds,
     false,
     false,
     true},
    {"secured magnet", kMagnet, false, false, Act::kNone, false, true, false},
    {"secured magnet",
     kMagnet,
     false,
     false,
     Act::kRelease,
     true,
     false,
     false},
    {"secured magnet", kMagnet, false, false, Act::kSecure, false, true, false},
    {"secured magnet",
     kMagnet,
     false,
     false,
     Act::kPulseEnds,
     false,
     true,
     false},
    {"secured magnet", kMagnet, false, false, Act::kHold, true, false, true},
    {"secured magnet", kMagnet, false, false, Act::kLetGo, false, true, false},
    {"released magnet", kMagnet, true, false, Act::kNone, true, false, false},
    {"released magnet",
     kMagnet,
     true,
     false,
     Act::kRelease,
     true,
     false,
     false},
    {"released magnet", kMagnet, true, false, Act::kSecure, false, true, true},
    {"released magnet",
     kMagnet,
     true,
     false,
     Act::kPulseEnds,
     false,
     true,
     true},
    {"released magnet", kMagnet, true, false, Act::kHold, true, false, false},
    {"magnet in fire", kMagnet, false, true, Act::kNone, true, false, false},
    {"magnet in fire", kMagnet, false, true, Act::kRelease, true, false, false},
    {"magnet in fire", kMagnet, false, true, Act::kSecure, true, false, false},
    {"magnet in fire", kMagnet, false, true, Act::kLetGo, false, true, true},
    {"both", kMagnet, true, true, Act::kSecure, true, false, false},
    {"both", kMagnet, true, true, Act::kPulseEnds, true, false, false},
    {"both", kMagnet, true, true, Act::kLetGo, true, false, false},
    {"none", kNoLock, false, false, Act::kRelease, false, false, false},
    {"none", kNoLock, false, false, Act::kHold, false, false, false},
    {"none", kNoLock, true, true, Act::kNone, false, false, false},
    {"unset", kUnset, false, false, Act::kNone, false, false, false},
    {"unset", kUnset, false, false, Act::kRelease, false, false, false},
    {"unset", kUnset, true, true, Act::kPulseEnds, false, false, false},
};

TEST(LockDrive, DoesInEachStateWhatTheTableSays) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.state);
    SCOPED_TRACE(static_cast<int>(row.act));
    LockDrive lock;
    lock.configure(row.kind, 0);
    if (row.has_pulse) {
      lock.release(1000, 0);
    }
    if (row.is_held) {
      lock.hold_released(true, 0);
    }
    bool is_told = false;
    switch (row.act) {
      case Act::kNone:
        is_told = lock.tick(999);
        break;
      case Act::kRelease:
        lock.release(1000, 500);
        break;
      case Act::kSecure:
        is_told = lock.secure(500);
        break;
      case Act::kPulseEnds:
        is_told = lock.tick(1000);
        break;
      case Act::kHold:
        is_told = lock.hold_released(true, 500);
        break;
      case Act::kLetGo:
        is_told = lock.hold_released(false, 500);
        break;
    }
    EXPECT_EQ(lock.is_released(), row.is_released);
    EXPECT_EQ(lock.is_driven(), row.is_driven);
    EXPECT_EQ(is_told, row.is_told);
  }
}

TEST(LockDrive, CountsThePulseFromTheNewestRelease) {
  LockDrive lock;
  lock.configure(kStrike, 0);
  lock.release(1000, 100);
  lock.release(1000, 900);
  EXPECT_FALSE(lock.tick(1899));
  EXPECT_TRUE(lock.is_driven());
  EXPECT_TRUE(lock.tick(1900));
  EXPECT_FALSE(lock.is_driven());
  EXPECT_EQ(lock.since_ms(), 1900U);
}

TEST(LockDrive, IsSecuredWhenConfigured) {
  LockDrive lock;
  lock.configure(kStrike, 0);
  lock.release(1000, 0);
  lock.configure(kMagnet, 10);
  EXPECT_FALSE(lock.is_released());
  EXPECT_TRUE(lock.is_driven());
}

}  // namespace
}  // namespace strongroom::panel
