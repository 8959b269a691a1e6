// SPDX-License-Identifier: Apache-2.0
// Lights and buzzer of one reader: what each signal looks and sounds like.
#pragma once

#include <cstdint>

#include "firmware/logic/leaf.h"
#include "proto/panel.pb.h"

namespace strongroom::panel {

struct Shown {
  bool is_green = false;
  bool is_red = false;
  bool is_buzzing = false;

  friend bool operator==(const Shown&, const Shown&) = default;
};

class Indicator {
 public:
  /// Longer ones end after it.
  static constexpr std::uint32_t kMostMs = 600'000;

  /// In the place of whatever was shown. `duration_ms` 0: as long as the signal
  /// usually takes. The caller knows that there is such a signal.
  void show(strongroom_panel_v1_Signal signal,
            std::uint32_t duration_ms,
            std::uint64_t now_ms);
  strongroom_panel_v1_Signal signal(std::uint64_t now_ms) const;
  /// Now. A leaf of the reader that stands open sounds where the signal does
  /// not; the red light tells that all its leaves are locked down.
  Shown shown(HeldWarning held,
              bool is_locked_down,
              std::uint64_t now_ms) const;

 private:
  strongroom_panel_v1_Signal signal_{};
  std::uint64_t from_ms_ = 0;
  std::uint64_t until_ms_ = 0;
};

/// What it usually takes.
std::uint32_t usual_duration_ms(strongroom_panel_v1_Signal signal);

}  // namespace strongroom::panel
