// SPDX-License-Identifier: Apache-2.0
#include "ledger/log/tile_nodes.h"

#include <algorithm>

#include "core/base/check.h"

namespace strongroom {
namespace {

constexpr unsigned kHeights = 9;  // 2^8 hashes below one root
constexpr std::size_t kNodes = 2 * kTileWidth - 1;

std::size_t offset(unsigned height) {
  return 2 * kTileWidth - ((2 * kTileWidth) >> height);
}

}  // namespace

TileNodes::TileNodes() : nodes_(kNodes) {}

std::optional<TileNodes> TileNodes::from_bytes(ByteView bytes) {
  if (bytes.size() % sizeof(Hash) != 0 ||
      bytes.size() > kTileWidth * sizeof(Hash)) {
    return std::nullopt;
  }
  TileNodes tile;
  while (!bytes.empty()) {
    tile.push(*hash_from(bytes.first(sizeof(Hash))));
    bytes = bytes.subspan(sizeof(Hash));
  }
  return tile;
}

void TileNodes::push(const Hash& hash) {
  check(width_ < kTileWidth, "a tile holds 256 hashes");
  std::size_t position = width_++;
  nodes_[position] = hash;
  for (unsigned height = 1; height < kHeights && position % 2 == 1; ++height) {
    position /= 2;
    const std::size_t left = offset(height - 1) + 2 * position;
    nodes_[offset(height) + position] =
        node_hash(nodes_[left], nodes_[left + 1]);
  }
}

const Hash& TileNodes::at(int height, std::uint64_t position) const {
  const auto up = static_cast<unsigned>(height);
  check(up < kHeights && ((position + 1) << up) <= width_,
        "a subtree that the tile does not hold");
  return nodes_[offset(up) + position];
}

Bytes TileNodes::bytes(std::uint32_t width) const {
  check(width <= width_, "wider than the tile");
  Bytes out;
  out.reserve(width * sizeof(Hash));
  for (std::uint32_t i = 0; i < width; ++i) {
    append(out, nodes_[i]);
  }
  return out;
}

}  // namespace strongroom
