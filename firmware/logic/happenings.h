// SPDX-License-Identifier: Apache-2.0
// What one step of a leaf gave, in order; the panel numbers and keeps it before
// anything is driven.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "proto/panel.pb.h"

namespace strongroom::panel {

struct Happening {
  strongroom_panel_v1_PanelEventKind kind{};
  std::uint32_t value = 0;

  friend bool operator==(const Happening&, const Happening&) = default;
};

class Happenings {
 public:
  /// A step gives at most ten: each input changes once (two events of the
  /// contact, one each of the other three), and of the lock's release and end,
  /// its fault, HELD and NOT_OPENED each at most one.
  static constexpr std::size_t kCapacity = 12;

  void add(strongroom_panel_v1_PanelEventKind kind, std::uint32_t value = 0) {
    if (count_ < kCapacity) {
      all_[count_++] = {kind, value};
    }
  }
  std::span<const Happening> all() const { return {all_.data(), count_}; }

 private:
  std::array<Happening, kCapacity> all_{};
  std::size_t count_ = 0;
};

}  // namespace strongroom::panel
