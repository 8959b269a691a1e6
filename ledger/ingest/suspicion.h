// SPDX-License-Identifier: Apache-2.0
// What a refused batch says of its source beside the refusal: that the source
// was put back to an older state, or that there are two of it. Pure.
#pragma once

#include "ledger/ingest/judge.h"

namespace strongroom {

/// When an event was recorded, in microseconds; 0 when it cannot be read or its
/// clock was not known then.
std::int64_t recorded_us(ByteView event);

enum class Suspicion : std::uint8_t {
  kNone,
  /// It signed another event at a place that it had signed before: its journal
  /// is an older copy.
  kRolledBack,
  /// It goes on in an epoch after it opened the next one, or opens one that
  /// follows an epoch which another has followed already: two journals under
  /// one key. A duplicate that comes late was recorded before.
  kCloned,
};

/// Clocks of one machine and of its copy agree so far at least.
inline constexpr std::int64_t kCloneMarginUs = 10'000'000;

/// The epoch that the first event of a new one says it follows; nothing when it
/// says none or is no `epoch opened`.
std::optional<std::uint64_t> followed_epoch(ByteView first_event);

/// `refusal` of a batch whose signature was good; `chain` is that of its epoch.
Suspicion suspect(RefusalReason refusal,
                  const BatchHeader& header,
                  const BatchView& batch,
                  const ChainState& chain);

}  // namespace strongroom
