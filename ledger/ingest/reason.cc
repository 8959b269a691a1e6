// SPDX-License-Identifier: Apache-2.0
#include "ledger/ingest/reason.h"

namespace strongroom {

std::string reason_name(RefusalReason reason) {
  switch (reason) {
    case reason::kGap:
      return "gap";
    case reason::kSignature:
      return "signature";
    case reason::kChain:
      return "chain";
    case reason::kRoot:
      return "root";
    case reason::kEquivocation:
      return "equivocation";
    case reason::kEpochClosed:
      return "epoch_closed";
    case reason::kUnknownSource:
      return "unknown_source";
    case reason::kRevoked:
      return "revoked";
    case reason::kResync:
      return "resync";
    case reason::kMalformed:
      return "malformed";
    case reason::kBusy:
      return "busy";
    case reason::kLogFrozen:
      return "log_frozen";
    case reason::kStream:
      return "stream";
    case reason::kAlgorithm:
      return "algorithm";
    case reason::kSucceeded:
      return "succeeded";
    case strongroom_v1_RefusalReason_REFUSAL_REASON_UNSPECIFIED:
      break;
  }
  return "unspecified";
}

}  // namespace strongroom
