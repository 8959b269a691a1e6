// SPDX-License-Identifier: Apache-2.0
// The agent's side of an ack: what must be true before a row counts as
// delivered (docs/formats/ack.md).
#pragma once

#include "core/event/batch.h"
#include "core/log/checkpoint.h"

namespace strongroom {

/// The ack is a proof: the batch stands in the log at first_index.
struct HeldProven {
  std::uint64_t first_index = 0;
  Checkpoint checkpoint;
  std::string note;
};
/// Starts from a tree size that is not ours: the resend heals it.
struct HeldIgnored {};
/// Forged, corrupt, or a fork: nothing counts as delivered.
struct HeldRefuted {
  strongroom_v1_FindingKind kind;  // ACK_INVALID, CHECKPOINT_INCONSISTENT or
                                   // SAME_TREE_OTHER_ROOT
  std::string what;
};
using HeldVerdict = std::variant<HeldProven, HeldIgnored, HeldRefuted>;

/// Which log an ack may be of.
enum class LogChoice : std::uint8_t {
  kThis,           // the one that is followed
  kAnyGeneration,  // of the same ledger, site and stream: nothing was ever held
};

/// `leaves`: leaf hashes of the batch's events, then of its header entry.
/// `origin`: the log that the agent follows for this stream. `held`: the last
/// verified checkpoint of it, none before the first ack. kAnyGeneration counts
/// only where none is held; HeldProven then says which log it was.
HeldVerdict verify_held(const Held& held_ack,
                        std::span<const Hash> leaves,
                        const Origin& origin,
                        const Trust& trust,
                        const std::optional<Checkpoint>& held,
                        LogChoice choice = LogChoice::kThis);

}  // namespace strongroom
