// SPDX-License-Identifier: Apache-2.0
// What the journal may take, and what is done when it takes too much: a pure
// table from usage to measures (docs/decisions/0095-quota-in-three-steps.md).
#pragma once

#include <chrono>
#include <cstdint>

#include "agent/journal/journal.h"

namespace strongroom {

/// Telemetry may use quota - reserve; `record` is never dropped and may use
/// what there is.
struct QuotaOptions {
  std::uint64_t quota_bytes = 1024ULL << 20;
  std::uint64_t record_reserve_bytes = 256ULL << 20;

  friend bool operator==(const QuotaOptions&, const QuotaOptions&) = default;
};

/// How much longer windows are at a level of pressure: level 0 is as
/// configured.
inline constexpr std::uint32_t kWindowFactors[] = {1, 5, 15, 60};
inline constexpr std::uint32_t kPressureLevels = 4;

/// What one look at the usage asks for, in this order.
struct Relief {
  /// Delivered rows go whatever their age; record's when telemetry has none
  /// left that may go.
  bool prune_telemetry = false;
  bool prune_record = false;
  /// Of kWindowFactors.
  std::uint32_t level = 0;
  /// Event bytes of telemetry to give up, oldest first; 0: none.
  std::uint64_t drop_bytes = 0;

  friend bool operator==(const Relief&, const Relief&) = default;
};

/// Of the quota, what telemetry may take now: less than quota - reserve when
/// `record` owes more than its reserve. Bytes on the disk.
std::uint64_t telemetry_share(const JournalUsage& usage,
                              const QuotaOptions& options);

/// Pure. `level`: the one in force. It rises at 50, 70 and 85 % of telemetry's
/// share owed, and falls below half of the step that brought it. Rows are
/// dropped from 95 % on, at least one hundredth of the share and kMinDropBytes
/// at once (of a very small share, an eighth), at most kMaxDropBytes.
Relief relief_for(const JournalUsage& usage,
                  const QuotaOptions& options,
                  std::uint32_t level);
/// What announces a loss takes some 300 bytes of `record`.
inline constexpr std::uint64_t kMinDropBytes = 16ULL << 10;
/// Reading what goes, for its hashes, must not hold up a turn.
inline constexpr std::uint64_t kMaxDropBytes = 32ULL << 20;

/// `configured` as long as the level has it. One window per poll (0) counts as
/// a second.
std::chrono::milliseconds stretched(std::chrono::milliseconds configured,
                                    std::uint32_t level);

}  // namespace strongroom
