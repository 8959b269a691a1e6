// SPDX-License-Identifier: Apache-2.0
// ModbusLink over libmodbus.
#pragma once

#include <memory>
#include <variant>

#include "agent/bus/modbus_link.h"

namespace strongroom {

struct TcpEndpoint {
  std::string host;  // name or address
  std::uint16_t port = 502;
};

struct RtuEndpoint {
  std::string device;  // "/dev/ttyS1"
  int baud = 9600;
  char parity = 'N';  // 'N', 'E' or 'O'
  int stop_bits = 1;
};

struct LibmodbusSettings {
  std::variant<TcpEndpoint, RtuEndpoint> endpoint;
  /// Of connecting and of one answer; 1 ms to 60 s.
  std::chrono::milliseconds timeout{500};
};

/// No I/O yet: open() does it. Never nothing.
std::unique_ptr<ModbusLink> make_libmodbus_link(LibmodbusSettings settings);

}  // namespace strongroom
