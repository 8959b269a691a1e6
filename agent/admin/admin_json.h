// SPDX-License-Identifier: Apache-2.0
// What goes over the agent's admin socket, as JSON
// (docs/formats/agent-admin.md). Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/loop/follow_order.h"
#include "agent/loop/lockdown_order.h"
#include "agent/loop/snapshot.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

namespace strongroom {

/// Room for some four hundred chains with their proofs; an agent that began
/// more epochs has other troubles.
inline constexpr std::size_t kMaxFollowPack = std::size_t{1} << 20U;
/// Of a request: the pack in base64, and the rest.
inline constexpr std::size_t kMaxAdminBody = kMaxFollowPack / 3 * 4 + 4096;

struct FollowBody {
  Bytes pack;
  std::string first_person;
  std::string second_person;
  /// Only say what the pack proves; the loop is not asked.
  bool dry_run = false;
};

/// Faults name the member that is missing, unknown or not of its form.
Result<FollowBody> parse_follow_body(std::string_view body);

/// {panel, person, leaves: "a,b", end_fire?}; leaves "" are none. Faults name
/// the member that is missing, unknown or not of its form.
Result<LockdownOrder> parse_lockdown_body(std::string_view body);

/// What the pack proves, and in the loop's words what is done; empty: nothing,
/// it was a dry run.
std::string follow_json(const FollowOrder& order, const std::string& done);

/// What is done, in the loop's words.
std::string done_json(const std::string& done);

/// What a person asks before and after: streams, logs, journal.
std::string state_json(const AgentSnapshot& snapshot);

}  // namespace strongroom
