// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/agent_core.h"

#include <algorithm>
#include <utility>

#include "agent/loop/names.h"
#include "core/base/check.h"

namespace strongroom {
namespace {

WallTime high_water(const JournalState& state) {
  return std::max(state.streams[0].tail_recorded,
                  state.streams[1].tail_recorded);
}

// The first position that is owed: past what was delivered, and past the end of
// an epoch that the ledger refused.
Position base_of(const StreamState& state) {
  Position base = state.delivered + 1;
  for (std::size_t i = 0; i < state.epochs.size(); ++i) {
    const EpochRow& row = state.epochs[i];
    const Position end = i + 1 < state.epochs.size()
                             ? state.epochs[i + 1].first_position
                             : state.tail + 1;
    if (row.stopped_at != 0 && base >= row.stopped_at && base < end) {
      base = end;
    }
  }
  return base;
}

Sender make_sender(const AgentOptions& options,
                   const JournalState& state,
                   const AgentPorts& ports,
                   Stream stream) {
  const StreamState& found = state.streams[slot_of(stream)];
  return Sender(stream,
                options.source,
                Origin::parse(found.held_origin),
                options.trust,
                base_of(found),
                found.held_checkpoint,
                ports.jitter,
                options.sender);
}

}  // namespace

AgentCore::AgentCore(AgentOptions options,
                     const JournalState& state,
                     StartReport start,
                     AgentPorts ports)
    : options_(std::move(options)),
      start_(std::move(start)),
      ports_(std::move(ports)),
      clock_(high_water(state)),
      recorder_(options_.source, state, ports_.random),
      losses_(recorder_, state),
      outbox_(options_.source,
              recorder_,
              losses_,
              ports_.journal,
              ports_.signer,
              {state.streams[0].cut, state.streams[1].cut}),
      doors_({recorder_,
              ports_.random,
              [this](const DescriptionRow& row) { return serial_of(row); }},
             state,
             options_.devices.panels,
             options_.devices.policy),
      telemetry_(
          std::exchange(options_.devices, {}),
          [this](const DescriptionRow& row) { return identity_of(row); }),
      senders_{make_sender(options_, state, ports_, Stream::kRecord),
               make_sender(options_, state, ports_, Stream::kTelemetry)} {}

// --- a turn -----------------------------------------------------------------

void AgentCore::begin(const Now& machine) {
  std::optional<ClockStep> step;
  now_ = clock_.read(machine, step);
  if (!is_started_) {
    start();
  }
  if (step) {
    record_step(*step);
  }
  take_refusals();
}

void AgentCore::start() {
  is_started_ = true;
  started_ = now_.monotonic;
  if (!recorder_.has_epoch()) {
    open_epoch(start_.opened_because, start_.previous);
  }
  EventMessage& event = recorder_.blank();
  event.which_body = strongroom_v1_Event_boot_tag;
  std::ranges::copy(options_.boot_id, event.body.boot.boot_id);
  put_text(event.body.boot.version, options_.version);
  recorder_.record(Stream::kRecord, event, now_);
  if (!start_.set_aside.empty()) {
    Suspicion suspicion;
    suspicion.kind = strongroom_v1_FindingKind_FINDING_KIND_JOURNAL_SET_ASIDE;
    record_finding(suspicion, Stream::kRecord, start_.set_aside);
  }
  telemetry_.describe(recorder_, now_);
}

void AgentCore::open_epoch(strongroom_v1_EpochReason reason,
                           const ChainHeads& previous) {
  recorder_.open_epoch(reason, previous, now_);
  status_due_ = true;
}

void AgentCore::poll_done(const PollDone& poll) {
  if (!telemetry_.take(poll, clock_.at(poll.monotonic), recorder_, now_)) {
    ++stray_polls_;
    return;
  }
  if (!is_connected_) {
    return;
  }
  telemetry_.live(poll.device, now_, live_messages_);
  for (Bytes& message : live_messages_) {
    effects_.push_back({UplinkTopic::kLive, std::move(message)});
  }
  live_messages_.clear();
}

void AgentCore::devices_changed(const DeviceSet& set) {
  ++reloads_;
  telemetry_.change(set, recorder_, now_);
  doors_.change(set.panels, set.policy, now_);
}

void AgentCore::ack_arrived(ByteView payload) {
  const auto ack = decode_ack(payload);
  if (!ack || ack->source != options_.source ||
      ack->stream == Stream::kRegistry) {
    ++invalid_acks_;
    return;
  }
  sender(ack->stream).acknowledged(*ack, now_.monotonic);
  apply_effects(ack->stream);
}

void AgentCore::connected() {
  is_connected_ = true;
  ++connects_;
  status_due_ = true;
  telemetry_.show_soon();
  for (const Stream stream : kAgentStreams) {
    sender(stream).connected(now_.monotonic);
    apply_effects(stream);
  }
}

void AgentCore::disconnected() {
  is_connected_ = false;
  next_status_.reset();
  for (const Stream stream : kAgentStreams) {
    sender(stream).disconnected();
  }
}

void AgentCore::stopping() {
  telemetry_.flush(recorder_, now_);
  if (is_connected_) {
    publish_status(false);
  }
}

Turn AgentCore::finish() {
  telemetry_.close_ended(recorder_, now_);
  doors_.tick(now_);
  for (const Stream stream : kAgentStreams) {
    sender(stream).tick(now_.monotonic);
    apply_effects(stream);
  }
  keep_quota();
  salvage();
  pump();
  const bool status_timer = next_status_ && *next_status_ <= now_.monotonic;
  if (is_connected_ && (status_due_ || status_timer)) {
    publish_status(true);
  }
  Turn turn;
  events_ += recorder_.pending().events[0].size() +
             recorder_.pending().events[1].size();
  turn.transaction = recorder_.take();
  turn.effects = std::exchange(effects_, {});
  turn.doors = doors_.take_effects();
  turn.broken = broken_;
  return turn;
}

void AgentCore::committed(Turn& turn) {
  outbox_.committed(turn.transaction);
}

MonoTime AgentCore::next_deadline() const {
  if (has_more_ || !refused_.empty() || !refused_pins_.empty()) {
    return now_.monotonic;
  }
  MonoTime deadline = now_.monotonic + std::chrono::seconds(1);
  for (const Sender& sender : senders_) {
    if (const auto timer = sender.deadline()) {
      deadline = std::min(deadline, *timer);
    }
  }
  if (const auto end = telemetry_.next_end()) {
    const auto wait = std::max(*end - now_.wall, MonoTime{1000});
    deadline = std::min(deadline, now_.monotonic + wait);
  }
  return deadline;
}

// --- events of its own ------------------------------------------------------

void AgentCore::record_step(const ClockStep& step) {
  ++clock_steps_;
  EventMessage& event = recorder_.blank();
  event.which_body = strongroom_v1_Event_clock_stepped_tag;
  auto& body = event.body.clock_stepped;
  body.step_us = step.by.count();
  body.has_before = true;
  body.before.quality =
      static_cast<strongroom_v1_ClockQuality>(step.quality_before);
  body.before.error_us = static_cast<std::uint64_t>(step.error_before.count());
  recorder_.record(Stream::kRecord, event, now_);
}

void AgentCore::record_finding(const Suspicion& suspicion,
                               Stream stream,
                               std::string_view subject,
                               std::uint64_t times) {
  ++findings_;
  const auto count = limit_.take(
      suspicion.kind, stream, suspicion.reason, now_.monotonic, times);
  if (!count) {
    return;
  }
  EventMessage& event = recorder_.blank();
  event.which_body = strongroom_v1_Event_finding_tag;
  auto& body = event.body.finding;
  body.kind = suspicion.kind;
  put_text(body.subject, subject);
  body.stream = static_cast<strongroom_v1_Stream>(stream);
  body.epoch = suspicion.epoch;
  body.seq = suspicion.seq;
  body.reason = suspicion.reason;
  if (suspicion.hash != Hash{}) {
    body.hash.size = static_cast<pb_size_t>(suspicion.hash.size());
    std::ranges::copy(suspicion.hash, body.hash.bytes);
  }
  body.count = *count;
  recorder_.record(Stream::kRecord, event, now_);
}

// --- delivery ---------------------------------------------------------------

// `record` first: telemetry moves only while nothing of `record` waits for
// room, or nothing of it can move at all.
void AgentCore::pump() {
  const bool record_waits = fill(Stream::kRecord);
  const bool record_stuck =
      sender(Stream::kRecord).state() == SenderState::kBlocked;
  if (!record_waits || record_stuck) {
    fill(Stream::kTelemetry);
  }
  for (const Stream stream : kAgentStreams) {
    const SenderState state = sender(stream).state();
    SenderState& shown = shown_states_[slot_of(stream)];
    status_due_ |=
        (state == SenderState::kBlocked) != (shown == SenderState::kBlocked);
    shown = state;
  }
}

// True when events are left that the window has no room for.
bool AgentCore::fill(Stream stream) {
  while (const auto position = sender(stream).wants()) {
    if (*position <= recorder_.tail(stream) && !pass(stream, *position)) {
      break;
    }
    if (sender(stream).next() != *position) {
      continue;
    }
    auto batch = outbox_.batch_at(stream, *position);
    if (!batch) {
      broken_ = batch.error();
      return false;
    }
    std::optional<OutBatch>& next = *batch;
    if (!next) {
      return false;
    }
    sender(stream).offer(std::move(*next), now_.monotonic);
    apply_effects(stream);
  }
  return sender(stream).next() <= recorder_.tail(stream);
}

// What was given up or is told again elsewhere is passed when everything before
// it is proven; a loss, when the ledger has read of it too. False: not yet.
bool AgentCore::pass(Stream stream, Position position) {
  Sender& to = sender(stream);
  if (recorder_.is_stopped(stream, position)) {
    if (to.in_flight() > 0) {
      return false;
    }
    const EpochRow& row = recorder_.epoch_at(stream, position);
    to.skip_to(recorder_.epoch_end(row) + 1, now_.monotonic);
    return true;
  }
  const Loss* loss =
      stream == Stream::kTelemetry ? losses_.at(position) : nullptr;
  if (loss == nullptr) {
    return true;
  }
  if (to.in_flight() > 0 ||
      !losses_.is_announced(*loss, sender(Stream::kRecord).base())) {
    return false;
  }
  const EpochRow& row = recorder_.epoch_at(stream, position);
  to.hop_to(loss->last + 1, loss->first - row.first_position + 1);
  return true;
}

void AgentCore::apply_effects(Stream stream) {
  for (SenderEffect& effect : sender(stream).take_effects()) {
    std::visit([&](auto& one) { apply(stream, one); }, effect);
  }
}

void AgentCore::apply(Stream, TransmitBatch& effect) {
  effects_.push_back({UplinkTopic::kBatch, std::move(effect.payload)});
}

void AgentCore::apply(Stream stream, BatchProven& effect) {
  recorder_.pending().deliveries.push_back({stream,
                                            effect.first_position,
                                            effect.count,
                                            effect.first_index,
                                            now_.wall,
                                            sender(stream).log().text(),
                                            std::move(effect.checkpoint)});
  const Stream other =
      stream == Stream::kRecord ? Stream::kTelemetry : Stream::kRecord;
  sender(other).outpaced(effect.sent, now_.monotonic);
  apply_effects(other);
}

void AgentCore::apply(Stream stream, Suspicion& effect) {
  record_finding(effect, stream, sender(stream).log().text());
}

void AgentCore::apply(Stream stream, EpochRefused& effect) {
  const bool is_current = effect.epoch == recorder_.epoch();
  const bool rolled_back = lacks(stream, effect.newest);
  if (rolled_back) {
    record_rolled_back(stream, *effect.newest);
  }
  if (is_current) {
    if (last_refused_epoch_ &&
        now_.monotonic - *last_refused_epoch_ < kEpochInterval) {
      return;  // the sender stays blocked and asks again
    }
    last_refused_epoch_ = now_.monotonic;
    const auto reason = rolled_back
                            ? strongroom_v1_EpochReason_EPOCH_REASON_ROLLED_BACK
                            : strongroom_v1_EpochReason_EPOCH_REASON_REFUSED;
    open_epoch(reason, recorder_.heads());
    telemetry_.describe(recorder_, now_);
    doors_.describe(now_);
  }
  recorder_.stop_epoch(stream, effect.epoch, effect.at, effect.reason);
  const EpochRow& row = recorder_.epoch_at(stream, effect.at);
  sender(stream).skip_to(recorder_.epoch_end(row) + 1, now_.monotonic);
}

void AgentCore::record_rolled_back(Stream stream, const SignedHeader& shown) {
  Suspicion suspicion;
  suspicion.kind = strongroom_v1_FindingKind_FINDING_KIND_SOURCE_ROLLED_BACK;
  if (const auto header = decode_header(shown.header)) {
    suspicion.epoch = header->epoch;
    suspicion.seq = header->first_seq;
  }
  suspicion.hash = sha256(shown.header);
  record_finding(suspicion, stream, options_.source.text());
}

// Believed on our own signature only: the ledger shows a header of ours that is
// not in the journal.
bool AgentCore::lacks(Stream stream,
                      const std::optional<SignedHeader>& newest) {
  if (!newest) {
    return false;
  }
  const auto header = decode_header(newest->header);
  if (!header || header->source != options_.source ||
      header->stream != stream ||
      !verify_ed25519(ports_.signer.public_key(),
                      batch_signing_input(newest->header),
                      newest->signature)) {
    return false;
  }
  const EpochRow* row = recorder_.epoch_row(stream, header->epoch);
  if (row == nullptr) {
    return true;
  }
  const Position at = row->first_position + header->first_seq - 1;
  const auto read = ports_.journal.batch_at(stream, at);
  if (!read) {
    return false;
  }
  const std::optional<CutBatch>& ours = *read;
  if (ours) {
    return ours->sealed.header != newest->header;
  }
  if (at >= sender(stream).base()) {
    return true;
  }
  // Below the mark, a batch that is not there was pruned with its events: it
  // was ours, and was proven.
  const auto kept = ports_.journal.events(stream, at, 1, 0);
  return kept && !kept->empty();
}

}  // namespace strongroom
