// SPDX-License-Identifier: Apache-2.0
// Short names for the reasons of a refusal.
#pragma once

#include <string>

#include "proto/event.pb.h"

namespace strongroom {

using RefusalReason = strongroom_v1_RefusalReason;

namespace reason {
#define STRONGROOM_REASON(name, wire)   \
  inline constexpr RefusalReason name = \
      strongroom_v1_RefusalReason_REFUSAL_REASON_##wire
STRONGROOM_REASON(kGap, GAP);
STRONGROOM_REASON(kSignature, SIGNATURE);
STRONGROOM_REASON(kChain, CHAIN);
STRONGROOM_REASON(kRoot, ROOT);
STRONGROOM_REASON(kEquivocation, EQUIVOCATION);
STRONGROOM_REASON(kEpochClosed, EPOCH_CLOSED);
STRONGROOM_REASON(kUnknownSource, UNKNOWN_SOURCE);
STRONGROOM_REASON(kRevoked, REVOKED);
STRONGROOM_REASON(kResync, RESYNC);
STRONGROOM_REASON(kMalformed, MALFORMED);
STRONGROOM_REASON(kBusy, BUSY);
STRONGROOM_REASON(kLogFrozen, LOG_FROZEN);
STRONGROOM_REASON(kStream, STREAM);
STRONGROOM_REASON(kAlgorithm, ALGORITHM);
STRONGROOM_REASON(kSucceeded, SUCCEEDED);
#undef STRONGROOM_REASON
}  // namespace reason

/// "gap", "unknown_source": as in metrics and JSON.
std::string reason_name(RefusalReason reason);

}  // namespace strongroom
