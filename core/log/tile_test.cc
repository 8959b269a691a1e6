// SPDX-License-Identifier: Apache-2.0
#include "core/log/tile.h"

#include <gtest/gtest.h>
#include <limits>
#include <string>

namespace strongroom {
namespace {

constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();

TEST(TileId, Path_AsTheSpecificationWritesIt) {
  struct Case {
    TileId id;
    const char* path;
  };
  const Case cases[] = {
      {{0, 0, 256}, "tile/0/000"},
      {{0, 5, 256}, "tile/0/005"},
      {{0, 999, 256}, "tile/0/999"},
      {{1, 1000, 256}, "tile/1/x001/000"},
      {{0, 1234067, 256}, "tile/0/x001/x234/067"},
      {{0, 273, 112}, "tile/0/273.p/112"},
      {{2, 0, 1}, "tile/2/000.p/1"},
      {{63, 0, 255}, "tile/63/000.p/255"},
      {{TileId::kEntries, 0, 15}, "tile/entries/000.p/15"},
      {{TileId::kEntries, 1067, 256}, "tile/entries/x001/067"},
      {{0, kMax, 256}, "tile/0/x018/x446/x744/x073/x709/x551/615"},
  };
  for (const auto& [id, path] : cases) {
    EXPECT_EQ(id.path(), path);
    EXPECT_EQ(TileId::parse(path), id) << path;
  }
}

TEST(TileId, Parse_OfAnythingElse_IsRefused) {
  for (const char* path : {
           "",
           "tile",
           "tile/",
           "tile/0",
           "tile/0/",
           "tile/0/0",
           "tile/0/00",
           "tile/0/0000",
           "tile/0/1000",
           "tile/0/x000/000",
           "tile/0/x001/0",
           "tile/0/001/000",
           "tile/0/x001/x000",
           "tile/0/x001",
           "tile/0/x1/000",
           "tile/0/x001//000",
           "tile/0/000/",
           "tile/0/000.p",
           "tile/0/000.p/",
           "tile/0/000.p/0",
           "tile/0/000.p/01",
           "tile/0/000.p/256",
           "tile/0/000.p/257",
           "tile/0/000.p/-1",
           "tile/0/000.p/1/",
           "tile/0/000.p/1.p/1",
           "tile/00/000",
           "tile/64/000",
           "tile/-1/000",
           "tile/+1/000",
           "tile/entry/000",
           "tile/entries",
           "tile/8/0/000",
           "/tile/0/000",
           "tile/0/../000",
           "tile/0/x018/x446/x744/x073/x709/x551/616",
           "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
       }) {
    EXPECT_FALSE(TileId::parse(path)) << path;
  }
}

TEST(TileId, Leaves_OfATile) {
  EXPECT_EQ((TileId{0, 3, 256}).first_leaf(), 768U);
  EXPECT_EQ((TileId{TileId::kEntries, 3, 256}).first_leaf(), 768U);
  EXPECT_EQ((TileId{0, 3, 256}).leaves_per_hash(), 1U);
  EXPECT_EQ((TileId{1, 3, 256}).first_leaf(), 196608U);
  EXPECT_EQ((TileId{1, 3, 256}).leaves_per_hash(), 256U);
  EXPECT_EQ((TileId{7, 0, 256}).leaves_per_hash(), std::uint64_t{1} << 56U);
  EXPECT_EQ((TileId{8, 0, 256}).leaves_per_hash(), 0U);
}

TEST(TileWidth, InTheSpecificationsTrees_Matches) {
  EXPECT_EQ(tile_width(0, 0, 256), 256U);
  EXPECT_EQ(tile_width(1, 0, 256), 1U);
  EXPECT_EQ(tile_width(0, 1, 256), 0U);
  EXPECT_EQ(tile_width(2, 0, 256), 0U);

  EXPECT_EQ(tile_width(0, 272, 70000), 256U);
  EXPECT_EQ(tile_width(0, 273, 70000), 112U);
  EXPECT_EQ(tile_width(0, 274, 70000), 0U);
  EXPECT_EQ(tile_width(1, 0, 70000), 256U);
  EXPECT_EQ(tile_width(1, 1, 70000), 17U);
  EXPECT_EQ(tile_width(2, 0, 70000), 1U);
  EXPECT_EQ(tile_width(3, 0, 70000), 0U);
  EXPECT_EQ(tile_width(TileId::kEntries, 273, 70000), 112U);
}

TEST(TileWidth, AtTheEdgesOfNumbers_IsRight) {
  EXPECT_EQ(tile_width(0, 0, 0), 0U);
  EXPECT_EQ(tile_width(0, kMax, kMax), 0U);
  EXPECT_EQ(tile_width(0, kMax / 256, kMax), 255U);
  EXPECT_EQ(tile_width(7, 0, kMax), 255U);
  EXPECT_EQ(tile_width(7, 1, kMax), 0U);
  EXPECT_EQ(tile_width(8, 0, kMax), 0U);
  EXPECT_EQ(tile_width(63, 0, kMax), 0U);
}

TEST(Bundle, OfThreeEntries_IsAsPublished) {
  Bytes bundle;
  for (const char* entry : {"one", "two", "three"}) {
    append_to_bundle(bundle, as_bytes(entry));
  }
  EXPECT_EQ(to_hex(bundle), "00036f6e65000374776f00057468726565");
  const auto entries = split_bundle(bundle, 3);
  ASSERT_TRUE(entries);
  EXPECT_EQ(as_chars(entries->at(2)), "three");
}

TEST(Bundle, OfAnotherWidth_IsRefused) {
  Bytes bundle;
  append_to_bundle(bundle, as_bytes("one"));
  append_to_bundle(bundle, {});
  EXPECT_TRUE(split_bundle(bundle, 2));
  EXPECT_FALSE(split_bundle(bundle, 1));
  EXPECT_FALSE(split_bundle(bundle, 3));
  EXPECT_FALSE(split_bundle(bundle, 0));
  EXPECT_TRUE(split_bundle({}, 0));
  EXPECT_FALSE(split_bundle({}, 1));
}

TEST(Bundle, CutShort_IsRefused) {
  Bytes bundle;
  append_to_bundle(bundle, as_bytes("one"));
  append_to_bundle(bundle, as_bytes("three"));
  for (std::size_t size = 0; size < bundle.size(); ++size) {
    EXPECT_FALSE(split_bundle(ByteView(bundle).first(size), 2)) << size;
  }
  bundle.push_back(0);
  EXPECT_FALSE(split_bundle(bundle, 2));
}

TEST(Bundle, OfTheLargestEntry_IsReadBack) {
  const Bytes largest(0xffff, 7);
  Bytes bundle;
  append_to_bundle(bundle, largest);
  const auto entries = split_bundle(bundle, 1);
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->at(0).size(), largest.size());
}

TEST(BundleDeathTest, OfALargerEntry_Stops) {
  Bytes bundle;
  EXPECT_DEATH(append_to_bundle(bundle, Bytes(0x10000)), "64 KiB");
}

}  // namespace
}  // namespace strongroom
