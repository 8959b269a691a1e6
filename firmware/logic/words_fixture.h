// SPDX-License-Identifier: Apache-2.0
// For tests: short words for what the protocol calls by long ones, and settings
// to begin with.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "firmware/logic/happenings.h"
#include "firmware/logic/io.h"
#include "proto/panel.pb.h"

namespace strongroom::panel::words {

using Kind = strongroom_panel_v1_PanelEventKind;

struct KindName {
  Kind kind;
  const char* name;
};

#define STRONGROOM_KIND(word) \
  {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_##word, #word}
inline constexpr KindName kKindNames[] = {
    STRONGROOM_KIND(FORCED),          STRONGROOM_KIND(HELD),
    STRONGROOM_KIND(HELD_CLEARED),    STRONGROOM_KIND(KEY_OVERRIDE),
    STRONGROOM_KIND(LOCK_FAULT),      STRONGROOM_KIND(OFFLINE_GRANTED),
    STRONGROOM_KIND(OFFLINE_DENIED),  STRONGROOM_KIND(STARTED),
    STRONGROOM_KIND(TAMPER),          STRONGROOM_KIND(TAMPER_CLEARED),
    STRONGROOM_KIND(SUPPLY_LOW),      STRONGROOM_KIND(SUPPLY_RESTORED),
    STRONGROOM_KIND(MAINS_LOST),      STRONGROOM_KIND(MAINS_RESTORED),
    STRONGROOM_KIND(FIRE_INPUT),      STRONGROOM_KIND(FIRE_INPUT_CLEARED),
    STRONGROOM_KIND(CLOCK_STEPPED),   STRONGROOM_KIND(MASTER_LOST),
    STRONGROOM_KIND(MASTER_RETURNED), STRONGROOM_KIND(LOCKDOWN),
    STRONGROOM_KIND(FRAMES_REFUSED),  STRONGROOM_KIND(CONFIGURED),
    STRONGROOM_KIND(LIST_APPLIED),    STRONGROOM_KIND(COMMISSIONED),
    STRONGROOM_KIND(BADGE_READ),      STRONGROOM_KIND(BADGE_UNREADABLE),
    STRONGROOM_KIND(RELEASED),        STRONGROOM_KIND(SECURED),
    STRONGROOM_KIND(OPENED),          STRONGROOM_KIND(CLOSED),
    STRONGROOM_KIND(NOT_OPENED),      STRONGROOM_KIND(REQUEST_TO_EXIT),
    STRONGROOM_KIND(LOCKED),          STRONGROOM_KIND(UNLOCKED),
    STRONGROOM_KIND(HANDLE_TURNED),   STRONGROOM_KIND(HANDLE_RESTORED),
};
#undef STRONGROOM_KIND

/// "OPENED 2"; the value is left out when it is 0.
inline std::string told(std::uint32_t kind, std::uint32_t value) {
  std::string name = std::to_string(kind);
  for (const KindName& known : kKindNames) {
    if (known.kind == static_cast<Kind>(kind)) {
      name = known.name;
    }
  }
  return value == 0 ? name : name + " " + std::to_string(value);
}

inline std::vector<std::string> told(const Happenings& happenings) {
  std::vector<std::string> all;
  for (const Happening& one : happenings.all()) {
    all.push_back(told(one.kind, one.value));
  }
  return all;
}

inline constexpr auto kNoLock = strongroom_panel_v1_LockKind_LOCK_KIND_NONE;
inline constexpr auto kStrike = strongroom_panel_v1_LockKind_LOCK_KIND_STRIKE;
inline constexpr auto kMagnet = strongroom_panel_v1_LockKind_LOCK_KIND_MAGNET;
inline constexpr auto kNoExit = strongroom_panel_v1_ExitKind_EXIT_KIND_NONE;
inline constexpr auto kRecord = strongroom_panel_v1_ExitKind_EXIT_KIND_RECORD;
inline constexpr auto kRelease = strongroom_panel_v1_ExitKind_EXIT_KIND_RELEASE;
inline constexpr auto kDeny =
    strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_DENY;
inline constexpr auto kList =
    strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_LIST;

inline constexpr auto kOrder =
    strongroom_panel_v1_PanelOpening_PANEL_OPENING_ORDER;
inline constexpr auto kAlone =
    strongroom_panel_v1_PanelOpening_PANEL_OPENING_ALONE;
inline constexpr auto kExit =
    strongroom_panel_v1_PanelOpening_PANEL_OPENING_EXIT;

inline constexpr std::uint8_t kAllInputs = 0x0f;

inline strongroom_panel_v1_LeafSettings leaf_settings(
    std::uint8_t leaf,
    strongroom_panel_v1_LockKind lock = kStrike,
    std::uint8_t has_inputs = kContactInput | kExitInput) {
  strongroom_panel_v1_LeafSettings settings{};
  settings.leaf = leaf;
  settings.lock = lock;
  settings.exit = kRelease;
  settings.offline = kList;
  settings.has_inputs = has_inputs;
  settings.pulse_ms = 5000;
  settings.held_after_ms = 30'000;
  settings.not_opened_after_ms = 10'000;
  settings.debounce_ms = 30;
  return settings;
}

inline strongroom_panel_v1_ReaderSettings reader_settings(
    std::uint8_t reader,
    std::uint8_t leaves,
    strongroom_panel_v1_KeypadKind keypad =
        strongroom_panel_v1_KeypadKind_KEYPAD_KIND_NONE) {
  strongroom_panel_v1_ReaderSettings settings{};
  settings.reader = reader;
  settings.kind = strongroom_panel_v1_ReaderKind_READER_KIND_H10301;
  settings.keypad = keypad;
  settings.leaves = leaves;
  settings.repeat_ms = 1000;
  return settings;
}

}  // namespace strongroom::panel::words
