// SPDX-License-Identifier: Apache-2.0
#include "ledger/log/repair_tiles.h"

#include <algorithm>
#include <map>
#include <set>

#include "ledger/log/edge.h"
#include "ledger/log/stored_entries.h"

namespace strongroom {
namespace {

constexpr std::size_t kTilesAtOnce = 8192;  // 64 MiB

/// The index behind the last leaf below a full tile.
std::uint64_t end_of(const TileRow& tile) {
  std::uint64_t width = kTileWidth;
  for (int level = 0; level < tile.level; ++level) {
    width *= kTileWidth;
  }
  return (tile.number + 1) * width;
}

/// Grows the tree from the entries, as far as they are what they should be.
class TileWalk {
 public:
  TileWalk(LedgerReader& reader,
           const LogRow& log,
           const std::vector<Checkpoint>& signed_trees,
           std::optional<TileCopy> copy)
      : reader_(reader), log_(log), signed_(signed_trees), copy_(copy) {
    for (const Checkpoint& tree : signed_) {
      wanted_.insert(tree.size);
    }
    note_root();
  }

  Result<void> run() {
    std::optional<Error> error;
    auto scanned = reader_.scan(log_.log_id, 0, [&](const BatchRow& row) {
      if (auto taken = take(row); !taken) {
        error = taken.error();
      }
      return !error && wrong_.empty();
    });
    if (error) {
      return std::unexpected(*error);
    }
    return scanned;
  }

  /// The largest of the trees that the entries give; null: none.
  const Checkpoint* proven() const {
    const Checkpoint* best = nullptr;
    for (const Checkpoint& tree : signed_) {
      const auto root = roots_.find(tree.size);
      if (root != roots_.end() && root->second == tree.root &&
          (best == nullptr || best->size < tree.size)) {
        best = &tree;
      }
    }
    return best;
  }
  const std::string& wrong() const { return wrong_; }
  std::uint64_t size() const { return edge_.size(); }
  const std::vector<TileRow>& differing() const { return differing_; }
  bool more() const { return more_; }

 private:
  void note_root() {
    if (wanted_.contains(edge_.size())) {
      roots_[edge_.size()] = edge_.root();
    }
  }

  Result<void> take(const BatchRow& row) {
    if (row.first_index != edge_.size()) {
      wrong_ = "index " + std::to_string(edge_.size()) + " is missing";
      return {};
    }
    const auto leaves = leaves_of_row(row);
    if (!leaves) {
      return {};
    }
    std::vector<FullTile> full;
    for (const Hash& leaf : *leaves) {
      edge_.append(leaf, full);
    }
    for (const FullTile& tile : full) {
      if (auto compared = compare(tile); !compared) {
        return compared;
      }
    }
    note_root();
    return {};
  }

  /// Nothing, and wrong_, when they cannot be the right ones.
  std::optional<std::vector<Hash>> leaves_of_row(const BatchRow& row) {
    auto leaves = all_leaves_of(row, reader_);
    if (leaves && is_of_its_header(row, *leaves)) {
      return *std::move(leaves);
    }
    if (row.pruned > 0 && copy_) {
      BatchRow there = row;
      there.log_id = copy_->log_id;
      auto copied = all_leaves_of(there, copy_->reader);
      if (copied && is_of_its_header(row, *copied)) {
        return *std::move(copied);
      }
    }
    wrong_ = leaves
                 ? "the entries from index " + std::to_string(row.first_index) +
                       " on are not those of their header"
                 : leaves.error().what;
    if (row.pruned > 0) {
      wrong_ +=
          "; they were pruned, so the hashes in their leaf tile cannot be "
          "computed again: only a backup can have them";
    }
    return std::nullopt;
  }

  Result<void> compare(const FullTile& tile) {
    const auto stored = reader_.tile(log_.log_id, tile.level, tile.number);
    if (!stored) {
      return std::unexpected(stored.error());
    }
    Bytes right = tile.nodes->bytes(kTileWidth);
    if (*stored == right) {
      return {};
    }
    if (differing_.size() == kTilesAtOnce) {
      more_ = true;
    } else {
      differing_.push_back(
          {log_.log_id, tile.level, tile.number, std::move(right)});
    }
    return {};
  }

  LedgerReader& reader_;
  const LogRow& log_;
  const std::vector<Checkpoint>& signed_;
  std::optional<TileCopy> copy_;
  std::set<std::uint64_t> wanted_;
  std::map<std::uint64_t, Hash> roots_;
  Edge edge_;
  std::vector<TileRow> differing_;
  bool more_ = false;
  std::string wrong_;
};

std::string why_not(const TileWalk& walk,
                    const std::vector<Checkpoint>& signed_trees) {
  if (!walk.wrong().empty()) {
    return walk.wrong();
  }
  const auto behind = std::ranges::find_if(
      signed_trees,
      [&](const Checkpoint& tree) { return tree.size > walk.size(); });
  return behind == signed_trees.end()
             ? "the entries give another root than was signed"
             : "the database has " + std::to_string(walk.size()) +
                   " entries, " + std::to_string(behind->size) +
                   " were signed: it is an older copy";
}

Result<void> put(LedgerStore& store,
                 LedgerReader& reader,
                 LogId log_id,
                 const std::vector<TileRow>& tiles,
                 bool unfreeze,
                 TileRepair& repair) {
  if (auto done = store.replace_tiles(log_id, tiles, unfreeze); !done) {
    return done;
  }
  repair.unfrozen = unfreeze;
  for (const TileRow& tile : tiles) {
    const std::string path = TileId{tile.level, tile.number, kTileWidth}.path();
    const auto after = reader.tile(log_id, tile.level, tile.number);
    if (!after) {
      return std::unexpected(after.error());
    }
    if (*after != tile.hashes) {
      return fault(path + " does not read back as it was written");
    }
    repair.replaced.push_back(path);
  }
  return {};
}

}  // namespace

bool is_of_a_damaged_tile(const std::string& frozen) {
  return frozen.starts_with("tile/");
}

Result<std::vector<Checkpoint>> trees_to_prove(LedgerReader& reader,
                                               const LogRow& log,
                                               const std::string& guard_note,
                                               const Trust& trust) {
  const auto stored = reader.note(log.log_id);
  if (!stored) {
    return std::unexpected(stored.error());
  }
  const auto own = [&](const std::string& note) {
    auto tree = open_checkpoint(note, trust);
    return tree && tree->origin == log.origin.text()
               ? std::optional(*std::move(tree))
               : std::nullopt;
  };
  const auto held = own(guard_note);
  const auto known = own(*stored);
  std::vector<Checkpoint> trees;
  if (log.closed_at) {
    for (const auto& tree : {held, known}) {
      if (tree && tree->size <= *log.closed_at) {
        trees.push_back(*tree);
      }
    }
    return trees.empty() ? fault("no note covers what is kept of it")
                         : Result<std::vector<Checkpoint>>(trees);
  }
  if (!held) {
    return fault(guard_note.empty()
                     ? "the guard knows nothing of it"
                     : "the guard's checkpoint of it is not one of ours");
  }
  if (known && known->size > held->size) {
    return fault("the guard is an older copy: it knows size " +
                 std::to_string(held->size) + ", the database knows that " +
                 std::to_string(known->size) + " was signed");
  }
  return std::vector<Checkpoint>{*held};
}

Result<TileRepair> repair_tiles(LedgerStore& store,
                                LedgerReader& reader,
                                const LogRow& log,
                                const std::vector<Checkpoint>& signed_trees,
                                std::optional<TileCopy> copy) {
  TileRepair repair;
  for (;;) {
    TileWalk walk(reader, log, signed_trees, copy);
    if (auto done = walk.run(); !done) {
      return std::unexpected(done.error());
    }
    const Checkpoint* proven = walk.proven();
    if (proven == nullptr) {
      repair.refused = why_not(walk, signed_trees);
      return repair;
    }
    // What is committed and not signed yet is signed at the next start, if its
    // tiles are those of its entries. A closed log signs nothing more.
    const bool whole = walk.wrong().empty();
    std::vector<TileRow> tiles = walk.differing();
    if (!whole || log.closed_at) {
      repair.refused = walk.wrong();
      std::erase_if(tiles, [&](const TileRow& tile) {
        return end_of(tile) > proven->size;
      });
    }
    const bool unfreeze = whole && !walk.more() && !log.closed_at &&
                          log.shown_note.empty() &&
                          is_of_a_damaged_tile(log.frozen);
    if (tiles.empty() && !unfreeze) {
      return repair;
    }
    if (auto done = put(store, reader, log.log_id, tiles, unfreeze, repair);
        !done) {
      return std::unexpected(done.error());
    }
    if (!walk.more()) {
      return repair;
    }
  }
}

}  // namespace strongroom
