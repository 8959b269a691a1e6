// SPDX-License-Identifier: Apache-2.0
// The wire of one line: one blocking transaction at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <span>

#include "core/base/result.h"
#include "core/bus/question.h"

namespace strongroom {

/// Whether the serial adapter hands answers over at once. USB adapters hold
/// them back (16 ms, as a rule) unless told not to.
enum class LowLatency : std::uint8_t {
  kNotApplicable,  // TCP, a pseudo-terminal, a port of the board
  kSet,
  kRefused,
};

/// Used by one thread. Every call returns within about the timeout given.
class ModbusLink {
 public:
  virtual ~ModbusLink() = default;

  virtual Result<void> open() = 0;
  virtual void close() = 0;
  /// `values` has question.count items; of a bit kind each becomes 0 or 1.
  virtual std::expected<void, LinkError> read(
      const Question& question,
      std::chrono::microseconds timeout,
      std::span<std::uint16_t> values) = 0;
  /// Write and read multiple registers (function 23), both from `address` on:
  /// `written` and `read` are the registers' bytes, high byte first, an even
  /// number of them, 2 to 242 and 2 to 250.
  virtual std::expected<void, LinkError> exchange(
      std::uint8_t unit,
      std::uint16_t address,
      std::span<const std::uint8_t> written,
      std::span<std::uint8_t> read,
      std::chrono::microseconds timeout) {
    (void)unit, (void)address, (void)written, (void)read, (void)timeout;
    return std::unexpected(LinkError{
        LinkFault::kGarbled, ModbusException::kNone, "no exchange here"});
  }
  /// Throws away what arrives until nothing came for `quiet`, at most for
  /// `at_most`. Returns how many bytes that were.
  virtual std::size_t discard(std::chrono::microseconds quiet,
                              std::chrono::microseconds at_most) = 0;
  /// Of the last opening.
  virtual LowLatency low_latency() const { return LowLatency::kNotApplicable; }
};

}  // namespace strongroom
