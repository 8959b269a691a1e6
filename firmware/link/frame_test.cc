// SPDX-License-Identifier: Apache-2.0
#include "firmware/link/frame.h"

#include <gtest/gtest.h>

namespace strongroom::panel {
namespace {

PanelKey counted_key() {
  PanelKey key{};
  for (std::size_t i = 0; i < key.size(); ++i) {
    key[i] = static_cast<std::uint8_t>(i);
  }
  return key;
}

// The key 00 to 0f, as docs/formats/panel-link.md prints it; computed by
// another program.
TEST(Frame, KeysAreDerived_AsThePageSays) {
  const LinkKeys keys = derive_keys(counted_key());
  constexpr std::array<std::uint8_t, 16> kTag{0xa2,
                                              0x17,
                                              0xab,
                                              0xc9,
                                              0xc3,
                                              0x4d,
                                              0x53,
                                              0x6e,
                                              0x77,
                                              0x63,
                                              0x94,
                                              0xe7,
                                              0xa9,
                                              0xc5,
                                              0xf5,
                                              0xf1};
  constexpr std::array<std::uint8_t, 16> kList{0xb3,
                                               0xe4,
                                               0xac,
                                               0x4f,
                                               0x0c,
                                               0x29,
                                               0xd7,
                                               0x13,
                                               0xf0,
                                               0x52,
                                               0xfb,
                                               0x95,
                                               0x8b,
                                               0xdf,
                                               0x8d,
                                               0x27};
  constexpr std::array<std::uint8_t, 32> kPin{
      0x4d, 0x6e, 0xd8, 0xbd, 0xdc, 0x71, 0xa8, 0x89, 0x71, 0x09, 0x47,
      0xbe, 0x3a, 0x39, 0x02, 0xa4, 0x5d, 0xa1, 0xdb, 0x96, 0x4f, 0x13,
      0x3c, 0xe5, 0xea, 0x9e, 0x9f, 0x95, 0x60, 0xcf, 0xc5, 0x6c};
  EXPECT_EQ(keys.tag, kTag);
  EXPECT_EQ(keys.list, kList);
  EXPECT_EQ(keys.pin, kPin);
}

// A question sent back is no answer, and another unit's is not ours.
TEST(Frame, TagCovers_Direction_Unit_AndEveryByte) {
  const LinkKeys keys = derive_keys(counted_key());
  std::array<std::uint8_t, kFrameHead + 3> frame{1, 2, 0, 3};
  const FrameTag tag = frame_tag(keys, Direction::kRequest, 7, frame);
  EXPECT_NE(frame_tag(keys, Direction::kAnswer, 7, frame), tag);
  EXPECT_NE(frame_tag(keys, Direction::kRequest, 8, frame), tag);
  for (std::size_t bit = 0; bit < 8 * frame.size(); ++bit) {
    frame[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_NE(frame_tag(keys, Direction::kRequest, 7, frame), tag) << bit;
    frame[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
  }
}

TEST(Frame, TagsAreCompared_InEveryByte) {
  const FrameTag a{1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_TRUE(is_same(a, a));
  for (std::size_t i = 0; i < a.size(); ++i) {
    FrameTag b = a;
    b[i] ^= 0x80;
    EXPECT_FALSE(is_same(a, b)) << i;
  }
}

}  // namespace
}  // namespace strongroom::panel
