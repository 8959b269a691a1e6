// SPDX-License-Identifier: Apache-2.0
// Puts a backup in the place of a ledger that is gone.
#pragma once

#include <optional>

#include "ledger/backup/backup.h"

namespace strongroom {

/// A restored log beside what was signed last.
struct RestoredLog {
  std::string origin;
  std::uint64_t entries = 0;
  /// Of the guard's checkpoint. Larger than `entries` of a log that is not
  /// closed: this copy is older than what was signed; the log freezes until
  /// `strongroom recover`.
  std::uint64_t signed_size = 0;
  /// A recovery ended it there, and its successor goes on.
  std::optional<std::uint64_t> closed_at;
};

struct Restored {
  BackupManifest manifest;
  std::vector<RestoredLog> logs;
  bool made_guard = false;
  /// Whether a log is behind the guard or not known in one of the two.
  bool needs_recovery = false;
};

struct RestoreOptions {
  Trust trust;
  /// Makes a guard of the backup's checkpoints. What was signed since is then
  /// known to nobody here: the ledger may sign a second history, which agents
  /// notice by the checkpoints that they hold.
  bool without_guard = false;
  Progress progress = [](std::string_view, std::uint64_t, std::uint64_t) {};
  std::function<Result<std::uint64_t>(const std::filesystem::path&)> room;
};

/// Verifies the backup, copies, compares, renames; run again after a crash it
/// goes on. Never touches a guard that is there. Faults: a file cannot be read
/// or written. Refused (kUsage): a database is there, a daemon holds its lock,
/// no guard and not `without_guard`, or both, too little room; (kUnsound) the
/// backup does not verify. Nothing is in its place then.
Result<std::variant<Restored, BackupRefused>> restore_backup(
    const std::filesystem::path& directory,
    const LedgerPaths& to,
    const RestoreOptions& options);

}  // namespace strongroom
