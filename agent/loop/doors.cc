// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/doors.h"

#include <algorithm>
#include <utility>

#include "agent/loop/names.h"
#include "agent/loop/panel_flags.h"

namespace strongroom {
namespace {

using Kind = strongroom_panel_v1_PanelEventKind;

// PanelCursor::flags.
constexpr std::uint32_t kLockdownMask = 0xff;
constexpr std::uint32_t kFire = 1U << 8U;
constexpr std::uint32_t kAlone = 1U << 9U;
constexpr std::uint32_t kLinkLost = 1U << 10U;

bool is_own_decision(Kind kind) {
  return kind ==
             strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OFFLINE_GRANTED ||
         kind ==
             strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OFFLINE_DENIED;
}

// Before it the panel may have been alone.
bool is_border(Kind kind) {
  return kind ==
             strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_MASTER_LOST ||
         kind ==
             strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_MASTER_RETURNED ||
         kind == strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_STARTED;
}

void set(std::uint32_t& flags, std::uint32_t flag, bool is_set) {
  flags = is_set ? flags | flag : flags & ~flag;
}

std::map<std::string, PanelCursor> cursors_of(const JournalState& state) {
  std::map<std::string, PanelCursor> out;
  for (const PanelCursor& cursor : state.panel_cursors) {
    out[cursor.panel] = cursor;
  }
  return out;
}

}  // namespace

Doors::Doors(DoorPorts ports,
             const JournalState& state,
             std::vector<PanelShape> panels,
             std::shared_ptr<const Policy> policy)
    : ports_(std::move(ports)),
      orders_(ports_.recorder, ports_.random),
      gatekeeper_(
          ports_.recorder,
          ports_.random,
          orders_,
          effects_,
          [this](Reading& reading) { look_at_leaf(reading); },
          std::move(policy)),
      cursors_(cursors_of(state)) {
  change(std::move(panels), gatekeeper_.share(), {});
}

// --- what panels there are --------------------------------------------------

void Doors::change(std::vector<PanelShape> panels,
                   std::shared_ptr<const Policy> policy,
                   const Now& now) {
  now_ = now;
  gatekeeper_.set_policy(std::move(policy));
  std::map<std::string, Panel> before = std::exchange(panels_, {});
  order_.clear();
  for (PanelShape& shape : panels) {
    order_.push_back(shape.name);
    Panel& panel = panels_[shape.name];
    if (const auto known = before.find(shape.name); known != before.end()) {
      panel = std::move(known->second);
      before.erase(known);
    } else if (const auto cursor = cursors_.find(shape.name);
               cursor != cursors_.end()) {
      panel.cursor = cursor->second;
    }
    panel.cursor.panel = shape.name;
    panel.shape = std::move(shape);
    panel.list_due = MonoTime{};
  }
  for (auto& [name, gone] : before) {
    cursors_[name] = std::move(gone.cursor);
  }
}

void Doors::describe(const Now& now) {
  now_ = now;
  for (auto& [name, panel] : panels_) {
    if (panel.heard) {
      describe(panel);
    }
  }
}

// --- what they report -------------------------------------------------------

void Doors::take(PanelReport& report, WallTime heard, const Now& now) {
  now_ = now;
  heard_ = heard;
  const auto found = panels_.find(report.panel);
  if (found == panels_.end()) {
    ++stray_;  // it was just taken away; it keeps what it was not thanked for
    if (auto* pin = std::get_if<PanelPin>(&report.what)) {
      wipe(pin->digits);
    }
    return;
  }
  std::visit([&](auto& what) { take(found->second, report, what); },
             report.what);
}

void Doors::take(Panel& panel, PanelReport& report, PanelFacts& facts) {
  // Behind something that this journal never got: the driver tells all of it
  // again, from what it was thanked for. Nothing is lost by waiting.
  const std::uint32_t held =
      facts.ring == panel.cursor.ring ? panel.cursor.seq : 0;
  if (facts.ring == 0 || facts.after > held) {
    ++stray_;
    return;
  }
  if (facts.ring != panel.cursor.ring) {
    begin_ring(panel, facts.ring);
  }
  // A ring that was in use before this journal knew it: what is missing at its
  // begin was perhaps recorded elsewhere.
  const bool is_adopted = panel.cursor.seq == 0 && panel.heard &&
                          panel.heard->hello.ring == panel.cursor.ring;
  for (std::size_t at = 0; at < facts.facts.size(); ++at) {
    const std::uint32_t seq = facts.facts[at].event.seq;
    if (seq <= panel.cursor.seq) {
      ++panel.seen.doubled;
      continue;
    }
    if (seq > panel.cursor.seq + 1) {
      if (is_adopted && panel.cursor.seq == 0) {
        record_unknown(panel, facts.ring, 0, facts.ring);
        ++panel.seen.lost_unknown;
      } else {
        record_lost(panel, panel.cursor.seq + 1, seq - 1);
      }
    }
    panel.cursor.seq = seq;
    ++panel.seen.events;
    take_fact(panel, report, facts.facts[at]);
  }
  if (facts.through > panel.cursor.seq) {
    record_lost(panel, panel.cursor.seq + 1, facts.through);
    panel.cursor.seq = facts.through;
  }
  if (!facts.has_more) {
    gatekeeper_.settle(panel.shape.name, now_);
  }
  keep_cursor(panel);
  effects_.orders.push_back(
      {panel.shape.name, PanelHeld{panel.cursor.ring, panel.cursor.seq}});
}

void Doors::take(Panel& panel, PanelReport&, PanelRingLost& lost) {
  if (lost.next == 0 || lost.next == panel.cursor.ring) {
    return;
  }
  begin_ring(panel, lost.next);
  keep_cursor(panel);
  effects_.orders.push_back({panel.shape.name, PanelHeld{lost.next, 0}});
}

// What the old ring held after the cursor is gone, and nobody knows how much.
void Doors::begin_ring(Panel& panel, std::uint32_t ring) {
  if (panel.cursor.ring != 0) {
    record_unknown(panel, panel.cursor.ring, panel.cursor.seq, ring);
    ++panel.seen.lost_unknown;
  }
  panel.cursor.ring = ring;
  panel.cursor.seq = 0;
  // Nothing is known of it but what it will say; the link is ours, and so is
  // what a person ordered.
  panel.cursor.flags &=
      kLinkLost | panel_flags::kOrderedMask | panel_flags::kIsOrdered;
  panel.released.clear();
}

void Doors::take_fact(Panel& panel,
                      const PanelReport& report,
                      const PanelFact& fact) {
  // The driver's clock is the machine's; the record has trusted time.
  const WallTime occurred = heard_ - (report.at - fact.occurred);
  panel.seen.last_event = occurred;
  if (fact.event.kind ==
      strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_BADGE_READ) {
    take_reading(panel, fact, occurred, report.at - fact.occurred);
    return;
  }
  if (is_own_decision(fact.event.kind)) {
    gatekeeper_.decided_alone(panel.shape,
                              panel.cursor.ring,
                              fact,
                              occurred,
                              (panel.cursor.flags & kFire) != 0,
                              now_);
    return;
  }
  if (is_border(fact.event.kind)) {
    gatekeeper_.overtake(panel.shape.name, now_);
  }
  take_flags(panel, fact);
  take_leaf(panel, fact);
  EventMessage& event = ports_.recorder.blank();
  event.occurred_us = occurred.time_since_epoch().count();
  const auto released = panel.released.find(fact.event.leaf);
  fill_body(event,
            panel.shape,
            panel.cursor.ring,
            fact,
            {(panel.cursor.flags & kFire) != 0,
             released == panel.released.end() ? 0 : released->second});
  ports_.recorder.record(Stream::kRecord, event, now_);
}

void Doors::take_reading(Panel& panel,
                         const PanelFact& fact,
                         WallTime occurred,
                         std::chrono::microseconds age) {
  const auto& told = fact.event;
  Reading reading;
  reading.panel = panel.shape.name;
  reading.origin = origin_of(panel.shape.name, panel.cursor.ring, fact);
  reading.reader = told.reader;
  reading.reader_name = reader_name(panel.shape, told.reader);
  reading.occurred = occurred;
  reading.leaf = leaf_of_reading(panel.shape, told);
  if (const PanelLeaf* leaf = leaf_of(panel.shape, reading.leaf)) {
    reading.request.leaf = leaf->name;
    reading.zone = leaf->zone;
  }
  if (const PanelReaderShape* reader = reader_of(panel.shape, told.reader)) {
    reading.request.direction = reader->direction;
    reading.request.format = reader->format;
  }
  const auto bits = credential_of(told);
  reading.is_readable = bits.has_value();
  reading.request.bits = bits.value_or(CredentialBits{});
  // Of a boot that knew no time nobody knows how long ago it was.
  const bool is_late =
      fact.clock == PanelClockKind::kUnknown || age >= kHeardLate;
  reading.request.read_at = is_late ? kReadLongAgo : occurred;
  gatekeeper_.record(reading, now_);
  if ((panel.cursor.flags & kAlone) == 0) {
    gatekeeper_.keep(std::move(reading), now_);
  }
}

void Doors::look_at_leaf(Reading& reading) const {
  const auto panel = panels_.find(reading.panel);
  if (panel != panels_.end()) {
    reading.is_under_fire = is_under_fire(panel->second);
    reading.request.is_lockdown = is_locked_down(panel->second, reading.leaf);
  }
}

// Which order a leaf was released by, and who passed.
void Doors::take_leaf(Panel& panel, const PanelFact& fact) {
  const auto& told = fact.event;
  const auto order = [&] {
    const auto found = panel.released.find(told.leaf);
    return found == panel.released.end() ? 0U : found->second;
  };
  const PanelLeaf* leaf = leaf_of(panel.shape, told.leaf);
  switch (static_cast<int>(told.kind)) {
    case strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_RELEASED:
      panel.released[told.leaf] = told.value;
      if (leaf != nullptr && !leaf->has_contact) {
        gatekeeper_.passed(told.value);
      }
      break;
    case strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OPENED:
      if (told.value == strongroom_panel_v1_PanelOpening_PANEL_OPENING_ORDER) {
        gatekeeper_.passed(order());
      }
      break;
    case strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_NOT_OPENED:
      gatekeeper_.did_not_pass(told.value);
      break;
    default:
      break;
  }
}

void Doors::take_flags(Panel& panel, const PanelFact& fact) {
  std::uint32_t& flags = panel.cursor.flags;
  switch (static_cast<int>(fact.event.kind)) {
    case strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_STARTED:
      // It begins anew, and says again what is still so.
      set(flags, kFire | kAlone, false);
      break;
    case strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FIRE_INPUT:
      set(flags, kFire, true);
      break;
    case strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FIRE_INPUT_CLEARED:
      set(flags, kFire, false);
      break;
    case strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_MASTER_LOST:
      set(flags, kAlone, true);
      break;
    case strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_MASTER_RETURNED:
      set(flags, kAlone, false);
      break;
    case strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_LOCKDOWN:
      flags = (flags & ~kLockdownMask) | (fact.event.value & kLockdownMask);
      break;
    default:
      break;
  }
}

void Doors::take(Panel& panel, PanelReport&, PanelPin& pin) {
  gatekeeper_.pin_came(panel.shape.name, pin, heard_, now_);
}

// --- what is missing --------------------------------------------------------

void Doors::record_lost(Panel& panel, std::uint32_t from, std::uint32_t to) {
  gatekeeper_.missed(panel.shape.name, now_);
  panel.seen.lost += std::uint64_t{to} - from + 1;
  // The return of its master may be among them: a door that nobody decides any
  // more is worse than a reading that its own decision must explain.
  set(panel.cursor.flags, kAlone, false);
  EventMessage& event = ports_.recorder.blank();
  event.which_body = strongroom_v1_Event_panel_events_lost_tag;
  auto& body = event.body.panel_events_lost;
  put_text(body.panel, panel.shape.name);
  body.ring = panel.cursor.ring;
  body.from_seq = from;
  body.to_seq = to;
  ports_.recorder.record(Stream::kRecord, event, now_);
}

void Doors::record_unknown(const Panel& panel,
                           std::uint32_t ring,
                           std::uint32_t from,
                           std::uint32_t next) {
  gatekeeper_.missed(panel.shape.name, now_);
  EventMessage& event = ports_.recorder.blank();
  event.which_body = strongroom_v1_Event_panel_events_lost_tag;
  auto& body = event.body.panel_events_lost;
  put_text(body.panel, panel.shape.name);
  body.ring = ring;
  body.is_unknown = true;
  body.from_seq = from;
  body.next_ring = next;
  ports_.recorder.record(Stream::kRecord, event, now_);
}

// Once a transaction: the last word counts.
void Doors::keep_cursor(const Panel& panel) {
  auto& rows = ports_.recorder.pending().panel_cursors;
  std::erase_if(rows, [&](const PanelCursor& row) {
    return row.panel == panel.cursor.panel;
  });
  rows.push_back(panel.cursor);
}

}  // namespace strongroom
