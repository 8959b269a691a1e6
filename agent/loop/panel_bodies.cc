// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/panel_bodies.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

#include "agent/loop/names.h"

namespace strongroom {
namespace {

using Kind = strongroom_panel_v1_PanelEventKind;

constexpr std::array<std::pair<Kind, strongroom_v1_LeafChange>, 15>
    kLeafChanges{{
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FORCED,
         strongroom_v1_LeafChange_LEAF_CHANGE_FORCED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_HELD,
         strongroom_v1_LeafChange_LEAF_CHANGE_HELD},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_HELD_CLEARED,
         strongroom_v1_LeafChange_LEAF_CHANGE_HELD_CLEARED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_KEY_OVERRIDE,
         strongroom_v1_LeafChange_LEAF_CHANGE_KEY_OVERRIDE},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_LOCK_FAULT,
         strongroom_v1_LeafChange_LEAF_CHANGE_LOCK_FAULT},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_RELEASED,
         strongroom_v1_LeafChange_LEAF_CHANGE_RELEASED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_SECURED,
         strongroom_v1_LeafChange_LEAF_CHANGE_SECURED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OPENED,
         strongroom_v1_LeafChange_LEAF_CHANGE_OPENED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_CLOSED,
         strongroom_v1_LeafChange_LEAF_CHANGE_CLOSED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_NOT_OPENED,
         strongroom_v1_LeafChange_LEAF_CHANGE_NOT_OPENED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_REQUEST_TO_EXIT,
         strongroom_v1_LeafChange_LEAF_CHANGE_REQUEST_TO_EXIT},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_LOCKED,
         strongroom_v1_LeafChange_LEAF_CHANGE_LOCKED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_UNLOCKED,
         strongroom_v1_LeafChange_LEAF_CHANGE_UNLOCKED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_HANDLE_TURNED,
         strongroom_v1_LeafChange_LEAF_CHANGE_HANDLE_TURNED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_HANDLE_RESTORED,
         strongroom_v1_LeafChange_LEAF_CHANGE_HANDLE_RESTORED},
    }};
constexpr std::array<std::pair<Kind, strongroom_v1_PanelChange>, 18>
    kPanelChanges{{
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_STARTED,
         strongroom_v1_PanelChange_PANEL_CHANGE_STARTED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_TAMPER,
         strongroom_v1_PanelChange_PANEL_CHANGE_TAMPER},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_TAMPER_CLEARED,
         strongroom_v1_PanelChange_PANEL_CHANGE_TAMPER_CLEARED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_SUPPLY_LOW,
         strongroom_v1_PanelChange_PANEL_CHANGE_SUPPLY_LOW},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_SUPPLY_RESTORED,
         strongroom_v1_PanelChange_PANEL_CHANGE_SUPPLY_RESTORED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_MAINS_LOST,
         strongroom_v1_PanelChange_PANEL_CHANGE_MAINS_LOST},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_MAINS_RESTORED,
         strongroom_v1_PanelChange_PANEL_CHANGE_MAINS_RESTORED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FIRE_INPUT,
         strongroom_v1_PanelChange_PANEL_CHANGE_FIRE_INPUT},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FIRE_INPUT_CLEARED,
         strongroom_v1_PanelChange_PANEL_CHANGE_FIRE_INPUT_CLEARED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_CLOCK_STEPPED,
         strongroom_v1_PanelChange_PANEL_CHANGE_CLOCK_STEPPED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_MASTER_LOST,
         strongroom_v1_PanelChange_PANEL_CHANGE_MASTER_LOST},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_MASTER_RETURNED,
         strongroom_v1_PanelChange_PANEL_CHANGE_MASTER_RETURNED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_LOCKDOWN,
         strongroom_v1_PanelChange_PANEL_CHANGE_LOCKDOWN},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FRAMES_REFUSED,
         strongroom_v1_PanelChange_PANEL_CHANGE_FRAMES_REFUSED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_CONFIGURED,
         strongroom_v1_PanelChange_PANEL_CHANGE_CONFIGURED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_LIST_APPLIED,
         strongroom_v1_PanelChange_PANEL_CHANGE_LIST_APPLIED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_COMMISSIONED,
         strongroom_v1_PanelChange_PANEL_CHANGE_COMMISSIONED},
        {strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_BADGE_UNREADABLE,
         strongroom_v1_PanelChange_PANEL_CHANGE_BADGE_UNREADABLE},
    }};

// Signed in some bodies: the panel's is a number of 32 bits.
std::int64_t value_of(const strongroom_panel_v1_PanelEvent& event) {
  return event.kind ==
                 strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_CLOCK_STEPPED
             ? static_cast<std::int32_t>(event.value)
             : static_cast<std::int64_t>(event.value);
}

template <typename Item>
const Item* at(const std::vector<Item>& items, std::uint8_t number) {
  return number == 0 || number > items.size() ? nullptr : &items[number - 1U];
}

template <typename Item>
std::string name_at(const std::vector<Item>& items, std::uint8_t number) {
  if (number == 0) {
    return {};
  }
  const Item* found = at(items, number);
  return found == nullptr ? fmt::format("#{}", number) : found->name;
}

// The order that an event of a leaf follows from.
std::uint32_t order_of(const strongroom_panel_v1_PanelEvent& event,
                       const PanelContext& context) {
  switch (static_cast<int>(event.kind)) {
    case strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_RELEASED:
    case strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_NOT_OPENED:
      return event.value;
    case strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OPENED:
      return event.value == strongroom_panel_v1_PanelOpening_PANEL_OPENING_ORDER
                 ? context.order
                 : 0;
    case strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_SECURED:
      return context.order;
    default:
      return 0;
  }
}

}  // namespace

strongroom_v1_LeafChange leaf_change_of(Kind kind) {
  const auto found = std::ranges::find(
      kLeafChanges, kind, [](const auto& row) { return row.first; });
  return found == kLeafChanges.end()
             ? strongroom_v1_LeafChange_LEAF_CHANGE_UNSPECIFIED
             : found->second;
}

strongroom_v1_PanelChange panel_change_of(Kind kind) {
  const auto found = std::ranges::find(
      kPanelChanges, kind, [](const auto& row) { return row.first; });
  if (found != kPanelChanges.end()) {
    return found->second;
  }
  const bool is_other =
      kind == strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_BADGE_READ ||
      kind ==
          strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OFFLINE_GRANTED ||
      kind ==
          strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OFFLINE_DENIED ||
      leaf_change_of(kind) != strongroom_v1_LeafChange_LEAF_CHANGE_UNSPECIFIED;
  return is_other ? strongroom_v1_PanelChange_PANEL_CHANGE_UNSPECIFIED
                  : strongroom_v1_PanelChange_PANEL_CHANGE_UNKNOWN_KIND;
}

void fill_body(EventMessage& event,
               const PanelShape& panel,
               std::uint32_t ring,
               const PanelFact& fact,
               const PanelContext& context) {
  const auto& told = fact.event;
  if (const auto change = leaf_change_of(told.kind);
      change != strongroom_v1_LeafChange_LEAF_CHANGE_UNSPECIFIED) {
    event.which_body = strongroom_v1_Event_leaf_changed_tag;
    auto& body = event.body.leaf_changed;
    body.has_origin = true;
    body.origin = origin_of(panel.name, ring, fact);
    put_text(body.leaf, leaf_name(panel, told.leaf));
    body.change = change;
    body.order = order_of(told, context);
    body.value = told.value;
    body.under_fire = context.is_under_fire;
    return;
  }
  event.which_body = strongroom_v1_Event_panel_changed_tag;
  auto& body = event.body.panel_changed;
  body.has_origin = true;
  body.origin = origin_of(panel.name, ring, fact);
  body.change = panel_change_of(told.kind);
  put_text(body.reader, reader_name(panel, told.reader));
  body.value =
      body.change == strongroom_v1_PanelChange_PANEL_CHANGE_UNKNOWN_KIND
          ? static_cast<std::int64_t>(told.kind)
          : value_of(told);
}

strongroom_v1_PanelOrigin origin_of(std::string_view panel,
                                    std::uint32_t ring,
                                    const PanelFact& fact) {
  strongroom_v1_PanelOrigin origin = strongroom_v1_PanelOrigin_init_zero;
  put_text(origin.panel, panel);
  origin.ring = ring;
  origin.seq = fact.event.seq;
  origin.clock = static_cast<strongroom_v1_PanelClock>(fact.clock);
  return origin;
}

std::string leaf_name(const PanelShape& panel, std::uint8_t number) {
  return name_at(panel.leaves, number);
}

std::string reader_name(const PanelShape& panel, std::uint8_t number) {
  return name_at(panel.readers, number);
}

const PanelReaderShape* reader_of(const PanelShape& panel,
                                  std::uint8_t number) {
  return at(panel.readers, number);
}

const PanelLeaf* leaf_of(const PanelShape& panel, std::uint8_t number) {
  return at(panel.leaves, number);
}

std::uint8_t leaf_of_reading(const PanelShape& panel,
                             const strongroom_panel_v1_PanelEvent& event) {
  const PanelReaderShape* reader = reader_of(panel, event.reader);
  if (event.leaf != 0 || reader == nullptr || reader->leaves == 0) {
    return event.leaf;
  }
  const bool is_shared = (reader->leaves & (reader->leaves - 1U)) != 0;
  std::uint8_t number = 1;
  while (((reader->leaves >> (number - 1U)) & 1U) == 0) {
    ++number;
  }
  return is_shared ? std::uint8_t{0} : number;
}

std::optional<CredentialBits> credential_of(
    const strongroom_panel_v1_PanelEvent& event) {
  CredentialBits bits;
  const auto& told = event.credential;
  if (told.size < 2) {
    return std::nullopt;
  }
  bits.count = told.bytes[0];
  const std::size_t bytes = (bits.count + 7U) / 8U;
  if (bits.count == 0 || bytes != told.size - 1U || bytes > bits.bits.size()) {
    return std::nullopt;
  }
  std::copy_n(told.bytes + 1, bytes, bits.bits.begin());
  if (const unsigned spare = static_cast<unsigned>(bytes) * 8 - bits.count) {
    bits.bits[bytes - 1] &= static_cast<std::uint8_t>(0xffU << spare);
  }
  return bits;
}

}  // namespace strongroom
