// SPDX-License-Identifier: Apache-2.0
// What the agent shows of panels and of who was let in.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/loop/open_orders.h"
#include "core/base/now.h"
#include "core/crypto/hash.h"
#include "proto/event.pb.h"
#include "proto/panel.pb.h"

namespace strongroom {

struct PanelSnapshot {
  std::string line;
  std::string name;
  std::vector<std::string> leaves;
  std::optional<bool> is_up;      // nothing: not heard of yet
  bool is_alone = false;          // as its newest event says
  bool is_under_fire = false;     // or released by one, until that is ended
  bool is_fire_released = false;  // its input may be at rest again
  std::uint8_t lockdown = 0;      // mask
  std::uint32_t ring = 0;
  std::uint32_t held_seq = 0;
  std::uint64_t events = 0;        // recorded since the start
  std::uint64_t doubled = 0;       // told again, and dropped
  std::uint64_t lost = 0;          // gone for ever, since the start
  std::uint64_t lost_unknown = 0;  // times that nobody knows how many
  std::uint32_t list_version = 0;
  std::uint32_t list_entries = 0;
  std::uint32_t list_capacity = 0;
  bool tests_only = false;
  std::optional<WallTime> last_event;
  std::optional<strongroom_panel_v1_PanelStatus> status;
};

struct DoorsSnapshot {
  std::vector<PanelSnapshot> panels;
  std::map<strongroom_v1_AccessReason, std::uint64_t> decisions;
  OpenOrders::Counts orders{};
  std::size_t open_orders = 0;
  LatencyHistogram unlock;
  std::uint64_t stray_reports = 0;  // of panels that are not configured
  bool has_policy = false;
  std::uint64_t policy_version = 0;
  Hash policy_hash{};
};

}  // namespace strongroom
