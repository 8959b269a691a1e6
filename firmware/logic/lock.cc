// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/lock.h"

namespace strongroom::panel {

void LockDrive::configure(strongroom_panel_v1_LockKind kind,
                          std::uint64_t now_ms) {
  kind_ = kind;
  has_pulse_ = false;
  is_held_ = false;
  since_ms_ = now_ms;
}

void LockDrive::release(std::uint32_t pulse_ms, std::uint64_t now_ms) {
  if (kind_ != strongroom_panel_v1_LockKind_LOCK_KIND_STRIKE &&
      kind_ != strongroom_panel_v1_LockKind_LOCK_KIND_MAGNET) {
    return;
  }
  if (!is_released()) {
    since_ms_ = now_ms;
  }
  has_pulse_ = true;
  until_ms_ = now_ms + pulse_ms;
}

bool LockDrive::secure(std::uint64_t now_ms) {
  if (!has_pulse_) {
    return false;
  }
  has_pulse_ = false;
  if (is_held_released()) {
    return false;
  }
  since_ms_ = now_ms;
  return true;
}

bool LockDrive::tick(std::uint64_t now_ms) {
  return has_pulse_ && now_ms >= until_ms_ && secure(now_ms);
}

bool LockDrive::hold_released(bool is_held, std::uint64_t now_ms) {
  const bool was = is_released();
  is_held_ = is_held;
  if (is_released() == was) {
    return false;
  }
  since_ms_ = now_ms;
  return true;
}

bool LockDrive::is_driven() const {
  if (kind_ == strongroom_panel_v1_LockKind_LOCK_KIND_MAGNET) {
    return !is_released();
  }
  return kind_ == strongroom_panel_v1_LockKind_LOCK_KIND_STRIKE && has_pulse_;
}

bool LockDrive::is_held_released() const {
  return is_held_ && kind_ == strongroom_panel_v1_LockKind_LOCK_KIND_MAGNET;
}

}  // namespace strongroom::panel
