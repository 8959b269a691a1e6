// SPDX-License-Identifier: Apache-2.0
// The panel: inputs, readers and exchanges in; outputs, events and answers out.
// Pure: no clock, no heap, no recursion. One object, on the cooperative loop.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "firmware/logic/clock.h"
#include "firmware/logic/event_ring.h"
#include "firmware/logic/io.h"
#include "firmware/logic/memory.h"
#include "firmware/logic/offline_list.h"
#include "firmware/logic/reader.h"
#include "proto/panel.pb.h"

namespace strongroom::panel {

/// What the board knows at the start.
struct PanelStartInfo {
  strongroom_panel_v1_PanelStart reason{};
  std::uint16_t boot = 1;  // count modulo 2^16, never 0
  ListKey list_key{};
};

/// What plain registers show (docs/formats/panel-registers.md).
struct PanelView {
  std::uint32_t ring = 0;
  std::uint32_t newest_seq = 0;
  std::uint32_t acked_seq = 0;
  std::uint32_t lost = 0;
  std::uint32_t config_version = 0;
  std::uint32_t list_version = 0;
  strongroom_panel_v1_PanelStatus status{};
  std::uint32_t inputs = 0;  // debounced, as Inputs::leaves
  std::uint8_t panel_inputs = 0;
  Outputs outputs;
  bool has_pin = false;
  bool is_alone = false;  // no master for offline_after_ms
  std::uint32_t unlocks = 0;        // executed, since the start
  std::uint32_t badges = 0;         // read
  std::uint32_t unreadable = 0;
};

/// A PIN that waits for the agent, in the clear: only the link sees it, which
/// encrypts it. Never in memory that survives a reset.
struct PinDigits {
  std::uint32_t entry = 0;  // 0: none
  std::uint8_t reader = 0;
  std::uint8_t leaf = 0;
  std::uint8_t count = 0;
  std::array<std::uint8_t, 12> digits{};
};

class Panel {
 public:
  Panel(PanelMemory& memory, const PanelStartInfo& start);
  Panel(const Panel&) = delete;
  Panel& operator=(const Panel&) = delete;

  // The board. Times are since the start.
  void inputs(const Inputs& inputs, std::uint64_t now_ms);
  void reader_byte(std::uint8_t reader, std::uint8_t byte, std::uint64_t now_ms);
  void reader_pulse(std::uint8_t reader, bool is_one, std::uint64_t now_us);
  void reader_both_low(std::uint8_t reader, std::uint64_t now_us);
  /// Everything that only time brings; every 1 to 5 ms.
  void tick(std::uint64_t now_us);
  const Outputs& outputs() const { return outputs_; }

  // The link, after the tag was verified.
  /// Fills everything of `answer` but `pin`; events while `has_room` says that
  /// one more fits. A valid exchange: the panel is not alone.
  template <typename HasRoom>
  void exchange(const strongroom_panel_v1_PanelRequest& request,
                strongroom_panel_v1_PanelAnswer& answer,
                std::uint64_t now_ms,
                HasRoom has_room);
  /// The digits that wait; wiped when the agent took them: at the next request
  /// after the answer that held them, or 30 s later.
  const PinDigits& pin() const { return pin_; }
  void pin_sent();
  /// A forged, replayed or garbled frame. Counted; a burst makes an event.
  void frame_refused(std::uint64_t now_ms);
  /// Set over the local port.
  void commissioned(std::uint64_t now_ms);
  /// Fills what a hello answers of the panel itself.
  void describe(strongroom_panel_v1_PanelHelloAnswer& answer) const;

  PanelView view(std::uint64_t now_ms) const;

 private:
  // The owner's business: parts of firmware/logic.
  PanelMemory& memory_;
  Outputs outputs_;
  PinDigits pin_;
};

}  // namespace strongroom::panel
