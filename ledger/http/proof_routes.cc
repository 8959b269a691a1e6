// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "core/log/entry.h"
#include "ledger/http/json_text.h"
#include "ledger/http/log_routes.h"
#include "ledger/http/pack_builder.h"
#include "ledger/views/json.h"

namespace strongroom {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxEntries = 256;
constexpr std::size_t kMaxPackEntries = 256;

/// A route that needs a log and a connection.
using LogHandler = std::function<HttpResponse(
    LogAccess& access, const PublishedLog& log, const HttpRequest& request)>;

HttpServer::Handler with_log(const PublicApi& api, LogHandler handler) {
  return [&api, handler = std::move(handler)](const HttpRequest& request) {
    const auto log = log_of(api, request);
    if (log == nullptr) {
      return no_such_log(api, request);
    }
    auto access = api.logs.borrow();
    return access ? handler(**access, *log, request)
                  : HttpResponse::error(503, access.error().what);
  };
}

/// A number of the query: `fallback` when absent, nothing when it is none.
std::optional<std::uint64_t> number_of(const HttpRequest& request,
                                       std::string_view name,
                                       std::optional<std::uint64_t> fallback) {
  const auto text = request.query(name);
  return text ? parse_number(*text) : fallback;
}

json entry_json(const IndexedEntry& entry) {
  json out = {{"index", entry.index}, {"entry", to_base64(entry.entry)}};
  if (entry.damaged) {
    out["type"] = "unknown";
    out["damaged"] = true;
    return out;
  }
  const auto view = parse_entry(entry.entry);
  out["type"] = !view                             ? "unknown"
                : view->type == EntryType::kEvent ? "event"
                                                  : "header";
  if (view) {
    if (auto decoded = decoded_json(*view)) {
      out["decoded"] = *std::move(decoded);
    }
  }
  return out;
}

HttpResponse serve_entries(LogAccess& access,
                           const PublishedLog& log,
                           const HttpRequest& request) {
  const auto from = number_of(request, "from", 0);
  const auto count = number_of(request, "count", kMaxEntries);
  if (!from || !count) {
    return HttpResponse::error(400, "from and count are decimal numbers");
  }
  const auto entries =
      access.entries(log, *from, std::min(*count, kMaxEntries));
  if (!entries) {
    return HttpResponse::error(500, entries.error().what);
  }
  json list = json::array();
  for (const IndexedEntry& entry : *entries) {
    if (entry.pruned()) {
      return gone(log, entry.index);
    }
    list.push_back(entry_json(entry));
  }
  return HttpResponse::json(json_text(list));
}

HttpResponse serve_proof(LogAccess& access,
                         const PublishedLog& log,
                         const HttpRequest& request) {
  const auto index = parse_number(request.matches.at(3));
  if (!index || *index >= log.checkpoint.size) {
    return HttpResponse::error(404, "the log does not reach that far");
  }
  auto path = access.inclusion(log, *index);
  if (!path) {
    return HttpResponse::error(500, path.error().what);
  }
  TlogProof proof;
  proof.index = *index;
  proof.path = *std::move(path);
  proof.checkpoint = log.note;
  return HttpResponse::text(proof.text());
}

HttpResponse serve_consistency(LogAccess& access,
                               const PublishedLog& log,
                               const HttpRequest& request) {
  const auto from = number_of(request, "from", std::nullopt);
  const auto to = number_of(request, "to", log.checkpoint.size);
  if (!from || !to || *from > *to) {
    return HttpResponse::error(400, "from and to are sizes, from <= to");
  }
  if (*to > log.checkpoint.size) {
    return HttpResponse::error(404, "the log does not reach that far");
  }
  const auto path = access.consistency(log, *from, *to);
  if (!path) {
    return HttpResponse::error(500, path.error().what);
  }
  json hashes = json::array();
  for (const Hash& hash : *path) {
    hashes.push_back(to_base64(hash));
  }
  return HttpResponse::json(
      json_text({{"from", *from}, {"to", *to}, {"hashes", std::move(hashes)}}));
}

HttpResponse serve_pack(const PublicApi& api,
                        LogAccess& access,
                        const PublishedLog& log,
                        const HttpRequest& request) {
  std::set<std::uint64_t> indices;
  for (const std::string& text : request.query_all("index")) {
    const auto index = parse_number(text);
    if (!index || *index >= log.checkpoint.size) {
      return HttpResponse::error(404, "no entry \"" + text + "\"");
    }
    indices.insert(*index);
  }
  if (indices.empty() || indices.size() > kMaxPackEntries) {
    return HttpResponse::error(400,
                               "index=.. once for each entry, at most " +
                                   std::to_string(kMaxPackEntries));
  }
  for (const std::uint64_t index : indices) {
    const auto batch = access.batch_at(log, index);
    if (!batch) {
      return HttpResponse::error(500, batch.error().what);
    }
    // A header brings the first event of its batch.
    const std::uint64_t shown =
        index == batch->header_index() ? batch->first_index : index;
    if (batch->is_pruned(shown)) {
      return gone(log, shown);
    }
  }
  const auto registry = newest_registry(api);
  if (registry == nullptr || registry->note.empty()) {
    return HttpResponse::error(503, "the registry cannot be served");
  }
  // A registry that was succeeded has the keys of its own time itself.
  const bool of_registry = log.origin.stream == Stream::kRegistry;
  const auto pack =
      build_pack(access, log, of_registry ? log : *registry, indices);
  if (!pack) {
    return HttpResponse::error(500, pack.error().what);
  }
  HttpResponse response;
  response.content_type = "application/octet-stream";
  response.body = std::string(as_chars(pack->encode()));
  return response;
}

HttpResponse serve_find(const PublicApi& api, const HttpRequest& request) {
  const auto source = Source::parse(request.query("source").value_or(""));
  const auto stream = stream_from_name(request.query("stream").value_or(""));
  const auto epoch = number_of(request, "epoch", std::nullopt);
  const auto seq = number_of(request, "seq", std::nullopt);
  if (!source || !stream || !epoch || !seq || *seq == 0) {
    return HttpResponse::error(400, "source, stream, epoch and seq are needed");
  }
  auto access = api.logs.borrow();
  if (!access) {
    return HttpResponse::error(503, access.error().what);
  }
  for (const auto& log : api.publication.all()) {
    if (log->origin.site != source->site || log->origin.stream != *stream ||
        log->note.empty()) {
      continue;
    }
    const auto index = (*access)->find(*log, source->text(), *epoch, *seq);
    if (!index) {
      return HttpResponse::error(500, index.error().what);
    }
    if (*index) {
      return HttpResponse::json(
          json_text({{"origin", log->origin.text()}, {"index", **index}}));
    }
  }
  return HttpResponse::error(404, "no such event");
}

}  // namespace

void add_proof_routes(HttpServer& server, const PublicApi& api) {
  const std::string log = kLogPattern;
  server.get("/api/v1/entries/" + log, with_log(api, serve_entries));
  server.get("/api/v1/proof/" + log + "/([0-9]{1,19})",
             with_log(api, serve_proof));
  server.get("/api/v1/consistency/" + log, with_log(api, serve_consistency));
  server.get("/api/v1/pack/" + log,
             with_log(api,
                      [&api](LogAccess& access,
                             const PublishedLog& at,
                             const HttpRequest& request) {
                        return serve_pack(api, access, at, request);
                      }));
  server.get("/api/v1/find", [&api](const HttpRequest& request) {
    return serve_find(api, request);
  });
}

}  // namespace strongroom
