// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/leaf.h"

#include <algorithm>

namespace strongroom::panel {
namespace {

// A leaf that was pulled at the last moment is seen debounced, and a bolt takes
// time.
constexpr std::uint32_t kAfterReleaseMs = 250;
// A person who turns a key or a handle pulls later than that; a frame that
// breaks does not wait.
constexpr std::uint32_t kKeyLeadMs = 100;
// From turning a handle back to the leaf moving.
constexpr std::uint32_t kHandleTrailMs = 1500;
constexpr std::uint32_t kUnlocksWithinMs = 1000;
constexpr std::uint32_t kLocksWithinMs = 5000;
constexpr Opening kUnexplained =
    strongroom_panel_v1_PanelOpening_PANEL_OPENING_UNSPECIFIED;
constexpr std::uint8_t kStaysLocked = 1;
constexpr std::uint8_t kStaysOpen = 2;
// Before HELD, the buzzer asks to close for a quarter of the time, at most:
constexpr std::uint32_t kMostWarningMs = 10'000;

}  // namespace

void Leaf::configure(const strongroom_panel_v1_LeafSettings& settings,
                     std::uint64_t now_ms,
                     Happenings& out) {
  if (lock_.secure(now_ms)) {
    secured(out);
  }
  const bool is_locked_down = is_locked_down_;
  const bool is_fire = is_fire_;
  *this = Leaf();
  settings_ = settings;
  is_locked_down_ = is_locked_down;
  is_fire_ = is_fire;
  lock_.configure(settings.lock, now_ms);
  lock_.hold_released(is_fire, now_ms);
}

void Leaf::step(std::uint8_t active, std::uint64_t now_ms, Happenings& out) {
  active &= settings_.has_inputs;
  const auto changed = static_cast<std::uint8_t>(active ^ active_);
  active_ = active;
  if (!is_known_) {
    take_first(now_ms, out);
    watch_time(now_ms, out);
    return;
  }
  if (changed & kLockSenseInput) {
    sense_ms_ = now_ms;
    out.add(is_active(kLockSenseInput)
                ? strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_UNLOCKED
                : strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_LOCKED);
  }
  if (changed & kHandleInput) {
    handle_ms_ = now_ms;
    was_handle_turned_ = true;
    out.add(
        is_active(kHandleInput)
            ? strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_HANDLE_TURNED
            : strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_HANDLE_RESTORED);
  }
  if ((changed & kExitInput) && is_active(kExitInput)) {
    exit_pressed(now_ms, out);
  }
  if (changed & kContactInput) {
    if (is_active(kContactInput)) {
      opened(now_ms, out);
    } else {
      closed(now_ms, out);
    }
  }
  watch_time(now_ms, out);
  watch_lock(now_ms, out);
}

void Leaf::tick(std::uint64_t now_ms, Happenings& out) {
  watch_time(now_ms, out);
}

// The state at the start is no change: a leaf that stands open is told as
// found, everything else only stands in the status.
void Leaf::take_first(std::uint64_t now_ms, Happenings& out) {
  is_known_ = true;
  contact_ms_ = now_ms;
  sense_ms_ = now_ms;
  handle_ms_ = now_ms;
  if (is_active(kContactInput)) {
    held_from_ms_ = now_ms;
    opened_why_ = strongroom_panel_v1_PanelOpening_PANEL_OPENING_FOUND;
    out.add(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OPENED,
            opened_why_);
  }
}

void Leaf::exit_pressed(std::uint64_t now_ms, Happenings& out) {
  if (settings_.exit == strongroom_panel_v1_ExitKind_EXIT_KIND_NONE) {
    return;
  }
  out.add(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_REQUEST_TO_EXIT);
  if (settings_.exit == strongroom_panel_v1_ExitKind_EXIT_KIND_RELEASE &&
      has_lock()) {
    release(
        strongroom_panel_v1_PanelOpening_PANEL_OPENING_EXIT, 0, 0, now_ms, out);
  } else {
    exit_until_ms_ = now_ms + settings_.pulse_ms;
  }
}

void Leaf::opened(std::uint64_t now_ms, Happenings& out) {
  const Opening why = explanation(now_ms);
  // A rebound moves no window: else one grant would explain openings without
  // end.
  if (lock_.has_pulse() || !is_rebound(now_ms)) {
    has_shut_ = false;
    rebounds_until_ms_ = now_ms + grace_ms();
  }
  if (why != kUnexplained) {
    out.add(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OPENED, why);
  } else if (was_key(now_ms)) {
    out.add(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_KEY_OVERRIDE);
  } else {
    is_forced_ = true;
    out.add(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FORCED);
  }
  opened_why_ = why;
  contact_ms_ = now_ms;
  held_from_ms_ = now_ms;
  awaits_opening_ = false;
  // The latch of a strike falls into place by itself when the leaf shuts.
  if (settings_.lock == strongroom_panel_v1_LockKind_LOCK_KIND_STRIKE &&
      lock_.secure(now_ms)) {
    secured(out);
  }
}

void Leaf::closed(std::uint64_t now_ms, Happenings& out) {
  if (is_held_) {
    out.add(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_HELD_CLEARED);
  }
  is_held_ = false;
  is_forced_ = false;
  contact_ms_ = now_ms;
  if (!has_shut_ && now_ms > rebounds_until_ms_) {
    has_shut_ = true;
    rebounds_until_ms_ = now_ms + grace_ms();
  }
  out.add(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_CLOSED);
  if (lock_.secure(now_ms)) {
    secured(out);
  }
}

std::uint32_t Leaf::grace_ms() const {
  return settings_.debounce_ms + kAfterReleaseMs;
}

Opening Leaf::explanation(std::uint64_t now_ms) const {
  if (release_why_ != kUnexplained &&
      (lock_.has_pulse() ||
       (!lock_.is_released() && now_ms - lock_.since_ms() <= grace_ms()))) {
    return release_why_;
  }
  if (is_rebound(now_ms)) {
    return opened_why_;
  }
  if (now_ms < exit_until_ms_ ||
      (exit_until_ms_ != 0 && is_active(kExitInput))) {
    return strongroom_panel_v1_PanelOpening_PANEL_OPENING_EXIT;
  }
  if (is_fire_) {
    return strongroom_panel_v1_PanelOpening_PANEL_OPENING_FIRE;
  }
  return has_lock() ? kUnexplained
                    : strongroom_panel_v1_PanelOpening_PANEL_OPENING_NO_LOCK;
}

// Of an opening that was explained: still the same one. Once when the leaf is
// pulled, and once when it first falls shut; no rebound earns another.
bool Leaf::is_rebound(std::uint64_t now_ms) const {
  return opened_why_ != kUnexplained && now_ms <= rebounds_until_ms_;
}

// Whether the leaf's own mechanism moved before it did, the drive not having
// released it (docs/decisions/0115). A magnet has no mechanism: its armature
// leaves with the leaf.
bool Leaf::was_key(std::uint64_t now_ms) const {
  if (settings_.lock != strongroom_panel_v1_LockKind_LOCK_KIND_STRIKE) {
    return false;
  }
  const std::uint64_t handle = now_ms - handle_ms_;
  if (is_active(kHandleInput)
          ? handle >= kKeyLeadMs
          : was_handle_turned_ && handle <= kHandleTrailMs) {
    return true;
  }
  return is_active(kLockSenseInput) && now_ms - sense_ms_ >= kKeyLeadMs;
}

void Leaf::watch_time(std::uint64_t now_ms, Happenings& out) {
  if (lock_.tick(now_ms)) {
    secured(out);
  }
  if (awaits_opening_ && !lock_.has_pulse() &&
      now_ms - released_ms_ >= settings_.not_opened_after_ms) {
    awaits_opening_ = false;
    out.add(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_NOT_OPENED,
            order_);
  }
  if (is_active(kContactInput) && !is_held_ && settings_.held_after_ms != 0 &&
      now_ms - held_from_ms_ >= settings_.held_after_ms) {
    is_held_ = true;
    out.add(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_HELD);
  }
}

// Only of a leaf that is shut: what an open one's bolt does says nothing.
// Fire's hardware moves locks without us.
void Leaf::watch_lock(std::uint64_t now_ms, Happenings& out) {
  if (!has(kLockSenseInput) || !has_lock() || is_fire_ ||
      is_active(kContactInput)) {
    return;
  }
  const bool is_unlocked = is_active(kLockSenseInput);
  if (is_unlocked == lock_.is_released()) {
    fault_ = 0;
    return;
  }
  const std::uint64_t since =
      std::max({lock_.since_ms(), sense_ms_, contact_ms_});
  const std::uint32_t patience =
      is_unlocked ? kLocksWithinMs
                  : std::min(kUnlocksWithinMs, settings_.pulse_ms / 4 * 3);
  if (fault_ == 0 && now_ms - since >= patience) {
    fault_ = is_unlocked ? kStaysOpen : kStaysLocked;
    out.add(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_LOCK_FAULT,
            fault_);
  }
}

void Leaf::release(Opening why,
                   std::uint32_t order,
                   std::uint32_t pulse_ms,
                   std::uint64_t now_ms,
                   Happenings& out) {
  if (!has_lock()) {
    return;
  }
  const std::uint32_t pulse = pulse_ms == 0
                                  ? settings_.pulse_ms
                                  : std::min(pulse_ms, settings_.pulse_ms);
  lock_.release(pulse, now_ms);
  release_why_ = why;
  order_ = order;
  released_ms_ = now_ms;
  held_from_ms_ = now_ms;
  awaits_opening_ =
      why != strongroom_panel_v1_PanelOpening_PANEL_OPENING_EXIT &&
      has(kContactInput) && !is_active(kContactInput) &&
      settings_.not_opened_after_ms != 0;
  out.add(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_RELEASED, order);
}

void Leaf::lock_down(bool is_locked_down,
                     std::uint64_t now_ms,
                     Happenings& out) {
  is_locked_down_ = is_locked_down;
  if (is_locked_down && lock_.secure(now_ms)) {
    secured(out);
  }
}

void Leaf::fire(bool is_on, std::uint64_t now_ms, Happenings& out) {
  is_fire_ = is_on;
  if (!lock_.hold_released(is_on, now_ms)) {
    return;
  }
  // Its end is no end of a grant of long ago.
  if (!lock_.has_pulse()) {
    release_why_ = kUnexplained;
  }
  if (is_on) {
    out.add(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_RELEASED);
  } else {
    secured(out);
  }
}

void Leaf::secured(Happenings& out) {
  out.add(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_SECURED);
}

std::uint8_t Leaf::status() const {
  const auto bit = [](bool is_set, LeafStatus mask) {
    return is_set ? static_cast<unsigned>(mask) : 0U;
  };
  return static_cast<std::uint8_t>(
      bit(is_active(kContactInput), kLeafOpen) |
      bit(is_known_ && has(kLockSenseInput) && !is_active(kLockSenseInput),
          kLeafLocked) |
      bit(is_active(kHandleInput), kLeafHandleTurned) |
      bit(is_active(kExitInput), kLeafExitActive) |
      bit(lock_.is_released(), kLeafReleased) | bit(is_forced_, kLeafForced) |
      bit(is_held_, kLeafHeld) | bit(is_locked_down_, kLeafLockedDown));
}

HeldWarning Leaf::warning(std::uint64_t now_ms) const {
  if (!is_active(kContactInput) || settings_.held_after_ms == 0 || is_fire_) {
    return HeldWarning::kNone;
  }
  if (is_held_) {
    return HeldWarning::kHeld;
  }
  const std::uint32_t lead =
      std::min(settings_.held_after_ms / 4, kMostWarningMs);
  return now_ms - held_from_ms_ >= settings_.held_after_ms - lead
             ? HeldWarning::kSoon
             : HeldWarning::kNone;
}

}  // namespace strongroom::panel
