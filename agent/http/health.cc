// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/http/health_parts.h"

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
    if (stream.blocked_by == "succeeded") {
      reasons.push_back(
          fmt::format("the log of {} has a successor, which two persons must "
                      "let the agent follow (`strongroom follow`)",
                      stream.name));
    } else if (!stream.blocked_by.empty()) {
      reasons.push_back(fmt::format(
          "the ledger refuses {}: {}", stream.name, stream.blocked_by));
    }
  }
  return reasons;
}

// "60 s"; of a configuration that records every poll, "a poll".
std::string length_text(std::chrono::milliseconds length) {
  return length.count() == 0
             ? "a poll"
             : fmt::format("{} s", static_cast<double>(length.count()) / 1000);
}

double mebibytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1024.0 * 1024.0);
}

// What the journal's quota has made the agent do. In words that stay the same
// while it stays so.
void add_space_reasons(const SpaceSnapshot& space, Reasons& reasons) {
  if (space.level > 0) {
    reasons.push_back(
        fmt::format("the journal fills: windows are {} long instead of {}",
                    length_text(space.window_length),
                    length_text(space.configured_length)));
  }
  if (space.losses_ahead > 0) {
    reasons.push_back(fmt::format(
        "the journal was full: the oldest telemetry was given up, {} events so "
        "far; the record says which",
        space.lost_events));
  }
  if (space.quota.quota_bytes > 0 &&
      space.usage.used_bytes > space.quota.quota_bytes) {
    reasons.push_back(fmt::format(
        "the journal takes more than its quota of {:.0f} MiB: the record is "
        "never given up",
        mebibytes(space.quota.quota_bytes)));
  }
}

void add_salvage_reasons(const AgentSnapshot& snapshot, Reasons& reasons) {
  for (const StreamSnapshot& stream : snapshot.streams) {
    if (stream.salvage_pending > 0) {
      reasons.push_back(
          fmt::format("{} events of {} of a refused epoch are still to be told "
                      "again",
                      stream.salvage_pending,
                      stream.name));
    }
  }
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
    if (std::ranges::all_of(devices, gone)) {  // also of panels alone
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
  if (!configuration.policy_fault.empty()) {
    reasons.push_back("the policy was refused at the start: " +
                      configuration.policy_fault + "; put it right and reload");
  }
  add_space_reasons(snapshot.space, reasons);
  add_salvage_reasons(snapshot, reasons);
  for (const LineSnapshot& line : lines) {
    add_line_reasons(snapshot, line, reasons);
  }
  add_door_reasons(snapshot, lines, reasons);
  return reasons;
}

nlohmann::json stream_json(const StreamSnapshot& stream) {
  return {{"tail", stream.tail},
          {"delivered", stream.delivered},
          {"backlog", stream.backlog},
          {"in_flight", stream.in_flight},
          {"state", stream.state},
          {"blocked_by", stream.blocked_by},
          {"log", stream.log},
          {"salvage_pending", stream.salvage_pending}};
}

nlohmann::json journal_json(const AgentSnapshot& snapshot) {
  const SpaceSnapshot& space = snapshot.space;
  nlohmann::json out = {
      {"commits", snapshot.journal.commits},
      {"failed_commits", snapshot.journal.failed_commits},
      {"error", snapshot.journal.error},
      {"set_aside", snapshot.journal.set_aside},
      {"used_bytes", space.usage.used_bytes},
      {"quota_bytes", space.quota.quota_bytes},
      {"telemetry_share_bytes", space.telemetry_share},
      {"pressure", space.level},
      {"window_ms", space.window_length.count()},
      {"configured_window_ms", space.configured_length.count()},
      {"losses", space.losses},
      {"losses_ahead", space.losses_ahead},
      {"lost_events", space.lost_events}};
  for (const Stream stream : kAgentStreams) {
    const std::string name(stream_name(stream));
    out["owed_bytes"][name] = space.usage.owed_bytes[slot_of(stream)];
    out["kept_bytes"][name] = space.usage.kept_bytes[slot_of(stream)];
  }
  return out;
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
      {"journal", journal_json(snapshot)},
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
  const auto lines = sources.lines();
  const Reasons troubles = troubles_of(*snapshot, lines, configuration);
  reasons.insert(reasons.end(), troubles.begin(), troubles.end());
  nlohmann::json out = agent_json(*snapshot);
  out["panels"] = panels_json(*snapshot, lines);
  out["policy"] = {{"loaded", snapshot->doors.has_policy},
                   {"version", snapshot->doors.policy_version}};
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
