// SPDX-License-Identifier: Apache-2.0
#include "platform/http/connection_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include "core/base/check.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How long a refused client may go on sending before it is cut: closing with
// unread bytes would destroy the response on its way.
constexpr seconds kDrainTime{1};
// A comment on an idle stream, so that a vanished reader is noticed.
constexpr seconds kHeartbeat{15};
// When descriptors run out.
constexpr milliseconds kAcceptPause{100};
constexpr seconds kLongWait{60};
// Connections beyond the limit that are still told so; further ones are only
// closed.
constexpr std::size_t kRefusedAtOnce = 32;

bool would_block() {
  return errno == EAGAIN || errno == EINTR;
}

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
    begin_response(found->second, std::move(response));
    if (!write(id, found->second)) {
      close(found);
    }
  }
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

bool ConnectionLoop::handle(std::uint64_t id,
                            Connection& connection,
                            short events) {
  if ((events & POLLOUT) != 0 && !write(id, connection)) {
    return false;
  }
  if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 &&
      connection.phase != Phase::kServing) {
    return read(id, connection);
  }
  return true;
}

bool ConnectionLoop::read(std::uint64_t id, Connection& connection) {
  std::array<char, 16 * 1024> block;
  const ssize_t count =
      ::recv(connection.socket.descriptor(), block.data(), block.size(), 0);
  if (count < 0) {
    return would_block();
  }
  if (count == 0) {
    return false;
  }
  if (connection.phase == Phase::kDraining ||
      connection.phase == Phase::kStreaming) {
    return true;  // whatever it says, nobody listens
  }
  if (connection.input.empty()) {
    // A request must be here whole this long after its first byte.
    connection.deadline = Clock::now() + seconds(limits_.read_timeout_s);
  }
  connection.input.append(block.data(), static_cast<std::size_t>(count));
  return connection.phase != Phase::kReading || advance(id, connection);
}

// Hands a whole request to the workers, if one is here.
bool ConnectionLoop::advance(std::uint64_t id, Connection& connection) {
  RequestHead head = scan_request_head(connection.input, limits_.max_body);
  if (head.state == RequestHead::State::kRefused) {
    refuse(connection, head.status, head.what);
    return write(id, connection);
  }
  if (head.state == RequestHead::State::kIncomplete) {
    return true;
  }
  const std::size_t size = head.body_begin + head.body_size;
  if (connection.input.size() < size) {
    if (head.expects_continue && !connection.continue_sent) {
      connection.continue_sent = true;
      connection.output += "HTTP/1.1 100 Continue\r\n\r\n";
      return write(id, connection);
    }
    return true;
  }
  HttpJob job{.connection = id,
              .request = {.head = std::move(head.text),
                          .body = connection.input.substr(head.body_begin,
                                                          head.body_size),
                          .over_unix = connection.over_unix}};
  connection.input.erase(0, size);
  connection.phase = Phase::kServing;
  return jobs_.try_push(std::move(job));  // false: stopping
}

bool ConnectionLoop::write(std::uint64_t id, Connection& connection) {
  while (connection.wants_to_write()) {
    const ssize_t count = ::send(connection.socket.descriptor(),
                                 connection.output.data() + connection.written,
                                 connection.output.size() - connection.written,
                                 MSG_NOSIGNAL);
    if (count < 0) {
      return would_block();
    }
    connection.written += static_cast<std::size_t>(count);
    if (connection.phase == Phase::kStreaming) {
      connection.deadline = Clock::now() + kHeartbeat;  // it still reads
    }
  }
  connection.output = {};  // an idle connection keeps no memory
  connection.written = 0;
  return finish_response(id, connection);
}

bool ConnectionLoop::finish_response(std::uint64_t id, Connection& connection) {
  if (connection.phase == Phase::kStreaming) {
    return pump_events(connection);
  }
  if (connection.phase != Phase::kWriting) {
    return true;  // that was only "100 Continue"
  }
  if (connection.close_after) {
    ::shutdown(connection.socket.descriptor(), SHUT_WR);
    connection.phase = Phase::kDraining;
    connection.deadline = Clock::now() + kDrainTime;
    return true;
  }
  await_request(connection);
  // The next request may have come together with the last.
  return connection.input.empty() || advance(id, connection);
}

bool ConnectionLoop::pump_events(Connection& connection) {
  if (connection.events->overflowed()) {
    return false;
  }
  if (connection.wants_to_write()) {
    return true;
  }
  // Asked before taking: what was sent before the end still goes out.
  const bool ended = connection.events->ended();
  connection.output = connection.events->take();
  connection.written = 0;
  if (connection.wants_to_write()) {
    const ssize_t count = ::send(connection.socket.descriptor(),
                                 connection.output.data(),
                                 connection.output.size(),
                                 MSG_NOSIGNAL);
    if (count < 0 && !would_block()) {
      return false;
    }
    connection.written = count < 0 ? 0 : static_cast<std::size_t>(count);
    connection.deadline = Clock::now() + kHeartbeat;
  }
  return connection.wants_to_write() || !ended;
}

// At the connection's deadline.
bool ConnectionLoop::expire(Connection& connection) {
  switch (connection.phase) {
    case Phase::kServing:
      return true;
    case Phase::kReading:
      if (connection.input.empty()) {
        return false;  // idle
      }
      refuse(connection, 408, "the request took too long");
      return true;
    case Phase::kStreaming:
      if (connection.wants_to_write()) {
        return false;  // not a byte went out since the last heartbeat
      }
      connection.output = ": alive\n\n";
      connection.deadline = Clock::now() + kHeartbeat;
      return true;
    case Phase::kWriting:
    case Phase::kDraining:
      return false;
  }
  return false;
}

void ConnectionLoop::refuse(Connection& connection,
                            int status,
                            const std::string& what) {
  connection.input.clear();
  begin_response(connection,
                 {.bytes = refusal_bytes(status, what), .close = true});
}

void ConnectionLoop::begin_response(Connection& connection,
                                    RawResponse response) {
  connection.output += response.bytes;
  connection.close_after = response.close;
  connection.broadcast = std::move(response.broadcast);
  connection.events = std::move(response.events);
  const bool streams = connection.events != nullptr;
  connection.phase = streams ? Phase::kStreaming : Phase::kWriting;
  connection.deadline =
      Clock::now() + (streams ? kHeartbeat : seconds(limits_.write_timeout_s));
}

void ConnectionLoop::await_request(Connection& connection) {
  connection.phase = Phase::kReading;
  connection.continue_sent = false;
  connection.deadline = Clock::now() + seconds(limits_.read_timeout_s);
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
