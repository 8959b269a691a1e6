// SPDX-License-Identifier: Apache-2.0
#include "ledger/http/log_access.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/log/merkle.h"
#include "core/log/tile.h"
#include "ledger/log/stored_entries.h"

namespace strongroom {
namespace {

constexpr std::size_t kCachedTiles = 64;  // 1 MiB a log and connection

/// What a batch, its header last, has of the indices from..end-1. Of a bundle
/// that cannot be taken apart nothing is known: its events are damaged.
void add_entries(const BatchRow& row,
                 std::uint64_t from,
                 std::uint64_t end,
                 std::vector<IndexedEntry>& list) {
  const auto all = kept_entries_of(row);
  const std::uint64_t last = std::min(end, row.end_index());
  for (auto at = std::max(from, row.first_index); at < last; ++at) {
    IndexedEntry entry{.index = at};
    if (all || at == row.header_index()) {
      const ByteView bytes =
          all ? (*all)[static_cast<std::size_t>(at - row.first_index)]
              : ByteView(row.header);
      entry.entry.assign(bytes.begin(), bytes.end());
    }
    entry.damaged = entry.entry.empty() && !row.is_pruned(at);
    list.push_back(std::move(entry));
  }
}

}  // namespace

std::unexpected<Error> damaged_entry(std::uint64_t index) {
  return fault("index " + std::to_string(index) +
               ": what is stored does not hash to what was signed: see "
               "strongroom repair");
}

LogAccess::LogAccess(std::unique_ptr<LedgerReader> reader)
    : reader_(std::move(reader)) {}

Subtrees LogAccess::subtrees(const PublishedLog& log) {
  if (caches_.size() >= kCachedLogs && !caches_.contains(log.log_id)) {
    caches_.clear();
  }
  TileCache& cache =
      caches_.try_emplace(log.log_id, kCachedTiles).first->second;
  return {log.edge,
          cache,
          [this, log_id = log.log_id](int level, std::uint64_t number) {
            return reader_->tile(log_id, level, number);
          }};
}

Result<std::optional<Bytes>> LogAccess::tile(const PublishedLog& log,
                                             int level,
                                             std::uint64_t number,
                                             std::uint32_t width) {
  return subtrees(log).tile(level, number, width);
}

Result<std::optional<Bytes>> LogAccess::bundle(const PublishedLog& log,
                                               std::uint64_t number,
                                               std::uint32_t width) {
  if (width == 0 || width > tile_width(0, number, log.checkpoint.size)) {
    return std::nullopt;
  }
  const auto list = entries(log, number * kTileWidth, width);
  if (!list) {
    return std::unexpected(list.error());
  }
  Bytes bundle;
  for (const IndexedEntry& entry : *list) {
    if (entry.pruned()) {
      return Bytes();
    }
    if (entry.damaged) {
      return damaged_entry(entry.index);
    }
    append_to_bundle(bundle, entry.entry);
  }
  return bundle;
}

Result<std::vector<IndexedEntry>> LogAccess::entries(const PublishedLog& log,
                                                     std::uint64_t from,
                                                     std::uint64_t count) {
  std::vector<IndexedEntry> list;
  const std::uint64_t size = log.checkpoint.size;
  if (from >= size || count == 0) {
    return list;
  }
  const std::uint64_t end = from + std::min(count, size - from);
  auto scanned = reader_->scan(log.log_id, from, [&](const BatchRow& row) {
    add_entries(row, from, end, list);
    return row.end_index() < end;
  });
  if (!scanned) {
    return std::unexpected(scanned.error());
  }
  if (list.size() != end - from) {
    return fault("entries from index " + std::to_string(from) +
                 " on are missing");
  }
  const auto signed_leaves = leaves(log, from, end - from);
  if (!signed_leaves) {
    return std::unexpected(signed_leaves.error());
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].pruned() && leaf_hash(list[i].entry) != (*signed_leaves)[i]) {
      list[i].damaged = true;
    }
  }
  return list;
}

Result<Path> LogAccess::inclusion(const PublishedLog& log,
                                  std::uint64_t index) {
  return subtrees(log).inclusion(index, log.checkpoint.size);
}

Result<Path> LogAccess::consistency(const PublishedLog& log,
                                    std::uint64_t from,
                                    std::uint64_t to) {
  return subtrees(log).consistency(from, to);
}

Result<BatchRow> LogAccess::batch_at(const PublishedLog& log,
                                     std::uint64_t index) {
  auto row = reader_->batch_at(log.log_id, index);
  if (!row) {
    return std::unexpected(row.error());
  }
  if (!*row) {
    return fault("index " + std::to_string(index) + " is missing");
  }
  return **std::move(row);
}

Result<std::vector<Hash>> LogAccess::leaves(const PublishedLog& log,
                                            std::uint64_t from,
                                            std::uint64_t count) {
  const std::uint64_t size = log.checkpoint.size;
  if (from > size || count > size - from) {
    return fault("the batch at index " + std::to_string(from) +
                 " is damaged: it ends beyond the log");
  }
  std::vector<Hash> hashes;
  Subtrees tree = subtrees(log);
  for (std::uint64_t at = from; at < from + count;) {
    const std::uint64_t number = at / kTileWidth;
    const auto tile = tree.tile(0, number, tile_width(0, number, size));
    if (!tile) {
      return std::unexpected(tile.error());
    }
    check(tile->has_value(), "leaves beyond the tree");
    const std::uint64_t end = std::min(from + count, (number + 1) * kTileWidth);
    for (; at < end; ++at) {
      hashes.push_back(*hash_from(ByteView(**tile).subspan(
          static_cast<std::size_t>(at % kTileWidth) * sizeof(Hash),
          sizeof(Hash))));
    }
  }
  return hashes;
}

Result<std::optional<std::uint64_t>> LogAccess::find(const PublishedLog& log,
                                                     const std::string& source,
                                                     std::uint64_t epoch,
                                                     std::uint64_t seq) {
  const auto row = reader_->batch_before(log.log_id, source, epoch, seq);
  if (!row) {
    return std::unexpected(row.error());
  }
  if (!*row || seq - (*row)->first_seq >= (*row)->count) {
    return std::nullopt;
  }
  const std::uint64_t index = (*row)->first_index + (seq - (*row)->first_seq);
  return index < log.checkpoint.size ? std::optional(index) : std::nullopt;
}

Result<void> LogAccess::scan(const PublishedLog& log,
                             const LedgerReader::EachBatch& each) {
  return reader_->scan(log.log_id, 0, [&](const BatchRow& row) {
    return row.end_index() <= log.checkpoint.size && each(row);
  });
}

LogAccessPool::Lease::~Lease() {
  if (access_ != nullptr) {
    const std::lock_guard lock(pool_->mutex_);
    pool_->idle_.push_back(std::move(access_));
  }
}

Result<LogAccessPool::Lease> LogAccessPool::borrow() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto access = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(access));
    }
  }
  auto reader = LedgerReader::open(store_);
  if (!reader) {
    return std::unexpected(reader.error());
  }
  return Lease(*this, std::make_unique<LogAccess>(*std::move(reader)));
}

}  // namespace strongroom
