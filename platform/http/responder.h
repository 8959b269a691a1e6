// SPDX-License-Identifier: Apache-2.0
// From the bytes of one request to the bytes of its response: cpp-httplib
// parses and writes, we route. No socket here.
#pragma once

#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "platform/http/event_queue.h"
#include "platform/http/server.h"

namespace strongroom {

struct Route {
  std::string method;  // "GET", "POST"
  std::regex pattern;
  HttpServer::Handler handler;
  std::shared_ptr<BroadcastState> broadcast;  // or a stream of events
};

struct RawRequest {
  std::string head;  // from scan_request_head()
  std::string body;
  bool over_unix = false;
};

struct RawResponse {
  std::string bytes;
  bool close = true;
  std::shared_ptr<BroadcastState> broadcast;
  std::shared_ptr<EventQueue> events;  // goes on with these
};

/// One thread each. `routes` and `waker` outlive it.
class Responder {
 public:
  Responder(const std::vector<Route>& routes, std::shared_ptr<Waker> waker);
  ~Responder();
  RawResponse respond(RawRequest request);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

/// A response to what cannot be parsed; the connection ends with it.
std::string refusal_bytes(int status, const std::string& what);

/// Whether a Host or Origin header names this machine from within: localhost,
/// 127.0.0.0/8 or [::1], with or without a port.
bool names_loopback(std::string_view authority);

}  // namespace strongroom
