// SPDX-License-Identifier: Apache-2.0
#include "ledger/http/json_text.h"
#include "ledger/http/log_routes.h"

namespace strongroom {
namespace {

using nlohmann::json;

// A turn takes milliseconds; a loop that has made none for so long hangs.
constexpr std::int64_t kStalledAfterSeconds = 10;

/// A successor goes on: that it signs no more is as it should be.
bool is_closed(const PublicApi& api, const PublishedLog& log) {
  return log.closed_at && successor_of(api.publication, log.origin) != nullptr;
}

json scrub_json(const ScrubView& scrub) {
  json out = {{"origin", scrub.origin},
              {"index", scrub.index},
              {"size", scrub.size},
              {"rounds", scrub.rounds}};
  if (scrub.round_done_us != 0) {
    out["round_done_us"] = std::to_string(scrub.round_done_us);
  }
  return out;
}

HttpResponse serve_health(const PublicApi& api) {
  const Vitals vitals = api.vitals();
  json reasons = json::array();
  bool failed = false;
  for (const auto& log : api.publication.all()) {
    if (!log->frozen.empty() && !is_closed(api, *log)) {
      reasons.push_back(log->origin.text() + " is frozen: " + log->frozen);
      failed = true;
    }
  }
  if (vitals.seconds_since_turn > kStalledAfterSeconds) {
    reasons.push_back("the loop makes no progress");
    failed = true;
  }
  for (const auto& [origin, why] : api.views.held_back()) {
    reasons.push_back(why);
    failed = true;
  }
  for (const auto& [origin, count] : api.views.damaged()) {
    reasons.push_back(origin + ": " + std::to_string(count) +
                      " damaged entries: see the findings and strongroom "
                      "repair");
  }
  const ScrubView scrub = api.views.scrub();
  if (!scrub.error.empty()) {
    reasons.push_back("the scrubber cannot read: " + scrub.error);
  }
  if (!vitals.broker_connected) {
    reasons.push_back("not connected to the broker");
  }
  const char* status = failed ? "failed" : reasons.empty() ? "ok" : "degraded";
  HttpResponse response = HttpResponse::json(
      json_text({{"status", status},
                 {"reasons", std::move(reasons)},
                 {"version", api.version},
                 {"ledger", api.registry.ledger},
                 {"broker_connected", vitals.broker_connected},
                 {"scrub", scrub_json(scrub)}}));
  response.status = failed ? 503 : 200;
  return response;
}

/// A label's value: our names need no escaping, foreign ones do not come here.
std::string labelled(const std::string& name,
                     const std::string& label,
                     const std::string& value,
                     std::uint64_t number) {
  return name + "{" + label + "=\"" + value + "\"} " + std::to_string(number) +
         "\n";
}

void add_log_metrics(const PublicApi& api, std::string& text) {
  text += "# TYPE strongroom_ledger_log_entries gauge\n";
  std::string frozen = "# TYPE strongroom_ledger_log_frozen gauge\n";
  std::string closed = "# TYPE strongroom_ledger_log_closed gauge\n";
  std::string pruned = "# TYPE strongroom_ledger_log_pruned_to gauge\n";
  const auto held_back = api.views.held_back();
  for (const auto& log : api.publication.all()) {
    const std::string origin = log->origin.text();
    text += labelled("strongroom_ledger_log_entries",
                     "origin",
                     origin,
                     log->checkpoint.size);
    frozen += labelled("strongroom_ledger_log_frozen",
                       "origin",
                       origin,
                       (!log->frozen.empty() && !is_closed(api, *log)) ||
                               held_back.contains(origin)
                           ? 1
                           : 0);
    closed += labelled("strongroom_ledger_log_closed",
                       "origin",
                       origin,
                       is_closed(api, *log) ? 1 : 0);
    if (log->pruned_to != 0) {
      pruned += labelled(
          "strongroom_ledger_log_pruned_to", "origin", origin, log->pruned_to);
    }
  }
  text += frozen + closed + pruned;
  std::string damaged = "# TYPE strongroom_ledger_damaged_entries gauge\n";
  for (const auto& [origin, count] : api.views.damaged()) {
    damaged +=
        labelled("strongroom_ledger_damaged_entries", "origin", origin, count);
  }
  text += damaged;
}

void add_source_metrics(const PublicApi& api, std::string& text) {
  text += "# TYPE strongroom_ledger_refusals_total counter\n";
  std::string online = "# TYPE strongroom_ledger_source_online gauge\n";
  for (const SourceView& source : api.views.sources()) {
    for (const auto& [reason, count] : source.refusals) {
      text += "strongroom_ledger_refusals_total{source=\"" +
              source.source.text() + "\",reason=\"" + reason + "\"} " +
              std::to_string(count) + "\n";
    }
    if (source.heard) {
      online += labelled("strongroom_ledger_source_online",
                         "source",
                         source.source.text(),
                         source.online ? 1 : 0);
    }
  }
  text += online;
}

HttpResponse serve_metrics(const PublicApi& api) {
  const Vitals vitals = api.vitals();
  const LedgerCounters counters = api.views.counters();
  std::map<std::string, std::uint64_t> all = vitals.counters;
  all["batches_appended"] = counters.batches_appended;
  all["events_appended"] = counters.events_appended;
  all["batches_acked_again"] = counters.batches_acked_again;
  all["unknown_source"] = counters.unknown_source;
  all["unreadable_messages"] = counters.unreadable;
  all["commits"] = counters.commits;
  all["acks_unsent"] = counters.acks_unsent;
  all["entries_pruned"] = counters.entries_pruned;
  const ScrubView scrub = api.views.scrub();
  all["scrubbed_batches"] = scrub.batches;
  all["scrub_rounds"] = scrub.rounds;
  std::string text;
  for (const auto& [name, value] : all) {
    const std::string full = "strongroom_ledger_" + name + "_total";
    text += "# TYPE " + full + " counter\n" + full + " " +
            std::to_string(value) + "\n";
  }
  text +=
      "# TYPE strongroom_ledger_broker_connected gauge\n"
      "strongroom_ledger_broker_connected ";
  text += vitals.broker_connected ? "1\n" : "0\n";
  for (const auto& [name, value] : vitals.gauges) {
    const std::string full = "strongroom_ledger_" + name;
    text += "# TYPE " + full + " gauge\n" + full + " " + std::to_string(value) +
            "\n";
  }
  add_log_metrics(api, text);
  add_source_metrics(api, text);
  HttpResponse response = HttpResponse::text(std::move(text));
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

}  // namespace

void add_vitals_routes(HttpServer& server, const PublicApi& api) {
  server.get("/health",
             [&api](const HttpRequest&) { return serve_health(api); });
  server.get("/metrics",
             [&api](const HttpRequest&) { return serve_metrics(api); });
}

}  // namespace strongroom
