// SPDX-License-Identifier: Apache-2.0
// From a follow order to what is sent again: which rows the successor's
// predecessor holds, where its chains can go on, and what must be told again.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "agent/loop/follow_order.h"
#include "agent/loop/losses.h"
#include "agent/loop/recorder.h"

namespace strongroom {

struct FollowPlan {
  /// Batches go out again from here; one past the tail: none do.
  Position resend_from = 0;
  std::uint64_t resend_events = 0;
  /// Epochs whose chain cannot go on where the successor expects it: from that
  /// position on they are told again in a newer one.
  struct Stop {
    std::uint64_t epoch = 0;
    Position at = 0;
  };
  std::vector<Stop> stops;
  /// The newest epoch is one of them: another one must be opened.
  bool needs_epoch = false;
  /// Events that the successor lacks and that are not kept any more.
  std::uint64_t missing = 0;
  std::uint64_t missing_epoch = 0;  // of the first
  std::uint64_t missing_seq = 0;
};

struct FollowView {
  Journal& journal;
  const Recorder& recorder;
  const Losses& losses;
  Position delivered = 0;  // up to here the predecessor proved to hold all
  Position cut = 0;        // the end of the newest batch
};

/// Nothing but reads. Faults, in words: the successor contradicts what was
/// proven to this agent; the journal cannot be read.
Result<FollowPlan> plan_follow(const FollowOrder& order,
                               const FollowView& view);

}  // namespace strongroom
