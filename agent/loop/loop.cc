// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/loop.h"

#include <spdlog/spdlog.h>

namespace strongroom {
namespace {

constexpr MonoTime kShowInterval = std::chrono::milliseconds(500);
constexpr MonoTime kPruneInterval = std::chrono::minutes(10);
constexpr MonoTime kNoRoomInterval = std::chrono::seconds(1);
// Commits after which an idle moment is used to fold the WAL.
constexpr std::uint64_t kCheckpointCommits = 256;

}  // namespace

Loop::Loop(LoopPorts ports, LoopOptions options)
    : ports_(std::move(ports)), options_(options) {}

LoopEnd Loop::run() {
  while (true) {
    if (const auto end = turn()) {
      return *end;
    }
  }
}

std::chrono::steady_clock::time_point Loop::steady_deadline() const {
  const auto now = std::chrono::steady_clock::now();
  if (first_) {
    return now;
  }
  return now + std::max(ports_.core.next_deadline() - ports_.clock().monotonic,
                        MonoTime{0});
}

std::optional<LoopEnd> Loop::turn() {
  Inputs inputs = ports_.inbox.take(options_.max_polls, steady_deadline());
  first_ = false;
  const Now now = ports_.clock();
  monotonic_ = now.monotonic;
  ports_.core.begin(now);
  feed(inputs);
  if (inputs.stop) {
    ports_.core.stopping();
  }
  Turn turn = ports_.core.finish();
  if (turn.broken) {
    note_commit(std::unexpected(*turn.broken));
    reply_to_follow(false);
    reply_to_lockdowns(false);
    return LoopEnd::kJournalBroken;
  }
  const bool stands = settle(turn);
  reply_to_follow(stands);
  reply_to_lockdowns(stands);
  if (!stands) {
    return is_broken_ ? LoopEnd::kJournalBroken : LoopEnd::kUncommitted;
  }
  release(turn);
  keep_house(inputs.empty());
  show();
  return inputs.stop ? std::optional(LoopEnd::kStopped) : std::nullopt;
}

void Loop::follow(FollowRequest& request) {
  auto outcome = ports_.core.follow(request.order);
  if (!outcome) {
    request.reply(outcome);
    return;
  }
  follow_reply_ = std::move(request.reply);
  followed_ = std::move(*outcome);
}

// What was promised counts from the commit on, and so does the answer.
void Loop::reply_to_follow(bool stands) {
  const FollowReply reply = std::exchange(follow_reply_, {});
  if (!reply) {
    return;
  }
  if (stands) {
    spdlog::info("log_followed what=\"{}\"", followed_);
    reply(std::exchange(followed_, {}));
  } else {
    reply(fault("the journal does not take it: " + journal_.error));
  }
}

void Loop::lock_down(LockdownRequest& request) {
  auto ordered = ports_.core.lock_down(request.order);
  if (!ordered) {
    request.reply(ordered);
    return;
  }
  spdlog::warn(
      "lockdown_ordered person={} what=\"{}\"", request.order.person, *ordered);
  lockdown_replies_.emplace_back(std::move(request.reply), *std::move(ordered));
}

// The order leaves with its transaction, and so does the answer.
void Loop::reply_to_lockdowns(bool stands) {
  for (auto& [reply, ordered] : std::exchange(lockdown_replies_, {})) {
    if (stands) {
      reply(std::move(ordered));
    } else {
      reply(fault("the journal does not take it: " + journal_.error));
    }
  }
}

void Loop::feed(Inputs& inputs) {
  if (inputs.disconnected) {
    ports_.core.disconnected();
  }
  if (inputs.follow) {
    follow(*inputs.follow);
  }
  if (inputs.connected) {
    ports_.core.connected();
  }
  for (const Bytes& ack : inputs.acks) {
    ports_.core.ack_arrived(ack);
  }
  if (inputs.devices) {
    ports_.core.devices_changed(*inputs.devices);
    spdlog::info("devices_changed");
  }
  for (LockdownRequest& request : inputs.lockdowns) {
    lock_down(request);
  }
  for (PanelReport& report : inputs.panels) {
    ports_.core.panel_reported(report);
  }
  for (const PinAnswer& answer : inputs.pins) {
    ports_.core.pin_answered(answer);
  }
  for (const PollDone& poll : inputs.polls) {
    ports_.core.poll_done(poll);
  }
}

// Journal, then act: the turn's effects wait until its transaction stands. The
// same transaction is tried again and again; meanwhile the inbox holds, and
// then drops, what comes. False when it will not stand: broken, or stopped.
bool Loop::settle(Turn& turn) {
  if (turn.transaction.number == 0) {
    return true;
  }
  while (true) {
    const auto result = ports_.journal.commit(turn.transaction);
    note_commit(result);
    if (result) {
      return true;
    }
    show();
    if (is_broken_ || ports_.inbox.wait_stop(options_.retry)) {
      return false;
    }
    monotonic_ = ports_.clock().monotonic;
    if (monotonic_ - *journal_.failing_since >= kJournalFailedAfter) {
      silence_panels(true);
    }
  }
}

// Without a durable record nobody is let in: panels then decide by their own
// policy, and keep the events.
void Loop::silence_panels(bool is_silent) {
  if (ports_.panels == nullptr || is_silent_ == is_silent) {
    return;
  }
  is_silent_ = is_silent;
  ports_.panels->silence(is_silent);
  if (is_silent) {
    spdlog::error("panels_silenced error=\"{}\"", journal_.error);
  } else {
    spdlog::info("panels_heard_again");
  }
}

void Loop::note_commit(const JournalResult<void>& result) {
  if (result) {
    ++journal_.commits;
    if (journal_.failing_since) {
      spdlog::info("journal_recovered failed_commits={}",
                   journal_.failed_commits);
    }
    journal_.failing_since.reset();
    journal_.error.clear();
    return;
  }
  ++journal_.failed_commits;
  journal_.error = result.error().what;
  is_broken_ = result.error().broken;
  if (!journal_.failing_since) {
    journal_.failing_since = monotonic_;
    spdlog::error("journal_commit_failed error=\"{}\"", journal_.error);
  }
}

void Loop::release(DoorEffects& doors) {
  for (PanelEffect& effect : doors.orders) {
    if (ports_.panels == nullptr ||
        !ports_.panels->push(effect.panel, effect.order)) {
      ports_.core.refused(std::move(effect));
    }
  }
  for (PinQuestion& question : doors.pins) {
    const std::uint64_t ticket = question.ticket;
    if (ports_.pins == nullptr || !ports_.pins->ask(std::move(question))) {
      wipe(question.digits);
      ports_.core.refused_pin(ticket);
    }
  }
}

void Loop::release(Turn& turn) {
  silence_panels(false);
  release(turn.doors);
  for (Publish& effect : turn.effects) {
    ports_.uplink.publish(effect.topic, std::move(effect.payload));
  }
  ports_.core.committed(turn);
}

void Loop::keep_house(bool idle) {
  if (idle && journal_.commits - commits_at_checkpoint_ >= kCheckpointCommits) {
    ports_.journal.checkpoint();
    commits_at_checkpoint_ = journal_.commits;
  }
  make_room();
  if (pruned_ && monotonic_ - *pruned_ < kPruneInterval) {
    return;
  }
  pruned_ = monotonic_;
  for (const Stream stream : kAgentStreams) {
    if (prune(stream, ports_.core.now().wall - options_.keep_delivered) > 0) {
      pruned_.reset();  // there may be more
    }
  }
}

// The quota: what was delivered goes early, telemetry's before record's, one
// bounded piece a turn. Where nothing may go it is asked again in a second.
void Loop::make_room() {
  const Relief& relief = ports_.core.relief();
  if ((!relief.prune_telemetry && !relief.prune_record) ||
      (no_room_ && monotonic_ - *no_room_ < kNoRoomInterval)) {
    return;
  }
  no_room_.reset();
  // Of this very moment too: a delivery counts from the next turn on.
  const WallTime all = ports_.core.now().wall + std::chrono::hours(24);
  if (relief.prune_telemetry && prune(Stream::kTelemetry, all) > 0) {
    return;
  }
  if (relief.prune_record && prune(Stream::kRecord, all) > 0) {
    return;
  }
  no_room_ = monotonic_;
}

std::uint64_t Loop::prune(Stream stream, WallTime before) {
  if (!ports_.core.may_prune(stream)) {
    return 0;
  }
  const auto gone = ports_.journal.prune(stream, before);
  if (!gone) {
    spdlog::warn("journal_prune_failed error=\"{}\"", gone.error().what);
  }
  return gone.value_or(0);
}

void Loop::show() {
  const bool failing = journal_.failing_since.has_value();
  if (shown_ && monotonic_ - *shown_ < kShowInterval && !failing) {
    return;
  }
  shown_ = monotonic_;
  auto snapshot = std::make_shared<AgentSnapshot>(ports_.core.snapshot());
  const std::string set_aside = std::move(snapshot->journal.set_aside);
  snapshot->journal = journal_;
  snapshot->journal.set_aside = set_aside;
  snapshot->dropped_polls = ports_.inbox.dropped_polls();
  snapshot->dropped_acks = ports_.inbox.dropped_acks();
  ports_.snapshots.set(std::move(snapshot));
  ports_.alive();
}

}  // namespace strongroom
