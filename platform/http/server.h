// SPDX-License-Identifier: Apache-2.0
// A small HTTP server over cpp-httplib, loopback TCP or a Unix socket, with the
// limits that hostile clients need.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace strongroom {

struct HttpRequest {
  std::string method;
  std::string path;                  // decoded, without the query
  std::vector<std::string> matches;  // capture groups of the route
  std::string body;
  /// The first value of a query parameter; nothing when absent.
  std::function<std::optional<std::string>(std::string_view)> query;
  std::function<std::vector<std::string>(std::string_view)> query_all;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  bool cacheable = false;  // immutable: tiles and full bundles
  std::string content_security_policy;

  static HttpResponse json(std::string body);
  static HttpResponse text(std::string body);
  /// {"error": what}, with a status of 4xx or 5xx.
  static HttpResponse error(int status, std::string what);
};

struct BroadcastState;

/// Server-sent events: each open stream has a bounded queue; a slow reader is
/// disconnected, never waited for.
class EventBroadcast {
 public:
  EventBroadcast(std::size_t max_streams, std::size_t queue_length);
  ~EventBroadcast();
  /// Any thread; never blocks.
  void send(std::string_view event, std::string_view data);
  std::size_t streams() const;
  void close();

 private:
  friend class HttpServer;
  std::shared_ptr<BroadcastState> state_;
};

struct HttpLimits {
  std::size_t threads = 8;
  std::size_t max_body = 64 * 1024;
  int read_timeout_s = 5;  // slow requests are cut
  int write_timeout_s = 10;
  std::size_t max_connections = 256;
  /// Of all answers that wait for somebody to read them, event streams apart.
  std::size_t max_unread = 64 * 1024 * 1024;
};

class HttpServer {
 public:
  explicit HttpServer(HttpLimits limits);
  ~HttpServer();

  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  /// `pattern` is a regular expression over the whole path. Handlers run on
  /// pool threads; an exception becomes 500.
  void get(const std::string& pattern, Handler handler);
  void post(const std::string& pattern, Handler handler);
  void stream(const std::string& path, EventBroadcast& broadcast);

  /// Loopback addresses only (DESIGN section 9): anything else is a fault.
  /// Requests whose Host is not a loopback name are refused with 421: another
  /// site's page must not reach us. Port 0 picks one; the port is returned.
  Result<int> listen_loopback(const std::string& host, int port);
  /// A Unix socket, mode 0600; replaces a stale one.
  Result<void> listen_unix(const std::filesystem::path& path);
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strongroom
