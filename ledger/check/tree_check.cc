// SPDX-License-Identifier: Apache-2.0
// fsck of one log: its tree, its tiles, and what is stored beside them.
#include <algorithm>

#include "core/log/tile.h"
#include "ledger/check/log_check.h"

namespace strongroom {

/// Adds the batch to the tree, and compares tiles that become full.
void LogCheck::grow(const Batch& batch) {
  for (std::size_t i = 0; i < batch.leaves.size(); ++i) {
    Hash hash = settled_leaf(batch, i, batch.row.first_index + i);
    tree_.append(hash);
    if (guarded_ && tree_.size() == guarded_->size) {
      guarded_root_ = tree_.root();
    }
    std::uint64_t hashes = tree_.size();
    for (int level = 0;; ++level) {
      if (static_cast<std::size_t>(level) == levels_.size()) {
        levels_.emplace_back();
      }
      auto& tile = levels_[static_cast<std::size_t>(level)];
      tile.push_back(hash);
      if (tile.size() < kTileWidth) {
        break;
      }
      hashes /= kTileWidth;
      Bytes expected;
      for (const Hash& each : tile) {
        append(expected, each);
      }
      check_tile(level, hashes - 1, expected);
      hash = merkle_root(tile);
      tile.clear();
    }
  }
}

/// The leaf to go on with. Where entry and tile differ, the signature decides
/// which of the two was altered.
Hash LogCheck::settled_leaf(const Batch& batch,
                            std::size_t position,
                            std::uint64_t index) {
  const Hash& leaf = batch.leaves[position];
  const Bytes& tile = leaf_tile(index / kTileWidth);
  if (tile.size() != kTileWidth * sizeof(Hash)) {
    return leaf;  // at the edge; or missing, which check_tile says
  }
  const auto stored = hash_from(
      ByteView(tile).subspan(index % kTileWidth * sizeof(Hash), sizeof(Hash)));
  if (*stored == leaf) {
    return leaf;
  }
  const bool entry_right = batch.header_right && batch.root_right;
  flaw(index,
       entry_right
           ? "is not what " + TileId{0, index / kTileWidth, kTileWidth}.path() +
                 " says: the tile is damaged"
           : "does not hash to what its tile says");
  return entry_right ? leaf : *stored;
}

const Bytes& LogCheck::leaf_tile(std::uint64_t number) {
  if (number != tile_number_) {
    tile_number_ = number;
    const auto tile = reader_.tile(log_.log_id, 0, number);
    leaf_tile_ = tile && *tile ? **tile : Bytes();
  }
  return leaf_tile_;
}

void LogCheck::check_tile(int level,
                          std::uint64_t number,
                          const Bytes& expected) {
  ++summary_.tiles;
  const auto stored = reader_.tile(log_.log_id, level, number);
  const std::string path = TileId{level, number, kTileWidth}.path();
  if (!stored) {
    flaw(std::nullopt, path + ": " + stored.error().what);
    return;
  }
  if (*stored == expected) {
    return;
  }
  const std::uint64_t each = std::uint64_t{1} << (8 * level);
  std::uint64_t first = number * kTileWidth * each;
  if (*stored && (*stored)->size() == expected.size()) {
    const auto differs = std::ranges::mismatch(**stored, expected).in1;
    first += static_cast<std::uint64_t>(differs - (*stored)->begin()) /
             sizeof(Hash) * each;
  }
  flaw(first, path + (*stored ? " is damaged here" : " is missing"));
}

void LogCheck::check_tiles_beyond() {
  auto scanned = reader_.scan_tiles(log_.log_id, [&](const TileRow& row) {
    if (row.level < 0 || row.level > 7 ||
        tile_width(row.level, row.number, tree_.size()) != kTileWidth) {
      flaw(std::nullopt,
           "a tile is stored that such a tree does not have: level " +
               std::to_string(row.level) + ", number " +
               std::to_string(row.number));
    }
    return flaws_.size() < kMaxFlaws;
  });
  if (!scanned) {
    flaw(std::nullopt, scanned.error().what);
  }
}

void LogCheck::check_guard(const std::optional<Checkpoint>& guarded) {
  if (!guarded) {
    if (tree_.size() > 0) {
      flaw(std::nullopt, "the guard has no checkpoint of it");
    }
    return;
  }
  summary_.signed_size = guarded->size;
  if (guarded->size > tree_.size()) {
    flaw(tree_.size(),
         "is missing: " + std::to_string(guarded->size) +
             " entries were signed");
  } else if (guarded_root_ != guarded->root) {
    flaw(std::nullopt,
         "the entries hash to another root than the guard's "
         "checkpoint of size " +
             std::to_string(guarded->size));
  }
}

void LogCheck::check_chains(const std::vector<ChainRow>& rows) {
  std::set<ChainKey> seen;
  for (const ChainRow& row : rows) {
    if (row.log_id != log_.log_id) {
      continue;
    }
    const ChainKey key{row.source, row.epoch};
    seen.insert(key);
    const auto found = derived_.find(key);
    const std::string name =
        "table chains, " + row.source + " epoch " + std::to_string(row.epoch);
    if (found == derived_.end()) {
      flaw(std::nullopt, name + ": no such chain in the log");
      continue;
    }
    const DerivedChain& chain = found->second;
    if (row.next_seq != chain.next_seq || row.head != chain.head ||
        row.newest_header != chain.newest_header || row.key != chain.key ||
        row.closed != chain.closed || row.acked_size > tree_.size()) {
      flaw(std::nullopt, name + ": is not what the batches make it");
    }
  }
  for (const auto& [key, chain] : derived_) {
    if (!seen.contains(key)) {
      flaw(std::nullopt,
           "table chains lacks " + key.first + " epoch " +
               std::to_string(key.second));
    }
  }
}

}  // namespace strongroom
