// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/http/pages.h"

namespace strongroom {
namespace {

// A loop that made no turn for so long hangs.
constexpr MonoTime kStalledAfter = std::chrono::seconds(10);
// Shorter than this a line or a device may be gone without a person being
// asked: it comes back by itself, or is being restarted.
constexpr std::chrono::seconds kGoneAfter{30};

std::int64_t milliseconds(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time)
      .time_since_epoch()
      .count();
}

double seconds(MonoTime time) {
  return std::chrono::duration<double>(time).count();
}

using Reasons = std::vector<std::string>;

// Why the agent does not do its work.
Reasons failures_of(const AgentSnapshot& snapshot, MonoTime now) {
  Reasons reasons;
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

const DeviceSnapshot* find_device(const AgentSnapshot& snapshot,
                                  std::string_view name) {
  const auto found =
      std::ranges::find(snapshot.devices, name, &DeviceSnapshot::name);
  return found == snapshot.devices.end() ? nullptr : &*found;
}

bool is_gone(const AgentSnapshot& snapshot, std::string_view name) {
  const DeviceSnapshot* device = find_device(snapshot, name);
  if (device == nullptr) {
    return false;  // the loop has not heard of it yet
  }
  return device->last_good
             ? snapshot.at.wall - *device->last_good >= kGoneAfter
             : snapshot.at.monotonic - snapshot.started >= kGoneAfter;
}

std::string silence_of(const AgentSnapshot& snapshot,
                       const std::string& device,
                       const std::string& line) {
  const auto last_good = find_device(snapshot, device)->last_good;
  if (!last_good) {
    return fmt::format(
        "device {} of line {} has not answered yet", device, line);
  }
  return fmt::format(
      "device {} of line {} is silent since {:%Y-%m-%dT%H:%M:%SZ}",
      device,
      line,
      std::chrono::floor<std::chrono::seconds>(*last_good));
}

void add_line_reasons(const AgentSnapshot& snapshot,
                      const LineSnapshot& line,
                      Reasons& reasons) {
  const auto& devices = line.status.devices;
  const auto gone = [&snapshot](const LineDeviceStatus& device) {
    return is_gone(snapshot, device.name);
  };
  if (!line.status.is_open && !line.status.error.empty()) {
    if (std::ranges::all_of(devices, gone)) {
      reasons.push_back(fmt::format(
          "line {} cannot be opened: {}", line.name, line.status.error));
    }
    return;  // its devices are silent for that reason
  }
  for (const LineDeviceStatus& device : devices) {
    if (device.state == DeviceState::kSilent && gone(device)) {
      reasons.push_back(silence_of(snapshot, device.name, line.name));
    }
  }
}

// What works less well until somebody acts.
Reasons troubles_of(const AgentSnapshot& snapshot,
                    const std::vector<LineSnapshot>& lines,
                    const ReloadStatus& configuration) {
  Reasons reasons;
  if (!configuration.refused.empty()) {
    reasons.push_back(fmt::format(
        "configuration refused, the older one stays in force: {}{}",
        configuration.refused.front(),
        configuration.refused.size() == 1
            ? ""
            : fmt::format(" (and {} more)", configuration.refused.size() - 1)));
  }
  for (const LineSnapshot& line : lines) {
    add_line_reasons(snapshot, line, reasons);
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
  const ReloadStatus configuration = sources.configuration();
  Reasons reasons = failures_of(*snapshot, sources.monotonic());
  const bool failed = !reasons.empty();
  const Reasons troubles =
      troubles_of(*snapshot, sources.lines(), configuration);
  reasons.insert(reasons.end(), troubles.begin(), troubles.end());
  nlohmann::json out = agent_json(*snapshot);
  out["status"] = failed ? "failed" : reasons.empty() ? "ok" : "degraded";
  out["reasons"] = reasons;
  out["configuration"] = {{"reloads", configuration.reloads},
                          {"refused", configuration.refused},
                          {"needs_restart", configuration.needs_restart}};
  // Texts of libraries and devices may not be UTF-8: shown, not thrown at.
  HttpResponse response = HttpResponse::json(
      out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  response.status = failed ? 503 : 200;
  return response;
}

void add_pages(HttpServer& server, PageSources sources) {
  const auto shared = std::make_shared<const PageSources>(std::move(sources));
  server.get("/health",
             [shared](const HttpRequest&) { return health_page(*shared); });
  server.get("/metrics",
             [shared](const HttpRequest&) { return metrics_page(*shared); });
  server.get("/bus",
             [shared](const HttpRequest&) { return bus_page(*shared); });
}

}  // namespace strongroom
