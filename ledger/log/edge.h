// SPDX-License-Identifier: Apache-2.0
// The right edge of a tree: the hashes that stand in no full tile yet, level
// by level. It grows by leaves, gives full tiles away, and knows the root.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ledger/log/tile_nodes.h"

namespace strongroom {

/// A tile that has just become full.
struct FullTile {
  int level = 0;
  std::uint64_t number = 0;
  std::shared_ptr<const TileNodes> nodes;
};

class Edge {
 public:
  Edge() = default;
  /// The edge of a tree of `size` leaves; levels[l] must have
  /// (size / 256^l) % 256 hashes (checked).
  Edge(std::uint64_t size, std::vector<TileNodes> levels);

  /// Tiles that this leaf makes full are added to `full`, lowest first.
  void append(const Hash& leaf, std::vector<FullTile>& full);

  std::uint64_t size() const { return size_; }
  /// Roots of the perfect subtrees that the tree consists of, largest first.
  std::vector<Hash> subtree_roots() const;
  Hash root() const { return CompactTree(size_, subtree_roots()).root(); }
  /// The tile at the edge of `level`; none when no leaf reaches so high.
  const TileNodes* tile(int level) const;

 private:
  std::uint64_t size_ = 0;
  std::vector<TileNodes> levels_;
};

}  // namespace strongroom
