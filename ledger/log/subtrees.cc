// SPDX-License-Identifier: Apache-2.0
#include "ledger/log/subtrees.h"

#include <bit>

#include "core/base/check.h"

namespace strongroom {

std::shared_ptr<const TileNodes> TileCache::find(const Key& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    return nullptr;
  }
  items_.splice(items_.begin(), items_, found->second);
  return found->second->tile;
}

void TileCache::put(const Key& key, std::shared_ptr<const TileNodes> tile) {
  if (by_key_.contains(key)) {
    return;
  }
  if (items_.size() >= capacity_) {
    by_key_.erase(items_.back().key);
    items_.pop_back();
  }
  items_.push_front({key, std::move(tile)});
  by_key_[key] = items_.begin();
}

Subtrees::Subtrees(const Edge& edge, TileCache& cache, LoadTile load)
    : edge_(edge), cache_(cache), load_(std::move(load)) {}

Hash Subtrees::at(std::uint64_t begin, std::uint64_t width) {
  if (fault_) {
    return {};
  }
  const int height = std::countr_zero(width);
  const int level = height / 8;
  const std::uint64_t hash_number = begin >> (8 * level);
  const std::uint64_t tile_number = hash_number / kTileWidth;
  const std::uint64_t position =
      hash_number % kTileWidth >> static_cast<unsigned>(height % 8);
  const std::uint64_t hashes = edge_.size() >> (8 * level);
  if (tile_number == hashes / kTileWidth) {
    return edge_.tile(level)->at(height % 8, position);
  }
  const auto tile = full_tile(level, tile_number);
  return tile == nullptr ? Hash{} : tile->at(height % 8, position);
}

std::shared_ptr<const TileNodes> Subtrees::full_tile(int level,
                                                     std::uint64_t number) {
  if (auto cached = cache_.find({level, number})) {
    return cached;
  }
  const std::string name = TileId{level, number, kTileWidth}.path();
  const auto bytes = load_(level, number);
  if (!bytes) {
    fault_ = bytes.error();
    return nullptr;
  }
  auto nodes = *bytes ? TileNodes::from_bytes(**bytes) : std::nullopt;
  if (!nodes || !nodes->full()) {
    fault_ = Error{name + (*bytes ? " is damaged" : " is missing")};
    return nullptr;
  }
  // Up to the edge, whose root is signed: a proof never rests on a tile that
  // only the disk vouches for.
  const std::uint64_t leaves = std::uint64_t{kTileWidth} << (8 * level);
  const Hash above = at(number * leaves, leaves);
  if (!fault_ && above != nodes->root()) {
    fault_ = Error{name + " does not hash to what stands above it"};
  }
  if (fault_) {
    return nullptr;
  }
  auto tile = std::make_shared<const TileNodes>(*std::move(nodes));
  cache_.put({level, number}, tile);
  return tile;
}

template <typename Make>
auto Subtrees::made(Make make) -> Result<decltype(make(SubtreeHash()))> {
  fault_.reset();
  auto result = make([this](std::uint64_t begin, std::uint64_t width) {
    return at(begin, width);
  });
  if (fault_) {
    return std::unexpected(*fault_);
  }
  return result;
}

Result<Path> Subtrees::inclusion(std::uint64_t index, std::uint64_t size) {
  check(size <= edge_.size(), "a proof beyond the tree");
  return made([&](const SubtreeHash& hashes) {
    return inclusion_path(index, size, hashes);
  });
}

Result<Path> Subtrees::consistency(std::uint64_t old_size, std::uint64_t size) {
  check(size <= edge_.size(), "a proof beyond the tree");
  return made([&](const SubtreeHash& hashes) {
    return consistency_path(old_size, size, hashes);
  });
}

Result<Path> Subtrees::range(std::uint64_t first,
                             std::uint64_t count,
                             std::uint64_t size) {
  check(size <= edge_.size(), "a proof beyond the tree");
  return made([&](const SubtreeHash& hashes) {
    return range_path(first, count, size, hashes);
  });
}

Result<Hash> Subtrees::root(std::uint64_t size) {
  check(size <= edge_.size(), "a root beyond the tree");
  return made(
      [&](const SubtreeHash& hashes) { return range_hash(0, size, hashes); });
}

Result<std::optional<Bytes>> Subtrees::tile(int level,
                                            std::uint64_t number,
                                            std::uint32_t width) {
  const std::uint32_t there = tile_width(level, number, edge_.size());
  if (width == 0 || width > there) {
    return std::nullopt;
  }
  if (there < kTileWidth) {
    return edge_.tile(level)->bytes(width);
  }
  fault_.reset();
  const auto nodes = full_tile(level, number);
  if (nodes == nullptr) {
    return std::unexpected(*fault_);
  }
  return nodes->bytes(width);
}

}  // namespace strongroom
