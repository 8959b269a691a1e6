// SPDX-License-Identifier: Apache-2.0
// What is asked on a Modbus line, what can become of it, and what a line is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/point/profile.h"

namespace strongroom {

/// One read request.
struct Question {
  std::uint8_t unit = 1;
  RegisterKind kind = RegisterKind::kInput;
  std::uint16_t address = 0;
  std::uint16_t count = 1;  // addresses

  friend bool operator==(const Question&, const Question&) = default;
};

/// What a failed transaction means for the line.
enum class LinkFault : std::uint8_t {
  kTimeout,    // nothing, or not all of it, came in time
  kException,  // the device answered, with a Modbus exception
  kGarbled,    // something else came: CRC, other unit, other length
  kLost,       // the port or the connection is gone
};

/// Modbus application protocol 1.1b3, section 7.
enum class ModbusException : std::uint8_t {
  kNone = 0,
  kIllegalFunction = 1,
  kIllegalAddress = 2,
  kIllegalValue = 3,
  kDeviceFailure = 4,
  kAcknowledge = 5,
  kBusy = 6,
  kNegativeAcknowledge = 7,
  kMemoryParity = 8,
  kGatewayPath = 10,
  kGatewayTarget = 11,  // the device behind the gateway did not answer
};

struct LinkError {
  LinkFault fault = LinkFault::kLost;
  ModbusException exception = ModbusException::kNone;  // of kException alone
  std::string what;
};

enum class LineKind : std::uint8_t { kTcp, kRtu };

/// What a transaction costs by arithmetic.
struct LineWire {
  LineKind kind = LineKind::kTcp;
  int baud = 9600;              // rtu
  int bits_per_character = 10;  // rtu: start, 8 data, parity, stop
};

/// Of one character; 0 over TCP, where the bytes do not count.
std::chrono::nanoseconds character_time(const LineWire& wire);
/// Silence that ends a frame: 3.5 characters, 1.75 ms above 19200 baud (Modbus
/// over serial line 1.02, 2.5.1.1); 0 over TCP.
std::chrono::microseconds frame_gap(const LineWire& wire);
/// Request, answer and both gaps on the wire, without the device's own time.
std::chrono::microseconds wire_time(const LineWire& wire,
                                    const Question& question);
/// The same of write and read multiple registers (function 23).
std::chrono::microseconds exchange_time(const LineWire& wire,
                                        std::size_t written_bytes,
                                        std::uint16_t read_registers);

}  // namespace strongroom
