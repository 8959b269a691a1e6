// SPDX-License-Identifier: Apache-2.0
#include "platform/http/listeners.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

namespace strongroom {
namespace {

constexpr int kBacklog = 64;

std::string reason() {
  return std::generic_category().message(errno);
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
};

template <typename T>
Address address_from(const T& specific) {
  Address address;
  std::memcpy(&address.storage, &specific, sizeof specific);
  address.size = sizeof specific;
  return address;
}

std::optional<Address> loopback_address(const std::string& host, int port) {
  const std::string literal = host == "localhost" ? "127.0.0.1" : host;
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, literal.c_str(), &four.sin_addr) == 1) {
    const bool is_loopback = (ntohl(four.sin_addr.s_addr) >> 24U) == 127;
    return is_loopback ? std::optional(address_from(four)) : std::nullopt;
  }
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET6, literal.c_str(), &six.sin6_addr) == 1 &&
      IN6_IS_ADDR_LOOPBACK(&six.sin6_addr)) {
    return address_from(six);
  }
  return {};
}

int port_of(int descriptor) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &size);
  return storage.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port)
             : ntohs(reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
}

Socket open_socket(int family) {
  return Socket(
      ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

std::optional<Address> unix_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.native().size() >= sizeof address.sun_path) {
    return {};
  }
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address_from(address);
}

// A socket file that nobody listens on is left over from a crash.
Result<void> remove_stale(const std::filesystem::path& path,
                          const Address& address) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    return {};
  }
  if (!S_ISSOCK(status.st_mode)) {
    return fault(path.string() + ": is there and is not a socket");
  }
  const Socket probe = open_socket(AF_UNIX);
  if (!probe.is_open()) {
    return fault(path.string() + ": cannot be looked at: " + reason());
  }
  if (::connect(probe.descriptor(), address.get(), address.size) == 0 ||
      errno == EAGAIN) {
    return fault(path.string() + ": another process listens on it");
  }
  ::unlink(path.c_str());
  return {};
}

}  // namespace

Socket::~Socket() {
  if (is_open()) {
    ::close(descriptor_);
  }
}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Result<Listener> listen_on_loopback(const std::string& host, int port) {
  const std::string name = host + ":" + std::to_string(port);
  const auto address = loopback_address(host, port);
  if (!address) {
    return fault(name +
                 ": only loopback addresses are listened on "
                 "(127.0.0.1, ::1, localhost)");
  }
  Listener listener;
  listener.socket = open_socket(address->storage.ss_family);
  const int on = 1;
  const int descriptor = listener.socket.descriptor();
  if (descriptor < 0 ||
      ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(descriptor, address->get(), address->size) != 0 ||
      ::listen(descriptor, kBacklog) != 0) {
    return fault(name + ": cannot be listened on: " + reason());
  }
  listener.port = port_of(descriptor);
  return listener;
}

Result<Listener> listen_on_unix(const std::filesystem::path& path) {
  const auto address = unix_address(path);
  if (!address) {
    return fault(path.string() + ": too long for a Unix socket");
  }
  if (auto removed = remove_stale(path, *address); !removed) {
    return std::unexpected(removed.error());
  }
  Listener listener;
  listener.socket = open_socket(AF_UNIX);
  const int descriptor = listener.socket.descriptor();
  // Nobody can connect before listen(), so the mode is in place in time.
  if (descriptor < 0 ||
      ::bind(descriptor, address->get(), address->size) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(descriptor, kBacklog) != 0) {
    return fault(path.string() + ": cannot be listened on: " + reason());
  }
  listener.path = path;
  return listener;
}

}  // namespace strongroom
