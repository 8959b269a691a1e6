// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/config_check.h"

#include "firmware/logic/enum_number.h"

namespace strongroom::panel {
namespace {

using Result = strongroom_panel_v1_OrderResult;

constexpr std::uint32_t kLeastOfflineMs = 500;
constexpr std::uint32_t kMostOfflineMs = 3'600'000;
constexpr std::uint32_t kMostSupplyMv = 60'000;
constexpr std::uint32_t kLeastPulseMs = 100;
constexpr std::uint32_t kMostPulseMs = 60'000;
constexpr std::uint32_t kLeastWatchMs = 1000;
constexpr std::uint32_t kMostWatchMs = 86'400'000;
constexpr std::uint16_t kLeastDebounceMs = 20;
constexpr std::uint16_t kMostDebounceMs = 400;
constexpr std::uint8_t kAllInputs = 0x0f;

bool is_within(std::uint32_t value, std::uint32_t least, std::uint32_t most) {
  return value >= least && value <= most;
}

// 0 is UNSPECIFIED in each of them.
template <typename Enum>
bool is_known(const Enum& value, Enum last) {
  return is_within(enum_number(value), 1, static_cast<std::uint32_t>(last));
}

// 0: not watched.
bool is_watch_time(std::uint32_t ms) {
  return ms == 0 || is_within(ms, kLeastWatchMs, kMostWatchMs);
}

}  // namespace

bool is_valid(const strongroom_panel_v1_PanelSettings& settings) {
  return is_within(settings.leaf_count, 1, kMaxLeaves) &&
         settings.reader_count <= kMaxReaders &&
         is_within(
             settings.offline_after_ms, kLeastOfflineMs, kMostOfflineMs) &&
         settings.supply_low_mv <= kMostSupplyMv;
}

bool is_valid(const strongroom_panel_v1_LeafSettings& settings,
              std::uint8_t leaf) {
  return settings.leaf == leaf &&
         is_known(settings.lock,
                  strongroom_panel_v1_LockKind_LOCK_KIND_MAGNET) &&
         is_known(settings.exit,
                  strongroom_panel_v1_ExitKind_EXIT_KIND_RELEASE) &&
         is_known(settings.offline,
                  strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_LIST) &&
         settings.has_inputs <= kAllInputs &&
         settings.inverted_inputs <= kAllInputs &&
         is_within(settings.pulse_ms, kLeastPulseMs, kMostPulseMs) &&
         is_watch_time(settings.held_after_ms) &&
         is_watch_time(settings.not_opened_after_ms) &&
         is_within(settings.debounce_ms, kLeastDebounceMs, kMostDebounceMs);
}

bool is_valid(const strongroom_panel_v1_ReaderSettings& settings,
              std::uint8_t reader,
              std::uint8_t leaf_count) {
  return settings.reader == reader &&
         is_known(settings.kind,
                  strongroom_panel_v1_ReaderKind_READER_KIND_H10304) &&
         is_known(settings.keypad,
                  strongroom_panel_v1_KeypadKind_KEYPAD_KIND_WIEGAND8) &&
         settings.leaves != 0 && settings.leaves >> leaf_count == 0;
}

bool is_valid(const ConfigMemory& config) {
  if (config.version == 0 || !is_valid(config.settings)) {
    return false;
  }
  for (std::uint8_t i = 0; i < config.settings.leaf_count; ++i) {
    if (!is_valid(config.leaves[i], static_cast<std::uint8_t>(i + 1))) {
      return false;
    }
  }
  for (std::uint8_t i = 0; i < config.settings.reader_count; ++i) {
    if (!is_valid(config.readers[i],
                  static_cast<std::uint8_t>(i + 1),
                  config.settings.leaf_count)) {
      return false;
    }
  }
  return true;
}

bool is_same(const strongroom_panel_v1_LeafSettings& a,
             const strongroom_panel_v1_LeafSettings& b) {
  return a.leaf == b.leaf && a.lock == b.lock && a.exit == b.exit &&
         a.offline == b.offline && a.has_inputs == b.has_inputs &&
         a.inverted_inputs == b.inverted_inputs && a.pulse_ms == b.pulse_ms &&
         a.held_after_ms == b.held_after_ms &&
         a.not_opened_after_ms == b.not_opened_after_ms &&
         a.debounce_ms == b.debounce_ms;
}

bool is_same(const strongroom_panel_v1_ReaderSettings& a,
             const strongroom_panel_v1_ReaderSettings& b) {
  return a.reader == b.reader && a.kind == b.kind && a.keypad == b.keypad &&
         a.leaves == b.leaves && a.repeat_ms == b.repeat_ms;
}

namespace {

// Whether `part` is the one that its index says, and valid; then it is in
// `next`.
bool put(const strongroom_panel_v1_ConfigPart& part, ConfigMemory& next) {
  if (part.index == 0) {
    if (part.which_part != strongroom_panel_v1_ConfigPart_settings_tag ||
        !is_valid(part.part.settings) ||
        part.count != 1 + part.part.settings.leaf_count +
                          part.part.settings.reader_count) {
      return false;
    }
    next = {};
    next.version = part.version;
    next.settings = part.part.settings;
    return true;
  }
  const std::uint8_t leaf_count = next.settings.leaf_count;
  if (part.index <= leaf_count) {
    if (part.which_part != strongroom_panel_v1_ConfigPart_leaf_tag ||
        !is_valid(part.part.leaf, part.index)) {
      return false;
    }
    next.leaves[part.index - 1U] = part.part.leaf;
    return true;
  }
  const auto reader = static_cast<std::uint8_t>(part.index - leaf_count);
  if (part.which_part != strongroom_panel_v1_ConfigPart_reader_tag ||
      !is_valid(part.part.reader, reader, leaf_count)) {
    return false;
  }
  next.readers[reader - 1U] = part.part.reader;
  return true;
}

}  // namespace

Result ConfigIntake::take(const strongroom_panel_v1_ConfigPart& part,
                          ConfigMemory& next) {
  const bool continues = !is_complete() && count_ != 0 &&
                         part.version == version_ && part.count == count_ &&
                         part.index == next_index_;
  if (part.index != 0 && !continues) {
    *this = {};
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_OUT_OF_ORDER;
  }
  if (part.version == 0 || !put(part, next)) {
    *this = {};
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID;
  }
  version_ = part.version;
  count_ = part.count;
  next_index_ = static_cast<std::uint8_t>(part.index + 1);
  return strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;
}

}  // namespace strongroom::panel
