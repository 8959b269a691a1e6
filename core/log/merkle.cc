// SPDX-License-Identifier: Apache-2.0
#include "core/log/merkle.h"

#include <array>
#include <bit>
#include <utility>

#include "core/base/check.h"

namespace strongroom {
namespace {

constexpr std::array<std::uint8_t, 1> kLeafPrefix = {0x00};
constexpr std::array<std::uint8_t, 1> kNodePrefix = {0x01};

// The root over subtrees that shrink from left to right.
Hash fold(std::span<const Hash> roots) {
  if (roots.empty()) {
    return empty_root();
  }
  Hash root = roots.back();
  for (std::size_t i = roots.size() - 1; i > 0; --i) {
    root = node_hash(roots[i - 1], root);
  }
  return root;
}

}  // namespace

Hash empty_root() {
  return sha256({});
}

Hash leaf_hash(ByteView entry) {
  return sha256({kLeafPrefix, entry});
}

Hash node_hash(const Hash& left, const Hash& right) {
  return sha256({kNodePrefix, left, right});
}

Hash merkle_root(std::span<const Hash> leaves) {
  CompactTree tree;
  for (const Hash& leaf : leaves) {
    tree.append(leaf);
  }
  return tree.root();
}

CompactTree::CompactTree(std::uint64_t size, std::vector<Hash> roots)
    : size_(size), roots_(std::move(roots)) {
  check(roots_.size() == static_cast<std::size_t>(std::popcount(size)),
        "one hash per set bit of the size");
}

void CompactTree::append(const Hash& leaf) {
  Hash root = leaf;
  // Each set bit from below is a perfect subtree as large as what comes in.
  for (std::uint64_t bits = size_; (bits & 1U) != 0; bits >>= 1U) {
    root = node_hash(roots_.back(), root);
    roots_.pop_back();
  }
  roots_.push_back(root);
  ++size_;
}

Hash CompactTree::root() const {
  return fold(roots_);
}

Hash range_hash(std::uint64_t begin, std::uint64_t end, const SubtreeHash& at) {
  std::vector<Hash> roots;
  while (begin < end) {
    const std::uint64_t width = std::bit_floor(end - begin);
    roots.push_back(at(begin, width));
    begin += width;
  }
  return fold(roots);
}

}  // namespace strongroom
