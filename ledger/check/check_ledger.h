// SPDX-License-Identifier: Apache-2.0
// fsck of a ledger: from every stored byte of the logs up to the signed roots.
// Reads only; may run beside the daemon.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/log/checkpoint.h"

namespace strongroom {

/// Something that is not what it must be.
struct LedgerFlaw {
  std::string origin;                  // empty: concerns no single log
  std::optional<std::uint64_t> index;  // of the entry, when it is one
  std::string what;

  std::string text() const;  // "<origin>, index 12: ..."
};

struct CheckedLog {
  std::string origin;
  std::uint64_t entries = 0;
  std::uint64_t batches = 0;
  std::uint64_t tiles = 0;
  std::uint64_t signed_size = 0;  // of the guard's checkpoint
  /// A recovery ended it there: what was signed beyond it is not missing.
  std::optional<std::uint64_t> closed_at;
};

struct LedgerCheck {
  std::string ledger;
  std::vector<CheckedLog> logs;
  /// The first is the first bad index of the first bad log, registry first.
  /// At most a few of each log: one fault has many consequences.
  std::vector<LedgerFlaw> flaws;
};

/// Checks entries (chain, batch root, signature by a key that the registry
/// holds valid at that index), hash tiles of every level, the tables that are
/// derived from entries (chains, losses, findings, devices), the checkpoints of
/// guard and database against `trust`, and that a successor begins where its
/// predecessor was closed. Of pruned entries the hashes that are left are held
/// against the headers, which stay. Faults: a file cannot be opened at all.
Result<LedgerCheck> check_ledger(const std::filesystem::path& store,
                                 const std::filesystem::path& guard,
                                 const Trust& trust);

}  // namespace strongroom
