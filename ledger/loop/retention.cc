// SPDX-License-Identifier: Apache-2.0
// The ledger's loop: the retention policy, a few batches a turn. What goes is
// announced in `record` first; a start after a crash between the two looks
// again, announces anew from where the log stands, and goes on.
#include "ledger/loop/retention.h"

#include <algorithm>

#include "core/event/event.h"
#include "core/log/entry.h"
#include "ledger/ingest/suspicion.h"
#include "ledger/log/stored_entries.h"
#include "ledger/loop/ledger.h"

namespace strongroom {
namespace {

constexpr std::chrono::hours kEvery{1};
constexpr std::chrono::hours kAhead{24};
// Of a turn: milliseconds.
constexpr std::size_t kBatchesLookedAt = 64;
constexpr std::size_t kBatchesPruned = 16;

}  // namespace

BatchTime time_of(const BatchRow& row, WallTime now) {
  const auto entries = kept_entries_of(row);
  if (!entries || entries->size() < 2 || row.pruned == row.count) {
    return std::nullopt;
  }
  const auto last = parse_entry((*entries)[entries->size() - 2]);
  const std::int64_t at =
      last && last->type == EntryType::kEvent ? recorded_us(last->body) : 0;
  return at == 0 || at > (now + kAhead).time_since_epoch().count()
             ? std::nullopt
             : BatchTime(at);
}

/// Nothing is staged when it is called.
Result<void> Ledger::retain() {
  const Now now = parts_.outside.now();
  if (!parts_.telemetry_days || now.quality == ClockQuality::kUnknown) {
    return {};
  }
  if (!pruning_ && logs_to_prune_.empty()) {
    if (now.wall < retention_due_ && retention_due_ - now.wall <= 2 * kEvery) {
      return {};
    }
    retention_due_ = now.wall + kEvery;
    for (const LogId log_id : logs_->ids()) {
      if (logs_->origin(log_id).stream == Stream::kTelemetry) {
        logs_to_prune_.push_back(log_id);
      }
    }
  }
  if (!pruning_) {
    if (logs_to_prune_.empty()) {
      return {};
    }
    const LogId log_id = logs_to_prune_.front();
    logs_to_prune_.pop_front();
    pruning_ = PruneWork{
        log_id,
        RetentionLook(
            logs_->pruned_to(log_id), now.wall, *parts_.telemetry_days)};
  }
  return pruning_->announced ? prune_some() : look_at_some(now.wall);
}

Result<void> Ledger::look_at_some(WallTime now) {
  PruneWork& work = *pruning_;
  const std::uint64_t size = logs_->signed_checkpoint(work.log_id).size;
  std::size_t batches = 0;
  bool more = false;
  auto scanned = parts_.reader.scan(
      work.log_id, work.look.next(), [&](const BatchRow& row) {
        more = row.end_index() <= size &&
               work.look.take(row.end_index(), time_of(row, now));
        return more && ++batches < kBatchesLookedAt;
      });
  if (!scanned) {
    return std::unexpected(scanned.error());
  }
  if (more) {
    return {};
  }
  if (work.look.to() == work.look.from()) {
    pruning_.reset();
    return {};
  }
  return announce_pruning();
}

Result<void> Ledger::announce_pruning() {
  PruneWork& work = *pruning_;
  const Origin& origin = logs_->origin(work.log_id);
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_telemetry_pruned_tag;
  auto& body = event.body.telemetry_pruned;
  origin.text().copy(body.origin, sizeof(body.origin) - 1);
  body.from_index = work.look.from();
  body.to_index = work.look.to();
  body.keep_days = static_cast<std::uint32_t>(*parts_.telemetry_days);
  const auto record = logs_->find(origin.site, Stream::kRecord);
  if (!record || !write_own(*record, {event})) {
    parts_.outside.warn("nothing_pruned origin=" + origin.text() +
                        " why=\"it cannot be announced in record\"");
    pruning_.reset();
    return {};
  }
  work.announced = true;
  if (auto done = flush(); !done) {
    return done;
  }
  if (!takes(*record)) {
    pruning_.reset();  // it froze: the announcement is not signed
  }
  return {};
}

Result<void> Ledger::prune_some() {
  PruneWork& work = *pruning_;
  const Origin origin = logs_->origin(work.log_id);
  const std::uint64_t before = logs_->pruned_to(work.log_id);
  const auto pruning =
      logs_->prune(work.log_id, work.look.to(), kBatchesPruned);
  if (!pruning) {
    return std::unexpected(pruning.error());
  }
  parts_.views.count([&](LedgerCounters& at) {
    at.entries_pruned += pruning->pruned_to - before;
  });
  if (pruning->pruned_to >= work.look.to()) {
    pruning_.reset();
    return {};
  }
  if (pruning->refused.empty()) {
    return {};
  }
  pruning_.reset();
  parts_.outside.warn("pruning_stopped origin=" + origin.text() + " why=\"" +
                      pruning->refused + "\"");
  return pruning->bad_index
             ? note_damage(origin, *pruning->bad_index, false, pruning->refused)
             : Result<void>();
}

}  // namespace strongroom
