// SPDX-License-Identifier: Apache-2.0
// What the agent says, and what it is answered.
#include <algorithm>
#include <cstddef>
#include <iterator>

#include "firmware/logic/enum_number.h"
#include "firmware/logic/panel.h"

namespace strongroom::panel {
namespace {

using Result = strongroom_panel_v1_OrderResult;

constexpr std::uint32_t kMostPinMs = 60'000;

constexpr std::uint32_t kLeavesMask = 0xff;  // of OrderMemory::lockdown

constexpr std::uint32_t kTamperFlag = 1;
constexpr std::uint32_t kMainsFlag = 2;
constexpr std::uint32_t kSupplyFlag = 4;
constexpr std::uint32_t kFireFlag = 8;
constexpr std::uint32_t kTimeFlag = 16;
constexpr std::uint32_t kFireReleasedFlag = 32;

}  // namespace

// Returns what the agent holds of this ring: events after it are answered.
std::uint32_t Panel::execute(const strongroom_panel_v1_PanelRequest& request,
                             strongroom_panel_v1_PanelAnswer& answer,
                             std::uint64_t now_ms) {
  advance(now_ms);
  heard();
  if (const std::int32_t step = clock_.set(request.unix_ms, now_ms_);
      step != 0) {
    record(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_CLOCK_STEPPED,
           static_cast<std::uint32_t>(step));
  }
  const std::uint32_t through = acknowledge(request);
  const Result result =
      request.which_order == 0
          ? strongroom_panel_v1_OrderResult_ORDER_RESULT_UNSPECIFIED
          : obey(request);
  refresh_outputs();

  answer.uptime_ms = now_ms_;
  answer.boot = boot_;
  answer.ring = ring_.ring();
  answer.newest_seq = ring_.newest_seq();
  answer.lost = ring_.lost();
  answer.has_more = false;
  answer.order_id = request.order_id;
  answer.result = result;
  answer.config_version = config().version;
  answer.list_version = list_.version();
  answer.has_status = request.wants_status;
  if (request.wants_status) {
    fill_status(answer.status);
  }
  answer.events_count = 0;
  return through;
}

void Panel::heard() {
  if (master_.heard(now_ms_)) {
    record(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_MASTER_RETURNED,
           static_cast<std::uint32_t>((now_ms_ - master_.since_ms()) / 1000));
  }
  if (is_pin_sent_) {
    wipe(pin_);
    is_pin_sent_ = false;
  }
  tick_pins();
}

std::uint32_t Panel::acknowledge(
    const strongroom_panel_v1_PanelRequest& request) {
  if (ring_.ring() == 0 && request.ring != 0) {
    // Numbers of a ring that is gone say nothing of this one.
    ring_.name(request.ring);
    return 0;
  }
  if (request.ring == 0 || request.ring != ring_.ring()) {
    return ring_.acked_seq();
  }
  ring_.acknowledge(request.ack_seq);
  return request.ack_seq;
}

bool Panel::next_event(const strongroom_panel_v1_PanelRequest& request,
                       std::uint32_t through,
                       strongroom_panel_v1_PanelAnswer& answer) const {
  if (!request.wants_events || request.ring == 0 ||
      request.ring != ring_.ring() ||
      answer.events_count == std::size(answer.events)) {
    return false;
  }
  const auto event = ring_.after(through);
  if (!event) {
    return false;
  }
  fill(*event, answer.events[answer.events_count]);
  return true;
}

void Panel::fill_status(strongroom_panel_v1_PanelStatus& status) const {
  status = {};
  status.leaves.size = leaf_count();
  for (std::uint8_t i = 0; i < leaf_count(); ++i) {
    status.leaves.bytes[i] = leaves_[i].status();
  }
  status.supply_mv = supply_mv_;
  status.flags =
      (panel_inputs_[kTamper].is_active() ? kTamperFlag : 0) |
      (panel_inputs_[kMains].is_active() ? kMainsFlag : 0) |
      (supply_.is_low() ? kSupplyFlag : 0) |
      (panel_inputs_[kFire].is_active() ? kFireFlag : 0) |
      (clock_.is_set() ? kTimeFlag : 0) |
      (memory_.orders.lockdown & kFireReleased ? kFireReleasedFlag : 0);
  status.frames_refused = refusals_.total();
  status.drift_ppm = clock_.drift_ppm();
}

// --- orders ------------------------------------------------------------------

Result Panel::obey(const strongroom_panel_v1_PanelRequest& request) {
  switch (request.which_order) {
    case strongroom_panel_v1_PanelRequest_unlock_tag:
      return unlock(request.order.unlock, request.order_id);
    case strongroom_panel_v1_PanelRequest_indicate_tag:
      return indicate(request.order.indicate);
    case strongroom_panel_v1_PanelRequest_lockdown_tag:
      return lock_down(request.order.lockdown);
    case strongroom_panel_v1_PanelRequest_config_tag:
      return configure(request.order.config);
    case strongroom_panel_v1_PanelRequest_list_tag:
      return list(request.order.list);
    default:
      return strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID;
  }
}

Result Panel::unlock(const strongroom_panel_v1_Unlock& order,
                     std::uint32_t id) {
  if (leaf_count() == 0) {
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_NOT_CONFIGURED;
  }
  if (id == 0) {
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID;
  }
  OrderMemory& orders = memory_.orders;
  if (std::ranges::find(orders.unlocks, id) != orders.unlocks.end()) {
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_REPEATED;
  }
  if (order.leaf == 0 || order.leaf > leaf_count()) {
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_NO_SUCH_LEAF;
  }
  Leaf& at = leaf(order.leaf);
  if (!at.has_lock()) {
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID;
  }
  if (now_ms_ > order.not_after_uptime_ms) {
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_EXPIRED;
  }
  if (at.is_locked_down()) {
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_LOCKDOWN;
  }
  // First remembered, then told, then done: a reset in between does it never,
  // not twice.
  OrderMemory& next = memory_.next_orders;
  next = orders;
  next.unlocks[next.next % next.unlocks.size()] = id;
  next.next = static_cast<std::uint32_t>((next.next + 1) % next.unlocks.size());
  commit(orders, next);
  Happenings told;
  at.release(strongroom_panel_v1_PanelOpening_PANEL_OPENING_ORDER,
             id,
             order.pulse_ms,
             now_ms_,
             told);
  keep(told, order.leaf);
  ++unlocks_;
  return strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;
}

Result Panel::indicate(const strongroom_panel_v1_Indicate& order) {
  if (reader_count() == 0 && leaf_count() == 0) {
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_NOT_CONFIGURED;
  }
  if (order.reader == 0 || order.reader > reader_count()) {
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_NO_SUCH_LEAF;
  }
  if (const std::uint32_t number = enum_number(order.signal);
      number == 0 || number > strongroom_panel_v1_Signal_SIGNAL_ALARM) {
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID;
  }
  const bool wants_pin =
      order.signal == strongroom_panel_v1_Signal_SIGNAL_PIN_WANTED;
  if (wants_pin && config().readers[order.reader - 1U].keypad ==
                       strongroom_panel_v1_KeypadKind_KEYPAD_KIND_NONE) {
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_INVALID;
  }
  ReaderState& at = reader(order.reader);
  at.indicator.show(order.signal, order.duration_ms, now_ms_);
  if (wants_pin) {
    const std::uint32_t wanted = order.duration_ms == 0
                                     ? usual_duration_ms(order.signal)
                                     : order.duration_ms;
    at.pad.want(std::min(wanted, kMostPinMs), now_ms_);
  } else {
    at.pad.cancel();
  }
  return strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;
}

// Says which leaves are locked down, so also that the others are not. What fire
// released stays so, unless a person says that it is over and it is.
Result Panel::lock_down(const strongroom_panel_v1_Lockdown& order) {
  if (leaf_count() == 0) {
    return strongroom_panel_v1_OrderResult_ORDER_RESULT_NOT_CONFIGURED;
  }
  const auto mask =
      static_cast<std::uint8_t>(order.leaves & ((1U << leaf_count()) - 1U));
  const std::uint32_t kept = memory_.orders.lockdown;
  const bool is_new = (kept & kLeavesMask) != mask;
  const Debounce& fire = panel_inputs_[kFire];
  const bool ends_fire = order.end_fire && (kept & kFireReleased) != 0 &&
                         fire.is_settled() && !fire.is_active();
  commit_orders((kept & ~kLeavesMask) | mask);
  if (is_new || ends_fire) {
    record(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_LOCKDOWN,
           mask | (ends_fire ? kFireReleased : 0));
  }
  if (ends_fire) {
    set_fire(false);
  }
  for (std::uint8_t i = 0; i < leaf_count(); ++i) {
    Happenings told;
    leaves_[i].lock_down((mask >> i) & 1U, now_ms_, told);
    keep(told, static_cast<std::uint8_t>(i + 1));
  }
  return strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE;
}

// --- configuration and list --------------------------------------------------

Result Panel::configure(const strongroom_panel_v1_ConfigPart& part) {
  const Result result = config_intake_.take(part, memory_.next_config);
  if (!config_intake_.is_complete()) {
    return result;
  }
  config_intake_ = {};
  apply_config();
  return result;
}

// Leaves and readers that stay as they were go on: a new number of seconds for
// one door must not relock the others.
void Panel::apply_config() {
  const std::uint32_t old_version = config().version;
  const std::uint8_t old_leaves = leaf_count();
  commit(memory_.config, memory_.next_config);
  if (config().version != old_version) {
    record(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_CONFIGURED,
           config().version);
  }
  const std::uint32_t kept = memory_.orders.lockdown;
  for (std::uint8_t i = 0; i < kMaxLeaves; ++i) {
    const auto& settings = config().leaves[i];
    if (i < old_leaves && i < leaf_count() &&
        is_same(settings, leaves_[i].settings())) {
      continue;
    }
    Happenings told;
    leaf_inputs_[i].reset();
    leaves_[i].configure(settings, now_ms_, told);
    leaves_[i].lock_down((kept >> i) & 1U, now_ms_, told);
    leaves_[i].fire((kept & kFireReleased) != 0, now_ms_, told);
    keep(told, static_cast<std::uint8_t>(i + 1));
  }
  for (std::uint8_t i = 0; i < reader_count(); ++i) {
    readers_[i].pad.cancel();
    readers_[i].picked_leaf = 0;
    readers_[i].badge_leaf = 0;
    readers_[i].input.configure(config().readers[i]);
  }
}

Result Panel::list(const strongroom_panel_v1_ListPart& part) {
  const std::uint32_t before = list_.version();
  const Result result = list_.take(part);
  if (list_.version() != before) {
    record(strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_LIST_APPLIED,
           list_.version());
  }
  return result;
}

}  // namespace strongroom::panel
