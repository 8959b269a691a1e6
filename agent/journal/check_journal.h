// SPDX-License-Identifier: Apache-2.0
// The whole check of a journal's file, without the agent (`strongroom fsck`).
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "core/base/result.h"
#include "core/crypto/signature.h"
#include "core/log/checkpoint.h"

namespace strongroom {

struct JournalCheckOptions {
  /// Public event keys that the source had; empty: signatures not checked.
  std::span<const PublicKey> keys;
  /// Held checkpoints are verified against it; nothing: not checked.
  std::optional<Trust> trust;
};

struct JournalReport {
  /// The first thing that does not hold, as "record 17: …"; nothing: all holds.
  std::optional<std::string> flaw;
  std::string source;
  std::uint64_t record_events = 0;
  std::uint64_t telemetry_events = 0;
  std::uint64_t batches = 0;
  std::uint64_t undelivered = 0;
  std::uint64_t lost = 0;  // announced, and still between rows that are kept
  bool signatures_checked = false;
};

/// Opens read-only; the agent may be running. Checks structure, row hashes,
/// epochs, every event's chain and number, every batch's root and signature,
/// marks. Faults: the file cannot be opened, is no journal, or is of another
/// schema version.
Result<JournalReport> check_journal(const std::filesystem::path& path,
                                    const JournalCheckOptions& options);

}  // namespace strongroom
