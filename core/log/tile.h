// SPDX-License-Identifier: Apache-2.0
// Tiles and entry bundles (C2SP tlog-tiles v0.1.0).
#pragma once

#include <optional>
#include <string>

#include "core/base/result.h"
#include "core/log/merkle.h"

namespace strongroom {

inline constexpr std::uint64_t kTileWidth = 256;
/// A hash tile at `level`, or, with level kEntries, an entry bundle.
struct TileId {
  static constexpr int kEntries = -1;
  int level = 0;  // 0..63, or kEntries
  std::uint64_t number = 0;
  std::uint32_t width = 256;  // 1..256; 256 is a full tile

  /// "tile/0/x001/067" or "tile/entries/000.p/15".
  std::string path() const;
  static std::optional<TileId> parse(std::string_view path);
  /// First leaf covered, and how many leaves each hash covers. Neither means
  /// anything where tile_width() is 0; above level 7 both are 0.
  std::uint64_t first_leaf() const;
  std::uint64_t leaves_per_hash() const;

  friend bool operator==(const TileId&, const TileId&) = default;
};

/// Width of tile `number` at `level` in a tree of `size` leaves: 0 when it is
/// not there, else 1..256.
std::uint32_t tile_width(int level, std::uint64_t number, std::uint64_t size);

/// uint16 length and bytes, once per entry. An entry is < 64 KiB (checked).
void append_to_bundle(Bytes& bundle, ByteView entry);
/// Faults: truncated, trailing bytes, more or fewer than `width` entries.
Result<std::vector<ByteView>> split_bundle(ByteView bundle,
                                           std::uint32_t width);

}  // namespace strongroom
