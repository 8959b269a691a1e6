// SPDX-License-Identifier: Apache-2.0
// A TCP connection within a time, the look-up of the name included.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "platform/modbus/file_descriptor.h"

namespace strongroom {

/// The C library's look-up of a name has no time limit of ours: it goes on
/// behind when connect() no longer waits for it, and the next connect() takes
/// what it found. One look-up at a time.
class TcpConnector {
 public:
  TcpConnector(std::string host, std::uint16_t port);
  ~TcpConnector();
  TcpConnector(const TcpConnector&) = delete;
  TcpConnector& operator=(const TcpConnector&) = delete;

  /// Tries each address of the host. The socket does not block, does not wait
  /// to fill packets, and notices within kPeerGone that the other end is gone.
  Result<FileDescriptor> connect(std::chrono::milliseconds timeout);

 private:
  struct Lookup;
  std::string host_;
  std::string port_;
  std::shared_ptr<Lookup> lookup_;  // one that goes on behind, or nothing
};

/// Unanswered data and an idle connection alike.
inline constexpr std::chrono::seconds kPeerGone{10};

}  // namespace strongroom
