// SPDX-License-Identifier: Apache-2.0
// Whether a configuration is one that a panel can run. Field by field: what
// comes over the line or out of memory may hold anything.
#pragma once

#include <cstdint>

#include "firmware/logic/memory.h"
#include "proto/panel.pb.h"

namespace strongroom::panel {

bool is_valid(const strongroom_panel_v1_PanelSettings& settings);
/// Of the leaf with that number.
bool is_valid(const strongroom_panel_v1_LeafSettings& settings,
              std::uint8_t leaf);
/// Of the reader with that number, on a panel of so many leaves.
bool is_valid(const strongroom_panel_v1_ReaderSettings& settings,
              std::uint8_t reader,
              std::uint8_t leaf_count);
/// All of it, and it has a version.
bool is_valid(const ConfigMemory& config);

bool is_same(const strongroom_panel_v1_LeafSettings& a,
             const strongroom_panel_v1_LeafSettings& b);
bool is_same(const strongroom_panel_v1_ReaderSettings& a,
             const strongroom_panel_v1_ReaderSettings& b);

/// Puts the parts of one version together, in order.
class ConfigIntake {
 public:
  /// DONE: it was taken into `next`. Part 0 begins anew; anything that is
  /// refused ends what was begun.
  strongroom_panel_v1_OrderResult take(
      const strongroom_panel_v1_ConfigPart& part, ConfigMemory& next);
  /// The part that was taken was the last one: `next` is valid.
  bool is_complete() const { return count_ != 0 && next_index_ == count_; }

 private:
  std::uint32_t version_ = 0;
  std::uint8_t next_index_ = 0;
  std::uint8_t count_ = 0;  // 0: none was begun
};

}  // namespace strongroom::panel
