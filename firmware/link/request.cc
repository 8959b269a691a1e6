// SPDX-License-Identifier: Apache-2.0
#include "firmware/link/request.h"

#include <cstring>
#include <pb_decode.h>

#include "firmware/logic/offline_list.h"

namespace strongroom::panel {
namespace {

using Request = strongroom_panel_v1_PanelRequest;

// A number that its enum does not have must not even be looked at as one.
// 0 is UNSPECIFIED in each of them.
template <typename Enum>
bool is_known(const Enum& value, Enum last) {
  static_assert(sizeof(Enum) <= sizeof(std::uint32_t));
  std::uint32_t number = 0;
  std::memcpy(&number, &value, sizeof(value));
  return number >= 1 && number <= static_cast<std::uint32_t>(last);
}

bool is_sound(const strongroom_panel_v1_ConfigPart& part) {
  switch (part.which_part) {
    case strongroom_panel_v1_ConfigPart_settings_tag:
      return true;
    case strongroom_panel_v1_ConfigPart_leaf_tag: {
      const auto& leaf = part.part.leaf;
      return is_known(leaf.lock, _strongroom_panel_v1_LockKind_MAX) &&
             is_known(leaf.exit, _strongroom_panel_v1_ExitKind_MAX) &&
             is_known(leaf.offline, _strongroom_panel_v1_OfflinePolicy_MAX);
    }
    case strongroom_panel_v1_ConfigPart_reader_tag: {
      const auto& reader = part.part.reader;
      return is_known(reader.kind, _strongroom_panel_v1_ReaderKind_MAX) &&
             is_known(reader.keypad, _strongroom_panel_v1_KeypadKind_MAX);
    }
    default:
      return false;
  }
}

bool is_sound(const strongroom_panel_v1_ListPart& part) {
  return part.version > 0 && part.index < part.count &&
         part.entries.size % kListEntryBytes == 0;
}

// What the decoder cannot bound. Whether an order fits this panel, the panel
// says.
bool is_sound(const Request& request) {
  if ((request.which_order == 0) != (request.order_id == 0)) {
    return false;
  }
  switch (request.which_order) {
    case strongroom_panel_v1_PanelRequest_indicate_tag:
      return is_known(request.order.indicate.signal,
                      _strongroom_panel_v1_Signal_MAX);
    case strongroom_panel_v1_PanelRequest_config_tag:
      return is_sound(request.order.config);
    case strongroom_panel_v1_PanelRequest_list_tag:
      return is_sound(request.order.list);
    default:
      return true;
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
