// SPDX-License-Identifier: Apache-2.0
// Start, inputs and time. Badges: panel_readers.cc; the agent:
// panel_exchange.cc.
#include "firmware/logic/panel.h"

#include <algorithm>

namespace strongroom::panel {
namespace {

constexpr std::uint16_t kTamperDebounceMs = 30;
constexpr std::uint16_t kMainsDebounceMs = 100;
constexpr std::uint16_t kFireDebounceMs = 30;

bool is_in(std::uint8_t mask, std::size_t place) {
  return (mask >> place) & 1U;
}

std::uint8_t bit(std::size_t place, bool is_set) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(is_set) << place);
}

}  // namespace

Panel::Panel(PanelMemory& memory, const PanelStartInfo& start)
    : memory_(memory),
      boot_(start.boot),
      ring_(memory.ring),
      list_(memory.list, start.list_key),
      clock_(start.boot) {
  const bool has_config =
      recover(memory_.config, memory_.next_config) && is_valid(memory_.config);
  if (!has_config) {
    memory_.config = {};
  }
  recover(memory_.orders, memory_.next_orders);
  record(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_STARTED,
         start.reason);
  start_config();
  refresh_outputs();
}

void Panel::start_config() {
  const std::uint32_t kept = memory_.orders.lockdown;
  for (std::uint8_t i = 0; i < leaf_count(); ++i) {
    Happenings told;  // that it is secured: nothing was released before
    leaves_[i].lock_down((kept >> i) & 1U, now_ms_, told);
    leaves_[i].fire((kept & kFireReleased) != 0, now_ms_, told);
    leaves_[i].configure(config().leaves[i], now_ms_, told);
  }
  for (std::uint8_t i = 0; i < reader_count(); ++i) {
    readers_[i].input.configure(config().readers[i]);
  }
}

void Panel::advance(std::uint64_t now_ms) {
  now_ms_ = std::max(now_ms_, now_ms);
}

// --- events ------------------------------------------------------------------

std::uint32_t Panel::record(EventKind kind,
                            std::uint32_t value,
                            std::uint8_t leaf,
                            std::uint8_t reader) {
  Event event;
  event.at = clock_.at(now_ms_);
  event.kind = static_cast<std::uint8_t>(kind);
  event.leaf = leaf;
  event.reader = reader;
  event.value = value;
  return ring_.push(event);
}

void Panel::keep(const Happenings& happenings, std::uint8_t leaf) {
  for (const Happening& happening : happenings.all()) {
    record(happening.kind, happening.value, leaf);
  }
}

// --- inputs ------------------------------------------------------------------

void Panel::inputs(const Inputs& inputs, std::uint64_t now_ms) {
  advance(now_ms);
  for (std::uint8_t i = 0; i < leaf_count(); ++i) {
    const auto closed =
        static_cast<std::uint8_t>(inputs.leaves >> (4 * i) & 0xf);
    leaf_inputs_[i].sample(closed, config().leaves[i], now_ms_);
  }
  watch_panel_inputs(inputs);
  supply_mv_ = inputs.supply_mv;
  switch (
      supply_.sample(supply_mv_, config().settings.supply_low_mv, now_ms_)) {
    case Supply::Change::kLow:
      record(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_SUPPLY_LOW,
             supply_mv_);
      break;
    case Supply::Change::kRestored:
      record(
          strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_SUPPLY_RESTORED,
          supply_mv_);
      break;
    case Supply::Change::kNone:
      break;
  }
}

void Panel::watch_panel_inputs(const Inputs& inputs) {
  const auto active = static_cast<std::uint8_t>(~inputs.panel);
  watch_input(
      kTamper,
      active & kTamperInput,
      kTamperDebounceMs,
      strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_TAMPER,
      strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_TAMPER_CLEARED);
  watch_input(
      kMains,
      active & kMainsInput,
      kMainsDebounceMs,
      strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_MAINS_LOST,
      strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_MAINS_RESTORED);
  watch_input(
      kFire,
      active & kFireInput,
      kFireDebounceMs,
      strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FIRE_INPUT,
      strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FIRE_INPUT_CLEARED);
}

void Panel::watch_input(PanelInputPlace place,
                        bool is_active,
                        std::uint16_t debounce_ms,
                        EventKind active,
                        EventKind cleared) {
  Debounce& input = panel_inputs_[place];
  input.sample(is_active, now_ms_, debounce_ms);
  if (input.is_active() == is_in(panel_active_, place)) {
    return;
  }
  panel_active_ ^= bit(place, true);
  record(input.is_active() ? active : cleared);
  if (place == kFire && input.is_active()) {
    set_fire(true);
  }
}

// Once released, a person ends it (docs/decisions/0116): nothing here locks
// again because the input cleared, or because the panel started anew.
void Panel::set_fire(bool is_on) {
  const std::uint32_t kept = memory_.orders.lockdown & ~kFireReleased;
  commit_orders(kept | (is_on ? kFireReleased : 0));
  for (std::uint8_t i = 0; i < leaf_count(); ++i) {
    Happenings told;
    leaves_[i].fire(is_on, now_ms_, told);
    keep(told, static_cast<std::uint8_t>(i + 1));
  }
}

void Panel::commit_orders(std::uint32_t lockdown) {
  memory_.next_orders = memory_.orders;
  memory_.next_orders.lockdown = lockdown;
  commit(memory_.orders, memory_.next_orders);
}

// --- time --------------------------------------------------------------------

void Panel::tick(std::uint64_t now_us) {
  advance(now_us / 1000);
  tick_readers(now_us);
  step_leaves();
  watch_master();
  tick_pins();
  if (const std::uint32_t count = refusals_.tick(now_ms_); count != 0) {
    record(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FRAMES_REFUSED,
           count);
  }
  refresh_outputs();
}

void Panel::step_leaves() {
  for (std::uint8_t i = 0; i < leaf_count(); ++i) {
    const auto& settings = config().leaves[i];
    Happenings told;
    if (leaf_inputs_[i].is_settled(settings)) {
      leaves_[i].step(leaf_inputs_[i].active(settings), now_ms_, told);
    } else {
      leaves_[i].tick(now_ms_, told);
    }
    keep(told, static_cast<std::uint8_t>(i + 1));
  }
}

void Panel::watch_master() {
  if (master_.tick(config().settings.offline_after_ms, now_ms_)) {
    forget_pins();
    record(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_MASTER_LOST);
  }
}

void Panel::frame_refused(std::uint64_t now_ms) {
  advance(now_ms);
  refusals_.refused(now_ms_);
}

void Panel::commissioned(std::uint64_t now_ms) {
  advance(now_ms);
  record(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_COMMISSIONED);
}

// Whatever explains an output stands in the ring by now.
void Panel::refresh_outputs() {
  Outputs outputs;
  for (std::uint8_t i = 0; i < leaf_count(); ++i) {
    outputs.locks |= bit(i, leaves_[i].drives_lock());
  }
  for (std::uint8_t i = 0; i < reader_count(); ++i) {
    const std::uint8_t served = config().readers[i].leaves;
    HeldWarning held = HeldWarning::kNone;
    bool is_locked_down = true;
    for (std::uint8_t j = 0; j < leaf_count(); ++j) {
      if (is_in(served, j)) {
        held = std::max(held, leaves_[j].warning(now_ms_));
        is_locked_down = is_locked_down && leaves_[j].is_locked_down();
      }
    }
    const Shown shown =
        readers_[i].indicator.shown(held, is_locked_down, now_ms_);
    outputs.green |= bit(i, shown.is_green);
    outputs.red |= bit(i, shown.is_red);
    outputs.buzzer |= bit(i, shown.is_buzzing);
  }
  outputs_ = outputs;
}

// --- what others see ---------------------------------------------------------

void Panel::describe(strongroom_panel_v1_PanelHelloAnswer& answer) const {
  answer.boot = boot_;
  answer.ring = ring_.ring();
  answer.newest_seq = ring_.newest_seq();
  answer.config_version = config().version;
  answer.list_version = list_.version();
  answer.list_capacity = kListCapacity;
  answer.ring_capacity = kRingCapacity;
}

PanelView Panel::view(std::uint64_t) const {
  PanelView view;
  view.ring = ring_.ring();
  view.newest_seq = ring_.newest_seq();
  view.acked_seq = ring_.acked_seq();
  view.lost = ring_.lost();
  view.config_version = config().version;
  view.list_version = list_.version();
  fill_status(view.status);
  for (std::uint8_t i = 0; i < leaf_count(); ++i) {
    view.inputs |=
        static_cast<std::uint32_t>(leaf_inputs_[i].closed(config().leaves[i]))
        << (4 * i);
  }
  for (std::size_t i = 0; i < panel_inputs_.size(); ++i) {
    view.panel_inputs |= bit(i, !panel_inputs_[i].is_active());
  }
  view.outputs = outputs_;
  view.has_pin = pin_.entry != 0;
  view.is_alone = master_.is_alone();
  view.unlocks = unlocks_;
  view.badges = badges_;
  view.unreadable = unreadable_;
  return view;
}

}  // namespace strongroom::panel
