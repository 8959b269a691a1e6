// SPDX-License-Identifier: Apache-2.0
// The panel: inputs, readers and exchanges in; outputs, events and answers out.
// Pure: no clock, no heap, no recursion. One object, on the cooperative loop.
#pragma once

#include <array>
#include <cstdint>

#include "firmware/logic/clock.h"
#include "firmware/logic/config_check.h"
#include "firmware/logic/debounce.h"
#include "firmware/logic/event_ring.h"
#include "firmware/logic/happenings.h"
#include "firmware/logic/indicator.h"
#include "firmware/logic/io.h"
#include "firmware/logic/leaf.h"
#include "firmware/logic/leaf_inputs.h"
#include "firmware/logic/memory.h"
#include "firmware/logic/offline_list.h"
#include "firmware/logic/pin_pad.h"
#include "firmware/logic/reader.h"
#include "firmware/logic/supply.h"
#include "firmware/logic/watch.h"
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
  bool is_alone = false;      // no master for offline_after_ms
  std::uint32_t unlocks = 0;  // executed, since the start
  std::uint32_t badges = 0;   // read
  std::uint32_t unreadable = 0;
};

/// In OrderMemory::lockdown, beyond the mask of leaves: the fire input released
/// what can be released, and no person has ended it. In a LOCKDOWN event: a
/// person just did.
inline constexpr std::uint32_t kFireReleased = 0x100;

class Panel {
 public:
  Panel(PanelMemory& memory, const PanelStartInfo& start);
  Panel(const Panel&) = delete;
  Panel& operator=(const Panel&) = delete;

  // The board. Times are since the start; one that is before another call's
  // counts as that one.
  void inputs(const Inputs& inputs, std::uint64_t now_ms);
  void reader_byte(std::uint8_t reader,
                   std::uint8_t byte,
                   std::uint64_t now_ms);
  void reader_pulse(std::uint8_t reader, bool is_one, std::uint64_t now_us);
  void reader_both_low(std::uint8_t reader, std::uint64_t now_us);
  /// Everything that only time brings, and what the inputs mean; every 1 to
  /// 5 ms.
  void tick(std::uint64_t now_us);
  const Outputs& outputs() const { return outputs_; }

  // The link, after the tag was verified.
  /// Fills everything of `answer` but `pin`; events while `has_room(event)`
  /// says that this one still fits. A valid exchange: the panel is not alone.
  template <typename HasRoom>
  void exchange(const strongroom_panel_v1_PanelRequest& request,
                strongroom_panel_v1_PanelAnswer& answer,
                std::uint64_t now_ms,
                HasRoom has_room) {
    std::uint32_t through = execute(request, answer, now_ms);
    while (next_event(request, through, answer)) {
      const auto& event = answer.events[answer.events_count];
      if (!has_room(event)) {
        break;
      }
      through = event.seq;
      ++answer.events_count;
    }
    answer.has_more = ring_.after(through).has_value();
    answer.unix_ms = answer.events_count != 0 ? clock_.unix_ms(now_ms_) : 0;
  }
  /// The digits that wait; wiped when the agent took them: at the next request
  /// after the answer that held them, or 30 s after they were entered.
  const PinDigits& pin() const { return pin_; }
  void pin_sent() { is_pin_sent_ = true; }
  /// A forged, replayed or garbled frame. Counted; a burst makes an event.
  void frame_refused(std::uint64_t now_ms);
  /// Set over the local port.
  void commissioned(std::uint64_t now_ms);
  /// Fills what a hello answers of the panel itself.
  void describe(strongroom_panel_v1_PanelHelloAnswer& answer) const;

  PanelView view(std::uint64_t now_ms) const;

 private:
  struct ReaderState {
    Reader input;
    Indicator indicator;
    PinPad pad;
    std::uint8_t picked_leaf = 0;  // by its number, at a shared reader
    std::uint8_t badge_leaf = 0;   // of the newest badge
    std::uint64_t picked_ms = 0;
    std::uint64_t unreadable_ms = 0;
    bool was_unreadable = false;
  };
  enum PanelInputPlace : std::uint8_t { kTamper, kMains, kFire, kPanelInputs };

  // panel.cc: start, inputs, time.
  void advance(std::uint64_t now_ms);
  std::uint32_t record(EventKind kind,
                       std::uint32_t value = 0,
                       std::uint8_t leaf = 0,
                       std::uint8_t reader = 0);
  void keep(const Happenings& happenings, std::uint8_t leaf);
  std::uint8_t leaf_count() const { return config().settings.leaf_count; }
  std::uint8_t reader_count() const { return config().settings.reader_count; }
  const ConfigMemory& config() const { return memory_.config; }
  Leaf& leaf(std::uint8_t number) { return leaves_[number - 1U]; }
  ReaderState& reader(std::uint8_t number) { return readers_[number - 1U]; }
  void start_config();
  void step_leaves();
  void watch_panel_inputs(const Inputs& inputs);
  void watch_input(PanelInputPlace place,
                   bool is_active,
                   std::uint16_t debounce_ms,
                   EventKind active,
                   EventKind cleared);
  void watch_master();
  void refresh_outputs();
  void set_fire(bool is_on);
  void commit_orders(std::uint32_t lockdown);

  // panel_readers.cc: badges, keys, decisions alone.
  void take(const ReaderOutput& output, std::uint8_t reader);
  void badge(const Credential& credential, std::uint8_t reader);
  void key(std::uint8_t key, std::uint8_t reader);
  void unreadable(strongroom_panel_v1_PanelReadFault fault,
                  std::uint8_t reader);
  std::uint8_t leaf_for(std::uint8_t reader) const;
  strongroom_panel_v1_PanelDenial judge(const Credential& credential,
                                        std::uint8_t leaf) const;
  bool decide_alone(const Credential& credential,
                    std::uint8_t leaf,
                    std::uint8_t reader,
                    std::uint32_t badge_seq);
  void tick_readers(std::uint64_t now_us);
  void tick_pins();
  void forget_pins();

  // panel_exchange.cc: what the agent says.
  std::uint32_t execute(const strongroom_panel_v1_PanelRequest& request,
                        strongroom_panel_v1_PanelAnswer& answer,
                        std::uint64_t now_ms);
  bool next_event(const strongroom_panel_v1_PanelRequest& request,
                  std::uint32_t through,
                  strongroom_panel_v1_PanelAnswer& answer) const;
  void heard();
  std::uint32_t acknowledge(const strongroom_panel_v1_PanelRequest& request);
  strongroom_panel_v1_OrderResult obey(
      const strongroom_panel_v1_PanelRequest& request);
  strongroom_panel_v1_OrderResult unlock(
      const strongroom_panel_v1_Unlock& order, std::uint32_t id);
  strongroom_panel_v1_OrderResult indicate(
      const strongroom_panel_v1_Indicate& order);
  strongroom_panel_v1_OrderResult lock_down(
      const strongroom_panel_v1_Lockdown& order);
  strongroom_panel_v1_OrderResult configure(
      const strongroom_panel_v1_ConfigPart& part);
  strongroom_panel_v1_OrderResult list(
      const strongroom_panel_v1_ListPart& part);
  void apply_config();
  void fill_status(strongroom_panel_v1_PanelStatus& status) const;

  PanelMemory& memory_;
  std::uint16_t boot_;
  EventRing ring_;
  OfflineList list_;
  PanelClock clock_;
  ConfigIntake config_intake_;
  MasterWatch master_;
  RefusalWatch refusals_;
  Supply supply_;
  std::array<Debounce, kPanelInputs> panel_inputs_{};
  std::array<LeafInputs, kMaxLeaves> leaf_inputs_{};
  std::array<Leaf, kMaxLeaves> leaves_{};
  std::array<ReaderState, kMaxReaders> readers_{};
  std::uint8_t panel_active_ = 0;  // PanelInput away from rest, as told
  std::uint16_t supply_mv_ = 0;
  std::uint64_t now_ms_ = 0;  // newest time that was said
  Outputs outputs_;
  PinDigits pin_;
  bool is_pin_sent_ = false;
  std::uint64_t pin_until_ms_ = 0;
  std::uint32_t pin_entries_ = 0;
  std::uint32_t unlocks_ = 0;
  std::uint32_t badges_ = 0;
  std::uint32_t unreadable_ = 0;
};

}  // namespace strongroom::panel
