// SPDX-License-Identifier: Apache-2.0
// The drive of one lock: current or none. A strike gets current to open, a
// magnet to hold; so without power, and before anybody configured the panel,
// each fails its own way.
#pragma once

#include <cstdint>

#include "proto/panel.pb.h"

namespace strongroom::panel {

class LockDrive {
 public:
  /// Secured from now on.
  void configure(strongroom_panel_v1_LockKind kind, std::uint64_t now_ms);

  /// Released for `pulse_ms` from now, whatever it was. Not for a leaf without
  /// lock.
  void release(std::uint32_t pulse_ms, std::uint64_t now_ms);
  /// Ends the release. True: it was released, and is not any more.
  bool secure(std::uint64_t now_ms);
  /// True: the pulse ended just now, and the lock is secured.
  bool tick(std::uint64_t now_ms);
  /// A magnet stays released until it is let go; a strike does not care.
  /// True: that changed whether it is released.
  bool hold_released(bool is_held, std::uint64_t now_ms);

  bool is_released() const { return has_pulse_ || is_held_released(); }
  /// By a pulse, not only held so.
  bool has_pulse() const { return has_pulse_; }
  bool is_driven() const;
  /// Since when it has been as it is.
  std::uint64_t since_ms() const { return since_ms_; }

 private:
  bool is_held_released() const;

  strongroom_panel_v1_LockKind kind_{};
  bool has_pulse_ = false;
  bool is_held_ = false;
  std::uint64_t until_ms_ = 0;
  std::uint64_t since_ms_ = 0;
};

}  // namespace strongroom::panel
