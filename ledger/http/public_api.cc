// SPDX-License-Identifier: Apache-2.0
#include "ledger/http/public_api.h"

#include "ledger/http/json_text.h"
#include "ledger/http/log_routes.h"
#include "ledger/views/json.h"

namespace strongroom {
namespace {

using nlohmann::json;

constexpr std::size_t kFindingsShown = 200;

HttpResponse serve_logs(const PublicApi& api) {
  json list = json::array();
  const auto held_back = api.views.held_back();
  for (const auto& log : api.publication.all()) {
    const Origin& origin = log->origin;
    json each = {
        {"origin", origin.text()},
        {"prefix",
         "/log/" + origin.site + "/" + std::string(stream_name(origin.stream)) +
             "/" + std::to_string(origin.generation) + "/"},
        {"size", log->checkpoint.size},
        {"root", to_base64(log->checkpoint.root)}};
    const auto successor = successor_of(api.publication, origin);
    if (successor != nullptr) {
      each["successor"] = successor->origin.text();
    }
    if (log->closed_at) {
      each["closed_at"] = *log->closed_at;
    } else if (!log->frozen.empty()) {
      each["frozen"] = log->frozen;
    } else if (const auto why = held_back.find(origin.text());
               why != held_back.end()) {
      each["frozen"] = why->second;
    }
    if (log->pruned_to != 0) {
      each["pruned_to"] = log->pruned_to;
    }
    list.push_back(std::move(each));
  }
  return HttpResponse::json(json_text(list));
}

HttpResponse serve_live(const PublicApi& api) {
  json devices = json::array();
  for (const DeviceView& device : api.views.devices()) {
    devices.push_back(to_json(device));
  }
  return HttpResponse::json(json_text({{"devices", std::move(devices)}}));
}

HttpResponse serve_sources(const PublicApi& api) {
  json sources = json::array();
  for (const SourceView& source : api.views.sources()) {
    sources.push_back(to_json(source));
  }
  return HttpResponse::json(
      json_text({{"sources", std::move(sources)},
                 {"unknown_source", api.views.counters().unknown_source}}));
}

HttpResponse serve_findings(const PublicApi& api) {
  json list = json::array();
  for (const FindingView& finding : api.views.findings(kFindingsShown)) {
    list.push_back(to_json(finding));
  }
  return HttpResponse::json(json_text(list));
}

}  // namespace

void add_public_routes(HttpServer& server, const PublicApi& api) {
  add_tile_routes(server, api);
  add_proof_routes(server, api);
  add_vitals_routes(server, api);
  server.get("/api/v1/logs",
             [&api](const HttpRequest&) { return serve_logs(api); });
  server.get("/api/v1/live",
             [&api](const HttpRequest&) { return serve_live(api); });
  server.get("/api/v1/sources",
             [&api](const HttpRequest&) { return serve_sources(api); });
  server.get("/api/v1/findings",
             [&api](const HttpRequest&) { return serve_findings(api); });
}

}  // namespace strongroom
