// SPDX-License-Identifier: Apache-2.0
// Reads the hashes that proofs are made of from full tiles and the right edge.
// A tile that does not hash to what stands above it is a fault, never part of
// a proof. One thread each.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>

#include "core/base/result.h"
#include "core/log/proof.h"
#include "ledger/log/edge.h"

namespace strongroom {

/// The newest used full tiles, expanded. 16 KiB each.
class TileCache {
 public:
  explicit TileCache(std::size_t capacity) : capacity_(capacity) {}

  using Key = std::pair<int, std::uint64_t>;  // level, number
  std::shared_ptr<const TileNodes> find(const Key& key);
  void put(const Key& key, std::shared_ptr<const TileNodes> tile);

 private:
  struct Item {
    Key key;
    std::shared_ptr<const TileNodes> tile;
  };
  std::size_t capacity_;
  std::list<Item> items_;  // newest use first
  std::map<Key, std::list<Item>::iterator> by_key_;
};

/// The bytes of a full tile; nothing when it is not stored.
using LoadTile = std::function<Result<std::optional<Bytes>>(
    int level, std::uint64_t number)>;

class Subtrees {
 public:
  /// `edge` and `cache` outlive this; `cache` is of this log alone.
  Subtrees(const Edge& edge, TileCache& cache, LoadTile load);

  /// Faults of all three: a tile is missing or wrong. Sizes are <= the edge's.
  Result<Path> inclusion(std::uint64_t index, std::uint64_t size);
  Result<Path> consistency(std::uint64_t old_size, std::uint64_t size);
  Result<Path> range(std::uint64_t first,
                     std::uint64_t count,
                     std::uint64_t size);
  Result<Hash> root(std::uint64_t size);
  /// The first `width` hashes of a tile. Nothing when the tree has no such
  /// tile, or it is not that wide.
  Result<std::optional<Bytes>> tile(int level,
                                    std::uint64_t number,
                                    std::uint32_t width);

 private:
  Hash at(std::uint64_t begin, std::uint64_t width);
  std::shared_ptr<const TileNodes> full_tile(int level, std::uint64_t number);
  template <typename Make>
  auto made(Make make) -> Result<decltype(make(SubtreeHash()))>;

  const Edge& edge_;
  TileCache& cache_;
  LoadTile load_;
  std::optional<Error> fault_;
};

}  // namespace strongroom
