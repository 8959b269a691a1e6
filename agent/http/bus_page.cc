// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "agent/http/health_parts.h"

namespace strongroom {
namespace {

std::string_view low_latency_name(LowLatency low_latency) {
  switch (low_latency) {
    case LowLatency::kSet:
      return "set";
    case LowLatency::kRefused:
      return "refused";
    case LowLatency::kNotApplicable:
      break;
  }
  return "not applicable";
}

// Of its last poll; empty while it is answered.
std::string error_of(const AgentSnapshot* agent, std::string_view device) {
  if (agent != nullptr) {
    for (const DeviceSnapshot& each : agent->devices) {
      if (each.name == device) {
        return each.error;
      }
    }
  }
  return "";
}

nlohmann::json device_json(const LineSnapshot& line,
                           const LineDeviceStatus& device,
                           const AgentSnapshot* agent) {
  nlohmann::json refused = nlohmann::json::array();
  for (const RegisterRange& range : device.refused) {
    refused.push_back({{"function", static_cast<int>(range.kind)},
                       {"first", range.first},
                       {"last", range.last}});
  }
  const auto profile = line.profiles.find(device.name);
  const LineCounters& counters = device.counters;
  return {{"name", device.name},
          {"unit_id", device.unit_id},
          {"profile", profile == line.profiles.end() ? "" : profile->second},
          {"state", device_state_name(device.state)},
          {"polls", counters.polls},
          {"failed_polls", counters.failed_polls},
          {"requests", counters.requests},
          {"timeouts", counters.timeouts},
          {"exceptions", counters.exceptions},
          {"garbled", counters.garbled},
          {"late_bytes", counters.late_bytes},
          {"varied", counters.varied},
          {"missed_cycles", counters.missed_cycles},
          {"round_trip_p50_us", device.round_trip_p50.count()},
          {"round_trip_p99_us", device.round_trip_p99.count()},
          {"timeout_us", device.timeout.count()},
          {"requests_per_poll", device.requests_per_poll},
          {"refused", std::move(refused)},
          {"error", error_of(agent, device.name)}};
}

// What the driver knows, and what the wire costs.
nlohmann::json panels_of(const LineSnapshot& line) {
  nlohmann::json panels = nlohmann::json::array();
  for (const PanelLinkSnapshot& link : line.panels) {
    nlohmann::json panel = link_json(link);
    for (const LinePanelStatus& status : line.status.panels) {
      if (status.name == link.name) {
        panel["state"] = device_state_name(status.state);
        panel["requests"] = status.counters.requests;
        panel["timeouts"] = status.counters.timeouts;
        panel["exceptions"] = status.counters.exceptions;
        panel["garbled"] = status.counters.garbled;
        panel["late_bytes"] = status.counters.late_bytes;
        panel["varied"] = status.counters.varied;
        panel["round_trip_p50_us"] = status.round_trip_p50.count();
        panel["round_trip_p99_us"] = status.round_trip_p99.count();
        panel["wait_p50_us"] = status.wait_p50.count();
        panel["wait_p99_us"] = status.wait_p99.count();
        panel["timeout_us"] = status.timeout.count();
      }
    }
    panels.push_back(std::move(panel));
  }
  return panels;
}

}  // namespace

HttpResponse bus_page(const PageSources& sources) {
  const auto agent = sources.agent();
  nlohmann::json lines = nlohmann::json::array();
  for (const LineSnapshot& line : sources.lines()) {
    nlohmann::json devices = nlohmann::json::array();
    for (const LineDeviceStatus& device : line.status.devices) {
      devices.push_back(device_json(line, device, agent.get()));
    }
    lines.push_back({{"name", line.name},
                     {"kind", line.kind},
                     {"endpoint", line.endpoint},
                     {"connected", line.status.is_open},
                     {"error", line.status.error},
                     {"low_latency", low_latency_name(line.low_latency)},
                     {"busy_us", line.status.busy.count()},
                     {"lost", line.status.lost},
                     {"opens", line.status.opens},
                     {"failed_opens", line.status.failed_opens},
                     {"devices", std::move(devices)},
                     {"panels", panels_of(line)}});
  }
  const nlohmann::json out = {{"lines", std::move(lines)}};
  // Texts of libraries may not be UTF-8: shown, not thrown at.
  return HttpResponse::json(
      out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace strongroom
