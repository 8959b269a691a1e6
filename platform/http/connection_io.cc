// SPDX-License-Identifier: Apache-2.0
// What happens on one connection of the loop.
#include <array>
#include <cerrno>
#include <sys/socket.h>

#include "platform/http/connection_loop.h"

namespace strongroom {
namespace {

using std::chrono::seconds;

// How long a refused client may go on sending before it is cut: closing with
// unread bytes would destroy the response on its way.
constexpr seconds kDrainTime{1};
// A comment on an idle stream, so that a vanished reader is noticed.
constexpr seconds kHeartbeat{15};
bool would_block() {
  return errno == EAGAIN || errno == EINTR;
}

}  // namespace

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
  // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection): no lock is held
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

}  // namespace strongroom
