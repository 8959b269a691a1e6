// SPDX-License-Identifier: Apache-2.0
#include "platform/mqtt/nodelay.h"

#include <charconv>
#include <filesystem>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace strongroom {
namespace {

std::vector<int> own_descriptors() {
  std::vector<int> numbers;
  std::error_code error;
  // An adapter must not throw: the iteration takes error codes throughout.
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    const std::string name = entry->path().filename().string();
    int number = -1;
    const auto [end, bad] =
        std::from_chars(name.data(), name.data() + name.size(), number);
    if (bad == std::errc() && end == name.data() + name.size()) {
      numbers.push_back(number);
    }
    entry.increment(error);
  }
  return numbers;
}

// 0 when it is not a connected TCP socket.
std::uint16_t peer_port(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::getpeername(descriptor, generic, &size) != 0) {
    return 0;
  }
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  }
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return 0;
}

}  // namespace

std::vector<int> sockets_to_port(std::uint16_t port) {
  std::vector<int> found;
  for (const int descriptor : own_descriptors()) {
    if (port != 0 && peer_port(descriptor) == port) {
      found.push_back(descriptor);
    }
  }
  return found;
}

std::size_t set_nodelay_to_port(std::uint16_t port) {
  std::size_t count = 0;
  for (const int descriptor : sockets_to_port(port)) {
    const int on = 1;
    if (::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) ==
        0) {
      ++count;
    }
  }
  return count;
}

}  // namespace strongroom
