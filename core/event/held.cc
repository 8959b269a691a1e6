// SPDX-License-Identifier: Apache-2.0
#include "core/event/held.h"

namespace strongroom {
namespace {

HeldRefuted refuted(strongroom_v1_FindingKind kind, std::string what) {
  return {kind, std::move(what)};
}

constexpr auto kInvalid = strongroom_v1_FindingKind_FINDING_KIND_ACK_INVALID;

bool is_chosen(const std::string& text,
               const Origin& origin,
               LogChoice choice) {
  if (choice == LogChoice::kThis) {
    return text == origin.text();
  }
  auto other = Origin::parse(text);
  if (!other) {
    return false;
  }
  other->generation = origin.generation;
  return *other == origin;
}

}  // namespace

HeldVerdict verify_held(const Held& held_ack,
                        std::span<const Hash> leaves,
                        const Origin& origin,
                        const Trust& trust,
                        const std::optional<Checkpoint>& held,
                        LogChoice choice) {
  // Cosignatures may come; what we believe is the log's own signature.
  auto checkpoint = open_checkpoint(held_ack.checkpoint, trust, true);
  if (!checkpoint) {
    return refuted(kInvalid, "checkpoint: " + checkpoint.error().what);
  }
  if (!is_chosen(
          checkpoint->origin, origin, held ? LogChoice::kThis : choice)) {
    return refuted(
        kInvalid,
        "checkpoint: of " + checkpoint->origin + ", not of " + origin.text());
  }

  // Two signed roots for one size prove a fork, whatever else the ack says.
  const Checkpoint ours = held.value_or(
      Checkpoint{.origin = origin.text(), .size = 0, .root = empty_root()});
  if (checkpoint->size == ours.size && checkpoint->root != ours.root) {
    return refuted(
        strongroom_v1_FindingKind_FINDING_KIND_SAME_TREE_OTHER_ROOT,
        "checkpoint: another root for size " + std::to_string(ours.size));
  }
  if (held_ack.from_size != ours.size) {
    return HeldIgnored{};
  }
  if (!verify_consistency(ours.size,
                          ours.root,
                          checkpoint->size,
                          checkpoint->root,
                          held_ack.consistency_proof)) {
    return refuted(
        strongroom_v1_FindingKind_FINDING_KIND_CHECKPOINT_INCONSISTENT,
        "checkpoint: size " + std::to_string(checkpoint->size) +
            " is not shown to extend our size " + std::to_string(ours.size));
  }
  const auto root = root_from_range(
      held_ack.first_index, leaves, checkpoint->size, held_ack.range_proof);
  if (!root || *root != checkpoint->root) {
    return refuted(kInvalid,
                   "range proof: does not lead to the checkpoint's root from "
                   "index " +
                       std::to_string(held_ack.first_index));
  }
  return HeldProven{.first_index = held_ack.first_index,
                    .checkpoint = std::move(*checkpoint),
                    .note = held_ack.checkpoint};
}

}  // namespace strongroom
