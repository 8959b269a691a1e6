// SPDX-License-Identifier: Apache-2.0
// The agent's admin socket: what only persons decide, told to the running
// agent. Mode 0600, so whoever may open it is the agent's own account or root.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "agent/admin/admin_json.h"
#include "agent/loop/inbox.h"
#include "platform/http/server.h"

namespace strongroom {

/// What the loop said: what is done now, or why not. Nothing: another order
/// waits, the loop is stopping, or it said nothing in time and whether it was
/// done is not known.
using FollowOutcome = std::optional<Result<std::string>>;

/// Asks the loop and waits, at most 15 s.
FollowOutcome follow_by_loop(Inbox& inbox, FollowOrder order);

/// Likewise.
using LockdownOutcome = FollowOutcome;
LockdownOutcome lock_down_by_loop(Inbox& inbox, LockdownOrder order);

/// Called on pool threads.
struct AdminPorts {
  /// read_follow_order() for this source and trust.
  std::function<Result<FollowOrder>(const FollowBody& body)> read;
  /// follow_by_loop().
  std::function<FollowOutcome(FollowOrder order)> follow;
  std::function<std::shared_ptr<const AgentSnapshot>()> agent;
  /// lock_down_by_loop().
  std::function<LockdownOutcome(LockdownOrder order)> lock_down;
};

/// Few threads and connections: one person at a time.
HttpLimits admin_limits();

/// POST /admin/follow, POST /admin/lockdown, GET /admin/state.
void add_admin_routes(HttpServer& server, AdminPorts ports);

}  // namespace strongroom
