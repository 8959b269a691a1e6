// SPDX-License-Identifier: Apache-2.0
#include "agent/panel/config_push.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonoTime kNow = seconds(10);
constexpr milliseconds kPace{20};
constexpr auto kDone = strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;

std::vector<strongroom_panel_v1_ConfigPart> parts(std::uint32_t offline_ms) {
  std::vector<strongroom_panel_v1_ConfigPart> all(2);
  all[0].which_part = strongroom_panel_v1_ConfigPart_settings_tag;
  all[0].part.settings = {.leaf_count = 1,
                          .reader_count = 0,
                          .offline_after_ms = offline_ms,
                          .supply_low_mv = 0};
  all[1].which_part = strongroom_panel_v1_ConfigPart_leaf_tag;
  all[1].part.leaf.leaf = 1;
  return all;
}

// The two parts as protobuf, written out: count 2, settings; index 1, count 2,
// leaf.
TEST(ConfigPush, TheVersionIsTheBeginningOfTheHashOfAllParts) {
  const PanelConfig config = make_panel_config(parts(3000));
  ASSERT_EQ(config.parts.size(), 2U);
  Bytes all{0x18,
            0x02,
            0x22,
            0x05,
            0x08,
            0x01,
            0x18,
            0xb8,
            0x17,
            0x10,
            0x01,
            0x18,
            0x02,
            0x2a,
            0x02,
            0x08,
            0x01};
  EXPECT_EQ(to_hex(config.hash), to_hex(sha256(all)));
  EXPECT_EQ(config.version,
            static_cast<std::uint32_t>(config.hash[0]) |
                static_cast<std::uint32_t>(config.hash[1]) << 8U |
                static_cast<std::uint32_t>(config.hash[2]) << 16U |
                static_cast<std::uint32_t>(config.hash[3]) << 24U);
  for (const auto& part : config.parts) {
    EXPECT_EQ(part.version, config.version);
    EXPECT_EQ(part.count, 2);
  }
  EXPECT_EQ(config.parts[1].index, 1);
  EXPECT_NE(make_panel_config(parts(3001)).version, config.version);
  EXPECT_EQ(make_panel_config(config.parts).version, config.version)
      << "whatever stood there before";
}

TEST(ConfigPush, ItIsWantedUntilThePanelSaysThatItHasIt) {
  ConfigPush push(make_panel_config(parts(3000)));
  const std::uint32_t version = push.config().version;
  EXPECT_TRUE(push.is_wanted(0));
  EXPECT_TRUE(push.is_wanted(version + 1));
  EXPECT_FALSE(push.is_wanted(version));
  EXPECT_FALSE(ConfigPush(make_panel_config({})).is_wanted(0));
}

TEST(ConfigPush, PartByPartAndFromTheBeginningWhenOneIsMissing) {
  ConfigPush push(make_panel_config(parts(3000)));
  EXPECT_EQ(push.part().index, 0);
  push.ended(kDone, kNow, kPace);
  EXPECT_EQ(push.part().index, 1);
  EXPECT_EQ(push.due(), kNow + kPace);
  push.ended(
      strongroom_panel_v1_OrderResult_ORDER_RESULT_OUT_OF_ORDER, kNow, kPace);
  EXPECT_EQ(push.part().index, 0);
  EXPECT_LE(push.due(), kNow + seconds(1));
  EXPECT_TRUE(push.error().empty());
}

TEST(ConfigPush, ARefusalIsSaidAndNotRepeatedAllTheTime) {
  ConfigPush push(make_panel_config(parts(3000)));
  push.ended(kDone, kNow, kPace);
  push.ended(strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID, kNow, kPace);
  EXPECT_EQ(push.error(), "it refuses part 1 of its configuration (result 9)");
  EXPECT_EQ(push.part().index, 0);
  EXPECT_GE(push.due(), kNow + seconds(10));
  push.restart(kNow + seconds(1));
  EXPECT_EQ(push.due(), kNow + seconds(1)) << "a new session, a new try";
}

}  // namespace
}  // namespace strongroom
