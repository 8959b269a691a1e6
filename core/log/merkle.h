// SPDX-License-Identifier: Apache-2.0
// The Merkle tree of RFC 6962 section 2.1, SHA-256, unchanged.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/crypto/hash.h"

namespace strongroom {

/// SHA-256(""), the root of a tree without leaves.
Hash empty_root();
/// SHA-256(0x00 || entry).
Hash leaf_hash(ByteView entry);
/// SHA-256(0x01 || left || right).
Hash node_hash(const Hash& left, const Hash& right);
/// MTH over leaf hashes; empty_root() for none. O(n).
Hash merkle_root(std::span<const Hash> leaves);

/// The hashes of the perfect subtrees that make up a tree, largest first:
/// enough to append and to tell the root, O(log n) memory.
class CompactTree {
 public:
  CompactTree() = default;
  /// `roots` must have one hash per set bit of `size`, largest subtree first.
  CompactTree(std::uint64_t size, std::vector<Hash> roots);

  void append(const Hash& leaf);
  std::uint64_t size() const { return size_; }
  Hash root() const;
  std::span<const Hash> subtree_roots() const { return roots_; }

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> roots_;
};

/// MTH of leaves [begin, begin + width), width a power of two that divides
/// begin: all that proofs need to know of a tree.
using SubtreeHash =
    std::function<Hash(std::uint64_t begin, std::uint64_t width)>;

/// MTH of leaves [begin, end) as it stands in the tree of RFC 6962: begin is a
/// multiple of the smallest power of two >= end - begin. Folds perfect
/// subtrees.
Hash range_hash(std::uint64_t begin, std::uint64_t end, const SubtreeHash& at);

}  // namespace strongroom
