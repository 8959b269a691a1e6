// SPDX-License-Identifier: Apache-2.0
#include "core/event/access_fault.h"

#include "core/event/message_check.h"

namespace strongroom {
namespace {

using Fault = std::optional<std::string>;

Fault origin_fault(const strongroom_v1_PanelOrigin& origin, const char* field) {
  if (!is_enum_value(origin.clock, _strongroom_v1_PanelClock_MAX)) {
    return "field " + std::string(field) + ".1.4: no such clock";
  }
  return std::nullopt;
}

Fault badge_fault(const strongroom_v1_BadgeRead& body) {
  if (!is_enum_value(body.direction, _strongroom_v1_Direction_MAX)) {
    return "field 100.4: no such direction";
  }
  if (!is_enum_value(body.format, _strongroom_v1_CredentialFormat_MAX)) {
    return "field 100.5: no such format";
  }
  if (body.commitment.size != 0 && body.commitment.size != 32) {
    return "field 100.8: neither empty nor 32 bytes";
  }
  return origin_fault(body.origin, "100");
}

Fault decision_fault(const strongroom_v1_AccessDecision& body,
                     const std::string& field) {
  if (!is_enum_value(body.direction, _strongroom_v1_Direction_MAX)) {
    return "field " + field + ".4: no such direction";
  }
  if (!is_enum_value(body.reason, _strongroom_v1_AccessReason_MAX)) {
    return "field " + field + ".5: no such reason";
  }
  if (!is_enum_value(body.decided_by, _strongroom_v1_DecidedBy_MAX)) {
    return "field " + field + ".6: nobody of that number decides";
  }
  return origin_fault(body.origin, field.c_str());
}

Fault order_fault(const strongroom_v1_OrderEnded& body) {
  if (!is_enum_value(body.kind, _strongroom_v1_OrderKind_MAX)) {
    return "field 107.3: no such kind";
  }
  if (!is_enum_value(body.outcome, _strongroom_v1_OrderOutcome_MAX)) {
    return "field 107.4: no such outcome";
  }
  return std::nullopt;
}

}  // namespace

Fault access_fault(const EventMessage& event) {
  switch (event.which_body) {
    case strongroom_v1_Event_badge_read_tag:
      return badge_fault(event.body.badge_read);
    case strongroom_v1_Event_access_granted_tag:
      return decision_fault(event.body.access_granted, "101");
    case strongroom_v1_Event_access_denied_tag:
      return decision_fault(event.body.access_denied, "102");
    case strongroom_v1_Event_leaf_changed_tag:
      if (!is_enum_value(event.body.leaf_changed.change,
                         _strongroom_v1_LeafChange_MAX)) {
        return "field 103.3: no such change";
      }
      return origin_fault(event.body.leaf_changed.origin, "103");
    case strongroom_v1_Event_panel_changed_tag:
      if (!is_enum_value(event.body.panel_changed.change,
                         _strongroom_v1_PanelChange_MAX)) {
        return "field 104.2: no such change";
      }
      return origin_fault(event.body.panel_changed.origin, "104");
    case strongroom_v1_Event_order_ended_tag:
      return order_fault(event.body.order_ended);
    default:
      return std::nullopt;
  }
}

}  // namespace strongroom
