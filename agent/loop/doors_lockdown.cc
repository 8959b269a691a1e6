// SPDX-License-Identifier: Apache-2.0
// Lockdown and release by fire: what persons ordered, and what panels hold.
#include <algorithm>

#include "agent/loop/doors.h"
#include "agent/loop/panel_flags.h"

namespace strongroom {
namespace {

using namespace panel_flags;

// A panel that does not do as ordered is told again, this seldom.
constexpr MonoTime kLockdownAgain = std::chrono::seconds(2);

// Nothing: the panel has no such leaf.
std::optional<std::uint8_t> mask_of(const PanelShape& shape,
                                    const std::vector<std::string>& leaves) {
  std::uint8_t mask = 0;
  for (const std::string& name : leaves) {
    const auto leaf = std::ranges::find(shape.leaves, name, &PanelLeaf::name);
    if (leaf == shape.leaves.end()) {
      return std::nullopt;
    }
    mask |= static_cast<std::uint8_t>(1U << (leaf - shape.leaves.begin()));
  }
  return mask;
}

std::string names_of(const PanelShape& shape) {
  std::string names;
  for (const PanelLeaf& leaf : shape.leaves) {
    names += (names.empty() ? "" : ", ") + leaf.name;
  }
  return names;
}

std::string words_of(const LockdownOrder& order) {
  std::string words = order.panel + ": ";
  for (const std::string& leaf : order.leaves) {
    words += leaf + ", ";
  }
  words += order.leaves.empty() ? "no leaf is locked down"
                                : "and no other leaf, locked down";
  words += " from now on";
  return order.end_fire ? words + "; the release by fire is to end" : words;
}

std::uint8_t ordered(const PanelCursor& cursor) {
  return static_cast<std::uint8_t>(cursor.flags >> kOrderedShift);
}

}  // namespace

Result<std::string> Doors::lock_down(const LockdownOrder& order,
                                     const Now& now) {
  now_ = now;
  const auto found = panels_.find(order.panel);
  if (found == panels_.end()) {
    return fault("there is no panel \"" + order.panel + "\"");
  }
  Panel& panel = found->second;
  const auto mask = mask_of(panel.shape, order.leaves);
  if (!mask) {
    return fault("a leaf is not of panel " + order.panel + ", which has " +
                 names_of(panel.shape));
  }
  OpenOrder open{order.panel,
                 strongroom_v1_OrderKind_ORDER_KIND_LOCKDOWN,
                 {},
                 now.monotonic,
                 {}};
  open.person = order.person;
  open.leaves = *mask;
  open.end_fire = order.end_fire;
  PanelLockdown down;
  down.order = orders_.open(std::move(open));
  down.leaves = *mask;
  down.end_fire = order.end_fire;
  down.not_after = now.monotonic + kLockdownLifetime;
  effects_.orders.push_back({order.panel, down});
  panel.cursor.flags &= ~kOrderedMask;
  panel.cursor.flags |= kIsOrdered | std::uint32_t{*mask} << kOrderedShift;
  panel.lockdown_told = now.monotonic;
  keep_cursor(panel);
  return words_of(order);
}

// By nobody but what a person ordered before: no id, and no end of a fire.
void Doors::tell_lockdown(Panel& panel) {
  panel.lockdown_told = now_.monotonic;
  PanelLockdown down;
  down.leaves = ordered(panel.cursor);
  effects_.orders.push_back({panel.shape.name, down});
}

// A new session: the panel may be another, the driver a new one.
void Doors::renew_lockdown(Panel& panel) {
  if (ordered(panel.cursor) != 0) {
    tell_lockdown(panel);
  }
}

// It is what the panel does now, whatever its events said before.
void Doors::take(Panel& panel, PanelReport&, PanelState& state) {
  panel.seen.status = state.status;
  panel.status_fire =
      (state.status.flags & (kStatusFire | kStatusFireReleased)) != 0;
  const auto& leaves = state.status.leaves;
  std::uint8_t held = 0;
  for (pb_size_t at = 0; at < leaves.size && at < 8; ++at) {
    if ((leaves.bytes[at] & kStatusLeafLockedDown) != 0) {
      held |= static_cast<std::uint8_t>(1U << at);
    }
  }
  if ((panel.cursor.flags & kLockdownMask) != held) {
    panel.cursor.flags = (panel.cursor.flags & ~kLockdownMask) | held;
    keep_cursor(panel);
  }
  const auto known = static_cast<std::uint8_t>(
      leaves.size >= 8 ? 0xffU : (1U << leaves.size) - 1U);
  if ((panel.cursor.flags & kIsOrdered) != 0 &&
      ((held ^ ordered(panel.cursor)) & known) != 0 &&
      (!panel.lockdown_told ||
       now_.monotonic - *panel.lockdown_told >= kLockdownAgain)) {
    tell_lockdown(panel);
  }
}

bool Doors::is_under_fire(const Panel& panel) const {
  return (panel.cursor.flags & (1U << 8U)) != 0 || panel.status_fire;
}

// What the panel holds, and what it should hold.
std::uint8_t Doors::lockdown_of(const Panel& panel) {
  return static_cast<std::uint8_t>(panel.cursor.flags | ordered(panel.cursor));
}

bool Doors::is_locked_down(const Panel& panel, std::uint8_t leaf) const {
  return leaf != 0 && leaf <= 8 &&
         ((lockdown_of(panel) >> (leaf - 1U)) & 1U) != 0;
}

}  // namespace strongroom
