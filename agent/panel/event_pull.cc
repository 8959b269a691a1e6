// SPDX-License-Identifier: Apache-2.0
#include "agent/panel/event_pull.h"

#include <algorithm>

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// An acknowledgement alone is no hurry: most of them ride on the next exchange.
constexpr milliseconds kAckAlone{250};
// What the loop took and did not hold by then, it lost (a commit that failed).
constexpr seconds kHeldWithin{5};
constexpr milliseconds kAfterRefusal{20};
constexpr seconds kAfterNonsense{1};

}  // namespace

EventPull::EventPull(std::uint32_t ring, std::uint32_t held)
    : ring_(ring),
      held_(held),
      reported_(held),
      newest_(held),
      hinted_(static_cast<std::uint16_t>(held)) {}

std::optional<PanelRingLost> EventPull::meet(
    std::uint32_t ring, const std::function<std::uint32_t()>& fresh) {
  if (ring == ring_ && ring != 0) {
    return std::nullopt;
  }
  // It has not taken the name yet, or lost it before it told anything: what is
  // not known ends with the first event of this name, still. Once the loop took
  // an event, the name is that ring's: its commit may still be under way.
  if (ring == 0 && is_fresh_ && !was_told_) {
    session_began();
    return std::nullopt;
  }
  const PanelRingLost lost{.previous = ring_,
                           .next = ring != 0 ? ring : fresh()};
  *this = EventPull(lost.next, 0);
  is_fresh_ = ring == 0;
  is_behind_ = true;
  return lost;
}

void EventPull::session_began() {
  newest_ = reported_;
  acked_ = 0;
  is_behind_ = true;
  is_full_ = false;
}

void EventPull::hold(const PanelHeld& held, MonoTime now) {
  if (held.ring != ring_ || held.seq <= held_) {
    return;
  }
  held_ = held.seq;
  reported_ = std::max(reported_, held_);
  is_full_ = false;
  reported_since_.reset();
  if (reported_ > held_) {
    reported_since_ = now;
  }
  if (!ack_since_) {
    ack_since_ = now;
  }
}

void EventPull::hint(std::uint16_t newest) {
  hinted_ = newest;
  is_behind_ = is_behind_ || newest != static_cast<std::uint16_t>(reported_);
}

std::optional<MonoTime> EventPull::due(MonoTime now) {
  if (reported_since_ && now - *reported_since_ >= kHeldWithin) {
    rewind();
  }
  std::optional<MonoTime> due;
  if (is_behind_ && !is_full_) {
    due = not_before_;
  } else if (ack_since_) {
    due = std::max(*ack_since_ + kAckAlone, not_before_);
  }
  return due;
}

std::uint32_t EventPull::expected() const {
  const auto known = static_cast<std::uint16_t>(newest_);
  const auto further = static_cast<std::uint16_t>(hinted_ - known);
  return newest_ - std::min(held_, newest_) + (further < 0x8000 ? further : 0);
}

std::string EventPull::fault_of(const strongroom_panel_v1_PanelAnswer& answer,
                                std::uint32_t acked) const {
  if (answer.ring != ring_) {
    return "it answers for another ring";
  }
  if (answer.newest_seq < newest_) {
    return "its events' numbers went back from " + std::to_string(newest_) +
           " to " + std::to_string(answer.newest_seq);
  }
  std::uint32_t before = acked;
  for (pb_size_t i = 0; i < answer.events_count; ++i) {
    const auto& event = answer.events[i];
    if (event.seq <= before || event.seq > answer.newest_seq) {
      return "event " + std::to_string(event.seq) + " after " +
             std::to_string(before) + " of " +
             std::to_string(answer.newest_seq);
    }
    before = event.seq;
  }
  return {};
}

std::optional<PanelFacts> EventPull::judge(
    const strongroom_panel_v1_PanelAnswer& answer,
    std::uint32_t acked,
    bool asked_for_events,
    MonoTime now,
    std::string& error) {
  error = fault_of(answer, acked);
  if (!error.empty()) {
    not_before_ = now + kAfterNonsense;
    return std::nullopt;
  }
  acked_ = std::max(acked_, acked);
  if (acked_ >= held_) {
    ack_since_.reset();
  }
  newest_ = answer.newest_seq;
  hinted_ = static_cast<std::uint16_t>(newest_);
  is_behind_ = newest_ > reported_;
  if (!asked_for_events) {
    return std::nullopt;
  }
  PanelFacts facts{.ring = ring_,
                   .after = reported_,
                   .through = newest_,
                   .facts = {},
                   .has_more = answer.has_more};
  for (pb_size_t i = 0; i < answer.events_count; ++i) {
    if (answer.events[i].seq > reported_) {
      facts.facts.push_back(
          {.event = answer.events[i], .occurred = {}, .clock = {}});
    }
  }
  if (answer.has_more) {
    facts.through =
        facts.facts.empty() ? reported_ : facts.facts.back().event.seq;
  }
  // Room for nothing but what is reported already: the journal comes first.
  is_full_ = answer.has_more && facts.facts.empty() && reported_ > held_;
  if (facts.through <= reported_) {
    if (is_behind_ && !is_full_) {
      not_before_ = now + kAfterNonsense;  // more, it says, and sends none
    }
    return std::nullopt;
  }
  return facts;
}

void EventPull::offered(const PanelFacts& facts, bool is_taken, MonoTime now) {
  if (!is_taken) {
    is_behind_ = true;
    not_before_ = now + kAfterRefusal;
    return;
  }
  if (reported_ == held_) {
    reported_since_ = now;
  }
  was_told_ = true;
  reported_ = facts.through;
  is_behind_ = newest_ > reported_;
}

void EventPull::rewind() {
  if (reported_ != held_) {
    is_behind_ = true;
  }
  reported_ = held_;
  is_full_ = false;
  reported_since_.reset();
}

}  // namespace strongroom
