// SPDX-License-Identifier: Apache-2.0
#include "ledger/http/admin_api.h"

#include <chrono>
#include <future>
#include <memory>

#include "core/log/checkpoint.h"
#include "ledger/http/admin_json.h"
#include "ledger/http/json_text.h"

namespace strongroom {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kPatience{15};

/// Runs `ask` on the loop thread and waits for what it says.
template <typename Reply>
std::optional<Reply> on_loop(LedgerInbox& inbox,
                             std::function<Result<Reply>(Ledger&)> ask) {
  auto promise = std::make_shared<std::promise<std::optional<Reply>>>();
  auto reply = promise->get_future();
  const bool posted = inbox.post(
      [promise, ask = std::move(ask)](Ledger& ledger) -> Result<void> {
        auto said = ask(ledger);
        if (!said) {
          promise->set_value(std::nullopt);
          return std::unexpected(said.error());
        }
        promise->set_value(*std::move(said));
        return {};
      });
  if (!posted || reply.wait_for(kPatience) != std::future_status::ready) {
    return std::nullopt;
  }
  return reply.get();
}

HttpResponse serve_order(const AdminApi& api,
                         OrderKind kind,
                         const HttpRequest& request) {
  const auto order = parse_order(kind, request.body);
  if (!order) {
    return HttpResponse::error(400, order.error().what);
  }
  const auto outcome = on_loop<OrderOutcome>(
      api.inbox, [order = *order, actor = api.actor](Ledger& ledger) {
        return ledger.carry_out(order, actor);
      });
  if (!outcome) {
    return HttpResponse::error(
        503,
        "the ledger is busy or stopping; whether it was done shows in "
        "/admin/state");
  }
  if (const auto* refused = std::get_if<OrderRefused>(&*outcome)) {
    return HttpResponse::error(refused->conflict ? 409 : 400, refused->why);
  }
  const auto& done = std::get<OrderDone>(*outcome);
  return HttpResponse::json(json_text({{"origin", done.origin},
                                       {"index", done.index},
                                       {"checkpoint", done.note}}));
}

json state_json(const AdminApi& api, const KeyRegistry& registry) {
  json sources = json::array();
  for (const auto& [source, entry] : registry.sources()) {
    json keys = json::array();
    for (const SourceKey& key : entry.keys) {
      json each = {{"key", to_base64(key.key)},
                   {"revoked", key.revoked},
                   {"since", key.since}};
      if (!key.sealing_key.empty()) {
        each["sealing_key"] = to_base64(key.sealing_key);
      }
      keys.push_back(std::move(each));
    }
    sources.push_back({{"source", source.text()},
                       {"kind", source.is_console() ? "console" : "agent"},
                       {"keys", std::move(keys)}});
  }
  json logs = json::array();
  for (const auto& log : api.publication.all()) {
    json each = {{"origin", log->origin.text()},
                 {"size", log->checkpoint.size},
                 {"frozen", log->closed_at ? "" : log->frozen}};
    if (log->closed_at) {
      each["closed_at"] = *log->closed_at;
    }
    logs.push_back(std::move(each));
  }
  return {{"ledger", api.ledger},
          {"trust", Trust{api.ledger, {api.log_key}}.text()},
          {"disclosure_public", to_base64(api.disclosure_key)},
          {"sources", std::move(sources)},
          {"logs", std::move(logs)}};
}

HttpResponse serve_state(const AdminApi& api) {
  const auto state = on_loop<std::string>(api.inbox, [&api](Ledger& ledger) {
    return Result<std::string>(json_text(state_json(api, ledger.registry())));
  });
  return state ? HttpResponse::json(*state)
               : HttpResponse::error(503, "the ledger is busy or stopping");
}

}  // namespace

void add_admin_routes(HttpServer& server, const AdminApi& api) {
  const auto order_route = [&](const std::string& path, OrderKind kind) {
    server.post(path, [&api, kind](const HttpRequest& request) {
      return serve_order(api, kind, request);
    });
  };
  order_route("/admin/enrol", OrderKind::kEnrol);
  order_route("/admin/rotate", OrderKind::kRotate);
  order_route("/admin/revoke", OrderKind::kRevoke);
  order_route("/admin/confirm", OrderKind::kConfirm);
  server.get("/admin/state",
             [&api](const HttpRequest&) { return serve_state(api); });
}

}  // namespace strongroom
