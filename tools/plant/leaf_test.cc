// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/leaf.h"

#include <gtest/gtest.h>

namespace strongroom::plant {
namespace {

Leaf strike() {
  return Leaf({.name = "vault", .lock = LockScene::kStrike});
}

Leaf magnet() {
  return Leaf({.name = "cage", .lock = LockScene::kMagnet});
}

TEST(Leaf, Strike_OpensOnlyWithCurrent) {
  Leaf leaf = strike();
  EXPECT_EQ(leaf.circuits(), kContactInput | kLockSenseInput | kHandleInput);
  EXPECT_FALSE(leaf.push());
  leaf.drive(true);
  EXPECT_EQ(leaf.circuits(), kContactInput | kHandleInput);
  EXPECT_TRUE(leaf.push());
  EXPECT_EQ(leaf.circuits(), kHandleInput);
  leaf.drive(false);
  EXPECT_TRUE(leaf.is_open()) << "a lock does not shut a door";
  EXPECT_TRUE(leaf.shut());
  EXPECT_FALSE(leaf.push());
}

TEST(Leaf, Magnet_HoldsOnlyWithCurrent) {
  Leaf leaf = magnet();
  EXPECT_TRUE(leaf.is_released());
  leaf.drive(true);
  EXPECT_FALSE(leaf.push());
  EXPECT_NE(leaf.circuits() & kLockSenseInput, 0);
  leaf.drive(false);
  EXPECT_TRUE(leaf.push());
}

TEST(Leaf, ForcedBolt_IsSensedAsThrownUntilShut) {
  Leaf leaf = strike();
  leaf.force();
  EXPECT_EQ(leaf.circuits(), kLockSenseInput | kHandleInput);
  EXPECT_NE(leaf.text().find("open by force"), std::string::npos);
  leaf.shut();
  EXPECT_EQ(leaf.circuits(), kContactInput | kLockSenseInput | kHandleInput);
  Leaf torn_off = magnet();
  torn_off.drive(true);
  torn_off.force();
  EXPECT_EQ(torn_off.circuits(), kHandleInput);
}

TEST(Leaf, Key_OpensWithoutTheLockBeingReleased) {
  Leaf leaf = strike();
  leaf.turn_key();
  EXPECT_EQ(leaf.circuits(), kContactInput | kHandleInput);
  EXPECT_TRUE(leaf.push());
  leaf.shut();
  EXPECT_FALSE(leaf.push()) << "the key is out again";
}

TEST(Leaf, BoltThatSticks_DoesSoWhateverTheDrive) {
  Leaf leaf = strike();
  leaf.jam(BoltTrouble::kStuckThrown);
  leaf.drive(true);
  EXPECT_FALSE(leaf.push());
  EXPECT_NE(leaf.circuits() & kLockSenseInput, 0);
  leaf.jam(BoltTrouble::kStuckWithdrawn);
  leaf.drive(false);
  EXPECT_EQ(leaf.circuits() & kLockSenseInput, 0);
  EXPECT_TRUE(leaf.push());
}

TEST(Leaf, CutWire_IsAnOpenCircuitInvertedOrNot) {
  Leaf leaf({.name = "vault", .inverted = kExitInput});
  EXPECT_NE(leaf.circuits() & kExitInput, 0);
  leaf.press_exit(true);
  EXPECT_EQ(leaf.circuits() & kExitInput, 0);
  leaf.press_exit(false);
  leaf.cut(kExitInput | kContactInput);
  EXPECT_EQ(leaf.circuits(), kLockSenseInput | kHandleInput);
  EXPECT_NE(leaf.text().find("[cut contact, exit]"), std::string::npos);
  leaf.mend(kExitInput);
  EXPECT_EQ(leaf.circuits(), kLockSenseInput | kHandleInput | kExitInput);
}

}  // namespace
}  // namespace strongroom::plant
