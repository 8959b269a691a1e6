// SPDX-License-Identifier: Apache-2.0
#include "ledger/log/stored_entries.h"

#include "core/event/batch.h"
#include "core/log/entry.h"
#include "core/log/tile.h"

namespace strongroom {
namespace {

std::unexpected<Error> damaged(const BatchRow& row, const std::string& why) {
  return fault("the batch at index " + std::to_string(row.first_index) +
               " is damaged: " + why);
}

/// Adds the leaf hashes of the pruned events of `row`.
Result<void> take_from_tiles(const BatchRow& row,
                             LedgerReader& reader,
                             std::vector<Hash>& leaves) {
  Bytes tile;
  for (std::uint64_t at = row.first_index; at < row.first_index + row.pruned;
       ++at) {
    if (tile.empty() || at % kTileWidth == 0) {
      const std::uint64_t number = at / kTileWidth;
      auto stored = reader.tile(row.log_id, 0, number);
      if (!stored) {
        return std::unexpected(stored.error());
      }
      if (!*stored || (*stored)->size() != kTileWidth * sizeof(Hash)) {
        return fault(TileId{0, number, kTileWidth}.path() +
                     (*stored ? " is damaged" : " is missing"));
      }
      tile = **std::move(stored);
    }
    leaves.push_back(*hash_from(
        ByteView(tile).subspan(at % kTileWidth * sizeof(Hash), sizeof(Hash))));
  }
  return {};
}

}  // namespace

Result<std::vector<ByteView>> kept_entries_of(const BatchRow& row) {
  std::vector<ByteView> entries;
  if (row.pruned == row.count) {
    if (!row.entries.empty()) {
      return damaged(row, "entries where all were pruned");
    }
    entries.resize(row.count);
  } else {
    auto split = split_bundle(row.entries, row.count);
    if (!split) {
      return damaged(row, split.error().what);
    }
    entries = *std::move(split);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].empty() != (i < row.pruned)) {
        return damaged(
            row,
            i < row.pruned ? "an entry where it was pruned" : "an empty entry");
      }
    }
  }
  entries.push_back(row.header);
  return entries;
}

Result<std::vector<ByteView>> entries_of(const BatchRow& row) {
  if (row.pruned > 0) {
    return fault("the entries from index " + std::to_string(row.first_index) +
                 " to " + std::to_string(row.first_index + row.pruned - 1) +
                 " were pruned by the retention policy");
  }
  return kept_entries_of(row);
}

Result<std::vector<Hash>> leaves_of(const BatchRow& row) {
  const auto entries = entries_of(row);
  if (!entries) {
    return std::unexpected(entries.error());
  }
  std::vector<Hash> leaves;
  leaves.reserve(entries->size());
  for (const ByteView entry : *entries) {
    leaves.push_back(leaf_hash(entry));
  }
  return leaves;
}

Result<std::vector<Hash>> all_leaves_of(const BatchRow& row,
                                        LedgerReader& reader) {
  const auto entries = kept_entries_of(row);
  if (!entries) {
    return std::unexpected(entries.error());
  }
  std::vector<Hash> leaves;
  leaves.reserve(entries->size());
  if (auto done = take_from_tiles(row, reader, leaves); !done) {
    return std::unexpected(done.error());
  }
  for (std::size_t i = row.pruned; i < entries->size(); ++i) {
    leaves.push_back(leaf_hash((*entries)[i]));
  }
  return leaves;
}

bool is_of_its_header(const BatchRow& row, std::span<const Hash> leaves) {
  const auto entry = parse_entry(row.header);
  const auto header = entry && entry->type == EntryType::kHeader
                          ? decode_header(entry->body)
                          : Result<BatchHeader>(fault("no header"));
  return header && header->count == row.count && leaves.size() >= row.count &&
         header->source.text() == row.source && header->epoch == row.epoch &&
         header->first_seq == row.first_seq &&
         merkle_root(leaves.first(row.count)) == header->root;
}

}  // namespace strongroom
