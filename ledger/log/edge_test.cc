// SPDX-License-Identifier: Apache-2.0
#include "ledger/log/edge.h"

#include <gtest/gtest.h>
#include <map>

#include "ledger/log/subtrees.h"

namespace strongroom {
namespace {

Hash leaf(std::uint64_t index) {
  Bytes bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(index >> shift));
  }
  return leaf_hash(bytes);
}

/// A tree over the 8-byte big-endian indices, its full tiles kept as a store
/// keeps them.
struct Grown {
  void to(std::uint64_t size) {
    while (edge.size() < size) {
      leaves.push_back(leaf(edge.size()));
      std::vector<FullTile> full;
      edge.append(leaves.back(), full);
      for (const FullTile& tile : full) {
        tiles[{tile.level, tile.number}] = tile.nodes->bytes(kTileWidth);
      }
    }
  }
  LoadTile load() {
    return [this](int level,
                  std::uint64_t number) -> Result<std::optional<Bytes>> {
      ++loads;
      const auto found = tiles.find({level, number});
      return found == tiles.end() ? std::nullopt : std::optional(found->second);
    };
  }

  Edge edge;
  std::vector<Hash> leaves;
  std::map<std::pair<int, std::uint64_t>, Bytes> tiles;
  int loads = 0;
};

std::string root_at(std::uint64_t size) {
  Grown tree;
  tree.to(size);
  return to_hex(tree.edge.root());
}

TEST(Edge, RootsAtTileBorders_AreThePublishedOnes) {
  EXPECT_EQ(root_at(0), to_hex(empty_root()));
  EXPECT_EQ(root_at(255),
            "bb3b9743e08118ea583ae77df04a1449a0601cde6f75146d79c2cab6366ce210");
  EXPECT_EQ(root_at(256),
            "15e2dd4973ae44de8c8cf3048fd98d17adaaea6287f4e0606a55a643617408c0");
  EXPECT_EQ(root_at(257),
            "d418c0873259bce7d0561ab004486112416c1c4490865415342bfe06e673146c");
  EXPECT_EQ(root_at(65536),
            "bc9bca909516d5bf148c2bf2dea0a0d9f717ce4987d2fe7504d6694363b41598");
  EXPECT_EQ(root_at(70000),
            "0759167a0f98e35e802d46ff7c7d29d2c3f03a63a256deb6abbff357a91b63b1");
}

TEST(Edge, EverySmallSize_HasTheNaiveRoot) {
  Grown tree;
  for (std::uint64_t size = 1; size <= 600; ++size) {
    tree.to(size);
    ASSERT_EQ(tree.edge.root(), merkle_root(tree.leaves)) << size;
  }
}

TEST(Edge, FullTiles_AreThoseOfTheSize) {
  Grown tree;
  tree.to(70000);
  std::size_t level0 = 0;
  for (const auto& [key, bytes] : tree.tiles) {
    EXPECT_EQ(bytes.size(), 8192U);
    level0 += key.first == 0 ? 1U : 0U;
  }
  EXPECT_EQ(level0, 273U);
  EXPECT_EQ(tree.tiles.size(), 274U);
  EXPECT_EQ(tree.edge.tile(0)->width(), 112U);
  EXPECT_EQ(tree.edge.tile(1)->width(), 17U);
  EXPECT_EQ(tree.edge.tile(2)->width(), 1U);
  EXPECT_EQ(tree.edge.tile(3), nullptr);
}

class SubtreesTest : public ::testing::Test {
 protected:
  void SetUp() override { tree.to(66'000); }

  Grown tree;
  TileCache cache{4};  // small: tiles come and go
  Subtrees subtrees{tree.edge, cache, tree.load()};
};

TEST_F(SubtreesTest, Proofs_LeadToTheRoot) {
  const Hash root = tree.edge.root();
  for (const std::uint64_t index :
       {0U, 1U, 255U, 256U, 65535U, 65536U, 65999U, 40000U}) {
    const auto path = subtrees.inclusion(index, 66'000);
    ASSERT_TRUE(path) << path.error().what;
    EXPECT_EQ(root_from_inclusion(index, 66'000, tree.leaves[index], *path),
              root);
  }
  for (const std::uint64_t old_size : {1U, 255U, 256U, 257U, 65536U, 65999U}) {
    const Hash old_root = merkle_root(std::span(tree.leaves).first(old_size));
    EXPECT_EQ(subtrees.root(old_size).value(), old_root);
    const auto path = subtrees.consistency(old_size, 66'000);
    ASSERT_TRUE(path) << path.error().what;
    EXPECT_TRUE(verify_consistency(old_size, old_root, 66'000, root, *path));
  }
  const auto range = subtrees.range(500, 300, 66'000);
  ASSERT_TRUE(range);
  EXPECT_EQ(root_from_range(
                500, std::span(tree.leaves).subspan(500, 300), 66'000, *range),
            root);
}

TEST_F(SubtreesTest, AProof_ReadsFewTiles) {
  TileCache large(64);
  Subtrees cold(tree.edge, large, tree.load());
  tree.loads = 0;
  ASSERT_TRUE(cold.inclusion(12345, 66'000));
  EXPECT_LE(tree.loads, 2);  // its leaves, and the tile above
  tree.loads = 0;
  ASSERT_TRUE(cold.inclusion(12346, 66'000));
  EXPECT_EQ(tree.loads, 0);
}

TEST_F(SubtreesTest, DamagedOrMissingTile_IsAFaultAndPartOfNoProof) {
  tree.tiles[{0, 3}][77] ^= 1;
  tree.tiles.erase({0, 9});
  EXPECT_FALSE(subtrees.inclusion(3 * 256 + 9, 66'000));
  EXPECT_FALSE(subtrees.inclusion(9 * 256, 66'000));
  EXPECT_FALSE(subtrees.tile(0, 3, 256));
  EXPECT_TRUE(subtrees.inclusion(4 * 256, 66'000));
  // Also when it is the tile above that lies.
  tree.tiles[{1, 0}][5] ^= 1;
  TileCache fresh(64);
  Subtrees other(tree.edge, fresh, tree.load());
  EXPECT_FALSE(other.inclusion(0, 66'000));
}

TEST_F(SubtreesTest, Tiles_AreServedAtEveryWidthThatEverWas) {
  EXPECT_EQ(subtrees.tile(0, 0, 256).value()->size(), 8192U);
  EXPECT_EQ(subtrees.tile(0, 0, 7).value()->size(), 7U * 32);
  EXPECT_EQ(subtrees.tile(0, 257, 66'000 - 257 * 256).value()->size(),
            (66'000U - 257 * 256) * 32);
  EXPECT_EQ(subtrees.tile(0, 257, 256).value(), std::nullopt);
  EXPECT_EQ(subtrees.tile(0, 258, 1).value(), std::nullopt);
  EXPECT_EQ(subtrees.tile(2, 0, 1).value()->size(), 32U);
  EXPECT_EQ(subtrees.tile(3, 0, 1).value(), std::nullopt);
}

}  // namespace
}  // namespace strongroom
