// SPDX-License-Identifier: Apache-2.0
// The thread that owns every connection. It reads whole requests, hands them
// to the workers, and writes what they answer, so that a slow client never
// holds a worker.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <poll.h>
#include <string>
#include <thread>
#include <vector>

#include "platform/http/listeners.h"
#include "platform/http/request_head.h"
#include "platform/http/responder.h"
#include "platform/http/server.h"
#include "platform/system/bounded_queue.h"

namespace strongroom {

struct HttpJob {
  std::uint64_t connection = 0;
  RawRequest request;
};

class ConnectionLoop {
 public:
  /// `jobs` has room for one job of each connection.
  ConnectionLoop(const HttpLimits& limits, BoundedQueue<HttpJob>& jobs);
  ~ConnectionLoop();
  ConnectionLoop(const ConnectionLoop&) = delete;
  ConnectionLoop& operator=(const ConnectionLoop&) = delete;

  /// Any thread.
  void listen(Listener listener);
  void answer(std::uint64_t connection, RawResponse response);
  /// Closes everything; after it nothing is accepted or written.
  void stop();
  const std::shared_ptr<Waker>& waker() const { return waker_; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Phase { kReading, kServing, kWriting, kStreaming, kDraining };

  struct Connection {
    Socket socket;
    bool over_unix = false;
    Phase phase = Phase::kReading;
    Clock::time_point deadline;
    std::string input;
    std::string output;
    std::size_t written = 0;
    bool close_after = false;
    bool continue_sent = false;
    std::shared_ptr<BroadcastState> broadcast;
    std::shared_ptr<EventQueue> events;

    bool is_idle() const { return phase == Phase::kReading && input.empty(); }
    bool wants_to_write() const { return written < output.size(); }
  };
  using Connections = std::map<std::uint64_t, Connection>;

  void run();
  void take_arrivals();
  std::vector<pollfd> interests(std::vector<std::uint64_t>& ids) const;
  int timeout_ms() const;
  void accept_from(const Listener& listener);
  bool make_room();
  void admit(Socket socket, bool over_unix);

  // Each returns false when the connection is to be closed.
  bool handle(std::uint64_t id, Connection& connection, short events);
  bool read(std::uint64_t id, Connection& connection);
  bool advance(std::uint64_t id, Connection& connection);
  bool write(std::uint64_t id, Connection& connection);
  bool finish_response(std::uint64_t id, Connection& connection);
  bool pump_events(Connection& connection);
  bool expire(Connection& connection);

  void refuse(Connection& connection, int status, const std::string& what);
  void begin_response(Connection& connection, RawResponse response);
  bool has_room_for(std::size_t bytes) const;
  void await_request(Connection& connection);
  void close(Connections::iterator connection);
  void sweep();

  const HttpLimits limits_;
  BoundedQueue<HttpJob>& jobs_;
  const std::shared_ptr<Waker> waker_ = std::make_shared<Waker>();

  std::mutex mutex_;  // guards what other threads leave here
  std::vector<Listener> new_listeners_;
  std::vector<std::pair<std::uint64_t, RawResponse>> answers_;
  bool stopping_ = false;

  // The loop's own.
  std::vector<Listener> listeners_;
  Connections connections_;
  std::uint64_t next_id_ = 1;
  Clock::time_point accept_again_{};
  bool ending_ = false;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace strongroom
