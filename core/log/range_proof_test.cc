// SPDX-License-Identifier: Apache-2.0
// Range proofs, each one of small trees: docs/decisions/0011.
#include <algorithm>
#include <gtest/gtest.h>
#include <limits>

#include "core/log/naive_tree_test_util.h"
#include "core/log/proof.h"

namespace strongroom {
namespace {

constexpr std::size_t kMaxSize = 40;

// The naive tree: hashes of the maximal subtrees of d, whose first leaf has
// number `begin`, that hold no leaf of [first, last).
void add_outside(naive::Leaves d,
                 std::size_t begin,
                 std::size_t first,
                 std::size_t last,
                 Path& path) {
  const std::size_t end = begin + d.size();
  if (end <= first || last <= begin) {
    path.push_back(naive::root(d));
  } else if (begin < first || last < end) {
    const std::size_t k = naive::split(d.size());
    add_outside(d.first(k), begin, first, last, path);
    add_outside(d.subspan(k), begin + k, first, last, path);
  }
}

// One range of one tree, and its proof.
struct Range {
  const std::vector<Hash>& leaves;  // of the tree
  const Hash& root;
  std::size_t first;
  std::span<const Hash> inside;
  Path path;

  std::size_t size() const { return leaves.size(); }
  std::optional<Hash> root_by(const Path& other) const {
    return root_from_range(first, inside, size(), other);
  }
};

// Calls `body` with every range of every tree of up to 40 leaves.
template <typename Body>
void for_each_range(Body body) {
  for (std::size_t size = 1; size <= kMaxSize; ++size) {
    const auto leaves = naive::some_leaves(size);
    const SubtreeHash at = naive::subtree_hash_of(leaves);
    const Hash root = naive::root(leaves);
    for (std::size_t first = 0; first < size; ++first) {
      for (std::size_t count = 1; count <= size - first; ++count) {
        body(Range{leaves,
                   root,
                   first,
                   std::span(leaves).subspan(first, count),
                   range_path(first, count, size, at)});
      }
    }
  }
}

TEST(RangeProof, OfEveryRange_LeadsToTheRoot) {
  for_each_range([](const Range& range) {
    Path expected;
    add_outside(range.leaves,
                0,
                range.first,
                range.first + range.inside.size(),
                expected);
    ASSERT_EQ(range.path, expected);
    ASSERT_EQ(range.root_by(range.path), range.root);
  });
}

TEST(RangeProof, OfOneLeaf_HoldsTheHashesOfItsInclusionProof) {
  for_each_range([](Range range) {
    if (range.inside.size() == 1) {
      Path inclusion = naive::inclusion(range.first, range.leaves);
      std::ranges::sort(inclusion);
      std::ranges::sort(range.path);
      ASSERT_EQ(range.path, inclusion);
    }
  });
}

TEST(RangeProof, WithAnyByteFlipped_IsRefused) {
  for_each_range([](Range range) {
    for (Hash& hash : range.path) {
      for (std::uint8_t& byte : hash) {
        byte ^= 0x40U;
        ASSERT_NE(range.root_by(range.path), range.root);
        byte ^= 0x40U;
      }
    }
  });
}

TEST(RangeProof, WithAnyLeafAltered_IsRefused) {
  for_each_range([](const Range& range) {
    std::vector<Hash> altered(range.inside.begin(), range.inside.end());
    for (Hash& leaf : altered) {
      leaf[31] ^= 1U;
      ASSERT_NE(root_from_range(range.first, altered, range.size(), range.path),
                range.root);
      leaf[31] ^= 1U;
    }
  });
}

TEST(RangeProof, WithAHashDroppedOrAdded_IsRefused) {
  for_each_range([](const Range& range) {
    for (std::size_t at = 0; at <= range.path.size(); ++at) {
      const auto place = static_cast<std::ptrdiff_t>(at);
      for (const Hash& extra : {range.root, range.leaves[0], Hash{}}) {
        Path longer = range.path;
        longer.insert(longer.begin() + place, extra);
        ASSERT_EQ(range.root_by(longer), std::nullopt);
      }
      if (at < range.path.size()) {
        Path shorter = range.path;
        shorter.erase(shorter.begin() + place);
        ASSERT_EQ(range.root_by(shorter), std::nullopt);
      }
    }
  });
}

TEST(RangeProof, WithLeavesDroppedOrAdded_IsRefused) {
  for_each_range([](const Range& range) {
    const auto fewer = range.inside.first(range.inside.size() - 1);
    ASSERT_NE(root_from_range(range.first, fewer, range.size(), range.path),
              range.root);
    std::vector<Hash> more(range.inside.begin(), range.inside.end());
    more.push_back(range.inside.back());
    ASSERT_NE(root_from_range(range.first, more, range.size(), range.path),
              range.root);
  });
}

TEST(RangeProof, AtAnotherPlace_IsRefused) {
  for_each_range([](const Range& range) {
    for (std::size_t other = 0; other <= range.size(); ++other) {
      if (other != range.first) {
        ASSERT_NE(
            root_from_range(other, range.inside, range.size(), range.path),
            range.root);
      }
    }
  });
}

TEST(RangeProof, OfNoLeaves_IsRefused) {
  EXPECT_FALSE(root_from_range(0, {}, 0, {}));
  EXPECT_FALSE(root_from_range(0, {}, 1, {}));
  const Path path = {Hash{}};
  EXPECT_FALSE(root_from_range(0, {}, 1, path));
}

TEST(RangeProof, OfARangeBeyondTheTree_IsRefused) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  const auto leaves = naive::some_leaves(2);
  EXPECT_FALSE(root_from_range(0, leaves, 1, {}));
  EXPECT_FALSE(root_from_range(1, leaves, 2, {}));
  EXPECT_FALSE(root_from_range(kMax, leaves, kMax, {}));
  EXPECT_FALSE(root_from_range(kMax - 1, leaves, kMax, {}));
}

TEST(RangeProof, OfTheWholeTree_IsEmpty) {
  const auto leaves = naive::some_leaves(513);
  EXPECT_TRUE(range_path(0, 513, 513, naive::subtree_hash_of(leaves)).empty());
  EXPECT_EQ(root_from_range(0, leaves, 513, {}), naive::root(leaves));
}

TEST(RangeProof, OfABatchInALargeTree_IsShort) {
  const SubtreeHash at = [](std::uint64_t, std::uint64_t) { return Hash{}; };
  constexpr std::uint64_t kSize = 10'000'019;
  for (std::uint64_t first = 0; first + 513 <= kSize; first += 99'991) {
    EXPECT_LE(range_path(first, 513, kSize, at).size(), 48U);
  }
}

}  // namespace
}  // namespace strongroom
