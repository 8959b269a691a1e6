// SPDX-License-Identifier: Apache-2.0
// The ledger's durable steps with everything that a disk does to them, and the
// truth told of each that stands.
#pragma once

#include <memory>

#include "ledger/store/ledger_store.h"
#include "tests/simulation/log_truth.h"
#include "tests/simulation/random.h"

namespace strongroom::simulation {

/// What the ledger's disks do next. Shared by store and guard.
struct LedgerDisk {
  int steps_until_fault = -1;  // negative: none
  bool after_doing_it = false;
  bool is_crash = false;  // else an error, and the program runs on to its end
  bool store_full = false;
  bool guard_full = false;
  bool loses_next = false;   // a commit that says that it stands
  bool alters_next = false;  // an entry, on its way to the disk

  bool guard_forgets = false;  // sabotage

  bool crashed = false;  // nothing that the program does counts any more
  std::uint64_t steps = 0;
  std::uint64_t faults = 0;

  enum class Step : std::uint8_t { kDo, kFailBefore, kFailAfter };
  /// Of one durable step.
  Step next(bool is_full);
};

class SimStore final : public LedgerStore {
 public:
  SimStore(std::unique_ptr<LedgerStore> real,
           LedgerDisk& disk,
           LogTruth& truth,
           Random& random)
      : real_(std::move(real)), disk_(disk), truth_(truth), random_(random) {}

  Result<void> commit_disclosures(std::span<const DisclosureRow> rows) override;
  Result<void> commit(const CommitRows& rows) override;
  Result<LogId> add_log(const Origin& origin) override;
  Result<void> freeze_log(LogId log_id,
                          const std::string& why,
                          const std::string& shown_note) override;
  Result<LogId> succeed_log(LogId log_id,
                            std::uint64_t closed_at,
                            const Origin& successor,
                            std::vector<ChainRow> chains,
                            std::vector<LossRow> losses) override;
  Result<std::uint64_t> prune_entries(LogId log_id,
                                      std::uint64_t to_index,
                                      std::size_t max_batches) override;
  Result<void> replace_batch(const BatchRow& row) override;
  Result<void> replace_tiles(LogId log_id,
                             std::span<const TileRow> tiles,
                             bool unfreeze) override;
  void checkpoint() override { real_->checkpoint(); }

 private:
  CommitRows altered(CommitRows rows);

  std::unique_ptr<LedgerStore> real_;
  LedgerDisk& disk_;
  LogTruth& truth_;
  Random& random_;
};

class SimGuard final : public Guard {
 public:
  SimGuard(std::unique_ptr<Guard> real, LedgerDisk& disk, LogTruth& truth)
      : real_(std::move(real)), disk_(disk), truth_(truth) {}
  Result<std::vector<GuardEntry>> entries() override;
  Result<void> swap(std::span<const GuardSwap> swaps) override;

 private:
  std::unique_ptr<Guard> real_;
  LedgerDisk& disk_;
  LogTruth& truth_;
};

}  // namespace strongroom::simulation
