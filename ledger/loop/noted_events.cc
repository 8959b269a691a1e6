// SPDX-License-Identifier: Apache-2.0
// The ledger's loop: the few events of others that it looks into: findings and
// what is said of devices, for the page, and losses, which a chain may skip.
#include <algorithm>

#include "core/base/wire.h"
#include "ledger/loop/finding_view.h"
#include "ledger/loop/ledger.h"

namespace strongroom {
namespace {

/// The field number of an event's body; 0 when there is none. No more is read
/// than is needed to find the few events that the ledger itself looks at.
std::uint32_t body_of(ByteView event) {
  constexpr std::uint32_t kFirstBody = 20;
  WireReader reader(event);
  while (const auto field = reader.next()) {
    if (field->number >= kFirstBody) {
      return field->number;
    }
  }
  return 0;
}

bool is_looked_into(std::uint32_t body) {
  switch (body) {
    case strongroom_v1_Event_finding_tag:
    case strongroom_v1_Event_epoch_confirmed_tag:
    case strongroom_v1_Event_telemetry_lost_tag:
    case strongroom_v1_Event_device_described_tag:
    case strongroom_v1_Event_states_described_tag:
    case strongroom_v1_Event_device_identified_tag:
      return true;
    default:
      return false;
  }
}

}  // namespace

FindingView finding_view(const std::string& origin,
                         std::uint64_t index,
                         const EventMessage& event) {
  const auto& finding = event.body.finding;
  return {
      .origin = origin,
      .index = index,
      .source = event.source,
      .at_us = event.occurred_us,
      .kind = finding.kind,
      .subject = finding.subject,
      .stream = finding.stream,
      .epoch = finding.epoch,
      .seq = finding.seq,
      .reason = finding.reason,
      .hash = std::string(as_chars({finding.hash.bytes, finding.hash.size})),
      .count = finding.count};
}

ConfirmationView confirmation_view(const std::string& origin,
                                   std::uint64_t index,
                                   const EventMessage& event) {
  const auto& confirmed = event.body.epoch_confirmed;
  return {.source = confirmed.source,
          .epoch = confirmed.epoch,
          .actor = confirmed.actor,
          .at_us = event.occurred_us,
          .origin = origin,
          .index = index};
}

void Ledger::note_entries(LogId log_id,
                          std::uint64_t first_index,
                          const BatchHeader& header,
                          std::span<const ByteView> events) {
  // Our own findings stand where they could be written.
  if (header.stream != Stream::kRecord && !header.source.is_console()) {
    return;
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (!is_looked_into(body_of(events[i]))) {
      continue;
    }
    const auto event = decode_event(events[i]);
    if (!event) {
      continue;  // a view cannot read it; that blocks nothing
    }
    if (event->which_body == strongroom_v1_Event_telemetry_lost_tag) {
      note_loss(log_id, *event);
    } else if (event->which_body == strongroom_v1_Event_finding_tag &&
               may_show_finding(log_id, header.source)) {
      logs_->rows().findings.push_back({log_id, first_index + i});
      new_findings_.push_back(
          finding_view(logs_->origin(log_id).text(), first_index + i, *event));
    } else if (event->which_body == strongroom_v1_Event_epoch_confirmed_tag) {
      note_confirmation(log_id, first_index + i, header.source, *event);
    } else {
      note_device(log_id, first_index + i, header.source, *event);
    }
  }
}

void Ledger::note_device(LogId log_id,
                         std::uint64_t index,
                         const Source& source,
                         const EventMessage& event) {
  const NoteChange change = parts_.views.note_device(source, event);
  if (change == NoteChange::kNothing) {
    return;
  }
  const bool other = change == NoteChange::kAnotherProfile;
  logs_->rows().devices.push_back(
      {.log_id = log_id,
       .source = source.text(),
       .device = device_of(event),
       .part = device_part(event),
       .index = index,
       .forgets_description = other || change == NoteChange::kDescribedAnew,
       .forgets_texts = other});
}

/// By the ledger itself alone: an agent confirms nothing of its own.
void Ledger::note_confirmation(LogId log_id,
                               std::uint64_t index,
                               const Source& writer,
                               const EventMessage& event) {
  if (writer.is_console()) {
    logs_->rows().findings.push_back({log_id, index});
    new_confirmations_.push_back(
        confirmation_view(logs_->origin(log_id).text(), index, event));
  }
}

/// Our own findings are limited where they are made. An agent writes what it
/// likes: beyond the limit it stands in the log and on no list.
bool Ledger::may_show_finding(LogId log_id, const Source& writer) {
  const WallTime now = parts_.outside.now().wall;
  HourlyCount& shown = chains_.of(log_id, writer).findings;
  if (!writer.is_console() && shown.of_late(now) >= kFindingsPerHour) {
    return false;
  }
  shown.add(now);
  return true;
}

void Ledger::note_loss(LogId log_id, const EventMessage& event) {
  const auto source = Source::parse(event.source);
  const auto telemetry =
      logs_->find(logs_->origin(log_id).site, Stream::kTelemetry);
  const auto& lost = event.body.telemetry_lost;
  // Sequence 1 is never lost: it opens the epoch.
  if (!source || !telemetry || lost.from_seq < 2 ||
      lost.to_seq < lost.from_seq || lost.to_seq >= kMaxSeq) {
    return;
  }
  // Of its own epoch, or of one that is held: a source could name others
  // without end.
  const SourceChains* chains = chains_.find(*telemetry, *source);
  if (lost.epoch != event.epoch &&
      (chains == nullptr || chains->find(lost.epoch) == nullptr)) {
    return;
  }
  LossRow row{.log_id = *telemetry,
              .source = source->text(),
              .epoch = lost.epoch,
              .from_seq = lost.from_seq,
              .to_seq = lost.to_seq};
  std::ranges::copy(lost.hash_before_from, row.before_from.begin());
  std::ranges::copy(lost.hash_of_to, row.of_to.begin());
  if (chains_.add_loss(row)) {
    logs_->rows().losses.push_back(std::move(row));
  }
}

}  // namespace strongroom
