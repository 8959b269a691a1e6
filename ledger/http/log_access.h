// SPDX-License-Identifier: Apache-2.0
// What HTTP threads read of the logs: entries, tiles and proofs up to the
// newest published checkpoint, never beyond it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/log/tlog_proof.h"
#include "ledger/log/publication.h"
#include "ledger/log/subtrees.h"
#include "ledger/store/ledger_reader.h"

namespace strongroom {

struct IndexedEntry {
  std::uint64_t index = 0;
  Bytes entry;  // empty: it was pruned, or nothing of it can be read
  /// It does not hash to the leaf that was signed: not what was recorded.
  bool damaged = false;

  bool pruned() const { return entry.empty() && !damaged; }
};

/// The fault of a stored entry that is not the one that was signed.
std::unexpected<Error> damaged_entry(std::uint64_t index);

/// One read-only connection with its tile caches. One thread at a time.
class LogAccess {
 public:
  explicit LogAccess(std::unique_ptr<LedgerReader> reader);

  // Faults of all: what is stored cannot be read or does not hash to the
  // published root; entries() says it of each entry instead. Indices and sizes
  // are <= log.checkpoint.size.
  Result<std::optional<Bytes>> tile(const PublishedLog& log,
                                    int level,
                                    std::uint64_t number,
                                    std::uint32_t width);
  /// Nothing when the log does not reach that far, empty when an entry of it
  /// was pruned.
  Result<std::optional<Bytes>> bundle(const PublishedLog& log,
                                      std::uint64_t number,
                                      std::uint32_t width);
  /// At most `count` entries from `from` on, fewer at the end; each compared
  /// with the published tree.
  Result<std::vector<IndexedEntry>> entries(const PublishedLog& log,
                                            std::uint64_t from,
                                            std::uint64_t count);
  Result<Path> inclusion(const PublishedLog& log, std::uint64_t index);
  Result<Path> consistency(const PublishedLog& log,
                           std::uint64_t from,
                           std::uint64_t to);
  /// The whole batch that holds `index`.
  Result<BatchRow> batch_at(const PublishedLog& log, std::uint64_t index);
  /// Leaf hashes from..from+count-1 as the published tree holds them, whatever
  /// became of the entries.
  Result<std::vector<Hash>> leaves(const PublishedLog& log,
                                   std::uint64_t from,
                                   std::uint64_t count);
  /// Index of the event at that place of a chain, if it is published.
  Result<std::optional<std::uint64_t>> find(const PublishedLog& log,
                                            const std::string& source,
                                            std::uint64_t epoch,
                                            std::uint64_t seq);
  Result<void> scan(const PublishedLog& log,
                    const LedgerReader::EachBatch& each);

 private:
  Subtrees subtrees(const PublishedLog& log);

  static constexpr std::size_t kCachedLogs = 8;
  std::unique_ptr<LedgerReader> reader_;
  std::map<LogId, TileCache> caches_;
};

/// Lends connections to HTTP threads; opens as many as are used at once.
class LogAccessPool {
 public:
  explicit LogAccessPool(std::filesystem::path store)
      : store_(std::move(store)) {}

  /// Gives the connection back when it goes.
  class Lease {
   public:
    Lease(LogAccessPool& pool, std::unique_ptr<LogAccess> access)
        : pool_(&pool), access_(std::move(access)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    LogAccess* operator->() { return access_.get(); }
    LogAccess& operator*() { return *access_; }

   private:
    LogAccessPool* pool_;
    std::unique_ptr<LogAccess> access_;
  };
  /// Faults: the database cannot be opened.
  Result<Lease> borrow();

 private:
  std::filesystem::path store_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<LogAccess>> idle_;
};

}  // namespace strongroom
