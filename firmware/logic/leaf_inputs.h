// SPDX-License-Identifier: Apache-2.0
// The four inputs of one leaf: which are wired, which way round, debounced.
#pragma once

#include <array>
#include <cstdint>

#include "firmware/logic/debounce.h"
#include "firmware/logic/io.h"
#include "proto/panel.pb.h"

namespace strongroom::panel {

class LeafInputs {
 public:
  /// Nothing is known.
  void reset() { inputs_ = {}; }
  /// `closed`: LeafInput, circuits as they are.
  void sample(std::uint8_t closed,
              const strongroom_panel_v1_LeafSettings& settings,
              std::uint64_t now_ms);
  /// Every wired one is known.
  bool is_settled(const strongroom_panel_v1_LeafSettings& settings) const;
  /// Wired ones that are away from rest: open, unlocked, turned, pressed.
  std::uint8_t active(const strongroom_panel_v1_LeafSettings& settings) const;
  /// Wired circuits that are closed, debounced.
  std::uint8_t closed(const strongroom_panel_v1_LeafSettings& settings) const;

 private:
  std::array<Debounce, 4> inputs_{};
};

}  // namespace strongroom::panel
