// SPDX-License-Identifier: Apache-2.0
// Readings until they are decided, and those that a panel decided alone.
#include <algorithm>

#include "agent/loop/gatekeeper.h"
#include "agent/loop/names.h"
#include "agent/loop/panel_bodies.h"

namespace strongroom {

// --- what follows a reading --------------------------------------------------

std::vector<Reading> Gatekeeper::take_kept(const std::string& panel,
                                           std::optional<std::uint8_t> reader) {
  std::vector<Reading> out;
  std::vector<Kept> others;
  for (Kept& each : kept_) {
    if (each.reading.panel == panel &&
        (!reader || each.reading.reader == *reader)) {
      out.push_back(std::move(each.reading));
    } else {
      others.push_back(std::move(each));
    }
  }
  kept_ = std::move(others);
  return out;
}

void Gatekeeper::too_late(Reading reading, const Now& now) {
  reading.request.read_at = kReadLongAgo;
  decide(reading, now);
}

void Gatekeeper::keep(Reading reading, const Now& now) {
  for (Reading& before : take_kept(reading.panel, reading.reader)) {
    too_late(std::move(before), now);
  }
  kept_.push_back({std::move(reading), now.monotonic});
}

void Gatekeeper::settle(const std::string& panel, const Now& now) {
  for (const Reading& reading : take_kept(panel)) {
    decide(reading, now);
  }
}

void Gatekeeper::overtake(const std::string& panel, const Now& now) {
  for (Reading& reading : take_kept(panel)) {
    too_late(std::move(reading), now);
  }
}

void Gatekeeper::missed(const std::string& panel, const Now& now) {
  overtake(panel, now);
  std::erase_if(last_reads_,
                [&](const auto& each) { return each.first.first == panel; });
}

// The panel went away in the middle of telling.
void Gatekeeper::forget_kept(const Now& now) {
  while (!kept_.empty() && now.monotonic - kept_.front().heard >= kHeardLate) {
    Reading reading = std::move(kept_.front().reading);
    kept_.erase(kept_.begin());
    too_late(std::move(reading), now);
  }
}

// --- the panel alone ---------------------------------------------------------

void Gatekeeper::decided_alone(const PanelShape& panel,
                               std::uint32_t ring,
                               const PanelFact& fact,
                               WallTime occurred,
                               bool is_under_fire,
                               const Now& now) {
  const auto& told = fact.event;
  take_kept(panel.name, static_cast<std::uint8_t>(told.reader));  // its own
  overtake(panel.name, now);
  const bool is_granted =
      told.kind ==
      strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OFFLINE_GRANTED;
  strongroom_v1_AccessDecision body = strongroom_v1_AccessDecision_init_zero;
  body.has_origin = true;
  body.origin = origin_of(panel.name, ring, fact);
  put_text(body.leaf, leaf_name(panel, told.leaf));
  if (const PanelLeaf* leaf = leaf_of(panel, told.leaf)) {
    put_text(body.zone, leaf->zone);
  }
  if (const PanelReaderShape* reader = reader_of(panel, told.reader)) {
    body.direction = reader->direction;
  }
  body.decided_by = strongroom_v1_DecidedBy_DECIDED_BY_PANEL;
  body.under_fire = is_under_fire;
  const LastRead whose = decided_for(panel, told);
  put_text(body.credential, whose.credential);
  put_text(body.person, whose.person);
  if (is_granted) {
    body.reason = strongroom_v1_AccessReason_ACCESS_REASON_OFFLINE_LIST;
  } else {
    body.reason = strongroom_v1_AccessReason_ACCESS_REASON_PANEL_DENIED;
    body.panel_denial = told.value;
  }
  record_decision(body, is_granted, occurred, now);
  if (is_granted && !whose.person.empty()) {
    // Whether he passed then is not told apart: the panel gave no order.
    if (body.direction == strongroom_v1_Direction_DIRECTION_IN) {
      presence_.zone_of[whose.person] = body.zone;
    } else if (body.direction == strongroom_v1_Direction_DIRECTION_OUT) {
      presence_.zone_of.erase(whose.person);
    }
  }
}

// A grant brings its badge, as the reading before it may be lost; a denial is
// of that reading.
Gatekeeper::LastRead Gatekeeper::decided_for(
    const PanelShape& panel, const strongroom_panel_v1_PanelEvent& told) const {
  const auto bits = credential_of(told);
  const PanelReaderShape* reader = reader_of(panel, told.reader);
  if (bits && reader != nullptr) {
    return known(reader->format, *bits);
  }
  const auto last = last_reads_.find({panel.name, told.reader});
  return last == last_reads_.end() ? LastRead{} : last->second;
}

}  // namespace strongroom
