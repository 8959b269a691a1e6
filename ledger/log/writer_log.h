// SPDX-License-Identifier: Apache-2.0
// One log as its writer holds it. Inside ledger/log only.
#pragma once

#include "ledger/log/log_writer.h"

namespace strongroom {

// 4 MiB: what acks of a busy site need of its tiles.
inline constexpr std::size_t kCachedTiles = 256;
inline constexpr const char* kWayOut =
    "; nothing more is signed in this log: see strongroom recover";
// Damage, as it seems: repair mends it, recover ends the log before it.
inline constexpr const char* kRepairFirst =
    "; nothing more is signed in this log: strongroom repair first, and only "
    "if it cannot mend it, see strongroom recover";

struct LogWriter::Log {
  Log(LogRow row, LedgerReader& reader)
      : id(row.log_id),
        origin(std::move(row.origin)),
        frozen(std::move(row.frozen)),
        closed_at(row.closed_at),
        pruned_to(row.pruned_to),
        cache(kCachedTiles),
        subtrees(edge,
                 cache,
                 [&reader, log_id = id](int level, std::uint64_t number) {
                   return reader.tile(log_id, level, number);
                 }) {}

  LogId id;
  Origin origin;
  std::string frozen;
  std::optional<std::uint64_t> closed_at;
  std::uint64_t pruned_to = 0;
  Edge edge;              // staged entries included
  CompactTree verified;   // grows only by what was read back
  Checkpoint checkpoint;  // signed, in the guard
  std::string note;
  std::vector<Hash> staged;  // leaves beyond the signed checkpoint
  TileCache cache;
  Subtrees subtrees;
};

}  // namespace strongroom
