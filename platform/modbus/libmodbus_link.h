// SPDX-License-Identifier: Apache-2.0
// ModbusLink over libmodbus.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "platform/modbus/modbus_link.h"

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
  /// Of opening, the look-up of a name included; 1 ms to 60 s.
  std::chrono::milliseconds timeout{500};
};

/// No I/O yet: open() does it. Never nothing. While it is open no other program
/// of ours gets the serial port. A read takes 1 us to 60 s as its timeout.
std::unique_ptr<ModbusLink> make_libmodbus_link(LibmodbusSettings settings);

}  // namespace strongroom
