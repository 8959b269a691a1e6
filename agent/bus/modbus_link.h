// SPDX-License-Identifier: Apache-2.0
// The wire of one line: one blocking transaction at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "core/base/result.h"
#include "core/point/profile.h"

namespace strongroom {

/// What a failed transaction means for the line.
enum class LinkFault : std::uint8_t {
  kTimeout,    // nothing, or not all of it, came in time
  kException,  // the device answered, with a Modbus exception
  kGarbled,    // something else came: CRC, other unit, other length
  kLost,       // the port or the connection is gone
};

struct LinkError {
  LinkFault fault = LinkFault::kLost;
  std::string what;
};

/// Used by one thread. Every call returns within about the link's timeout.
class ModbusLink {
 public:
  virtual ~ModbusLink() = default;

  /// Nothing that was asked before can be taken for an answer to what is asked
  /// after it.
  virtual Result<void> open() = 0;
  virtual void close() = 0;
  virtual std::chrono::milliseconds timeout() const = 0;
  /// Reads values.size() registers (1 to 125) of `unit`.
  virtual std::expected<void, LinkError> read(
      std::uint8_t unit,
      RegisterKind kind,
      std::uint16_t address,
      std::span<std::uint16_t> values) = 0;
  /// Discards whatever has arrived and was not read.
  virtual void flush() = 0;
};

}  // namespace strongroom
