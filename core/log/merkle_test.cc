// SPDX-License-Identifier: Apache-2.0
#include "core/log/merkle.h"

#include <bit>
#include <gtest/gtest.h>
#include <string>

#include "core/log/naive_tree_test_util.h"

namespace strongroom {
namespace {

Hash hash_of(std::string_view hex) {
  return hash_from(from_hex(hex).value()).value();
}

// The eight leaves of certificate-transparency's merkle_tree_test.cc and of
// transparency-dev/merkle's testonly/constants.go, with what they publish.
constexpr const char* kLeaves[] = {"",
                                   "00",
                                   "10",
                                   "2021",
                                   "3031",
                                   "40414243",
                                   "5051525354555657",
                                   "606162636465666768696a6b6c6d6e6f"};
constexpr const char* kLeafHashes[] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
    "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
    "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1"};
constexpr const char* kRoots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

TEST(Merkle, Hashes_OfPublishedLeaves_Match) {
  for (std::size_t i = 0; i < std::size(kLeaves); ++i) {
    EXPECT_EQ(leaf_hash(from_hex(kLeaves[i]).value()), hash_of(kLeafHashes[i]));
  }
  EXPECT_EQ(
      leaf_hash(as_bytes("L123456")),
      hash_of(
          "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"));
}

TEST(Merkle, Node_OfPublishedPair_Matches) {
  EXPECT_EQ(node_hash(hash_of(kLeafHashes[0]), hash_of(kLeafHashes[1])),
            hash_of(kRoots[2]));
}

TEST(Merkle, Root_OfPublishedTrees_Matches) {
  CompactTree tree;
  std::vector<Hash> leaves;
  EXPECT_EQ(empty_root(), hash_of(kRoots[0]));
  EXPECT_EQ(merkle_root({}), hash_of(kRoots[0]));
  EXPECT_EQ(tree.root(), hash_of(kRoots[0]));
  for (std::size_t i = 0; i < std::size(kLeaves); ++i) {
    leaves.push_back(leaf_hash(from_hex(kLeaves[i]).value()));
    tree.append(leaves.back());
    EXPECT_EQ(merkle_root(leaves), hash_of(kRoots[i + 1])) << i + 1;
    EXPECT_EQ(tree.root(), hash_of(kRoots[i + 1])) << i + 1;
  }
}

TEST(Merkle, Root_AgreesWithTheNaiveTree) {
  const auto leaves = naive::some_leaves(300);
  CompactTree tree;
  for (std::size_t n = 0; n < leaves.size(); ++n) {
    const auto part = std::span(leaves).first(n);
    ASSERT_EQ(tree.size(), n);
    ASSERT_EQ(tree.root(), naive::root(part)) << n;
    ASSERT_EQ(merkle_root(part), naive::root(part)) << n;
    tree.append(leaves[n]);
  }
}

TEST(Merkle, CompactTree_FromItsRoots_GoesOn) {
  const auto leaves = naive::some_leaves(80);
  CompactTree whole;
  for (std::size_t n = 0; n < leaves.size(); ++n) {
    const auto roots = whole.subtree_roots();
    CompactTree restored(n, std::vector(roots.begin(), roots.end()));
    ASSERT_EQ(restored.root(), whole.root());
    restored.append(leaves[n]);
    whole.append(leaves[n]);
    ASSERT_EQ(restored.root(), whole.root()) << n;
  }
}

TEST(MerkleDeathTest, CompactTree_WithAHashTooFew_Stops) {
  EXPECT_DEATH(CompactTree(3, {Hash{}}), "one hash per set bit");
}

// 8-byte big-endian counters; sizes around the borders of tiles.
TEST(Merkle, Root_AtTileBorders_Matches) {
  struct Case {
    std::uint64_t size;
    const char* root;
  };
  constexpr Case kCases[] = {
      {255, "bb3b9743e08118ea583ae77df04a1449a0601cde6f75146d79c2cab6366ce210"},
      {256, "15e2dd4973ae44de8c8cf3048fd98d17adaaea6287f4e0606a55a643617408c0"},
      {257, "d418c0873259bce7d0561ab004486112416c1c4490865415342bfe06e673146c"},
      {65536,
       "bc9bca909516d5bf148c2bf2dea0a0d9f717ce4987d2fe7504d6694363b41598"},
      {65537,
       "a901bb447a4b4c361cdf559658f27f24a8a3ebbc49257c472efe950932d4853a"},
      {70000,
       "0759167a0f98e35e802d46ff7c7d29d2c3f03a63a256deb6abbff357a91b63b1"}};
  CompactTree tree;
  for (const Case& known : kCases) {
    while (tree.size() < known.size) {
      Bytes entry(8);
      for (unsigned i = 0; i < 8; ++i) {
        entry[i] = static_cast<std::uint8_t>(tree.size() >> (56 - 8 * i));
      }
      tree.append(leaf_hash(entry));
    }
    EXPECT_EQ(tree.root(), hash_of(known.root)) << known.size;
  }
}

TEST(Merkle, RangeHash_OfEveryValidRange_AgreesWithTheNaiveTree) {
  const auto leaves = naive::some_leaves(70);
  const SubtreeHash at = naive::subtree_hash_of(leaves);
  for (std::uint64_t end = 0; end <= leaves.size(); ++end) {
    for (std::uint64_t begin = 0; begin <= end; ++begin) {
      if (begin % std::bit_ceil(end - begin) == 0) {
        ASSERT_EQ(range_hash(begin, end, at),
                  naive::root(std::span(leaves).subspan(begin, end - begin)));
      }
    }
  }
}

TEST(Merkle, RangeHash_AsksForAlignedPowersOfTwo) {
  const SubtreeHash at = [](std::uint64_t begin, std::uint64_t width) {
    EXPECT_TRUE(std::has_single_bit(width));
    EXPECT_EQ(begin % width, 0U);
    return Hash{};
  };
  range_hash(0, 10'000'001, at);
  range_hash(64, 107, at);
}

}  // namespace
}  // namespace strongroom
