// SPDX-License-Identifier: Apache-2.0
#include "core/log/proof.h"

#include <gtest/gtest.h>
#include <limits>
#include <string>

#include "core/log/naive_tree_test_util.h"

namespace strongroom {
namespace {

using naive::some_leaves;
using naive::subtree_hash_of;

Hash hash_of(std::string_view hex) {
  return hash_from(from_hex(hex).value()).value();
}

std::vector<Hash> published_leaves() {
  std::vector<Hash> leaves;
  for (const char* entry : {"",
                            "00",
                            "10",
                            "2021",
                            "3031",
                            "40414243",
                            "5051525354555657",
                            "606162636465666768696a6b6c6d6e6f"}) {
    leaves.push_back(leaf_hash(from_hex(entry).value()));
  }
  return leaves;
}

// The nodes that the published proofs name.
const Hash kLeaf0 =
    hash_of("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
const Hash kLeaf1 =
    hash_of("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
const Hash kLeaf4 =
    hash_of("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
const Hash kLeaf6 =
    hash_of("b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f");
const Hash kNode0To2 =
    hash_of("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
const Hash kNode2To4 =
    hash_of("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e");
const Hash kNode4To6 =
    hash_of("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a");
const Hash kNode6To8 =
    hash_of("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
const Hash kNode0To4 =
    hash_of("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
const Hash kNode4To8 =
    hash_of("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4");
const Hash kSomeHash =
    hash_of("abacaba000000000000000000000000000000000000000000060061e00123456");

TEST(Inclusion, Path_InPublishedTrees_Matches) {
  struct Case {
    std::uint64_t index;
    std::uint64_t size;
    Path path;
  };
  const std::vector<Case> cases = {
      {0, 1, {}},
      {0, 8, {kLeaf1, kNode2To4, kNode4To8}},
      {5, 8, {kLeaf4, kNode6To8, kNode0To4}},
      {2, 3, {kNode0To2}},
      {1, 5, {kLeaf0, kNode2To4, kLeaf4}},
  };
  const auto leaves = published_leaves();
  for (const auto& [index, size, path] : cases) {
    EXPECT_EQ(inclusion_path(index, size, subtree_hash_of(leaves)), path);
    EXPECT_EQ(root_from_inclusion(index, size, leaves[index], path),
              naive::root(std::span(leaves).first(size)));
  }
}

TEST(Consistency, Path_InPublishedTrees_Matches) {
  struct Case {
    std::uint64_t old_size;
    std::uint64_t size;
    Path path;
  };
  const std::vector<Case> cases = {
      {1, 1, {}},
      {1, 8, {kLeaf1, kNode2To4, kNode4To8}},
      {6, 8, {kNode4To6, kNode6To8, kNode0To4}},
      {2, 5, {kNode2To4, kLeaf4}},
      {6, 7, {kNode4To6, kLeaf6, kNode0To4}},
  };
  const auto leaves = published_leaves();
  for (const auto& [old_size, size, path] : cases) {
    EXPECT_EQ(consistency_path(old_size, size, subtree_hash_of(leaves)), path);
    EXPECT_TRUE(
        verify_consistency(old_size,
                           naive::root(std::span(leaves).first(old_size)),
                           size,
                           naive::root(std::span(leaves).first(size)),
                           path));
  }
}

TEST(Inclusion, Path_AgreesWithTheNaiveTree) {
  for (std::size_t n = 1; n <= 70; ++n) {
    const auto leaves = some_leaves(n);
    const SubtreeHash at = subtree_hash_of(leaves);
    const Hash root = naive::root(leaves);
    for (std::size_t i = 0; i < n; ++i) {
      const Path path = inclusion_path(i, n, at);
      ASSERT_EQ(path, naive::inclusion(i, leaves)) << i << " of " << n;
      ASSERT_EQ(root_from_inclusion(i, n, leaves[i], path), root);
    }
  }
}

TEST(Consistency, Path_AgreesWithTheNaiveTree) {
  for (std::size_t n = 1; n <= 70; ++n) {
    const auto leaves = some_leaves(n);
    const SubtreeHash at = subtree_hash_of(leaves);
    for (std::size_t m = 1; m <= n; ++m) {
      const Path path = consistency_path(m, n, at);
      ASSERT_EQ(path, naive::consistency(m, leaves)) << m << " to " << n;
      ASSERT_TRUE(verify_consistency(m,
                                     naive::root(std::span(leaves).first(m)),
                                     n,
                                     naive::root(leaves),
                                     path));
    }
  }
}

// What is wrong with a proof, by the names of the files in
// transparency-dev/merkle's testdata.
struct InclusionProbe {
  std::string what;
  std::uint64_t index;
  std::uint64_t size;
  Hash leaf;
  Hash root;
  Path path;
};

Path with_front(const Hash& hash, Path path) {
  path.insert(path.begin(), hash);
  return path;
}

std::vector<InclusionProbe> corrupted(const InclusionProbe& good) {
  std::vector<InclusionProbe> probes;
  const auto add = [&](std::string what, auto corrupt) {
    InclusionProbe probe = good;
    probe.what = std::move(what);
    corrupt(probe);
    probes.push_back(std::move(probe));
  };
  add("leafIdx - 1", [](auto& probe) { --probe.index; });
  add("leafIdx + 1", [](auto& probe) { ++probe.index; });
  add("leafIdx ^ 2", [](auto& probe) { probe.index ^= 2; });
  add("treeSize * 2", [](auto& probe) { probe.size *= 2; });
  add("treeSize / 2", [](auto& probe) { probe.size /= 2; });
  add("wrong leaf", [](auto& probe) { probe.leaf = kSomeHash; });
  add("empty root", [](auto& probe) { probe.root = empty_root(); });
  add("random root", [](auto& probe) { probe.root = kSomeHash; });
  add("trailing garbage", [](auto& probe) { probe.path.push_back(Hash{}); });
  add("trailing root", [](auto& probe) { probe.path.push_back(probe.root); });
  add("preceding garbage",
      [](auto& probe) { probe.path = with_front(Hash{}, probe.path); });
  add("preceding root",
      [](auto& probe) { probe.path = with_front(probe.root, probe.path); });
  for (std::size_t i = 0; i < good.path.size(); ++i) {
    const std::string at = "[" + std::to_string(i) + "]";
    add("modified proof" + at, [i](auto& probe) { probe.path[i][0] ^= 8U; });
    add("removed component" + at, [i](auto& probe) {
      probe.path.erase(probe.path.begin() + static_cast<std::ptrdiff_t>(i));
    });
    add("inserted component" + at, [i](auto& probe) {
      probe.path.insert(probe.path.begin() + static_cast<std::ptrdiff_t>(i),
                        kSomeHash);
    });
  }
  if (good.path.size() > 1) {
    add("random order",
        [](auto& probe) { std::swap(probe.path.front(), probe.path.back()); });
    add("empty proof", [](auto& probe) { probe.path.clear(); });
  }
  return probes;
}

bool verifies(const InclusionProbe& probe) {
  return root_from_inclusion(probe.index, probe.size, probe.leaf, probe.path) ==
         probe.root;
}

TEST(Inclusion, Proof_WithAnythingWrong_IsRefused) {
  for (std::size_t n = 1; n <= 40; ++n) {
    const auto leaves = some_leaves(n);
    const SubtreeHash at = subtree_hash_of(leaves);
    const Hash root = naive::root(leaves);
    for (std::size_t i = 0; i < n; ++i) {
      const InclusionProbe good = {
          "", i, n, leaves[i], root, inclusion_path(i, n, at)};
      ASSERT_TRUE(verifies(good));
      for (const InclusionProbe& probe : corrupted(good)) {
        EXPECT_FALSE(verifies(probe))
            << probe.what << ", leaf " << i << " of " << n;
      }
    }
  }
}

TEST(Inclusion, Proof_OfNoSuchLeaf_IsRefused) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  EXPECT_FALSE(root_from_inclusion(0, 0, kSomeHash, {}));
  EXPECT_FALSE(root_from_inclusion(1, 0, kSomeHash, {}));
  EXPECT_FALSE(root_from_inclusion(1, 1, kSomeHash, {}));
  EXPECT_FALSE(root_from_inclusion(2, 1, kSomeHash, {}));
  EXPECT_FALSE(root_from_inclusion(kMax, kMax, kSomeHash, {}));
  EXPECT_FALSE(root_from_inclusion(kMax - 1, kMax, kSomeHash, {}));
}

TEST(Inclusion, Proof_OfTheLargestTree_IsFollowed) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  const Path path(64, kSomeHash);
  EXPECT_TRUE(root_from_inclusion(0, kMax, kSomeHash, path));
  EXPECT_FALSE(
      root_from_inclusion(0, kMax, kSomeHash, std::span(path).first(63)));
  // The last leaf of a tree of 2^64 - 1 is a left child at no level.
  EXPECT_TRUE(root_from_inclusion(
      kMax - 1, kMax, kSomeHash, std::span(path).first(63)));
}

struct ConsistencyProbe {
  std::string what;
  std::uint64_t old_size;
  Hash old_root;
  std::uint64_t size;
  Hash root;
  Path path;
};

std::vector<ConsistencyProbe> corrupted(const ConsistencyProbe& good) {
  std::vector<ConsistencyProbe> probes;
  const auto add = [&](std::string what, auto corrupt) {
    ConsistencyProbe probe = good;
    probe.what = std::move(what);
    corrupt(probe);
    probes.push_back(std::move(probe));
  };
  const auto put_first = [](const Hash& hash) {
    return [hash](auto& probe) { probe.path = with_front(hash, probe.path); };
  };
  const auto put_last = [](const Hash& hash) {
    return [hash](auto& probe) { probe.path.push_back(hash); };
  };
  add("size1 - 1", [](auto& probe) { --probe.old_size; });
  add("size1 + 1", [](auto& probe) { ++probe.old_size; });
  add("size1 ^ 2", [](auto& probe) { probe.old_size ^= 2; });
  add("size2 * 2", [](auto& probe) { probe.size *= 2; });
  add("size2 / 2", [](auto& probe) { probe.size /= 2; });
  add("wrong root1", [](auto& probe) { probe.old_root = kSomeHash; });
  add("wrong root2", [](auto& probe) { probe.root = kSomeHash; });
  add("swapped roots", [](auto& p) { std::swap(p.old_root, p.root); });
  add("empty proof", [](auto& probe) { probe.path.clear(); });
  add("trailing garbage", put_last(Hash{}));
  add("trailing root1", put_last(good.old_root));
  add("trailing root2", put_last(good.root));
  add("preceding garbage", put_first(Hash{}));
  add("preceding root1", put_first(good.old_root));
  add("preceding root2", put_first(good.root));
  add("preceding proof[0]", put_first(good.path.front()));
  for (std::size_t i = 0; i < good.path.size(); ++i) {
    const std::string at = "[" + std::to_string(i) + "]";
    add("modified proof" + at, [i](auto& probe) { probe.path[i][0] ^= 16U; });
    add("truncated proof" + at, [i](auto& probe) {
      probe.path.erase(probe.path.begin() + static_cast<std::ptrdiff_t>(i));
    });
  }
  if (good.path.size() > 1) {
    add("random order",
        [](auto& probe) { std::swap(probe.path.front(), probe.path.back()); });
  }
  return probes;
}

bool verifies(const ConsistencyProbe& probe) {
  return verify_consistency(
      probe.old_size, probe.old_root, probe.size, probe.root, probe.path);
}

TEST(Consistency, Proof_WithAnythingWrong_IsRefused) {
  for (std::size_t n = 2; n <= 40; ++n) {
    const auto leaves = some_leaves(n);
    const SubtreeHash at = subtree_hash_of(leaves);
    const Hash root = naive::root(leaves);
    for (std::size_t m = 1; m < n; ++m) {
      const ConsistencyProbe good = {"",
                                     m,
                                     naive::root(std::span(leaves).first(m)),
                                     n,
                                     root,
                                     consistency_path(m, n, at)};
      ASSERT_TRUE(verifies(good));
      for (const ConsistencyProbe& probe : corrupted(good)) {
        EXPECT_FALSE(verifies(probe)) << probe.what << ", " << m << " to " << n;
      }
    }
  }
}

TEST(Consistency, OfEqualSizes_NeedsEqualRootsAndNoProof) {
  const Path some_path = {kSomeHash};
  EXPECT_TRUE(verify_consistency(1, kLeaf0, 1, kLeaf0, {}));
  EXPECT_TRUE(verify_consistency(7, kSomeHash, 7, kSomeHash, {}));
  EXPECT_FALSE(verify_consistency(1, kLeaf0, 1, kLeaf1, {}));
  EXPECT_FALSE(verify_consistency(1, kLeaf0, 1, kLeaf0, some_path));
  EXPECT_FALSE(verify_consistency(7, kSomeHash, 7, kSomeHash, some_path));
}

TEST(Consistency, BackInTime_IsRefused) {
  EXPECT_FALSE(verify_consistency(1, kLeaf0, 0, empty_root(), {}));
  EXPECT_FALSE(verify_consistency(2, kNode0To2, 1, kLeaf0, {}));
  EXPECT_FALSE(verify_consistency(1, kLeaf0, 2, kNode0To2, {}));
}

// docs/decisions/0010: every tree extends the empty one, and that says nothing
// of it.
TEST(Consistency, FromSizeZero_NeedsTheEmptyRootAndNoProof) {
  const Path some_path = {kSomeHash};
  EXPECT_TRUE(verify_consistency(0, empty_root(), 5, kSomeHash, {}));
  EXPECT_TRUE(verify_consistency(0, empty_root(), 0, empty_root(), {}));
  EXPECT_FALSE(verify_consistency(0, kSomeHash, 5, kSomeHash, {}));
  EXPECT_FALSE(verify_consistency(0, empty_root(), 0, kSomeHash, {}));
  EXPECT_FALSE(verify_consistency(0, kSomeHash, 0, kSomeHash, {}));
  EXPECT_FALSE(verify_consistency(0, empty_root(), 5, kSomeHash, some_path));
  EXPECT_FALSE(verify_consistency(0, empty_root(), 0, empty_root(), some_path));
  EXPECT_TRUE(
      consistency_path(0, 5, [](auto, auto) { return Hash{}; }).empty());
}

TEST(Proof, OfALargeTree_AsksForFewSubtrees) {
  std::size_t calls = 0;
  const SubtreeHash at = [&calls](std::uint64_t, std::uint64_t) {
    ++calls;
    return Hash{};
  };
  constexpr std::uint64_t kSize = 10'000'019;
  for (const std::uint64_t index : {std::uint64_t{0}, kSize / 3, kSize - 1}) {
    calls = 0;
    inclusion_path(index, kSize, at);
    EXPECT_LE(calls, 48U);
    calls = 0;
    consistency_path(index + 1, kSize, at);
    EXPECT_LE(calls, 48U);
    calls = 0;
    range_path(index, 1, kSize, at);
    EXPECT_LE(calls, 48U);
  }
  calls = 0;
  range_path(kSize / 2, 513, kSize, at);
  EXPECT_LE(calls, 72U);
}

}  // namespace
}  // namespace strongroom
