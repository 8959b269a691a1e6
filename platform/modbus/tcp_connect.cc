// SPDX-License-Identifier: Apache-2.0
#include "platform/modbus/tcp_connect.h"

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <utility>

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

std::string error_text(int error) {
  return std::generic_category().message(error);
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

struct Found {
  Addresses addresses;  // nothing: `error` says why
  std::string error;
};

Found look_up(const std::string& host, const std::string& port, int flags) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags;
  addrinfo* list = nullptr;
  const int result = getaddrinfo(host.c_str(), port.c_str(), &wanted, &list);
  if (result != 0) {
    return {nullptr,
            result == EAI_SYSTEM ? error_text(errno) : gai_strerror(result)};
  }
  return {Addresses(list), ""};
}

void set_option(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

void set_options(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  // Without these a line whose cable was pulled waits for the kernel's
  // patience, which is 15 minutes.
  set_option(fd,
             IPPROTO_TCP,
             TCP_USER_TIMEOUT,
             static_cast<int>(milliseconds(kPeerGone).count()));
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 4);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 2);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

/// 0, or what is wrong (errno).
int wait_connected(int fd, Steady::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Steady::now());
    pollfd waiting{fd, POLLOUT, 0};
    const int ready =
        poll(&waiting, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    if (ready == 0) {
      return ETIMEDOUT;
    }
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    int error = errno;
    socklen_t size = sizeof error;
    if (ready > 0) {
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    return error;
  }
}

FileDescriptor connect_to(const addrinfo& address,
                          Steady::time_point deadline,
                          int& error) {
  FileDescriptor fd(socket(address.ai_family,
                           address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                           address.ai_protocol));
  if (!fd.is_open()) {
    error = errno;
    return {};
  }
  set_options(fd.get());
  error =
      ::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    error = wait_connected(fd.get(), deadline);
  }
  return error == 0 ? std::move(fd) : FileDescriptor();
}

}  // namespace

struct TcpConnector::Lookup {
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;  // under mutex
  Found found;        // under mutex
};

TcpConnector::TcpConnector(std::string host, std::uint16_t port)
    : host_(std::move(host)), port_(std::to_string(port)) {}

TcpConnector::~TcpConnector() = default;

Result<FileDescriptor> TcpConnector::connect(milliseconds timeout) {
  const auto deadline = Steady::now() + timeout;
  Found found = look_up(host_, port_, AI_NUMERICHOST | AI_NUMERICSERV);
  if (!found.addresses) {
    if (!lookup_) {
      lookup_ = std::make_shared<Lookup>();
      std::thread([lookup = lookup_, host = host_, port = port_] {
        Found answer = look_up(host, port, AI_NUMERICSERV);
        const std::scoped_lock lock(lookup->mutex);
        lookup->found = std::move(answer);
        lookup->done = true;
        lookup->ended.notify_all();
      }).detach();
    }
    std::unique_lock lock(lookup_->mutex);
    if (!lookup_->ended.wait_until(
            lock, deadline, [&] { return lookup_->done; })) {
      return fault("the look-up of its name takes too long");
    }
    found = std::move(lookup_->found);
    lock.unlock();
    lookup_.reset();
  }
  if (!found.addresses) {
    return fault(found.error);
  }
  int left = 0;
  for (auto* a = found.addresses.get(); a != nullptr; a = a->ai_next) {
    ++left;
  }
  int error = 0;
  for (auto* a = found.addresses.get(); a != nullptr; a = a->ai_next, --left) {
    const auto now = Steady::now();
    FileDescriptor fd = connect_to(*a, now + (deadline - now) / left, error);
    if (fd.is_open()) {
      return fd;
    }
  }
  return fault(error_text(error));
}

}  // namespace strongroom
