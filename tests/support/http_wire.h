// SPDX-License-Identifier: Apache-2.0
// A blocking connection of an HTTP client that sends whatever a test likes.
#pragma once

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace strongroom {

class HttpWire {
 public:
  explicit HttpWire(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    open(AF_INET, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  explicit HttpWire(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    open(AF_UNIX, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  ~HttpWire() { ::close(descriptor_); }
  HttpWire(const HttpWire&) = delete;
  HttpWire& operator=(const HttpWire&) = delete;

  bool send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count =
          ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) {
        return false;
      }
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  // Until `end` has come, or the connection ends, or 20 s pass.
  std::string receive(std::string_view end = "\xff") {
    while (received_.find(end) == std::string::npos) {
      std::array<char, 4096> block{};
      const ssize_t count = ::recv(descriptor_, block.data(), block.size(), 0);
      if (count <= 0) {
        closed_ = count == 0 || errno == ECONNRESET;
        break;
      }
      received_.append(block.data(), static_cast<std::size_t>(count));
    }
    const std::size_t at = received_.find(end);
    const std::size_t size =
        at == std::string::npos ? received_.size() : at + end.size();
    std::string text = received_.substr(0, size);
    received_.erase(0, size);
    return text;
  }
  bool is_closed() const { return closed_; }
  void shrink_receive_buffer() const {
    const int size = 4096;
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }

 private:
  void open(int family, const sockaddr* address, socklen_t size) {
    descriptor_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    EXPECT_EQ(::connect(descriptor_, address, size), 0) << errno;
  }

  int descriptor_ = -1;
  bool closed_ = false;
  std::string received_;
};

inline std::string request(const std::string& line,
                           const std::string& more = "") {
  return line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + more +
         "\r\n";
}

inline int status_of(const std::string& response) {
  return response.starts_with("HTTP/1.1 ") ? std::stoi(response.substr(9)) : 0;
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace strongroom
