// SPDX-License-Identifier: Apache-2.0
// A hash tile together with the roots of all its perfect subtrees, so that a
// proof looks hashes up and computes almost none.
#pragma once

#include <cstdint>
#include <vector>

#include "core/log/merkle.h"
#include "core/log/tile.h"

namespace strongroom {

class TileNodes {
 public:
  TileNodes();
  /// From the bytes of a tile; nothing unless they are whole hashes, <= 256.
  static std::optional<TileNodes> from_bytes(ByteView bytes);

  /// Needs width() < kTileWidth.
  void push(const Hash& hash);
  std::uint32_t width() const { return width_; }
  bool full() const { return width_ == kTileWidth; }
  /// Root of the 2^height hashes that begin at position * 2^height. They must
  /// all be there.
  const Hash& at(int height, std::uint64_t position) const;
  /// Of a full tile: its hash in the tile above.
  const Hash& root() const { return at(8, 0); }
  /// The first `width` hashes, as served.
  Bytes bytes(std::uint32_t width) const;

 private:
  std::uint32_t width_ = 0;
  std::vector<Hash> nodes_;  // height 0 first: 256, 128, .., 1
};

}  // namespace strongroom
