// SPDX-License-Identifier: Apache-2.0
#include "platform/http/connection_loop.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include "core/base/check.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// When descriptors run out.
constexpr milliseconds kAcceptPause{100};
constexpr seconds kLongWait{60};
// Connections beyond the limit that are still told so; further ones are only
// closed.
constexpr std::size_t kRefusedAtOnce = 32;

}  // namespace

ConnectionLoop::ConnectionLoop(const HttpLimits& limits,
                               BoundedQueue<HttpJob>& jobs)
    : limits_(limits), jobs_(jobs), thread_([this] { run(); }) {}

ConnectionLoop::~ConnectionLoop() {
  stop();
}

void ConnectionLoop::listen(Listener listener) {
  const std::lock_guard lock(mutex_);
  new_listeners_.push_back(std::move(listener));
  waker_->wake();
}

void ConnectionLoop::answer(std::uint64_t connection, RawResponse response) {
  const std::lock_guard lock(mutex_);
  answers_.emplace_back(connection, std::move(response));
  waker_->wake();
}

void ConnectionLoop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waker_->wake();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

void ConnectionLoop::run() {
  while (true) {
    take_arrivals();
    if (ending_) {
      break;
    }
    std::vector<std::uint64_t> ids;
    std::vector<pollfd> waiting = interests(ids);
    if (::poll(waiting.data(), waiting.size(), timeout_ms()) < 0) {
      continue;  // EINTR
    }
    waker_->drain();
    const std::size_t first = waiting.size() - ids.size();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto found = connections_.find(ids[i]);
      const short events = waiting[first + i].revents;
      if (events != 0 && !handle(ids[i], found->second, events)) {
        close(found);
      }
    }
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if (waiting[1 + i].revents != 0) {
        accept_from(listeners_[i]);
      }
    }
    sweep();
  }
  while (!connections_.empty()) {
    close(connections_.begin());
  }
  listeners_.clear();
}

void ConnectionLoop::take_arrivals() {
  std::vector<std::pair<std::uint64_t, RawResponse>> answers;
  {
    const std::lock_guard lock(mutex_);
    std::ranges::move(new_listeners_, std::back_inserter(listeners_));
    new_listeners_.clear();
    answers.swap(answers_);
    ending_ = stopping_;
  }
  for (auto& [id, response] : answers) {
    const auto found = connections_.find(id);
    check(found != connections_.end(), "a served connection is never closed");
    if (response.events != nullptr || has_room_for(response.bytes.size())) {
      begin_response(found->second, std::move(response));
    } else {
      refuse(found->second, 503, "too many answers wait to be read");
    }
    if (!write(id, found->second)) {
      close(found);
    }
  }
}

// Whoever asks on many connections and reads on none must not fill the memory.
bool ConnectionLoop::has_room_for(std::size_t bytes) const {
  std::size_t unread = 0;
  for (const auto& [id, connection] : connections_) {
    unread += connection.events == nullptr ? connection.output.size() : 0;
  }
  return unread == 0 || unread + bytes <= limits_.max_unread;
}

// First the waker, then the listeners, then the connections of `ids`.
std::vector<pollfd> ConnectionLoop::interests(
    std::vector<std::uint64_t>& ids) const {
  std::vector<pollfd> waiting;
  waiting.push_back({.fd = waker_->descriptor(), .events = POLLIN});
  const short accepting = Clock::now() < accept_again_ ? short{0} : POLLIN;
  for (const Listener& listener : listeners_) {
    waiting.push_back(
        {.fd = listener.socket.descriptor(), .events = accepting});
  }
  for (const auto& [id, connection] : connections_) {
    if (connection.phase == Phase::kServing) {
      continue;
    }
    const bool writes = connection.wants_to_write();
    const bool reads = !writes || connection.phase == Phase::kStreaming;
    const int events = (reads ? POLLIN : 0) | (writes ? POLLOUT : 0);
    waiting.push_back({.fd = connection.socket.descriptor(),
                       .events = static_cast<short>(events)});
    ids.push_back(id);
  }
  return waiting;
}

int ConnectionLoop::timeout_ms() const {
  const Clock::time_point now = Clock::now();
  Clock::time_point next = now + kLongWait;
  if (now < accept_again_) {
    next = accept_again_;
  }
  for (const auto& [id, connection] : connections_) {
    if (connection.phase != Phase::kServing) {
      next = std::min(next, connection.deadline);
    }
  }
  const auto left = std::chrono::ceil<milliseconds>(next - now).count();
  return static_cast<int>(std::max<milliseconds::rep>(left, 0));
}

void ConnectionLoop::accept_from(const Listener& listener) {
  while (true) {
    Socket socket(::accept4(listener.socket.descriptor(),
                            nullptr,
                            nullptr,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.is_open()) {
      admit(std::move(socket), listener.is_unix());
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
        errno == ENOBUFS) {
      spdlog::warn("http_accept_paused errno={}", errno);
      accept_again_ = Clock::now() + kAcceptPause;
    }
    return;
  }
}

// The connection that has been idle longest makes way.
bool ConnectionLoop::make_room() {
  auto oldest = connections_.end();
  for (auto it = connections_.begin(); it != connections_.end(); ++it) {
    if (it->second.is_idle() &&
        (oldest == connections_.end() ||
         it->second.deadline < oldest->second.deadline)) {
      oldest = it;
    }
  }
  if (oldest == connections_.end()) {
    return false;
  }
  close(oldest);
  return true;
}

void ConnectionLoop::admit(Socket socket, bool over_unix) {
  const std::size_t open = connections_.size();
  const bool full = open >= limits_.max_connections && !make_room();
  if (full && open >= limits_.max_connections + kRefusedAtOnce) {
    return;
  }
  Connection& connection = connections_[next_id_++];
  connection.socket = std::move(socket);
  connection.over_unix = over_unix;
  if (full) {
    refuse(connection, 503, "too many connections");
    return;
  }
  await_request(connection);
}

void ConnectionLoop::close(Connections::iterator connection) {
  if (connection->second.broadcast != nullptr) {
    connection->second.broadcast->forget(connection->second.events);
  }
  connections_.erase(connection);
}

void ConnectionLoop::sweep() {
  const Clock::time_point now = Clock::now();
  for (auto it = connections_.begin(); it != connections_.end();) {
    const auto current = it++;
    Connection& connection = current->second;
    const bool stays =
        (connection.phase != Phase::kStreaming || pump_events(connection)) &&
        (now < connection.deadline || expire(connection));
    if (!stays) {
      close(current);
    }
  }
}

}  // namespace strongroom
