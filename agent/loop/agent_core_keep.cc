// SPDX-License-Identifier: Apache-2.0
// What the agent does for its journal: room by the quota, and the rows of
// refused epochs told again.
#include <algorithm>

#include "agent/loop/agent_core.h"
#include "core/base/check.h"

namespace strongroom {
namespace {

// A follow order stops an epoch so whose rows were proven once.
constexpr auto kSucceeded =
    strongroom_v1_RefusalReason_REFUSAL_REASON_SUCCEEDED;

Suspicion finding_of(strongroom_v1_FindingKind kind) {
  Suspicion suspicion;
  suspicion.kind = kind;
  return suspicion;
}

}  // namespace

// --- the quota --------------------------------------------------------------

void AgentCore::keep_quota() {
  const JournalUsage usage = ports_.journal.usage();
  const std::uint32_t level = relief_.level;
  relief_ = relief_for(usage, options_.quota, level);
  if (relief_.level != level) {
    change_level(level, usage);
  }
  if (relief_.drop_bytes > 0) {
    drop_telemetry(relief_.drop_bytes);
  }
}

void AgentCore::change_level(std::uint32_t previous,
                             const JournalUsage& usage) {
  EventMessage& event = recorder_.blank();
  event.which_body = strongroom_v1_Event_windows_lengthened_tag;
  auto& body = event.body.windows_lengthened;
  body.previous_ms =
      static_cast<std::uint32_t>(telemetry_.window_length().count());
  telemetry_.set_level(relief_.level);
  body.duration_ms =
      static_cast<std::uint32_t>(telemetry_.window_length().count());
  body.used_bytes = usage.used_bytes;
  body.quota_bytes = options_.quota.quota_bytes;
  recorder_.record(Stream::kRecord, event, now_);
  if (relief_.level > previous) {
    record_finding(
        finding_of(strongroom_v1_FindingKind_FINDING_KIND_JOURNAL_PRESSURE),
        Stream::kTelemetry,
        "windows are longer");
  }
}

void AgentCore::drop_telemetry(std::uint64_t bytes) {
  auto found = choose_loss(ports_.journal,
                           recorder_,
                           losses_,
                           outbox_.cut_end(Stream::kTelemetry),
                           bytes);
  if (!found) {
    // A fault of the disk passes; what is broken, the next start sets aside.
    if (found.error().broken) {
      broken_ = found.error();
    }
    return;
  }
  record_finding(
      finding_of(strongroom_v1_FindingKind_FINDING_KIND_JOURNAL_PRESSURE),
      Stream::kTelemetry,
      *found ? "telemetry is dropped" : "no telemetry is left to drop");
  if (*found) {
    record_loss(**found);
  }
}

// In one transaction: that it is gone, and its going.
void AgentCore::record_loss(Loss& loss) {
  const EpochRow& epoch = recorder_.epoch_at(Stream::kTelemetry, loss.first);
  const std::uint64_t count = loss.last - loss.first + 1;
  EventMessage& event = recorder_.blank();
  event.which_body = strongroom_v1_Event_telemetry_lost_tag;
  auto& body = event.body.telemetry_lost;
  body.epoch = epoch.epoch;
  body.from_seq = loss.first - epoch.first_position + 1;
  body.to_seq = body.from_seq + count - 1;
  std::ranges::copy(loss.before, body.hash_before_from);
  std::ranges::copy(loss.of_last, body.hash_of_to);
  Suspicion suspicion =
      finding_of(strongroom_v1_FindingKind_FINDING_KIND_TELEMETRY_LOST);
  suspicion.epoch = body.epoch;
  suspicion.seq = body.from_seq;
  recorder_.record(Stream::kRecord, event, now_);
  loss.announced = recorder_.tail(Stream::kRecord);
  recorder_.lose(loss);
  losses_.add(loss);
  outbox_.forget(loss);
  record_finding(suspicion, Stream::kTelemetry, options_.source.text(), count);
}

// --- salvage ----------------------------------------------------------------

// What the stream owes in the places where it was written.
std::uint64_t AgentCore::owed(Stream stream) const {
  const Position tail = recorder_.tail(stream);
  std::uint64_t count = 0;
  for (const EpochRow& row : recorder_.epochs(stream)) {
    const Position end = recorder_.epoch_end(row);
    const Position from = std::max(row.first_position, sender(stream).base());
    const Position to =
        row.stopped_at == 0 ? end : std::min(end, row.stopped_at - 1);
    if (from > to || from > tail) {
      continue;
    }
    count += to - from + 1;
    if (stream == Stream::kTelemetry) {
      count -= losses_.events(from) - losses_.events(to + 1);
    }
  }
  return count;
}

// Only into an epoch that the ledger has taken: what it refuses at once costs
// the disk nothing. And at the pace of delivery: see kSalvageAhead.
bool AgentCore::may_salvage(Stream stream) {
  const EpochRow* newest = recorder_.epoch_row(stream, recorder_.epoch());
  check(newest != nullptr, "an agent without an epoch");
  return sender(stream).base() > newest->first_position &&
         owed(stream) <= kSalvageAhead;
}

void AgentCore::salvage() {
  has_more_ = false;
  for (const Stream stream : kAgentStreams) {
    if (broken_ || !may_salvage(stream)) {
      continue;
    }
    const auto slice =
        salvage_slice(stream, ports_.journal, recorder_, losses_, now_);
    if (!slice) {
      // A fault of the disk passes: nothing was changed yet.
      if (slice.error().broken) {
        broken_ = slice.error();
      }
      return;
    }
    if (!*slice) {
      continue;
    }
    salvaged_[slot_of(stream)] += (*slice)->events;
    if ((*slice)->done) {
      record_salvaged(stream, *(*slice)->done);
    }
    has_more_ = true;
    return;
  }
}

void AgentCore::record_salvaged(Stream stream, const SalvageDone& done) {
  Suspicion suspicion =
      finding_of(strongroom_v1_FindingKind_FINDING_KIND_SALVAGED);
  suspicion.epoch = done.epoch.epoch;
  suspicion.seq = done.from_seq;
  suspicion.reason = done.epoch.stopped_reason;
  record_finding(suspicion, stream, options_.source.text());
}

bool AgentCore::may_prune(Stream stream) const {
  return std::ranges::none_of(
      recorder_.epochs(stream), [&](const EpochRow& row) {
        return row.stopped_at != 0 && row.stopped_reason == kSucceeded &&
               row.salvaged_to < recorder_.epoch_end(row);
      });
}

}  // namespace strongroom
