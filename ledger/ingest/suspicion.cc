// SPDX-License-Identifier: Apache-2.0
#include "ledger/ingest/suspicion.h"

namespace strongroom {

std::int64_t recorded_us(ByteView event) {
  const auto read = decode_event(event);
  const bool known =
      read && read->has_clock &&
      (read->clock.quality == strongroom_v1_ClockQuality_CLOCK_QUALITY_GOOD ||
       read->clock.quality == strongroom_v1_ClockQuality_CLOCK_QUALITY_COARSE);
  return known ? read->recorded_us : 0;
}

std::optional<std::uint64_t> followed_epoch(ByteView first_event) {
  const auto read = decode_event(first_event);
  if (!read || read->which_body != strongroom_v1_Event_epoch_opened_tag ||
      !read->body.epoch_opened.has_previous) {
    return std::nullopt;
  }
  return read->body.epoch_opened.previous.epoch;
}

Suspicion suspect(RefusalReason refusal,
                  const BatchHeader& header,
                  const BatchView& batch,
                  const ChainState& chain) {
  if (refusal == reason::kEquivocation) {
    return chain.newest ? Suspicion::kRolledBack : Suspicion::kNone;
  }
  if (refusal != reason::kEpochClosed || chain.closed_us == 0) {
    return Suspicion::kNone;
  }
  // The events are not looked at before a batch is appended: who carries them
  // could have changed a time.
  std::vector<Hash> leaves;
  if (find_flaw(header, batch.events, leaves)) {
    return Suspicion::kNone;
  }
  const std::int64_t last = recorded_us(batch.events.back());
  return last > chain.closed_us + kCloneMarginUs ? Suspicion::kCloned
                                                 : Suspicion::kNone;
}

}  // namespace strongroom
