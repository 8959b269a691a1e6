// SPDX-License-Identifier: Apache-2.0
// What the agent says of itself over HTTP on loopback: /health, /metrics and
// /bus (docs/formats/http-api.md).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/loop/snapshot.h"
#include "core/bus/line.h"
#include "platform/http/server.h"
#include "platform/modbus/modbus_link.h"
#include "platform/mqtt/mqtt_client.h"

namespace strongroom {

/// What a panel's driver shows of itself, copied as a line is.
struct PanelLinkSnapshot {
  std::string name;
  std::uint8_t unit_id = 1;
  bool is_up = false;
  bool is_silenced = false;
  std::string board;
  std::string firmware;
  bool tests_only = false;
  std::string error;  // the last one; empty while it is up
  std::uint32_t config_version = 0;
  std::uint32_t list_version = 0;
  std::uint32_t ring = 0;
  std::uint32_t held_seq = 0;
  std::uint32_t newest_seq = 0;
  std::uint64_t polls = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t repeats = 0;
  std::uint64_t invalid_answers = 0;
  std::uint64_t sessions = 0;
  strongroom_panel_v1_PanelStatus state{};
};

/// A line as it is, copied by whoever knows the lines. Counters go on over a
/// restart of the line.
struct LineSnapshot {
  std::string name;
  std::string kind;      // "tcp" or "rtu"
  std::string endpoint;  // "192.0.2.10:502" or the serial port
  LowLatency low_latency = LowLatency::kNotApplicable;
  LineStatus status;
  LineCounters counters;  // of all devices that the line ever had
  std::map<std::string, std::string, std::less<>> profiles;  // by device
  std::vector<PanelLinkSnapshot> panels;
};

/// What became of reading the configuration anew.
struct ReloadStatus {
  std::uint64_t reloads = 0;               // refused ones too
  std::vector<std::string> refused;        // errors of the last; empty: taken
  std::vector<std::string> needs_restart;  // keys that wait for one
  /// Why the agent started without a policy; empty: it did not, or has one now.
  std::string policy_fault;
};

/// Called on pool threads.
struct PageSources {
  std::function<std::shared_ptr<const AgentSnapshot>()> agent;
  std::function<std::vector<LineSnapshot>()> lines;
  std::function<MqttCounters()> mqtt;
  std::function<MonoTime()> monotonic;
  std::function<ReloadStatus()> configuration = [] { return ReloadStatus{}; };
};

/// 503 when the agent cannot do its work, else 200; `status` and `reasons` say
/// whether somebody must act.
HttpResponse health_page(const PageSources& sources);
/// Prometheus' text form, version 0.0.4.
HttpResponse metrics_page(const PageSources& sources);
/// Lines and devices, for people and `strongroom bus watch`.
HttpResponse bus_page(const PageSources& sources);

/// All pages on `server`.
void add_pages(HttpServer& server, PageSources sources);

}  // namespace strongroom
