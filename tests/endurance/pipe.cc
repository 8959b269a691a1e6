// SPDX-License-Identifier: Apache-2.0
#include "tests/endurance/pipe.h"

#include <sys/socket.h>

#include "core/base/check.h"

namespace strongroom::endurance {

void put(int socket, const void* from, std::size_t size) {
  const auto* at = static_cast<const char*>(from);
  while (size > 0) {
    const ssize_t done = ::send(socket, at, size, MSG_NOSIGNAL);
    check(done > 0, "the other process is gone");
    at += done;
    size -= static_cast<std::size_t>(done);
  }
}

bool get(int socket, void* into, std::size_t size) {
  auto* at = static_cast<char*>(into);
  while (size > 0) {
    const ssize_t done = ::recv(socket, at, size, 0);
    if (done <= 0) {
      return false;
    }
    at += done;
    size -= static_cast<std::size_t>(done);
  }
  return true;
}

void put_bytes(int socket, const Bytes& bytes) {
  put(socket, std::uint64_t{bytes.size()});
  put(socket, bytes.data(), bytes.size());
}

Bytes get_bytes(int socket) {
  std::uint64_t size = 0;
  check(get(socket, size), "a message is missing");
  Bytes bytes(size);
  check(get(socket, bytes.data(), size), "half a message");
  return bytes;
}

}  // namespace strongroom::endurance
