// SPDX-License-Identifier: Apache-2.0
#include "platform/http/server.h"

#include <thread>
#include <unistd.h>

#include "core/base/check.h"
#include "platform/http/connection_loop.h"
#include "platform/http/event_queue.h"
#include "platform/http/listeners.h"
#include "platform/http/responder.h"

namespace strongroom {

// Threads: one connection loop and `limits.threads` workers, from the first
// listen to stop(). Routes do not change meanwhile.
struct HttpServer::State {
  explicit State(HttpLimits given)
      : limits(given), jobs(given.max_connections) {}

  const HttpLimits limits;
  std::vector<Route> routes;
  std::vector<std::filesystem::path> socket_files;
  BoundedQueue<HttpJob> jobs;
  std::unique_ptr<ConnectionLoop> loop;
  std::vector<std::thread> workers;

  void add_route(const std::string& method,
                 const std::string& pattern,
                 Handler handler,
                 std::shared_ptr<BroadcastState> broadcast = nullptr) {
    check(loop == nullptr, "routes are added before a server listens");
    routes.push_back({.method = method,
                      .pattern = std::regex(pattern, std::regex::optimize),
                      .handler = std::move(handler),
                      .broadcast = std::move(broadcast)});
  }

  void serve(Listener listener) {
    if (loop == nullptr) {
      loop = std::make_unique<ConnectionLoop>(limits, jobs);
      for (std::size_t i = 0; i < limits.threads; ++i) {
        workers.emplace_back([this] { work(); });
      }
    }
    loop->listen(std::move(listener));
  }

  void work() {
    Responder responder(routes, loop->waker());
    while (true) {
      std::vector<HttpJob> job = jobs.pop_batch(
          1, std::chrono::steady_clock::now() + std::chrono::hours(1));
      if (!job.empty()) {
        loop->answer(job.front().connection,
                     responder.respond(std::move(job.front().request)));
      } else if (jobs.closed()) {
        return;
      }
    }
  }

  void stop() {
    jobs.close();
    for (std::thread& worker : workers) {
      worker.join();
    }
    workers.clear();
    if (loop != nullptr) {
      loop->stop();
    }
    for (const auto& file : socket_files) {
      ::unlink(file.c_str());
    }
    socket_files.clear();
  }
};

HttpServer::HttpServer(HttpLimits limits)
    : state_(std::make_unique<State>(limits)) {}

HttpServer::~HttpServer() {
  stop();
}

void HttpServer::get(const std::string& pattern, Handler handler) {
  state_->add_route("GET", pattern, std::move(handler));
}

void HttpServer::post(const std::string& pattern, Handler handler) {
  state_->add_route("POST", pattern, std::move(handler));
}

void HttpServer::stream(const std::string& path, EventBroadcast& broadcast) {
  state_->add_route("GET", path, nullptr, broadcast.state_);
}

Result<int> HttpServer::listen_loopback(const std::string& host, int port) {
  auto listener = listen_on_loopback(host, port);
  if (!listener) {
    return std::unexpected(listener.error());
  }
  const int chosen = listener->port;
  state_->serve(*std::move(listener));
  return chosen;
}

Result<void> HttpServer::listen_unix(const std::filesystem::path& path) {
  auto listener = listen_on_unix(path);
  if (!listener) {
    return std::unexpected(listener.error());
  }
  state_->socket_files.push_back(path);
  state_->serve(*std::move(listener));
  return {};
}

void HttpServer::stop() {
  state_->stop();
}

}  // namespace strongroom
