// SPDX-License-Identifier: Apache-2.0
#include "ledger/loop/ledger.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "ledger/views/json.h"

namespace strongroom {
namespace {

using nlohmann::json;

// A turn's share of the inbox: 16 MiB at most between two commits.
constexpr std::size_t kBatchesPerTurn = 128;
constexpr std::chrono::seconds kIdleTurn{2};
constexpr std::chrono::milliseconds kBusyTurn{5};
constexpr std::chrono::minutes kFindingsEvery{1};

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

Ledger::Ledger(std::string name, Parts parts)
    : name_(std::move(name)),
      parts_(std::move(parts)),
      trust_{name_, {parts_.log_signer.public_key()}} {}

Result<void> Ledger::run(LedgerInbox& inbox,
                         const std::function<void()>& alive) {
  bool moved = false;
  for (;;) {
    auto work = inbox.take(
        kBatchesPerTurn,
        std::chrono::steady_clock::now() +
            (is_busy() ? kBusyTurn : std::chrono::milliseconds(kIdleTurn)));
    const bool closed = work.closed;
    const bool idle = work.batches.empty();
    if (auto done = turn(std::move(work)); !done) {
      return done;
    }
    alive();
    if (closed) {
      return {};
    }
    if (idle && moved) {
      parts_.store.checkpoint();
    }
    moved = !idle;
  }
}

Result<void> Ledger::turn(LedgerInbox::Work work) {
  for (const Call& call : work.calls) {
    if (auto done = call(*this); !done) {
      return done;
    }
  }
  for (const Arrived& arrived : work.batches) {
    if (auto done = take_batch(arrived); !done) {
      return done;
    }
  }
  const WallTime now = parts_.outside.now().wall;
  if (now >= findings_due_ || findings_due_ - now > 2 * kFindingsEvery) {
    findings_due_ = now + kFindingsEvery;
    for (const FindingDue& due : limiter_.due(now)) {
      write_refusal(due);
    }
  }
  if (auto done = flush(); !done) {
    return done;
  }
  if (!frozen_lately_.empty()) {
    if (auto done = tell_of_logs(); !done) {
      return done;
    }
  }
  for (const Arrived& arrived : work.statuses) {
    if (auto done = take_status(arrived); !done) {
      return done;
    }
  }
  take_live(work.live);
  return retain();
}

Result<void> Ledger::flush() {
  if (broken_) {
    return std::unexpected(*broken_);
  }
  if (auto done = commit_staged(); !done) {
    broken_ = done.error();
    return done;
  }
  for (const Answer& each : answers_) {
    answer(each);
  }
  answers_.clear();
  show();
  return {};
}

Result<void> Ledger::commit_staged() {
  if (logs_->staged()) {
    logs_->rows().chains = chains_.take_changed(
        [this](LogId log_id) { return logs_->size(log_id); });
    // Of a log that froze during the turn nothing more is written.
    std::erase_if(logs_->rows().chains, [this](const ChainRow& row) {
      return !logs_->frozen(row.log_id).empty();
    });
    if (auto done = logs_->commit(); !done) {
      return done;
    }
    parts_.views.count([](LedgerCounters& at) { ++at.commits; });
  }
  return {};
}

void Ledger::answer(const Answer& answer) {
  Ack ack{.source = answer.header.source,
          .stream = answer.header.stream,
          .epoch = answer.header.epoch,
          .first_seq = answer.header.first_seq,
          .count = answer.header.count};
  if (answer.refused) {
    ack.outcome = *answer.refused;
  } else if (auto held = prove(answer)) {
    ack.outcome = *std::move(held);
  } else {
    ack.outcome = Refused{.reason = reason::kLogFrozen};
  }
  if (!parts_.outside.send(ack_topic(answer.to), encode_ack(ack))) {
    parts_.views.count([](LedgerCounters& at) { ++at.acks_unsent; });
  }
}

/// Faults: the log is frozen, or a tile of it turned out wrong, which freezes
/// it.
Result<Held> Ledger::prove(const Answer& answer) {
  if (!logs_->frozen(answer.log_id).empty()) {
    return fault("frozen");
  }
  SourceChains& chains = chains_.of(answer.log_id, answer.header.source);
  const Checkpoint& now = logs_->signed_checkpoint(answer.log_id);
  Subtrees& tree = logs_->subtrees(answer.log_id);
  Held held{
      .first_index = answer.held.first_index,
      .checkpoint = logs_->note(answer.log_id),
      .from_size = answer.restart_from.value_or(chains.acked.value_or(0))};
  auto range = tree.range(held.first_index, answer.held.count + 1, now.size);
  auto consistency = tree.consistency(held.from_size, now.size);
  if (!range || !consistency) {
    const Error why = range ? consistency.error() : range.error();
    if (auto frozen = logs_->freeze(answer.log_id, why.what); !frozen) {
      parts_.outside.warn("freeze_not_stored what=\"" + frozen.error().what +
                          "\"");
    }
    return std::unexpected(why);
  }
  held.range_proof = *std::move(range);
  held.consistency_proof = *std::move(consistency);
  chains.acked = now.size;
  return held;
}

void Ledger::show() {
  const std::int64_t now = parts_.outside.now().wall.time_since_epoch().count();
  std::vector<LogId> grown;
  for (const Shown& shown : shown_) {
    if (!logs_->frozen(shown.log_id).empty()) {
      continue;
    }
    const BatchHeader& header = shown.header;
    parts_.views.set_chain(
        header.source, header.stream, header.epoch, header.next_seq() - 1, now);
    parts_.views.count([&](LedgerCounters& at) {
      ++at.batches_appended;
      at.events_appended += header.count;
    });
    parts_.outside.tell("entry", [&] {
      return text_of({{"origin", logs_->origin(shown.log_id).text()},
                      {"first_index", shown.first_index},
                      {"count", header.count + 1},
                      {"source", header.source.text()}});
    });
    if (std::ranges::find(grown, shown.log_id) == grown.end()) {
      grown.push_back(shown.log_id);
    }
  }
  for (const LogId log_id : grown) {
    parts_.outside.tell("checkpoint", [&] {
      return text_of({{"origin", logs_->origin(log_id).text()},
                      {"note", logs_->note(log_id)}});
    });
  }
  for (FindingView& finding : new_findings_) {
    parts_.outside.tell("finding", [&] { return text_of(to_json(finding)); });
    parts_.views.add_finding(std::move(finding));
  }
  for (ConfirmationView& confirmation : new_confirmations_) {
    parts_.outside.tell("confirmed",
                        [&] { return text_of(to_json(confirmation)); });
    parts_.views.add_confirmation(std::move(confirmation));
  }
  // After the findings: who sees the count go up finds what it was.
  for (const auto& [source, reason] : new_refusals_) {
    parts_.views.count_refusal(source, reason);
  }
  shown_.clear();
  new_findings_.clear();
  new_confirmations_.clear();
  new_refusals_.clear();
}

Result<void> Ledger::take_status(const Arrived& arrived) {
  if (registry_.find(arrived.source) == nullptr) {
    return {};
  }
  const auto status = decode_status(arrived.payload);
  if (!status) {
    parts_.views.count([](LedgerCounters& at) { ++at.unreadable; });
    return {};
  }
  parts_.views.set_status(arrived.source, *status);
  parts_.outside.tell("status", [&] {
    const auto view = parts_.views.source(arrived.source);
    return view ? text_of(to_json(*view)) : std::string("{}");
  });
  return look_at_held(arrived.source, *status);
}

/// A status is not signed, but the notes in it are, by us: an agent that has
/// nothing to send shows here that the log was rolled back. Only what is larger
/// than the tree is looked at: a smaller one is judged with the next batch.
Result<void> Ledger::look_at_held(const Source& source,
                                  const strongroom_v1_Status& status) {
  for (const auto& held : std::span(status.held, status.held_count)) {
    const auto stream = stream_from_wire(static_cast<int>(held.stream));
    const auto log_id =
        stream ? logs_->find(source.site, *stream) : std::nullopt;
    const std::string_view note =
        as_chars(ByteView(held.checkpoint.bytes, held.checkpoint.size));
    const auto parsed = Note::parse(note);
    const auto shown = parsed ? Checkpoint::parse(parsed->text)
                              : Result<Checkpoint>(fault(""));
    if (!log_id || !shown || !logs_->frozen(*log_id).empty()) {
      continue;
    }
    const Checkpoint& own = logs_->signed_checkpoint(*log_id);
    if (shown->origin == own.origin && shown->size <= own.size) {
      continue;
    }
    if (const auto found = contradiction_of(claim_of(*log_id, note), source)) {
      if (auto done = freeze_for(*log_id, *found, note); !done) {
        return done;
      }
      if (auto done = flush(); !done) {
        return done;
      }
    }
  }
  return {};
}

/// Pages hear of a device once a turn: a small message makes a large answer.
void Ledger::take_live(const std::vector<Arrived>& messages) {
  std::set<std::pair<Source, std::string>> changed;
  for (const Arrived& arrived : messages) {
    const auto live = decode_live(arrived.payload);
    if (!live) {
      parts_.views.count([](LedgerCounters& at) { ++at.unreadable; });
      continue;
    }
    if (parts_.views.set_live(arrived.source, *live)) {
      changed.emplace(arrived.source, live->device);
    }
  }
  for (const auto& [source, name] : changed) {
    parts_.outside.tell("live", [&] {
      const auto device = parts_.views.device(source, name);
      return device ? text_of(to_json(*device)) : std::string("{}");
    });
  }
}

}  // namespace strongroom
