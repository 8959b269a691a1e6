// SPDX-License-Identifier: Apache-2.0
#include "agent/admin/admin_api.h"

#include <chrono>
#include <future>

namespace strongroom {
namespace {

constexpr const char* kNoAnswer =
    "the agent is busy or stopping; whether it was done shows in ";

HttpResponse serve_lockdown(const AdminPorts& ports,
                            const HttpRequest& request) {
  const auto order = parse_lockdown_body(request.body);
  if (!order) {
    return HttpResponse::error(400, order.error().what);
  }
  const LockdownOutcome outcome = ports.lock_down(*order);
  if (!outcome) {
    return HttpResponse::error(503, std::string(kNoAnswer) + "/health");
  }
  if (!*outcome) {
    return HttpResponse::error(409, outcome->error().what);
  }
  return HttpResponse::json(done_json(**outcome));
}

HttpResponse serve_follow(const AdminPorts& ports, const HttpRequest& request) {
  const auto asked = parse_follow_body(request.body);
  if (!asked) {
    return HttpResponse::error(400, asked.error().what);
  }
  const auto order = ports.read(*asked);
  if (!order) {
    return HttpResponse::error(400, order.error().what);
  }
  if (asked->dry_run) {
    return HttpResponse::json(follow_json(*order, ""));
  }
  const FollowOutcome outcome = ports.follow(*order);
  if (!outcome) {
    return HttpResponse::error(503, std::string(kNoAnswer) + "/admin/state");
  }
  if (!*outcome) {
    return HttpResponse::error(409, outcome->error().what);
  }
  return HttpResponse::json(follow_json(*order, **outcome));
}

constexpr std::chrono::seconds kPatience{15};

// Nothing: the loop does not take it, or says nothing.
template <typename Push>
FollowOutcome by_loop(Push push) {
  const auto promise = std::make_shared<std::promise<Result<std::string>>>();
  auto said = promise->get_future();
  const bool waits =
      push([promise](const auto& reply) { promise->set_value(reply); });
  if (!waits || said.wait_for(kPatience) != std::future_status::ready) {
    return std::nullopt;
  }
  return said.get();
}

HttpResponse serve_state(const AdminPorts& ports) {
  const auto snapshot = ports.agent();
  return snapshot ? HttpResponse::json(state_json(*snapshot))
                  : HttpResponse::error(503, "starting");
}

}  // namespace

FollowOutcome follow_by_loop(Inbox& inbox, FollowOrder order) {
  return by_loop([&](FollowReply reply) {
    return inbox.push_follow({std::move(order), std::move(reply)});
  });
}

LockdownOutcome lock_down_by_loop(Inbox& inbox, LockdownOrder order) {
  return by_loop([&](LockdownReply reply) {
    return inbox.push_lockdown({std::move(order), std::move(reply)});
  });
}

HttpLimits admin_limits() {
  return {.threads = 2, .max_body = kMaxAdminBody, .max_connections = 4};
}

void add_admin_routes(HttpServer& server, AdminPorts ports) {
  const auto shared = std::make_shared<const AdminPorts>(std::move(ports));
  server.post("/admin/follow", [shared](const HttpRequest& request) {
    return serve_follow(*shared, request);
  });
  server.post("/admin/lockdown", [shared](const HttpRequest& request) {
    return serve_lockdown(*shared, request);
  });
  server.get("/admin/state",
             [shared](const HttpRequest&) { return serve_state(*shared); });
}

}  // namespace strongroom
