// SPDX-License-Identifier: Apache-2.0
// The core's side of doors, and what the journal still holds of descriptions.
#include "agent/loop/agent_core.h"

namespace strongroom {

void AgentCore::panel_reported(PanelReport& report) {
  doors_.take(report, clock_.at(report.monotonic), now_);
}

void AgentCore::pin_answered(const PinAnswer& answer) {
  doors_.pin_answered(answer, now_);
}

void AgentCore::refused(PanelEffect effect) {
  refused_.push_back(std::move(effect));
}

void AgentCore::refused_pin(std::uint64_t ticket) {
  refused_pins_.push_back(ticket);
}

Result<std::string> AgentCore::lock_down(const LockdownOrder& order) {
  return doors_.lock_down(order, now_);
}

void AgentCore::take_refusals() {
  for (const PanelEffect& effect : std::exchange(refused_, {})) {
    doors_.refused(effect, now_);
  }
  for (const std::uint64_t ticket : std::exchange(refused_pins_, {})) {
    doors_.pin_refused(ticket, now_);
  }
}

// The event that a row speaks of; nothing: it is gone, or another.
std::optional<EventMessage> AgentCore::event_of(
    const DescriptionRow& row) const {
  const EpochRow* epoch = recorder_.epoch_row(Stream::kRecord, row.epoch);
  if (epoch == nullptr) {
    return std::nullopt;
  }
  const auto found = ports_.journal.events(
      Stream::kRecord, epoch->first_position + row.seq - 1, 1, 0);
  if (!found || found->empty()) {
    return std::nullopt;
  }
  auto event = decode_event(found->front());
  if (!event || event->epoch != row.epoch || event->seq != row.seq) {
    return std::nullopt;
  }
  return *std::move(event);
}

// What the journal holds of a device's text; of this run Identities knows it.
std::optional<std::string> AgentCore::identity_of(
    const DescriptionRow& row) const {
  const auto event = event_of(row);
  if (!event ||
      event->which_body != strongroom_v1_Event_device_identified_tag) {
    return std::nullopt;
  }
  return event->body.device_identified.text;
}

std::optional<Bytes> AgentCore::serial_of(const DescriptionRow& row) const {
  const auto event = event_of(row);
  if (!event || event->which_body != strongroom_v1_Event_panel_described_tag) {
    return std::nullopt;
  }
  const auto& serial = event->body.panel_described.serial;
  return Bytes(serial.bytes, serial.bytes + serial.size);
}

}  // namespace strongroom
