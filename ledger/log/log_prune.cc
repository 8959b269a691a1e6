// SPDX-License-Identifier: Apache-2.0
// The single writer: what it looks at before entries go for good.
#include <algorithm>

#include "core/base/check.h"
#include "ledger/log/stored_entries.h"
#include "ledger/log/writer_log.h"

namespace strongroom {

/// A full leaf tile as it stands on the disk, if that is what the signed root
/// proves: what is in memory outlives no restart.
Result<Bytes> LogWriter::sound_tile(Log& log,
                                    LedgerReader& reader,
                                    std::uint64_t number) {
  const auto proven = log.subtrees.tile(0, number, kTileWidth);
  if (!proven) {
    return std::unexpected(proven.error());
  }
  const auto stored = reader.tile(log.id, 0, number);
  if (!stored) {
    return std::unexpected(stored.error());
  }
  if (!*proven || *stored != *proven) {
    return fault(TileId{0, number, kTileWidth}.path() +
                 (*stored ? " is damaged" : " is missing"));
  }
  return **proven;
}

Result<Pruning> LogWriter::prune(LogId log_id,
                                 std::uint64_t to_index,
                                 std::size_t max_batches) {
  check(!staged(), "entries are pruned between two commits");
  Log& log = at(log_id);
  Pruning pruning{.pruned_to = log.pruned_to};
  if (!log.frozen.empty() && !log.closed_at) {
    pruning.refused = log.frozen;
    return pruning;
  }
  if (log.note.empty() || to_index > log.checkpoint.size) {
    pruning.refused = "only what was signed is pruned";
    return pruning;
  }
  const auto sound = sound_to(log, to_index, max_batches, pruning);
  if (!sound) {
    return std::unexpected(sound.error());
  }
  if (*sound <= log.pruned_to) {
    return pruning;
  }
  const auto pruned = parts_.store.prune_entries(log_id, *sound, SIZE_MAX);
  if (!pruned) {
    return std::unexpected(pruned.error());
  }
  log.pruned_to = *pruned;
  pruning.pruned_to = *pruned;
  if (const auto before = parts_.publication.find(log.origin)) {
    auto published = std::make_shared<PublishedLog>(*before);
    published->pruned_to = *pruned;
    parts_.publication.put(std::move(published));
  }
  return pruning;
}

/// How far everything hashes to what its tile says, in whole tiles.
Result<std::uint64_t> LogWriter::sound_to(Log& log,
                                          std::uint64_t to_index,
                                          std::size_t max_batches,
                                          Pruning& pruning) {
  std::uint64_t next = log.pruned_to;  // everything below it is right
  std::optional<Bytes> tile;
  const auto is_right = [&](const Hash& leaf) {
    if (!tile || next % kTileWidth == 0) {
      auto read = sound_tile(log, parts_.reader, next / kTileWidth);
      if (!read) {
        pruning.refused = read.error().what;
        return false;
      }
      tile = *std::move(read);
    }
    const auto stored =
        ByteView(*tile).subspan(next % kTileWidth * sizeof(Hash), sizeof(Hash));
    if (!std::ranges::equal(stored, leaf)) {
      pruning.bad_index = next;
      pruning.refused = "index " + std::to_string(next) +
                        " does not hash to what its tile says";
      return false;
    }
    return true;
  };
  std::size_t batches = 0;
  auto scanned = parts_.reader.scan(log.id, next, [&](const BatchRow& row) {
    const auto leaves = all_leaves_of(row, parts_.reader);
    if (!leaves || row.first_index > next) {
      pruning.bad_index = next;
      pruning.refused = leaves ? "index " + std::to_string(next) + " is missing"
                               : leaves.error().what;
      return false;
    }
    for (; next < std::min(row.end_index(), to_index); ++next) {
      if (!is_right((*leaves)[next - row.first_index])) {
        return false;
      }
    }
    const bool enough =
        ++batches >= max_batches && next >= log.pruned_to + kTileWidth;
    return next < to_index && !enough;
  });
  if (!scanned) {
    return std::unexpected(scanned.error());
  }
  return next - next % kTileWidth;
}

}  // namespace strongroom
