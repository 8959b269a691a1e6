// SPDX-License-Identifier: Apache-2.0
#include "firmware/link/request.h"

#include <pb_decode.h>

#include "firmware/logic/io.h"
#include "firmware/logic/offline_list.h"

namespace strongroom::panel {
namespace {

using Request = strongroom_panel_v1_PanelRequest;

bool is_within(std::uint32_t value, std::uint32_t first, std::uint32_t last) {
  return value >= first && value <= last;
}

bool is_sound(const strongroom_panel_v1_PanelSettings& settings) {
  return is_within(settings.leaf_count, 1, kMaxLeaves) &&
         settings.reader_count <= kMaxReaders && settings.offline_after_ms > 0;
}

bool is_sound(const strongroom_panel_v1_LeafSettings& leaf) {
  constexpr std::uint32_t kEveryInput =
      kContactInput | kLockSenseInput | kHandleInput | kExitInput;
  return is_within(leaf.leaf, 1, kMaxLeaves) &&
         is_within(leaf.lock, 1, _strongroom_panel_v1_LockKind_MAX) &&
         is_within(leaf.exit, 1, _strongroom_panel_v1_ExitKind_MAX) &&
         is_within(leaf.offline, 1, _strongroom_panel_v1_OfflinePolicy_MAX) &&
         leaf.has_inputs <= kEveryInput &&
         leaf.inverted_inputs <= kEveryInput &&
         is_within(leaf.debounce_ms, 20, 400);
}

bool is_sound(const strongroom_panel_v1_ReaderSettings& reader) {
  return is_within(reader.reader, 1, kMaxReaders) &&
         is_within(reader.kind, 1, _strongroom_panel_v1_ReaderKind_MAX) &&
         is_within(reader.keypad, 1, _strongroom_panel_v1_KeypadKind_MAX) &&
         reader.leaves > 0;
}

bool is_sound(const strongroom_panel_v1_ConfigPart& part) {
  constexpr std::uint32_t kMaxParts = 1 + kMaxLeaves + kMaxReaders;
  if (part.version == 0 || part.count > kMaxParts || part.index >= part.count) {
    return false;
  }
  switch (part.which_part) {
    case strongroom_panel_v1_ConfigPart_settings_tag:
      return is_sound(part.part.settings);
    case strongroom_panel_v1_ConfigPart_leaf_tag:
      return is_sound(part.part.leaf);
    case strongroom_panel_v1_ConfigPart_reader_tag:
      return is_sound(part.part.reader);
    default:
      return false;
  }
}

bool is_sound(const strongroom_panel_v1_ListPart& part) {
  return part.version > 0 && part.index < part.count &&
         part.entries.size % kListEntryBytes == 0;
}

// Leaves and readers that this panel does not have: the panel says so.
bool is_sound(const Request& request) {
  switch (request.which_order) {
    case 0:
      return request.order_id == 0;
    case strongroom_panel_v1_PanelRequest_unlock_tag:
    case strongroom_panel_v1_PanelRequest_lockdown_tag:
      return request.order_id > 0;
    case strongroom_panel_v1_PanelRequest_indicate_tag:
      return request.order_id > 0 && is_within(request.order.indicate.signal,
                                               1,
                                               _strongroom_panel_v1_Signal_MAX);
    case strongroom_panel_v1_PanelRequest_config_tag:
      return request.order_id > 0 && is_sound(request.order.config);
    case strongroom_panel_v1_PanelRequest_list_tag:
      return request.order_id > 0 && is_sound(request.order.list);
    default:
      return false;
  }
}

}  // namespace

bool read_request(std::span<const std::uint8_t> body, Request& request) {
  pb_istream_t in = pb_istream_from_buffer(body.data(), body.size());
  if (!pb_decode(&in, &strongroom_panel_v1_PanelRequest_msg, &request)) {
    const std::uint32_t order_id = request.order_id;
    request = {};
    request.order_id = order_id;
    return false;
  }
  if (!is_sound(request)) {
    request.which_order = 0;
    return false;
  }
  return true;
}

}  // namespace strongroom::panel
