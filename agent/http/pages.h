// SPDX-License-Identifier: Apache-2.0
// What the agent says of itself over HTTP on loopback: /health and /metrics,
// both from one immutable snapshot.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/loop/snapshot.h"
#include "platform/http/server.h"
#include "platform/mqtt/mqtt_client.h"

namespace strongroom {

/// A line's counters, copied by whoever knows the lines.
struct LineSnapshot {
  std::string name;
  bool connected = false;
  std::uint64_t polls = 0;
  std::uint64_t failed_polls = 0;
  std::uint64_t requests = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t exceptions = 0;
  std::uint64_t garbled = 0;
  std::uint64_t lost = 0;
  std::uint64_t missed_cycles = 0;
};

/// Called on pool threads.
struct PageSources {
  std::function<std::shared_ptr<const AgentSnapshot>()> agent;
  std::function<std::vector<LineSnapshot>()> lines;
  std::function<MqttCounters()> mqtt;
  std::function<MonoTime()> monotonic;
};

/// 200 when all is well, 503 with `reasons` when somebody must act.
HttpResponse health_page(const PageSources& sources);
/// Prometheus' text form, version 0.0.4.
HttpResponse metrics_page(const PageSources& sources);

/// Both pages on `server`.
void add_pages(HttpServer& server, PageSources sources);

}  // namespace strongroom
