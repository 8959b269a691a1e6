// SPDX-License-Identifier: Apache-2.0
// One leaf: what its inputs mean, and when its lock is released
// (docs/panel-doors.md). Works with any subset of inputs.
#pragma once

#include <cstdint>

#include "firmware/logic/happenings.h"
#include "firmware/logic/io.h"
#include "firmware/logic/lock.h"
#include "proto/panel.pb.h"

namespace strongroom::panel {

using Opening = strongroom_panel_v1_PanelOpening;

/// What the panel's buzzers say of a leaf that stands open.
enum class HeldWarning : std::uint8_t { kNone, kSoon, kHeld };

/// Bits of PanelStatus.leaves.
enum LeafStatus : std::uint8_t {
  kLeafOpen = 1,
  kLeafLocked = 2,
  kLeafHandleTurned = 4,
  kLeafExitActive = 8,
  kLeafReleased = 16,
  kLeafForced = 32,
  kLeafHeld = 64,
  kLeafLockedDown = 128,
};

class Leaf {
 public:
  /// Begins anew: secured, nothing known of its inputs. Lockdown and fire stay.
  void configure(const strongroom_panel_v1_LeafSettings& settings,
                 std::uint64_t now_ms,
                 Happenings& out);
  const strongroom_panel_v1_LeafSettings& settings() const { return settings_; }

  /// Its inputs, debounced: mask of LeafInput, a bit is set when the input is
  /// away from rest (open, unlocked, turned, pressed). Every few ms, from when
  /// all of them are known.
  void step(std::uint8_t active, std::uint64_t now_ms, Happenings& out);
  /// Only what time brings, while an input is not known.
  void tick(std::uint64_t now_ms, Happenings& out);

  /// Releases the lock; the caller has judged whether it may. `pulse_ms` is
  /// bounded by the configured pulse; 0: that one.
  void release(Opening why,
               std::uint32_t order,
               std::uint32_t pulse_ms,
               std::uint64_t now_ms,
               Happenings& out);
  /// Ends every release at once.
  void lock_down(bool is_locked_down, std::uint64_t now_ms, Happenings& out);
  /// While it is on, openings are explained by it, and a magnet is released.
  void fire(bool is_on, std::uint64_t now_ms, Happenings& out);

  bool has_lock() const {
    return settings_.lock == strongroom_panel_v1_LockKind_LOCK_KIND_STRIKE ||
           settings_.lock == strongroom_panel_v1_LockKind_LOCK_KIND_MAGNET;
  }
  bool is_locked_down() const { return is_locked_down_; }
  bool drives_lock() const { return lock_.is_driven(); }
  std::uint8_t status() const;
  HeldWarning warning(std::uint64_t now_ms) const;

 private:
  bool has(LeafInput input) const { return settings_.has_inputs & input; }
  bool is_active(LeafInput input) const { return active_ & input; }
  void take_first(std::uint64_t now_ms, Happenings& out);
  void exit_pressed(std::uint64_t now_ms, Happenings& out);
  void opened(std::uint64_t now_ms, Happenings& out);
  void closed(std::uint64_t now_ms, Happenings& out);
  std::uint32_t grace_ms() const;
  Opening explanation(std::uint64_t now_ms) const;
  bool is_rebound(std::uint64_t now_ms) const;
  bool was_key(std::uint64_t now_ms) const;
  void watch_time(std::uint64_t now_ms, Happenings& out);
  void watch_lock(std::uint64_t now_ms, Happenings& out);
  void secured(Happenings& out);

  strongroom_panel_v1_LeafSettings settings_{};
  LockDrive lock_;
  std::uint8_t active_ = 0;
  bool is_known_ = false;
  bool is_forced_ = false;
  bool is_held_ = false;
  bool is_locked_down_ = false;
  bool is_fire_ = false;
  bool awaits_opening_ = false;
  bool was_handle_turned_ = false;  // ever, and seen
  bool has_shut_ = false;           // since the opening, rebounds aside
  std::uint8_t fault_ = 0;          // value of LOCK_FAULT; 0: none
  Opening opened_why_{};            // of the newest opening, if anything
  Opening release_why_{};           // of the newest release
  std::uint32_t order_ = 0;         // of the newest release
  std::uint64_t released_ms_ = 0;
  std::uint64_t held_from_ms_ = 0;       // opened, or released again while open
  std::uint64_t exit_until_ms_ = 0;      // its hardware releases so long
  std::uint64_t rebounds_until_ms_ = 0;  // of the newest opening
  // Since when each is as it is.
  std::uint64_t contact_ms_ = 0;
  std::uint64_t sense_ms_ = 0;
  std::uint64_t handle_ms_ = 0;
};

}  // namespace strongroom::panel
