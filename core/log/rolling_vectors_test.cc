// SPDX-License-Identifier: Apache-2.0
// Every tree of up to 130 leaves, folded into one hash per algorithm: the
// appendix "Subtree Test Vectors" of draft-ietf-plants-merkle-tree-certs, and
// two more of whole trees. Entry i is the single byte i.
#include <bit>
#include <gtest/gtest.h>
#include <string>

#include "core/log/naive_tree_test_util.h"
#include "core/log/proof.h"

namespace strongroom {
namespace {

constexpr std::uint64_t kMaxSize = 130;

// Subtree hashes from a table: the naive tree would take minutes.
class RollingVectors : public testing::Test {
 protected:
  RollingVectors() {
    std::vector<Hash> row;
    for (std::uint64_t i = 0; i < kMaxSize; ++i) {
      const Bytes entry = {static_cast<std::uint8_t>(i)};
      row.push_back(leaf_hash(entry));
    }
    while (!row.empty()) {
      levels_.push_back(row);
      std::vector<Hash> above;
      for (std::size_t i = 0; i + 1 < row.size(); i += 2) {
        above.push_back(node_hash(row[i], row[i + 1]));
      }
      row = above;
    }
  }

  Hash at(std::uint64_t begin, std::uint64_t width) const {
    const auto level = static_cast<std::size_t>(std::countr_zero(width));
    return levels_.at(level).at(begin / width);
  }

  // The same tree without its first `base` leaves.
  SubtreeHash tree_from(std::uint64_t base) const {
    return [this, base](std::uint64_t begin, std::uint64_t width) {
      return at(base + begin, width);
    };
  }

  // SUBTREE_PROOF(s, e, D[n]): down to where the subtree begins the rest of
  // the tree; from there it is the ordinary consistency proof.
  Path subtree_consistency(std::uint64_t s,
                           std::uint64_t e,
                           std::uint64_t n) const {
    if (s == e) {
      return {};
    }
    std::uint64_t begin = 0;
    std::uint64_t end = n;
    Path beside;  // root's child first
    while (begin < s) {
      const std::uint64_t middle = begin + std::bit_floor(end - begin - 1);
      if (e <= middle) {
        beside.push_back(range_hash(middle, end, tree_from(0)));
        end = middle;
      } else {
        beside.push_back(range_hash(begin, middle, tree_from(0)));
        begin = middle;
      }
    }
    Path path = consistency_path(e - begin, end - begin, tree_from(begin));
    path.insert(path.end(), beside.rbegin(), beside.rend());
    return path;
  }

  std::vector<std::vector<Hash>> levels_;
};

bool is_valid(std::uint64_t s, std::uint64_t e) {
  return s == 0 || s == e || s % std::bit_ceil(e - s) == 0;
}

std::string range_text(std::uint64_t s, std::uint64_t e) {
  return "[" + std::to_string(s) + ", " + std::to_string(e) + ")";
}

void add_line(std::string& lines,
              const std::string& head,
              std::span<const Hash> hashes) {
  lines += head;
  for (const Hash& hash : hashes) {
    lines += " " + to_hex(hash);
  }
  lines += "\n";
}

std::string digest(const std::string& lines) {
  return to_hex(sha256(as_bytes(lines)));
}

TEST_F(RollingVectors, SubtreeHashes) {
  std::string lines;
  for (std::uint64_t e = 0; e <= kMaxSize; ++e) {
    for (std::uint64_t s = 0; s <= e; ++s) {
      if (is_valid(s, e)) {
        const Hash hash = range_hash(s, e, tree_from(0));
        add_line(lines, range_text(s, e), {&hash, 1});
      }
    }
  }
  EXPECT_EQ(digest(lines),
            "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81");
}

TEST_F(RollingVectors, SubtreeInclusionProofs) {
  std::string lines;
  for (std::uint64_t e = 1; e <= kMaxSize; ++e) {
    for (std::uint64_t s = 0; s < e; ++s) {
      if (!is_valid(s, e)) {
        continue;
      }
      for (std::uint64_t i = s; i < e; ++i) {
        add_line(lines,
                 std::to_string(i) + " " + range_text(s, e),
                 inclusion_path(i - s, e - s, tree_from(s)));
      }
    }
  }
  EXPECT_EQ(digest(lines),
            "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f");
}

TEST_F(RollingVectors, SubtreeConsistencyProofs) {
  std::string lines;
  for (std::uint64_t n = 0; n <= kMaxSize; ++n) {
    for (std::uint64_t e = 0; e <= n; ++e) {
      for (std::uint64_t s = 0; s <= e; ++s) {
        if (is_valid(s, e)) {
          add_line(lines,
                   range_text(s, e) + " " + std::to_string(n),
                   subtree_consistency(s, e, n));
        }
      }
    }
  }
  EXPECT_EQ(digest(lines),
            "10fa99b37bf9bf9ffa26b412fbd98bd75363256d0b75d61bc4538b9c9c5a0a74");
}

TEST_F(RollingVectors, InclusionProofs) {
  std::string lines;
  for (std::uint64_t n = 1; n <= kMaxSize; ++n) {
    const Hash root = range_hash(0, n, tree_from(0));
    for (std::uint64_t i = 0; i < n; ++i) {
      const Path path = inclusion_path(i, n, tree_from(0));
      ASSERT_EQ(root_from_inclusion(i, n, at(i, 1), path), root);
      add_line(lines, std::to_string(i) + " " + std::to_string(n), path);
    }
  }
  EXPECT_EQ(digest(lines),
            "893ce6eea61adc33c22c0e3a952498b76dfa3c282e78ac659f6fcc0ea44f9983");
}

TEST_F(RollingVectors, ConsistencyProofs) {
  std::string lines;
  for (std::uint64_t n = 1; n <= kMaxSize; ++n) {
    const Hash root = range_hash(0, n, tree_from(0));
    for (std::uint64_t m = 1; m <= n; ++m) {
      const Path path = consistency_path(m, n, tree_from(0));
      const Hash old_root = range_hash(0, m, tree_from(0));
      ASSERT_TRUE(verify_consistency(m, old_root, n, root, path));
      add_line(lines, std::to_string(m) + " " + std::to_string(n), path);
    }
  }
  EXPECT_EQ(digest(lines),
            "2498232e1aebe8d1aa8d339d897fc471f4495fe0b8a55ac08f7dae3d88bc4c2a");
}

}  // namespace
}  // namespace strongroom
