// SPDX-License-Identifier: Apache-2.0
#include "ledger/log/restore.h"

#include <algorithm>

#include "core/event/batch.h"
#include "core/log/entry.h"
#include "ledger/log/stored_entries.h"

namespace strongroom {
namespace {

/// A full tile, expanded.
Result<TileNodes> read_tile(LedgerReader& reader,
                            LogId log_id,
                            int level,
                            std::uint64_t number) {
  const auto bytes = reader.tile(log_id, level, number);
  if (!bytes) {
    return std::unexpected(bytes.error());
  }
  auto nodes = *bytes ? TileNodes::from_bytes(**bytes) : std::nullopt;
  if (!nodes || !nodes->full()) {
    return fault(TileId{level, number, kTileWidth}.path() +
                 (*bytes ? " is damaged" : " is missing"));
  }
  return *std::move(nodes);
}

/// The partial tile above the full tiles of `level`: their roots.
Result<TileNodes> tile_above(LedgerReader& reader,
                             LogId log_id,
                             int level,
                             std::uint64_t full_tiles) {
  TileNodes above;
  for (std::uint64_t number = full_tiles - full_tiles % kTileWidth;
       number < full_tiles;
       ++number) {
    const auto tile = read_tile(reader, log_id, level, number);
    if (!tile) {
      return std::unexpected(tile.error());
    }
    above.push(tile->root());
  }
  return above;
}

/// Leaves of the last tile, which is not full, as they are found.
class EdgeLeaves {
 public:
  explicit EdgeLeaves(std::uint64_t size)
      : begin_(size - size % kTileWidth), leaves_(size % kTileWidth) {}

  void put(std::uint64_t first_index, std::span<const Hash> leaves) {
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      const std::uint64_t at = first_index + i - begin_;
      if (first_index + i >= begin_ && at < leaves_.size()) {
        leaves_[at] = leaves[i];
      }
    }
  }

  Result<TileNodes> tile() const {
    TileNodes tile;
    for (const auto& leaf : leaves_) {
      if (!leaf) {
        return fault("index " + std::to_string(begin_ + tile.width()) +
                     " is missing");
      }
      tile.push(*leaf);
    }
    return tile;
  }

 private:
  std::uint64_t begin_;
  std::vector<std::optional<Hash>> leaves_;
};

/// The entries after the last full tile.
Result<TileNodes> partial_leaves(LedgerReader& reader,
                                 LogId log_id,
                                 std::uint64_t size,
                                 std::span<const BatchRow> instead) {
  EdgeLeaves found(size);
  std::optional<Error> wrong;
  const auto take = [&](const BatchRow& row) {
    const auto leaves = all_leaves_of(row, reader);
    if (!leaves) {
      wrong = leaves.error();
    } else {
      found.put(row.first_index, *leaves);
    }
  };
  auto scanned =
      reader.scan(log_id, size - size % kTileWidth, [&](const BatchRow& row) {
        if (row.first_index >= size) {
          return false;
        }
        if (std::ranges::find(instead,
                              row.first_index,
                              &BatchRow::first_index) == instead.end()) {
          take(row);
        }
        return !wrong;
      });
  if (!scanned) {
    return std::unexpected(scanned.error());
  }
  for (const BatchRow& row : instead) {
    if (!wrong) {
      take(row);
    }
  }
  if (wrong) {
    return std::unexpected(*wrong);
  }
  return found.tile();
}

/// One batch against its own header.
Result<void> check_root(const BatchRow& row, std::span<const Hash> leaves) {
  const auto entry = parse_entry(row.header);
  if (!entry || entry->type != EntryType::kHeader) {
    return fault("index " + std::to_string(row.header_index()) +
                 " is no header");
  }
  const auto header = decode_header(entry->body);
  if (!header || header->count != row.count ||
      merkle_root(leaves.first(row.count)) != header->root) {
    return fault("the entries from index " + std::to_string(row.first_index) +
                 " on are not those of their header");
  }
  return {};
}

Result<void> replay_batch(LedgerReader& reader,
                          const BatchRow& row,
                          Edge& edge) {
  if (row.first_index != edge.size()) {
    return fault("index " + std::to_string(edge.size()) + " is missing");
  }
  const auto leaves = all_leaves_of(row, reader);
  if (!leaves) {
    return std::unexpected(leaves.error());
  }
  if (auto right = check_root(row, *leaves); !right) {
    return right;
  }
  std::vector<FullTile> full;
  for (const Hash& leaf : *leaves) {
    edge.append(leaf, full);
  }
  for (const FullTile& tile : full) {
    const auto stored = reader.tile(row.log_id, tile.level, tile.number);
    if (!stored) {
      return std::unexpected(stored.error());
    }
    if (*stored != tile.nodes->bytes(kTileWidth)) {
      return fault(TileId{tile.level, tile.number, kTileWidth}.path() +
                   " is not what the entries hash to");
    }
  }
  return {};
}

}  // namespace

Result<Edge> restore_edge(LedgerReader& reader,
                          LogId log_id,
                          std::uint64_t size,
                          std::span<const BatchRow> instead) {
  std::vector<TileNodes> levels;
  if (size > 0) {
    auto leaves = partial_leaves(reader, log_id, size, instead);
    if (!leaves) {
      return std::unexpected(leaves.error());
    }
    levels.push_back(*std::move(leaves));
  }
  int level = 0;
  for (std::uint64_t full = size / kTileWidth; full > 0; full /= kTileWidth) {
    auto above = tile_above(reader, log_id, level++, full);
    if (!above) {
      return std::unexpected(above.error());
    }
    levels.push_back(*std::move(above));
  }
  return Edge(size, std::move(levels));
}

Result<void> replay_entries(LedgerReader& reader, LogId log_id, Edge& edge) {
  // Each batch is read on its own: a tile is read between two of them.
  for (;;) {
    std::optional<BatchRow> next;
    auto scanned = reader.scan(log_id, edge.size(), [&](const BatchRow& row) {
      next = row;
      return false;
    });
    if (!scanned || !next) {
      return scanned;
    }
    if (auto done = replay_batch(reader, *next, edge); !done) {
      return done;
    }
  }
}

}  // namespace strongroom
