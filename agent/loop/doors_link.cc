// SPDX-License-Identifier: Apache-2.0
// The link to a panel, what the panel is, what it is told, and what is shown.
#include <algorithm>

#include "agent/loop/doors.h"
#include "agent/loop/names.h"
#include "agent/loop/offline_entries.h"
#include "agent/loop/panel_flags.h"

namespace strongroom {
namespace {

constexpr std::uint32_t kLinkLost = 1U << 10U;  // PanelCursor::flags
constexpr std::uint32_t kAlone = 1U << 9U;

// A list that found no room: its line is being started anew.
constexpr MonoTime kListAgain = std::chrono::seconds(1);

Bytes serial_in(const PanelHeard& heard) {
  const auto& serial = heard.hello.serial;
  return {serial.bytes, serial.bytes + serial.size};
}

void put_serial(auto& field, const Bytes& serial) {
  const std::size_t size = std::min(serial.size(), sizeof field.bytes);
  field.size = static_cast<pb_size_t>(size);
  std::copy_n(serial.begin(), size, field.bytes);
}

// Of all that it says, but of what it said before.
Hash hash_of(const strongroom_v1_PanelDescribed& body) {
  Bytes bytes = {body.tests_only ? std::uint8_t{1} : std::uint8_t{0}};
  const auto text = [&bytes](std::string_view value) {
    bytes.push_back(static_cast<std::uint8_t>(value.size()));
    append(bytes, as_bytes(value));
  };
  const auto number = [&bytes](std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  };
  text(body.board);
  text(body.firmware);
  text({reinterpret_cast<const char*>(body.serial.bytes), body.serial.size});
  number(body.config_version);
  append(bytes, body.config_hash);
  number(body.ring_capacity);
  number(body.list_capacity);
  for (pb_size_t at = 0; at < body.leaves_count; ++at) {
    text(body.leaves[at]);
  }
  number(body.leaves_count);
  for (pb_size_t at = 0; at < body.readers_count; ++at) {
    text(body.readers[at]);
  }
  return sha256(bytes);
}

}  // namespace

// --- the link ---------------------------------------------------------------

// Said once each way, whoever restarts in between.
void Doors::take(Panel& panel, PanelReport&, PanelLink& link) {
  panel.seen.is_up = link.is_up;
  const bool was_lost = (panel.cursor.flags & kLinkLost) != 0;
  if (was_lost == !link.is_up) {
    return;
  }
  panel.cursor.flags ^= kLinkLost;
  record_link(panel, link);
  keep_cursor(panel);
}

void Doors::record_link(const Panel& panel, const PanelLink& link) {
  EventMessage& event = ports_.recorder.blank();
  event.occurred_us = heard_.time_since_epoch().count();
  event.which_body = strongroom_v1_Event_panel_changed_tag;
  auto& body = event.body.panel_changed;
  body.has_origin = true;
  put_text(body.origin.panel, panel.shape.name);
  body.origin.ring = panel.cursor.ring;
  body.change = link.is_up
                    ? strongroom_v1_PanelChange_PANEL_CHANGE_LINK_RETURNED
                    : strongroom_v1_PanelChange_PANEL_CHANGE_LINK_LOST;
  body.value = link.since_heard.count();
  ports_.recorder.record(Stream::kRecord, event, now_);
}

// --- what it is -------------------------------------------------------------

void Doors::take(Panel& panel, PanelReport&, PanelHeard& heard) {
  const bool has_newer_list =
      heard.hello.list_version > panel.cursor.list_version;
  panel.heard = std::move(heard);
  panel.seen.tests_only = panel.heard->hello.tests_only;
  panel.seen.list_capacity = panel.heard->hello.list_capacity;
  if (has_newer_list) {
    panel.list_due = MonoTime{};
  }
  renew_lockdown(panel);
  describe(panel);
}

void Doors::describe(Panel& panel) {
  const PanelHeard& heard = *panel.heard;
  const auto& hello = heard.hello;
  Recorder& recorder = ports_.recorder;
  strongroom_v1_PanelDescribed body = strongroom_v1_PanelDescribed_init_zero;
  put_text(body.panel, panel.shape.name);
  put_text(body.board, hello.board);
  put_text(body.firmware, hello.firmware);
  const Bytes serial = serial_in(heard);
  put_serial(body.serial, serial);
  body.tests_only = hello.tests_only;
  body.config_version = heard.config_version;
  std::copy_n(heard.config_hash.begin(),
              std::min(heard.config_hash.size(), sizeof body.config_hash),
              body.config_hash);
  for (const PanelLeaf& leaf : panel.shape.leaves) {
    put_text(body.leaves[body.leaves_count++], leaf.name);
  }
  for (const PanelReaderShape& reader : panel.shape.readers) {
    put_text(body.readers[body.readers_count++], reader.name);
  }
  body.ring_capacity = hello.ring_capacity;
  body.list_capacity = hello.list_capacity;
  const Hash hash = hash_of(body);
  const DescriptionRow* row = recorder.description(panel.shape.name);
  if (row != nullptr && row->epoch == recorder.epoch() && row->hash == hash) {
    return;
  }
  if (!panel.serial && row != nullptr) {
    panel.serial = ports_.serial_of(*row);
  }
  if (panel.serial && *panel.serial != serial) {
    put_serial(body.previous_serial, *panel.serial);
  }
  EventMessage& event = recorder.blank();
  event.which_body = strongroom_v1_Event_panel_described_tag;
  event.body.panel_described = body;
  const std::uint64_t seq = recorder.record(Stream::kRecord, event, now_);
  recorder.describe({panel.shape.name, recorder.epoch(), seq, hash});
  panel.serial = serial;
}

// --- what it is told --------------------------------------------------------

void Doors::take(Panel& panel, PanelReport&, PanelOrderEnded& ended) {
  // Of an unknown one the panel may tell yet that it opened the leaf.
  if (ended.outcome == PanelOrderEnded::Outcome::kExpired ||
      ended.outcome == PanelOrderEnded::Outcome::kRefused) {
    gatekeeper_.did_not_pass(ended.order);
  }
  orders_.end(panel.shape.name, ended, heard_, now_);
}

void Doors::refused(const PanelEffect& effect, const Now& now) {
  now_ = now;
  const auto end = [&](std::uint32_t order) {
    gatekeeper_.did_not_pass(order);
    orders_.end(effect.panel,
                {order, PanelOrderEnded::Outcome::kRefused, {}},
                now.wall,
                now);
  };
  if (const auto* unlock = std::get_if<PanelUnlock>(&effect.order)) {
    end(unlock->order);
  } else if (const auto* lockdown = std::get_if<PanelLockdown>(&effect.order)) {
    if (lockdown->order != 0) {
      end(lockdown->order);
    }
  } else if (std::holds_alternative<PanelList>(effect.order)) {
    if (const auto panel = panels_.find(effect.panel); panel != panels_.end()) {
      panel->second.list_due = now.monotonic + kListAgain;
    }
  }
}

// Every version holds other entries than the one before, and is greater,
// whatever list the panel has of whom.
void Doors::send_list(Panel& panel) {
  panel.list_due.reset();
  PanelList list;
  list.entries = offline_entries(panel.shape, gatekeeper_.policy(), now_.wall);
  panel.list_entries = static_cast<std::uint32_t>(list.entries.size());
  const std::uint32_t theirs =
      panel.heard ? panel.heard->hello.list_version : 0;
  const bool is_first = panel.cursor.list_version == 0;
  if (is_first && theirs == 0 && list.entries.empty()) {
    return;  // there is none, and never was
  }
  const Hash hash = list_hash(list.entries);
  if (is_first || hash != panel.cursor.list_hash ||
      theirs > panel.cursor.list_version) {
    panel.cursor.list_version = std::max(panel.cursor.list_version, theirs) + 1;
    panel.cursor.list_hash = hash;
    keep_cursor(panel);
  }
  list.version = panel.cursor.list_version;
  effects_.orders.push_back({panel.shape.name, std::move(list)});
}

void Doors::tick(const Now& now) {
  now_ = now;
  gatekeeper_.tick(now);
  orders_.tick(now);
  for (auto& [name, panel] : panels_) {
    if (panel.list_due && *panel.list_due <= now.monotonic) {
      send_list(panel);
    }
  }
}

// --- what is shown ----------------------------------------------------------

DoorsSnapshot Doors::snapshot() const {
  DoorsSnapshot out;
  for (const std::string& name : order_) {
    const Panel& panel = panels_.at(name);
    PanelSnapshot seen = panel.seen;
    seen.line = panel.shape.line;
    seen.name = name;
    for (const PanelLeaf& leaf : panel.shape.leaves) {
      seen.leaves.push_back(leaf.name);
    }
    seen.is_alone = (panel.cursor.flags & kAlone) != 0;
    seen.is_under_fire = is_under_fire(panel);
    seen.is_fire_released =
        panel.seen.status &&
        (panel.seen.status->flags & panel_flags::kStatusFireReleased) != 0;
    seen.lockdown = lockdown_of(panel);
    seen.ring = panel.cursor.ring;
    seen.held_seq = panel.cursor.seq;
    seen.list_version = panel.cursor.list_version;
    seen.list_entries = panel.list_entries;
    out.panels.push_back(std::move(seen));
  }
  out.decisions = gatekeeper_.decisions();
  out.orders = orders_.outcomes();
  out.open_orders = orders_.count();
  out.unlock = orders_.latency();
  out.stray_reports = stray_;
  if (const Policy* policy = gatekeeper_.policy()) {
    out.has_policy = true;
    out.policy_version = policy->version;
    out.policy_hash = policy->hash;
  }
  return out;
}

}  // namespace strongroom
