// SPDX-License-Identifier: Apache-2.0
// What the agent shows of itself: status and snapshot.
#include <algorithm>

#include "agent/loop/agent_core.h"
#include "agent/loop/names.h"

namespace strongroom {

strongroom_v1_Backlog AgentCore::backlog_of(Stream stream) {
  strongroom_v1_Backlog backlog = strongroom_v1_Backlog_init_zero;
  backlog.stream = static_cast<strongroom_v1_Stream>(stream);
  const Position base = losses_.past(sender(stream).base());
  backlog.events = owed(stream) + salvage_pending(stream, recorder_, losses_);
  if (backlog.events == 0) {
    return backlog;
  }
  // Events of this very turn are not in the journal yet, and as young as can
  // be.
  backlog.oldest_us = now_.wall.time_since_epoch().count();
  auto oldest = outbox_.event_at(stream, base);
  if (oldest && oldest->has_value()) {
    if (const auto event = decode_event(**oldest)) {
      backlog.oldest_us = event->occurred_us;
    }
  }
  return backlog;
}

void AgentCore::publish_status(bool online) {
  strongroom_v1_Status status = strongroom_v1_Status_init_zero;
  status.format = kWireFormat;
  status.online = online;
  std::ranges::copy(options_.boot_id, status.boot_id);
  put_text(status.version, options_.version);
  status.epoch = recorder_.epoch();
  for (const Stream stream : kAgentStreams) {
    status.backlog[status.backlog_count++] = backlog_of(stream);
    const std::string& note = sender(stream).held_note();
    auto& held = status.held[status.held_count];
    if (note.empty() || note.size() > sizeof(held.checkpoint.bytes)) {
      continue;
    }
    held.stream = static_cast<strongroom_v1_Stream>(stream);
    held.checkpoint.size = static_cast<pb_size_t>(note.size());
    std::ranges::copy(note, held.checkpoint.bytes);
    ++status.held_count;
  }
  status.has_clock = true;
  status.clock.quality = static_cast<strongroom_v1_ClockQuality>(now_.quality);
  status.clock.error_us = static_cast<std::uint64_t>(now_.error.count());
  status.reported_us = now_.wall.time_since_epoch().count();
  effects_.push_back({UplinkTopic::kStatus, encode_status(status)});
  status_due_ = false;
  next_status_ = now_.monotonic + kStatusInterval;
}

SpaceSnapshot AgentCore::space() const {
  SpaceSnapshot out;
  out.usage = ports_.journal.usage();
  out.quota = options_.quota;
  out.telemetry_share = telemetry_share(out.usage, options_.quota);
  out.level = relief_.level;
  out.window_length = telemetry_.window_length();
  out.configured_length = telemetry_.configured_length();
  out.losses = losses_.ranges();
  out.lost_events = losses_.events(0);
  out.losses_ahead = losses_.ranges(sender(Stream::kTelemetry).base());
  return out;
}

AgentSnapshot AgentCore::snapshot() const {
  AgentSnapshot out;
  out.source = options_.source.text();
  out.version = options_.version;
  out.epoch = recorder_.has_epoch() ? recorder_.epoch() : 0;
  out.started = started_;
  out.at = now_;
  out.connected = is_connected_;
  out.connects = connects_;
  out.events = events_;
  out.batches = outbox_.cuts();
  out.findings = findings_;
  out.clock_steps = clock_steps_;
  out.invalid_acks = invalid_acks_;
  out.stray_polls = stray_polls_;
  out.reloads = reloads_;
  out.identities_held_back = telemetry_.identities_held_back();
  for (const Stream stream : kAgentStreams) {
    const Sender& from = sender(stream);
    StreamSnapshot& to = out.streams[slot_of(stream)];
    to.name = stream_name(stream);
    to.tail = recorder_.tail(stream);
    to.delivered = from.base() - 1;
    to.salvage_pending = salvage_pending(stream, recorder_, losses_);
    to.salvaged = salvaged_[slot_of(stream)];
    to.backlog = owed(stream) + to.salvage_pending;
    to.in_flight = from.in_flight();
    to.state = sender_state_name(from.state());
    to.blocked_by = refusal_name(from.blocked_by());
    to.log = from.log().text();
    to.sender = from.counters();
  }
  out.devices = telemetry_.snapshot();
  out.journal.set_aside = start_.set_aside;
  out.space = space();
  out.doors = doors_.snapshot();
  out.followed = followed_;
  return out;
}

}  // namespace strongroom
