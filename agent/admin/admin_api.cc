// SPDX-License-Identifier: Apache-2.0
#include "agent/admin/admin_api.h"

#include <chrono>
#include <future>

namespace strongroom {
namespace {

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
    return HttpResponse::error(
        503,
        "the agent is busy or stopping; whether it was done shows in "
        "/admin/state");
  }
  if (!*outcome) {
    return HttpResponse::error(409, outcome->error().what);
  }
  return HttpResponse::json(follow_json(*order, **outcome));
}

constexpr std::chrono::seconds kPatience{15};

HttpResponse serve_state(const AdminPorts& ports) {
  const auto snapshot = ports.agent();
  return snapshot ? HttpResponse::json(state_json(*snapshot))
                  : HttpResponse::error(503, "starting");
}

}  // namespace

FollowOutcome follow_by_loop(Inbox& inbox, FollowOrder order) {
  const auto promise = std::make_shared<std::promise<Result<std::string>>>();
  auto said = promise->get_future();
  const bool waits =
      inbox.push_follow({std::move(order), [promise](const auto& reply) {
                           promise->set_value(reply);
                         }});
  if (!waits || said.wait_for(kPatience) != std::future_status::ready) {
    return std::nullopt;
  }
  return said.get();
}

HttpLimits admin_limits() {
  return {.threads = 2, .max_body = kMaxAdminBody, .max_connections = 4};
}

void add_admin_routes(HttpServer& server, AdminPorts ports) {
  const auto shared = std::make_shared<const AdminPorts>(std::move(ports));
  server.post("/admin/follow", [shared](const HttpRequest& request) {
    return serve_follow(*shared, request);
  });
  server.get("/admin/state",
             [shared](const HttpRequest&) { return serve_state(*shared); });
}

}  // namespace strongroom
