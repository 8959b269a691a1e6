// SPDX-License-Identifier: Apache-2.0
// Listening sockets: loopback TCP and Unix.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "core/base/result.h"

namespace strongroom {

/// Closes what it owns.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket();
  Socket(Socket&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;

  int descriptor() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

struct Listener {
  Socket socket;
  int port = 0;                // TCP
  std::filesystem::path path;  // Unix; empty with TCP
  bool is_unix() const { return !path.empty(); }
};

/// Faults: not a loopback address, in use.
Result<Listener> listen_on_loopback(const std::string& host, int port);
/// Mode 0600. Faults: in use by a living process, something else is there.
Result<Listener> listen_on_unix(const std::filesystem::path& path);

}  // namespace strongroom
