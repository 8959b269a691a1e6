// SPDX-License-Identifier: Apache-2.0
// A line and its devices in virtual time, for tests. The link takes an answer
// as libmodbus 3.1.6 does: any frame with a right CRC, unit, function and
// length is the answer, whatever it answers; of anything else the rest stays
// buffered.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/check.h"
#include "core/bus/guard.h"
#include "core/bus/line.h"
#include "core/bus/plan_fixture.h"

namespace strongroom {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// As questions of this kind the line carries exchanges with panels.
inline constexpr RegisterKind kExchangeKind = static_cast<RegisterKind>(23);

/// What every cell holds: its unit (4 bits), kind (1), address (7) and when it
/// was read, in eights of seconds (4). Of bits only one bit of all that.
inline std::uint16_t simulated_cell(std::uint8_t unit,
                                    RegisterKind kind,
                                    std::uint32_t address,
                                    MonoTime at) {
  if (is_bit_kind(kind)) {
    const auto mixed =
        (unit * 31U + static_cast<unsigned>(kind)) * 2'654'435'761U +
        address * 40'503U;
    return static_cast<std::uint16_t>(mixed >> 13 & 1U);
  }
  const auto version = static_cast<unsigned>(at / seconds(8)) % 16;
  const unsigned kind_bit = kind == RegisterKind::kHolding ? 1 : 0;
  return static_cast<std::uint16_t>((unit & 15U) << 12 | kind_bit << 11 |
                                    (address & 127U) << 4 | version);
}

enum class AnswerOrder : std::uint8_t {
  kFifo,      // one question after the other, none is forgotten
  kParallel,  // each on its own time, as of a gateway
};

/// How one unit answers.
struct SimulatedUnit {
  bool is_dead = false;
  /// Its registers hold the number of the question that is answered, from 1 on.
  bool is_panel = false;
  AnswerOrder order = AnswerOrder::kFifo;
  microseconds delay{10'000};  // of the unit, as a rule
  microseconds jitter{0};      // added evenly
  // Share of the questions to which something happens:
  double late = 0;  // answered after delay + 0 to `latest`
  microseconds latest{0};
  double lost = 0;      // never answered
  double doubled = 0;   // answered twice, at once
  double trailed = 0;   // garbage behind the answer
  double split = 0;     // the second half comes up to `latest` later
  double noisy = 0;     // CRC error
  double excepted = 0;  // an exception instead, at random
  /// From this question on it gives the answer to the question before.
  std::optional<std::uint64_t> falls_behind_at;
  std::vector<RegisterRange> refused;          // exception 2, always
  std::vector<RegisterRange> ignored;          // never answered
  std::optional<std::uint16_t> refused_above;  // longer requests: exception 3
  ModbusException answers_only = ModbusException::kNone;
  bool refuses_exchanges = false;  // exception 3

  // state
  MonoTime busy_until{};
  std::uint64_t questions = 0;
  std::optional<std::pair<Question, std::uint64_t>> kept;  // while it is behind
};

class SimulatedLine {
 public:
  SimulatedLine(LineWire wire, unsigned seed) : wire_(wire), random_(seed) {}

  SimulatedUnit& unit(std::uint8_t id) { return units_[id]; }

  /// Result of a transaction, and when it was over.
  struct Outcome {
    std::optional<LinkError> error;
    std::vector<std::uint16_t> cells;
    MonoTime at{};
  };
  /// `written`: bytes of an exchange.
  const Outcome& ask(const Question& question,
                     microseconds timeout,
                     MonoTime now,
                     std::size_t written = 0);

  struct Discarded {
    std::size_t bytes = 0;
    MonoTime at{};
  };
  Discarded discard(const LineDiscard& discard, MonoTime now);

  void close(MonoTime now) {
    std::erase_if(items_, [now](const Item& item) { return item.head <= now; });
  }

  std::uint64_t asks = 0;
  bool is_lost = false;

 private:
  struct Item {
    MonoTime head{};
    MonoTime tail{};
    Question question;         // that it answers
    std::uint64_t number = 0;  // of that one
    ModbusException exception = ModbusException::kNone;
    bool is_garbage = false;
    bool is_split = false;
    bool is_another_transaction = false;  // TCP: told by its id
    MonoTime read{};                      // by the unit
    std::size_t bytes = 0;
  };

  bool happens(double share) {
    return share > 0 && std::uniform_real_distribution<>(0, 1)(random_) < share;
  }
  microseconds up_to(microseconds most) {
    return microseconds(
        std::uniform_int_distribution<std::int64_t>(0, most.count())(random_));
  }
  microseconds time_of(std::size_t bytes) const {
    return std::chrono::ceil<microseconds>(character_time(wire_) *
                                           static_cast<int>(bytes));
  }
  void place(const Item& item) {
    items_.insert(std::upper_bound(items_.begin(),
                                   items_.end(),
                                   item,
                                   [](const Item& a, const Item& b) {
                                     return a.head < b.head;
                                   }),
                  item);
  }
  void send(Item item, MonoTime from);
  void answer(SimulatedUnit& unit, const Question& question, MonoTime now);
  ModbusException exception_of(SimulatedUnit& unit, const Question& question);
  void fail(LinkFault fault, MonoTime at, ModbusException exception = {});

  LineWire wire_;
  std::mt19937 random_;
  std::map<std::uint8_t, SimulatedUnit> units_;
  std::deque<Item> items_;  // by head
  Outcome outcome_;
};

/// Puts the frame on the wire when nothing else is on it.
inline void SimulatedLine::send(Item item, MonoTime from) {
  const microseconds length =
      item.tail > item.head ? item.tail - item.head : microseconds(0);
  item.head = from;
  item.tail = from + std::max(length, time_of(item.bytes));
  for (const Item& other : items_) {
    if (other.head <= item.head && other.tail > item.head) {
      if (other.is_split) {
        item.is_garbage = true;  // it falls into the other's pause
      } else {
        const microseconds shift = other.tail - item.head;
        item.head += shift;
        item.tail += shift;
      }
    }
  }
  place(item);
}

inline bool touches(const std::vector<RegisterRange>& ranges,
                    const Question& question) {
  const unsigned end = question.address + unsigned{question.count};
  return std::ranges::any_of(ranges, [&](const RegisterRange& range) {
    return range.kind == question.kind && range.first < end &&
           question.address <= range.last;
  });
}

inline ModbusException SimulatedLine::exception_of(SimulatedUnit& unit,
                                                   const Question& question) {
  if (unit.answers_only != ModbusException::kNone) {
    return unit.answers_only;
  }
  if (unit.refuses_exchanges && question.kind == kExchangeKind) {
    return ModbusException::kIllegalValue;
  }
  if (touches(unit.refused, question)) {
    return ModbusException::kIllegalAddress;
  }
  if (unit.refused_above && question.count > *unit.refused_above) {
    return ModbusException::kIllegalValue;
  }
  if (happens(unit.excepted)) {
    constexpr std::array kAny{ModbusException::kDeviceFailure,
                              ModbusException::kBusy,
                              ModbusException::kMemoryParity,
                              ModbusException::kGatewayTarget};
    return happens(0.02) ? ModbusException::kIllegalAddress
                         : kAny[std::uniform_int_distribution<std::size_t>(
                               0, 3)(random_)];
  }
  return ModbusException::kNone;
}

inline void SimulatedLine::answer(SimulatedUnit& unit,
                                  const Question& question,
                                  MonoTime now) {
  ++unit.questions;
  Question answered = question;
  std::uint64_t number = unit.questions;
  if (unit.falls_behind_at && unit.questions >= *unit.falls_behind_at) {
    const auto before =
        std::exchange(unit.kept, std::pair(question, unit.questions));
    if (!before) {
      return;
    }
    std::tie(answered, number) = *before;
  }
  if (happens(unit.lost) || touches(unit.ignored, answered)) {
    return;
  }
  MonoTime at = now + unit.delay + up_to(unit.jitter);
  microseconds late_by{0};
  if (happens(unit.late)) {
    late_by = up_to(unit.latest);
    at += late_by;
  }
  if (unit.order == AnswerOrder::kFifo) {
    at = std::max(at, unit.busy_until + unit.delay);
    unit.busy_until = at;
  }
  Item item{.question = answered,
            .number = number,
            .exception = exception_of(unit, answered),
            .is_garbage = happens(unit.noisy),
            .read = at};
  item.bytes = item.exception == ModbusException::kNone
                   ? std::size_t{5} + shape_of(answered).bytes
                   : 5;
  if (happens(unit.split)) {
    item.is_split = true;
    item.tail = item.head + time_of(item.bytes) + up_to(unit.latest - late_by);
  }
  const std::uint64_t seed_free = item.bytes;
  send(item, at);
  if (happens(unit.doubled)) {
    Item again = item;
    again.head = again.tail = {};
    again.is_split = false;
    again.is_another_transaction = wire_.kind == LineKind::kTcp;
    send(again, at + time_of(seed_free));
  }
  if (happens(unit.trailed)) {
    send({.is_garbage = true, .bytes = 5}, at + time_of(seed_free));
  }
}

inline void SimulatedLine::fail(LinkFault fault,
                                MonoTime at,
                                ModbusException exception) {
  outcome_.error = {fault, exception, "simulated"};
  outcome_.at = at;
}

inline const SimulatedLine::Outcome& SimulatedLine::ask(
    const Question& question,
    microseconds timeout,
    MonoTime now,
    std::size_t written) {
  ++asks;
  outcome_.error.reset();
  if (is_lost) {
    fail(LinkFault::kLost, now);
    return outcome_;
  }
  const auto found = units_.find(question.unit);
  if (found != units_.end() && !found->second.is_dead) {
    const std::size_t request =
        question.kind == kExchangeKind ? 13 + written : 8;
    answer(found->second, question, now + time_of(request));
  }
  const MonoTime deadline = now + timeout;
  if (items_.empty() || items_.front().head > deadline) {
    fail(LinkFault::kTimeout, deadline);
    return outcome_;
  }
  const Item item = items_.front();
  items_.pop_front();
  if (item.tail > deadline) {  // the rest comes without its beginning
    place({.head = item.tail,
           .tail = item.tail,
           .is_garbage = true,
           .bytes = item.bytes / 2 + 1});
    fail(LinkFault::kTimeout, deadline);
    return outcome_;
  }
  const MonoTime at = std::max(now, item.tail);
  const bool is_alike = item.question.unit == question.unit &&
                        item.question.kind == question.kind;
  if (item.is_garbage || item.is_another_transaction || !is_alike) {
    fail(LinkFault::kGarbled, at);
    return outcome_;
  }
  if (item.exception != ModbusException::kNone) {
    fail(LinkFault::kException, at, item.exception);
    return outcome_;
  }
  if (shape_of(item.question) != shape_of(question)) {
    fail(LinkFault::kGarbled, at);
    return outcome_;
  }
  outcome_.at = at;
  outcome_.cells.resize(question.count);
  for (std::uint32_t i = 0; i < question.count; ++i) {
    outcome_.cells[i] = found->second.is_panel
                            ? static_cast<std::uint16_t>(item.number)
                            : simulated_cell(item.question.unit,
                                             item.question.kind,
                                             item.question.address + i,
                                             item.read);
  }
  return outcome_;
}

inline SimulatedLine::Discarded SimulatedLine::discard(
    const LineDiscard& discard, MonoTime now) {
  Discarded result;
  const MonoTime end = now + discard.at_most;
  MonoTime last = now;
  while (!items_.empty() &&
         items_.front().head <= std::min(last + discard.quiet, end)) {
    Item& item = items_.front();
    result.bytes += item.bytes;
    last = std::max(last, item.tail);
    if (item.tail > end) {
      item = {
          .head = item.tail, .tail = item.tail, .is_garbage = true, .bytes = 1};
      break;
    }
    items_.pop_front();
  }
  result.at = std::min(last + discard.quiet, end);
  return result;
}

/// A machine, its line and the clock.
class LineRun {
 public:
  LineRun(LineSettings settings,
          const std::vector<LineDevice>& devices,
          unsigned seed,
          std::unique_ptr<ReplyGuard> guard = nullptr,
          std::vector<LinePanel> panels = {})
      : line(settings.wire, seed),
        machine(guard
                    ? LineMachine(settings,
                                  devices,
                                  now,
                                  std::move(guard),
                                  std::move(panels))
                    : LineMachine(settings, devices, now, std::move(panels))) {}

  /// One action. Returns false when it was a wait beyond `end`, which then is
  /// the time.
  bool step(MonoTime end);
  void run_until(MonoTime end) {
    while (now < end && step(end)) {
    }
    now = std::max(now, end);
  }

  MonoTime now{seconds(1'000)};
  SimulatedLine line;
  LineMachine machine;
  std::function<void(const PollReport&)> on_report = [](const PollReport&) {};
  std::function<void(const LineAsk&, MonoTime)> on_ask = [](const LineAsk&,
                                                            MonoTime) {};
  std::function<void(const LineExchange&, MonoTime)> on_exchange =
      [](const LineExchange&, MonoTime) {};
  bool can_open = true;
  std::uint64_t closes = 0;

 private:
  void exchange(const LineExchange& exchange);
};

inline void LineRun::exchange(const LineExchange& exchange) {
  on_exchange(exchange, now);
  const Question question{.unit = exchange.unit,
                          .kind = kExchangeKind,
                          .address = kPanelExchangeAddress,
                          .count = exchange.read_registers};
  const auto& outcome =
      line.ask(question, exchange.timeout, now, exchange.request.size());
  now = outcome.at;
  if (outcome.error) {
    machine.failed(*outcome.error, now);
    return;
  }
  std::vector<std::uint8_t> bytes;
  for (const std::uint16_t cell : outcome.cells) {
    bytes.push_back(static_cast<std::uint8_t>(cell >> 8));
    bytes.push_back(static_cast<std::uint8_t>(cell & 0xFFU));
  }
  machine.exchanged(bytes, now);
}

inline bool LineRun::step(MonoTime end) {
  const LineAction action = machine.next(now);
  bool goes_on = true;
  if (std::holds_alternative<LineOpen>(action)) {
    now += milliseconds(1);
    can_open ? machine.opened(now) : machine.open_failed("no port", now);
  } else if (std::holds_alternative<LineClose>(action)) {
    ++closes;
    line.close(now);
  } else if (const auto* ask = std::get_if<LineAsk>(&action)) {
    on_ask(*ask, now);
    const auto& outcome = line.ask(ask->question, ask->timeout, now);
    now = outcome.at;
    outcome.error ? machine.failed(*outcome.error, now)
                  : machine.answered(outcome.cells, now);
  } else if (const auto* wanted = std::get_if<LineExchange>(&action)) {
    exchange(*wanted);
  } else if (const auto* discard = std::get_if<LineDiscard>(&action)) {
    const auto done = line.discard(*discard, now);
    now = done.at;
    machine.discarded(done.bytes, now);
  } else {
    const MonoTime until = std::get<LineWait>(action).until;
    check(until > now, "a wait that is over already");
    goes_on = until <= end;
    now = std::min(until, end);
  }
  for (const PollReport& report : machine.take_reports()) {
    on_report(report);
  }
  return goes_on;
}

}  // namespace strongroom
