// SPDX-License-Identifier: Apache-2.0
// Badges, keys, and what the panel decides while it is alone.
#include <cstddef>
#include <variant>

#include "firmware/logic/panel.h"

namespace strongroom::panel {
namespace {

using Denial = strongroom_panel_v1_PanelDenial;

// A leaf that was picked by its number waits so long for a badge.
constexpr std::uint32_t kPickMs = 10'000;
// A reader that hums must not push badges out of the ring.
constexpr std::uint32_t kUnreadablePauseMs = 1000;

constexpr Denial kGranted =
    strongroom_panel_v1_PanelDenial_PANEL_DENIAL_UNSPECIFIED;

bool is_shared(std::uint8_t leaves) {
  return (leaves & (leaves - 1U)) != 0;
}

std::uint8_t first_of(std::uint8_t leaves) {
  std::uint8_t leaf = 0;
  for (std::uint8_t n = 1; n <= kMaxLeaves && leaf == 0; ++n) {
    if ((leaves >> (n - 1U)) & 1U) {
      leaf = n;
    }
  }
  return leaf;
}

}  // namespace

// --- from the board ----------------------------------------------------------

void Panel::reader_byte(std::uint8_t number,
                        std::uint8_t byte,
                        std::uint64_t now_ms) {
  advance(now_ms);
  if (number >= 1 && number <= reader_count()) {
    take(reader(number).input.byte(byte, now_ms), number);
  }
}

void Panel::reader_pulse(std::uint8_t number,
                         bool is_one,
                         std::uint64_t now_us) {
  advance(now_us / 1000);
  if (number >= 1 && number <= reader_count()) {
    take(reader(number).input.pulse(is_one, now_us), number);
  }
}

void Panel::reader_both_low(std::uint8_t number, std::uint64_t now_us) {
  advance(now_us / 1000);
  if (number >= 1 && number <= reader_count()) {
    take(reader(number).input.both_low(now_us), number);
  }
}

void Panel::tick_readers(std::uint64_t now_us) {
  for (std::uint8_t i = 1; i <= reader_count(); ++i) {
    take(reader(i).input.tick(now_us), i);
  }
}

void Panel::take(const ReaderOutput& output, std::uint8_t number) {
  if (const auto* seen = std::get_if<BadgeSeen>(&output)) {
    badge(seen->credential, number);
  } else if (const auto* pressed = std::get_if<KeyPressed>(&output)) {
    key(pressed->key, number);
  } else if (const auto* spoilt = std::get_if<Unreadable>(&output)) {
    unreadable(spoilt->fault, number);
  }
}

void Panel::unreadable(strongroom_panel_v1_PanelReadFault fault,
                       std::uint8_t number) {
  ++unreadable_;
  ReaderState& at = reader(number);
  if (at.was_unreadable && now_ms_ - at.unreadable_ms < kUnreadablePauseMs) {
    return;
  }
  at.was_unreadable = true;
  at.unreadable_ms = now_ms_;
  record(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_BADGE_UNREADABLE,
         fault,
         0,
         number);
}

// --- badges ------------------------------------------------------------------

// 0: a shared reader, and none was picked.
std::uint8_t Panel::leaf_for(std::uint8_t number) const {
  const std::uint8_t leaves = config().readers[number - 1U].leaves;
  if (!is_shared(leaves)) {
    return first_of(leaves);
  }
  const ReaderState& at = readers_[number - 1U];
  return at.picked_leaf != 0 && now_ms_ - at.picked_ms < kPickMs
             ? at.picked_leaf
             : std::uint8_t{0};
}

void Panel::badge(const Credential& credential, std::uint8_t number) {
  ReaderState& at = reader(number);
  const std::uint8_t leaf = leaf_for(number);
  at.picked_leaf = 0;
  at.badge_leaf = leaf;
  at.pad.cancel();
  ++badges_;
  Event event;
  event.at = clock_.at(now_ms_);
  event.kind = strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_BADGE_READ;
  event.leaf = leaf;
  event.reader = number;
  event.credential = credential;
  const std::uint32_t seq = ring_.push(event);
  if (!master_.is_alone()) {
    return;  // the agent decides
  }
  const bool is_granted = decide_alone(credential, leaf, number, seq);
  at.indicator.show(is_granted ? strongroom_panel_v1_Signal_SIGNAL_GRANTED
                               : strongroom_panel_v1_Signal_SIGNAL_DENIED,
                    0,
                    now_ms_);
  refresh_outputs();
}

Denial Panel::judge(const Credential& credential, std::uint8_t number) const {
  if (number == 0) {
    return strongroom_panel_v1_PanelDenial_PANEL_DENIAL_NO_LEAF;
  }
  const Leaf& at = leaves_[number - 1U];
  if (at.is_locked_down()) {
    return strongroom_panel_v1_PanelDenial_PANEL_DENIAL_LOCKDOWN;
  }
  if (!at.has_lock() ||
      at.settings().offline !=
          strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_LIST) {
    return strongroom_panel_v1_PanelDenial_PANEL_DENIAL_BY_CONFIGURATION;
  }
  return list_.judge(credential, number, clock_.unix_ms(now_ms_));
}

// Nobody passes of whom the ring does not hold who it was and the decision, and
// nobody's passing takes the place of what is no routine: when the badge was
// not kept there is no other room.
bool Panel::decide_alone(const Credential& credential,
                         std::uint8_t number,
                         std::uint8_t at_reader,
                         std::uint32_t badge_seq) {
  Denial denial = judge(credential, number);
  if (denial == kGranted && ring_.is_held(badge_seq)) {
    // With the badge: it outlives the routine BADGE_READ before it, whose place
    // it may even take.
    Event event;
    event.at = clock_.at(now_ms_);
    event.kind =
        strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OFFLINE_GRANTED;
    event.leaf = number;
    event.reader = at_reader;
    event.credential = credential;
    const std::uint32_t seq = ring_.push(event);
    if (ring_.is_held(seq)) {
      Happenings told;
      leaf(number).release(strongroom_panel_v1_PanelOpening_PANEL_OPENING_ALONE,
                           0,
                           0,
                           now_ms_,
                           told);
      keep(told, number);
      return true;
    }
  }
  if (denial == kGranted) {
    denial = strongroom_panel_v1_PanelDenial_PANEL_DENIAL_NO_ROOM;
  }
  record(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OFFLINE_DENIED,
         denial,
         number,
         at_reader);
  return false;
}

// --- keys --------------------------------------------------------------------

void Panel::key(std::uint8_t key, std::uint8_t number) {
  ReaderState& at = reader(number);
  switch (at.pad.press(key, now_ms_)) {
    case PinPad::Key::kTaken:
      return;
    case PinPad::Key::kComplete:
      at.indicator.show(strongroom_panel_v1_Signal_SIGNAL_WAIT, 0, now_ms_);
      tick_pins();
      return;
    case PinPad::Key::kTooLong:
      at.indicator.show(strongroom_panel_v1_Signal_SIGNAL_DENIED, 0, now_ms_);
      return;
    case PinPad::Key::kNotWanted:
      break;
  }
  const std::uint8_t leaves = config().readers[number - 1U].leaves;
  if (!is_shared(leaves) || key == kKeyEnter) {
    return;
  }
  const bool is_leaf =
      key >= 1 && key <= kMaxLeaves && ((leaves >> (key - 1U)) & 1U);
  at.picked_leaf = is_leaf ? key : std::uint8_t{0};
  at.picked_ms = now_ms_;
  if (!is_leaf && key != kKeyClear) {
    at.indicator.show(strongroom_panel_v1_Signal_SIGNAL_DENIED, 0, now_ms_);
  }
}

// One entry waits for the link at a time, the others in their pads.
void Panel::tick_pins() {
  if (pin_.entry != 0 && now_ms_ >= pin_until_ms_) {
    wipe(pin_);
  }
  for (std::uint8_t i = 1; i <= reader_count(); ++i) {
    PinPad& pad = reader(i).pad;
    pad.tick(now_ms_);
    if (pin_.entry == 0 && pad.is_complete()) {
      pin_until_ms_ = pad.until_ms();
      pad.take(pin_);
      pin_.entry = ++pin_entries_;
      pin_.reader = i;
      pin_.leaf = reader(i).badge_leaf;
      is_pin_sent_ = false;
    }
  }
}

void Panel::forget_pins() {
  for (ReaderState& at : readers_) {
    at.pad.cancel();
  }
  wipe(pin_);
}

}  // namespace strongroom::panel
