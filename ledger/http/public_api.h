// SPDX-License-Identifier: Apache-2.0
// The ledger's public routes (docs/formats/http-api.md): C2SP tiles, the JSON
// that pages read, health and metrics.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "ledger/http/log_access.h"
#include "ledger/views/views.h"
#include "platform/http/server.h"

namespace strongroom {

/// What health and metrics ask of the rest of the program. Any thread.
struct Vitals {
  bool broker_connected = false;
  /// Name and value, as Prometheus counters.
  std::map<std::string, std::uint64_t> counters;
  std::map<std::string, std::uint64_t> gauges;
  std::int64_t seconds_since_turn = 0;  // of the loop
};

struct PublicApi {
  LogAccessPool& logs;
  const Publication& publication;
  const Views& views;
  Origin registry;  // its first generation
  std::string version;
  std::function<Vitals()> vitals;
};

/// Adds every route but the page and the event stream. `api` outlives the
/// server.
void add_public_routes(HttpServer& server, const PublicApi& api);

/// Adds the page that was compiled in, or a line that says it was not.
void add_page_routes(HttpServer& server);

}  // namespace strongroom
