// SPDX-License-Identifier: Apache-2.0
#include "ledger/http/log_access.h"

#include <algorithm>

#include "core/log/tile.h"
#include "ledger/log/stored_entries.h"

namespace strongroom {
namespace {

constexpr std::size_t kCachedTiles = 64;  // 1 MiB a log and connection

}  // namespace

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
  std::optional<Error> wrong;
  auto scanned = reader_->scan(log.log_id, from, [&](const BatchRow& row) {
    const auto all = kept_entries_of(row);
    if (!all) {
      wrong = all.error();
      return false;
    }
    for (std::size_t i = 0; i < all->size(); ++i) {
      const std::uint64_t index = row.first_index + i;
      if (index >= from && index < end) {
        list.push_back({index, Bytes((*all)[i].begin(), (*all)[i].end())});
      }
    }
    return row.end_index() < end;
  });
  if (!scanned) {
    return std::unexpected(scanned.error());
  }
  if (!wrong && list.size() != end - from) {
    wrong =
        Error{"entries from index " + std::to_string(from) + " on are missing"};
  }
  if (wrong) {
    return std::unexpected(*wrong);
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

Result<std::vector<Hash>> LogAccess::leaves_of(const BatchRow& row) {
  return all_leaves_of(row, *reader_);
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
