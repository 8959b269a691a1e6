// SPDX-License-Identifier: Apache-2.0
// Frames of EM4100 badges on a UART: RDM6300 (14 bytes) and ID-12LA (16 bytes)
// (docs/formats/readers.md).
#pragma once

#include <array>
#include <cstdint>
#include <variant>

#include "firmware/logic/credential.h"
#include "proto/panel.pb.h"

namespace strongroom::panel {

/// Nothing yet, a badge, or why there is none.
using Em4100Output = std::
    variant<std::monostate, Credential, strongroom_panel_v1_PanelReadFault>;

class Em4100Frames {
 public:
  Em4100Frames() = default;
  explicit Em4100Frames(strongroom_panel_v1_ReaderKind kind) : kind_(kind) {}

  Em4100Output byte(std::uint8_t byte);
  /// The line was silent for longer than a frame may be, so what came of one is
  /// all that comes.
  Em4100Output silence();
  bool is_inside() const { return size_ > 0; }

 private:
  Em4100Output stop();
  Em4100Output finish();
  bool fits(std::uint8_t byte) const;
  std::uint8_t length() const;

  strongroom_panel_v1_ReaderKind kind_{};
  std::uint8_t size_ = 0;                  // bytes of the frame, with STX
  std::array<std::uint8_t, 6> decoded_{};  // five of the badge, the checksum
};

}  // namespace strongroom::panel
