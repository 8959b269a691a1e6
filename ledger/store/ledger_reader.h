// SPDX-License-Identifier: Apache-2.0
// A read-only connection to the ledger's database. One thread each.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "core/base/result.h"
#include "ledger/store/rows.h"

namespace strongroom {

/// What every fault of these functions means: the database cannot be read; the
/// message says where. Of a closed log what lies beyond its closed_at is no
/// part of it: no function but scan_tiles() and chains() shows rows from there.
/// Pruned entries are not damage: BatchRow::pruned counts them.
class LedgerReader {
 public:
  /// Faults: missing, not a ledger's database, another schema version.
  static Result<std::unique_ptr<LedgerReader>> open(
      const std::filesystem::path& store);
  ~LedgerReader();

  /// From here on everything is read as it stands now, whatever a daemon adds;
  /// its write-ahead log grows meanwhile. For fsck.
  Result<void> hold_snapshot();

  Result<std::string> ledger_name();
  Result<std::vector<LogRow>> logs();
  /// The newest signed checkpoint that the database itself knows of the log:
  /// one commit behind the guard at most. Empty: none.
  Result<std::string> note(LogId log_id);
  /// Entries in the log: the end of its last batch; closed_at of a closed one.
  Result<std::uint64_t> log_size(LogId log_id);
  /// Nothing when it is not stored (not full, or not there).
  Result<std::optional<Bytes>> tile(LogId log_id,
                                    int level,
                                    std::uint64_t number);
  /// The batch that holds this index.
  Result<std::optional<BatchRow>> batch_at(LogId log_id, std::uint64_t index);
  /// The last batch of that chain that begins at or before `seq`, without its
  /// entries: whether it reaches `seq` is the caller's question.
  Result<std::optional<BatchRow>> batch_before(LogId log_id,
                                               const std::string& source,
                                               std::uint64_t epoch,
                                               std::uint64_t seq);
  /// Calls `each` for every batch that reaches `from_index` or lies beyond it,
  /// in order, until it returns false.
  using EachBatch = std::function<bool(const BatchRow&)>;
  Result<void> scan(LogId log_id,
                    std::uint64_t from_index,
                    const EachBatch& each);
  using EachTile = std::function<bool(const TileRow&)>;
  /// Every stored tile of the log, by level and number.
  Result<void> scan_tiles(LogId log_id, const EachTile& each);

  Result<std::vector<ChainRow>> chains();
  Result<std::vector<LossRow>> losses();
  /// The newest `limit`, oldest first.
  Result<std::vector<FindingRow>> findings(LogId log_id, std::size_t limit);
  /// In order of logs and entries.
  Result<std::vector<DeviceRow>> devices();

 private:
  struct State;
  explicit LedgerReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace strongroom
