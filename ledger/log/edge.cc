// SPDX-License-Identifier: Apache-2.0
#include "ledger/log/edge.h"

#include "core/base/check.h"

namespace strongroom {

Edge::Edge(std::uint64_t size, std::vector<TileNodes> levels)
    : size_(size), levels_(std::move(levels)) {
  std::uint64_t rest = size;
  for (const TileNodes& tile : levels_) {
    check(tile.width() == rest % kTileWidth, "an edge of another size");
    rest /= kTileWidth;
  }
  check(rest == 0, "an edge without its upper levels");
}

void Edge::append(const Hash& leaf, std::vector<FullTile>& full) {
  ++size_;
  Hash hash = leaf;
  std::uint64_t hashes = size_;  // at this level, the new one included
  for (std::size_t level = 0;; ++level) {
    if (level == levels_.size()) {
      levels_.emplace_back();
    }
    TileNodes& tile = levels_[level];
    tile.push(hash);
    if (!tile.full()) {
      return;
    }
    hashes /= kTileWidth;
    full.push_back({static_cast<int>(level),
                    hashes - 1,
                    std::make_shared<const TileNodes>(std::move(tile))});
    hash = full.back().nodes->root();
    tile = TileNodes();
  }
}

std::vector<Hash> Edge::subtree_roots() const {
  std::vector<Hash> roots;
  for (int height = 63; height >= 0; --height) {
    if ((size_ >> height & 1U) == 0) {
      continue;
    }
    // Every perfect subtree of which the tree consists ends in an edge tile,
    // after the larger ones of the same tile.
    const TileNodes& tile = levels_[static_cast<std::size_t>(height / 8)];
    const std::uint32_t before = tile.width() >> (height % 8 + 1)
                                                     << (height % 8 + 1);
    roots.push_back(tile.at(height % 8, before >> (height % 8)));
  }
  return roots;
}

const TileNodes* Edge::tile(int level) const {
  const auto at = static_cast<std::size_t>(level);
  return at < levels_.size() ? &levels_[at] : nullptr;
}

}  // namespace strongroom
