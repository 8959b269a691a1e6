// SPDX-License-Identifier: Apache-2.0
// What is left of a ledger's logs: read, hashed, and held against every
// checkpoint that is known of them. Changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/log/checkpoint.h"
#include "ledger/store/ledger_reader.h"
#include "ledger/store/ledger_store.h"

namespace strongroom {

/// A checkpoint under the ledger's own key, wherever it was found.
struct KnownCheckpoint {
  enum class From { kGuard, kDatabase, kShown };  // shown: by an agent
  From from{};
  Checkpoint checkpoint;
  bool matches = false;  // the stored tree had that root at that size
};

struct SurveyedLog {
  Origin origin;
  std::optional<LogId> log_id;  // none: only the guard knows it
  std::string frozen;           // as stored; empty: it signs
  std::optional<std::uint64_t> closed_at;
  std::uint64_t stored = 0;  // entries, in rows
  /// The end of the last whole batch up to which rows and headers agree.
  std::uint64_t sound = 0;
  Hash sound_root{};
  std::string flaw;  // what stands at `sound`; empty: every entry is sound
  /// The first tile that is not what the entries hash to; empty: none is known.
  std::string tile_flaw;
  /// The root at the guard's size is the signed one, with the leaf hashes of
  /// the stored tiles where an entry is damaged: the tree is sound.
  bool tree_is_signed = false;
  bool was_shown = false;  // a note speaks against it (LogRow::shown_note)
  /// Beyond the newest matching checkpoint: up to here every header is signed
  /// by a key of its source. At least the size of that checkpoint.
  std::uint64_t signed_by_sources = 0;
  Hash signed_by_sources_root{};
  std::vector<KnownCheckpoint> known;
  bool guard_unreadable = false;  // what it holds is no checkpoint of ours

  const KnownCheckpoint* from(KnownCheckpoint::From where) const;
  /// The largest that the stored tree matches; null when none is.
  const KnownCheckpoint* provable() const;
  /// The largest that is known to be signed; null when none is.
  const KnownCheckpoint* largest() const;
};

/// `reader` is null when there is no database. In order of site, stream and
/// generation, the registry first. Faults: the database cannot be read at all.
Result<std::vector<SurveyedLog>> survey_logs(
    LedgerReader* reader,
    const std::vector<GuardEntry>& guarded,
    const Trust& trust);

}  // namespace strongroom
