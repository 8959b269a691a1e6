// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "core/log/tile.h"
#include "ledger/http/log_routes.h"

namespace strongroom {
namespace {

std::optional<Origin> origin_of(const PublicApi& api,
                                const HttpRequest& request) {
  const auto stream = stream_from_name(request.matches.at(1));
  const auto generation = parse_number(request.matches.at(2));
  if (!stream || !generation || !is_valid_name(request.matches.at(0))) {
    return std::nullopt;
  }
  return Origin{api.registry.ledger,
                request.matches.at(0),
                *stream,
                static_cast<std::uint32_t>(*generation)};
}

HttpResponse serve_checkpoint(const PublicApi& api,
                              const HttpRequest& request) {
  const auto log = log_of(api, request);
  return log == nullptr ? no_such_log(api, request)
                        : HttpResponse::text(log->note);
}

HttpResponse serve_tile(const PublicApi& api, const HttpRequest& request) {
  const auto log = log_of(api, request);
  if (log == nullptr) {
    return no_such_log(api, request);
  }
  const auto tile = TileId::parse(request.matches.at(3));
  if (!tile) {
    return HttpResponse::error(404, "no such path of a tile");
  }
  auto access = api.logs.borrow();
  if (!access) {
    return HttpResponse::error(503, access.error().what);
  }
  const auto bytes =
      tile->level == TileId::kEntries
          ? (*access)->bundle(*log, tile->number, tile->width)
          : (*access)->tile(*log, tile->level, tile->number, tile->width);
  if (!bytes) {
    return HttpResponse::error(500, bytes.error().what);
  }
  if (!*bytes) {
    return HttpResponse::error(404, "the log does not reach that far");
  }
  if ((*bytes)->empty()) {
    return gone(*log, tile->number * kTileWidth);
  }
  HttpResponse response;
  response.content_type = "application/octet-stream";
  response.body = std::string(as_chars(**bytes));
  response.cacheable = true;
  return response;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || last != end || text.empty() ||
      (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  return value;
}

std::shared_ptr<const PublishedLog> log_of(const PublicApi& api,
                                           const HttpRequest& request) {
  const auto origin = origin_of(api, request);
  auto log = origin ? api.publication.find(*origin) : nullptr;
  return log == nullptr || log->note.empty() ? nullptr : log;
}

HttpResponse no_such_log(const PublicApi& api, const HttpRequest& request) {
  const auto origin = origin_of(api, request);
  const auto log = origin ? api.publication.find(*origin) : nullptr;
  return log == nullptr ? HttpResponse::error(404, "no such log")
                        : HttpResponse::error(503, "frozen: " + log->frozen);
}

HttpResponse gone(const PublishedLog& log, std::uint64_t index) {
  return HttpResponse::error(
      410,
      "index " + std::to_string(index) + " of " + log.origin.text() +
          " was deleted by the retention policy, which the site's record log "
          "announced (telemetry_pruned); its hash is kept, so proofs of it and "
          "of everything else hold");
}

std::shared_ptr<const PublishedLog> successor_of(const Publication& publication,
                                                 const Origin& origin) {
  Origin next = origin;
  ++next.generation;
  return publication.find(next);
}

std::shared_ptr<const PublishedLog> newest_registry(const PublicApi& api) {
  auto registry = api.publication.find(api.registry);
  while (registry != nullptr) {
    auto next = successor_of(api.publication, registry->origin);
    if (next == nullptr || next->checkpoint.size == 0) {
      break;
    }
    registry = std::move(next);
  }
  return registry;
}

void add_tile_routes(HttpServer& server, const PublicApi& api) {
  const std::string log = std::string("/log/") + kLogPattern;
  server.get(log + "/checkpoint", [&api](const HttpRequest& request) {
    return serve_checkpoint(api, request);
  });
  server.get(
      log + "/(tile/[0-9a-z/.]{1,80})",
      [&api](const HttpRequest& request) { return serve_tile(api, request); });
}

}  // namespace strongroom
