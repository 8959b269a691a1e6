// SPDX-License-Identifier: Apache-2.0
// What a refused epoch still owes is told again in the newest one, slice by
// slice (docs/decisions/0094-salvage-in-slices.md).
#pragma once

#include <optional>

#include "agent/loop/losses.h"
#include "agent/loop/recorder.h"

namespace strongroom {

/// Of one turn: bounds its transaction and its memory.
inline constexpr std::size_t kSalvageEvents = 256;
inline constexpr std::size_t kSalvageBytes = 64 * 1024;
/// No slice is written while the stream owes more events than this: what is
/// told again and refused again costs no more disk than that.
inline constexpr std::uint64_t kSalvageAhead = 2048;

/// The end of an epoch that has been told again to its last event.
struct SalvageDone {
  EpochRow epoch;
  std::uint64_t from_seq = 0;
  std::uint64_t to_seq = 0;
};

/// What one slice did.
struct SalvageSlice {
  std::uint64_t events = 0;  // told again
  std::optional<SalvageDone> done;
};

/// Tells the next slice of the oldest epoch that still owes some, and, after
/// its last, `salvage ended`; nothing when none owes any. The newest epoch is
/// never one of them. The rows stand in the journal. Fault: they do not.
JournalResult<std::optional<SalvageSlice>> salvage_slice(Stream stream,
                                                         Journal& journal,
                                                         Recorder& recorder,
                                                         Losses& losses,
                                                         const Now& now);

/// Events that are still to be told again.
std::uint64_t salvage_pending(Stream stream,
                              const Recorder& recorder,
                              const Losses& losses);

}  // namespace strongroom
