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
    if (const auto asked = roots_at_.find(tree_.size());
        asked != roots_at_.end()) {
      asked->second = tree_.root();
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
        (tile_width(row.level, row.number, tree_.size()) != kTileWidth &&
         !log_.closed_at)) {
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

void LogCheck::check_guard() {
  summary_.closed_at = log_.closed_at;
  if (!guarded_) {
    if (tree_.size() > 0 && !log_.closed_at) {
      flaw(std::nullopt, "the guard has no checkpoint of it");
    }
    return;
  }
  summary_.signed_size = guarded_->size;
  if (guarded_->size > tree_.size()) {
    // What a closed log had beyond its end does not count any more.
    if (!log_.closed_at) {
      flaw(tree_.size(),
           "is missing: " + std::to_string(guarded_->size) +
               " entries were signed");
    }
  } else if (roots_at_[guarded_->size] != guarded_->root) {
    flaw(std::nullopt,
         "the entries hash to another root than the guard's "
         "checkpoint of size " +
             std::to_string(guarded_->size));
  }
}

/// The checkpoint that the database holds itself.
void LogCheck::check_note() {
  if (!noted_) {
    return;
  }
  if (guarded_ && guarded_->size < noted_->size && !log_.closed_at) {
    flaw(std::nullopt,
         "the guard is an older copy: the database knows that " +
             std::to_string(noted_->size) + " entries were signed");
  }
  if (noted_->size <= tree_.size() && roots_at_[noted_->size] != noted_->root) {
    flaw(std::nullopt,
         "the entries hash to another root than the checkpoint of size " +
             std::to_string(noted_->size) + " in table notes");
  }
}

}  // namespace strongroom
