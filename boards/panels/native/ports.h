// SPDX-License-Identifier: Apache-2.0
// Byte streams of the native panel: a Unix socket or a pseudo-terminal each.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace strongroom::panel::native {

/// Never blocks. Reads through a buffer; what cannot be written is dropped.
class Port {
 public:
  Port() = default;
  /// Of an earlier life of this process (it starts itself again for a reset).
  Port(int fd, bool is_socket) : fd_(fd), is_socket_(is_socket) {}

  /// "unix:PATH" connects, and tries for 5 s; "pty:LINK" makes a terminal and a
  /// symbolic link to it. On failure the text says what to do.
  static std::optional<Port> open(const std::string& where, std::string& error);

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  bool is_socket() const { return is_socket_; }
  /// The other side closed it.
  bool is_closed() const { return is_closed_; }

  std::optional<std::uint8_t> read();
  void write(std::span<const std::uint8_t> bytes);

 private:
  int fd_ = -1;
  bool is_socket_ = false;
  bool is_closed_ = false;
  std::array<std::uint8_t, 512> bytes_{};
  std::size_t next_ = 0;
  std::size_t size_ = 0;
};

}  // namespace strongroom::panel::native
