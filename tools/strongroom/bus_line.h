// SPDX-License-Identifier: Apache-2.0
// A Modbus line as the command line names it, and one question at a time on it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/now.h"
#include "core/base/result.h"
#include "core/bus/guard.h"
#include "core/bus/question.h"
#include "platform/modbus/libmodbus_link.h"

namespace strongroom {

/// "1-247", "3", "1,5,10-20": in rising order, each once, 1 to 247.
Result<std::vector<std::uint8_t>> parse_units(std::string_view text);
/// "192.0.2.1", "gateway:1502", "[2001:db8::1]:502"; port 502 when none is
/// given.
Result<TcpEndpoint> parse_tcp_endpoint(std::string_view text);

/// A line that a person asked for.
struct BusLine {
  LibmodbusSettings settings;
  /// Of one answer.
  std::chrono::milliseconds timeout{500};
};

LineWire wire_of(const BusLine& line);
/// "/dev/ttyUSB0 9600 8N1" or "192.0.2.1:502".
std::string text_of(const BusLine& line);
/// "0x01 illegal function": of an exception, for people.
std::string exception_text(ModbusException exception);

using Answer = std::expected<std::vector<std::uint16_t>, LinkError>;

/// Asks one question at a time and never believes an answer that may belong to
/// an earlier one (core/bus/guard.h): then it waits, and asks the unit
/// something of another shape first. Not thread-safe.
class BusAsker {
 public:
  using Clock = std::function<MonoTime()>;

  /// `link` is open and outlives the object. An answer may come `late_answer`
  /// after its question.
  BusAsker(ModbusLink& link,
           LineWire wire,
           std::chrono::milliseconds timeout,
           std::chrono::milliseconds late_answer,
           Clock clock);

  /// Blocks: the timeout, and longer when a late answer must be waited out. The
  /// line is still for `pause`, at least for what ends a frame, before.
  Answer ask(const Question& question, std::chrono::microseconds pause = {});

 private:
  Answer transact(const Question& question, std::chrono::microseconds pause);
  void make_free(const Question& question, std::chrono::microseconds pause);
  void show_in_step(const Question& question, std::chrono::microseconds pause);
  bool is_refusal(const Question& question, MonoTime asked);
  void discard(std::chrono::microseconds quiet,
               std::chrono::microseconds at_most);

  ModbusLink* link_;
  LineWire wire_;
  std::chrono::milliseconds timeout_;
  Clock clock_;
  ReplyGuard guard_;
  std::set<std::uint8_t> answering_;  // units that answered anything
  /// When a question of this unit and function last went unanswered.
  std::map<std::pair<std::uint8_t, RegisterKind>, MonoTime> unanswered_;
};

}  // namespace strongroom
