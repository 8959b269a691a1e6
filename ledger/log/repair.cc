// SPDX-License-Identifier: Apache-2.0
#include "ledger/log/repair.h"

#include <algorithm>

#include "ledger/log/restore.h"
#include "ledger/log/stored_entries.h"

namespace strongroom {
namespace {

std::uint64_t edge_begin(const Checkpoint& tree) {
  return tree.size - tree.size % kTileWidth;
}

/// The leaves of a batch that is the one of its own header. Faults say why it
/// is not.
Result<std::vector<Hash>> own_leaves(const BatchRow& row) {
  const auto leaves = leaves_of(row);
  if (!leaves) {
    return leaves;
  }
  if (!is_of_its_header(row, *leaves)) {
    return fault("it is not the batch of its header");
  }
  return leaves;
}

class Repairer {
 public:
  Repairer(LedgerStore& store, LedgerReader& reader, const Checkpoint& tree)
      : store_(store), reader_(reader), tree_(tree) {}

  Result<Repair> run(std::span<const BatchRow> batches) {
    for (const BatchRow& row : batches) {
      auto may = judge(row);
      if (!may) {
        return std::unexpected(may.error());
      }
    }
    if (auto done = judge_edge(); !done) {
      return std::unexpected(done.error());
    }
    for (const BatchRow& row : taken_) {
      if (auto done = put(row); !done) {
        return std::unexpected(done.error());
      }
    }
    return std::move(repair_);
  }

 private:
  void refuse(const BatchRow& row, std::string why) {
    repair_.refused.push_back({row.first_index, std::move(why)});
  }

  /// By itself, and against the leaf tiles above it.
  Result<void> judge(const BatchRow& row) {
    const auto leaves = own_leaves(row);
    const auto pruned_to = pruned(row.log_id);
    if (!pruned_to) {
      return std::unexpected(pruned_to.error());
    }
    if (!leaves) {
      refuse(row, leaves.error().what);
    } else if (row.end_index() > tree_.size) {
      refuse(row, "it lies beyond what was signed");
    } else if (row.first_index < *pruned_to) {
      refuse(row, "it was pruned by the retention policy");
    } else {
      return judge_tiles(row, *leaves);
    }
    return {};
  }

  Result<void> judge_tiles(const BatchRow& row,
                           const std::vector<Hash>& leaves) {
    Bytes tile;
    const std::uint64_t end = std::min(row.end_index(), edge_begin(tree_));
    for (std::uint64_t at = row.first_index; at < end; ++at) {
      if (tile.empty() || at % kTileWidth == 0) {
        const auto stored = reader_.tile(row.log_id, 0, at / kTileWidth);
        if (!stored) {
          return std::unexpected(stored.error());
        }
        tile = stored->value_or(Bytes());
      }
      const std::size_t offset = at % kTileWidth * sizeof(Hash);
      if (tile.size() != kTileWidth * sizeof(Hash) ||
          hash_from(ByteView(tile).subspan(offset, sizeof(Hash))) !=
              leaves[at - row.first_index]) {
        refuse(row,
               TileId{0, at / kTileWidth, kTileWidth}.path() +
                   " says that index " + std::to_string(at) + " is another");
        return {};
      }
    }
    (row.end_index() > edge_begin(tree_) ? at_edge_ : taken_).push_back(row);
    return {};
  }

  /// Those after the last full tile, all together against the signed root.
  Result<void> judge_edge() {
    if (at_edge_.empty()) {
      return {};
    }
    const auto edge =
        restore_edge(reader_, at_edge_.front().log_id, tree_.size, at_edge_);
    for (const BatchRow& row : at_edge_) {
      if (!edge) {
        refuse(row, edge.error().what);
      } else if (edge->root() != tree_.root) {
        refuse(row, "with it the tree has not the root that was signed");
      } else {
        taken_.push_back(row);
      }
    }
    return {};
  }

  Result<void> put(const BatchRow& row) {
    const auto before = reader_.batch_at(row.log_id, row.first_index);
    if (!before) {
      return std::unexpected(before.error());
    }
    if (*before && is_same(**before, row)) {
      repair_.sound.push_back(row.first_index);
      return {};
    }
    if (auto done = store_.replace_batch(row); !done) {
      return done;
    }
    const auto after = reader_.batch_at(row.log_id, row.first_index);
    if (!after) {
      return std::unexpected(after.error());
    }
    if (!*after || !is_same(**after, row)) {
      return fault("index " + std::to_string(row.first_index) +
                   " does not read back as it was written");
    }
    repair_.replaced.push_back(row.first_index);
    return {};
  }

  static bool is_same(const BatchRow& left, const BatchRow& right) {
    return left.first_index == right.first_index && left.count == right.count &&
           left.source == right.source && left.epoch == right.epoch &&
           left.first_seq == right.first_seq && left.header == right.header &&
           left.entries == right.entries;
  }

  Result<std::uint64_t> pruned(LogId log_id) {
    const auto logs = reader_.logs();
    if (!logs) {
      return std::unexpected(logs.error());
    }
    const auto found = std::ranges::find(*logs, log_id, &LogRow::log_id);
    return found == logs->end()
               ? Result<std::uint64_t>(
                     fault("there is no log " + std::to_string(log_id)))
               : found->pruned_to;
  }

  LedgerStore& store_;
  LedgerReader& reader_;
  const Checkpoint& tree_;
  std::vector<BatchRow> at_edge_;
  std::vector<BatchRow> taken_;
  Repair repair_;
};

}  // namespace

Result<Repair> repair_batches(LedgerStore& store,
                              LedgerReader& reader,
                              const Checkpoint& signed_tree,
                              std::span<const BatchRow> batches) {
  return Repairer(store, reader, signed_tree).run(batches);
}

}  // namespace strongroom
