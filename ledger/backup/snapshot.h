// SPDX-License-Identifier: Apache-2.0
// A database as it stands at one moment, copied while its writer writes on.
// Inside ledger/backup only.
//
// The copy is made page by page from one read transaction: the writer is never
// waited for and never waits; its write-ahead log is not begun anew until the
// copy is there, so it grows by what is committed meanwhile.
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "core/base/result.h"
#include "ledger/backup/durable_files.h"
#include "ledger/store/ledger_store.h"

namespace strongroom {

class Snapshot {
 public:
  /// Holds the database as it stands now. Faults: missing, not this database.
  static Result<std::unique_ptr<Snapshot>> hold(
      const std::filesystem::path& database, std::int32_t application_id);
  ~Snapshot();

  std::uint64_t bytes() const;
  /// A file of its own, without a write-ahead log; durable when it returns.
  /// Faults: `to` is there, the disk.
  Result<void> copy_to(const std::filesystem::path& to,
                       const Progress& progress);
  /// Puts checkpoints into a copy of a store, as the newest that it knows of
  /// its logs: so it is proven by itself up to there. Those of logs that it
  /// does not have are passed over.
  static Result<void> put_notes(const std::filesystem::path& copy,
                                std::span<const GuardEntry> notes);

 private:
  struct State;
  explicit Snapshot(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace strongroom
