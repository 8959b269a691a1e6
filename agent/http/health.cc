// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/http/pages.h"

namespace strongroom {
namespace {

// A loop that made no turn for so long hangs.
constexpr MonoTime kStalledAfter = std::chrono::seconds(10);

std::int64_t milliseconds(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time)
      .time_since_epoch()
      .count();
}

double seconds(MonoTime time) {
  return std::chrono::duration<double>(time).count();
}

std::vector<std::string> reasons_of(const AgentSnapshot& snapshot,
                                    MonoTime now) {
  std::vector<std::string> reasons;
  const auto failing_since = snapshot.journal.failing_since;
  if (failing_since && journal_failed(snapshot, now)) {
    reasons.push_back(
        fmt::format("the journal has not committed for {:.0f} s: {}",
                    seconds(now - *failing_since),
                    snapshot.journal.error));
  } else if (now - snapshot.at.monotonic > kStalledAfter) {
    reasons.emplace_back("the loop makes no progress");
  }
  for (const StreamSnapshot& stream : snapshot.streams) {
    if (!stream.blocked_by.empty()) {
      reasons.push_back(fmt::format(
          "the ledger refuses {}: {}", stream.name, stream.blocked_by));
    }
  }
  return reasons;
}

nlohmann::json stream_json(const StreamSnapshot& stream) {
  return {{"tail", stream.tail},
          {"delivered", stream.delivered},
          {"backlog", stream.backlog},
          {"in_flight", stream.in_flight},
          {"state", stream.state},
          {"blocked_by", stream.blocked_by},
          {"log", stream.log}};
}

nlohmann::json device_json(const DeviceSnapshot& device) {
  return {{"line", device.line},
          {"device", device.name},
          {"polls", device.polls},
          {"failed_polls", device.failed_polls},
          {"last_good_ms",
           device.last_good ? nlohmann::json(milliseconds(*device.last_good))
                            : nlohmann::json()},
          {"error", device.error}};
}

nlohmann::json agent_json(const AgentSnapshot& snapshot) {
  nlohmann::json out = {
      {"source", snapshot.source},
      {"version", snapshot.version},
      {"epoch", fmt::format("{:016x}", snapshot.epoch)},
      {"uptime_s", seconds(snapshot.at.monotonic - snapshot.started)},
      {"time_ms", milliseconds(snapshot.at.wall)},
      {"connected", snapshot.connected},
      {"findings", snapshot.findings},
      {"journal",
       {{"commits", snapshot.journal.commits},
        {"failed_commits", snapshot.journal.failed_commits},
        {"error", snapshot.journal.error},
        {"set_aside", snapshot.journal.set_aside}}},
      {"streams", nlohmann::json::object()},
      {"devices", nlohmann::json::array()}};
  std::uint64_t backlog = 0;
  std::uint64_t refuted = snapshot.invalid_acks;
  for (const StreamSnapshot& stream : snapshot.streams) {
    out["streams"][stream.name] = stream_json(stream);
    out["delivered"][stream.name] = stream.delivered;
    backlog += stream.backlog;
    refuted += stream.sender.refuted;
  }
  out["backlog"] = backlog;
  out["acks_refuted"] = refuted;  // undecodable ones too
  for (const DeviceSnapshot& device : snapshot.devices) {
    out["devices"].push_back(device_json(device));
  }
  return out;
}

}  // namespace

HttpResponse health_page(const PageSources& sources) {
  const auto snapshot = sources.agent();
  if (snapshot == nullptr) {
    return HttpResponse::error(503, "starting");
  }
  const auto reasons = reasons_of(*snapshot, sources.monotonic());
  nlohmann::json out = agent_json(*snapshot);
  out["status"] = reasons.empty() ? "ok" : "failing";
  out["reasons"] = reasons;
  // Texts of libraries and devices may not be UTF-8: shown, not thrown at.
  HttpResponse response = HttpResponse::json(
      out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  response.status = reasons.empty() ? 200 : 503;
  return response;
}

void add_pages(HttpServer& server, PageSources sources) {
  const auto shared = std::make_shared<const PageSources>(std::move(sources));
  server.get("/health",
             [shared](const HttpRequest&) { return health_page(*shared); });
  server.get("/metrics",
             [shared](const HttpRequest&) { return metrics_page(*shared); });
}

}  // namespace strongroom
