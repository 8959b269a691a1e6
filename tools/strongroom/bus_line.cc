// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/bus_line.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

namespace strongroom {
namespace {

constexpr int kLastUnit = 247;

std::optional<int> number_in(std::string_view text, int min, int max) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || value < min || value > max) {
    return std::nullopt;
  }
  return value;
}

/// Whether the device may still answer: it was a gateway that gave up.
bool is_of_gateway(const LinkError& error) {
  return error.fault == LinkFault::kException &&
         (error.exception == ModbusException::kGatewayPath ||
          error.exception == ModbusException::kGatewayTarget);
}

}  // namespace

Result<std::vector<std::uint8_t>> parse_units(std::string_view text) {
  const Error wrong{"\"" + std::string(text) +
                    "\" is no list of units like 1-247 or 1,5,10-20"};
  std::set<std::uint8_t> units;
  while (true) {
    const std::string_view part = text.substr(0, text.find(','));
    const std::size_t dash = part.find('-');
    const auto first = number_in(part.substr(0, dash), 1, kLastUnit);
    const auto last = dash == std::string_view::npos
                          ? first
                          : number_in(part.substr(dash + 1), 1, kLastUnit);
    if (!first || !last || *first > *last) {
      return std::unexpected(wrong);
    }
    for (int unit = *first; unit <= *last; ++unit) {
      units.insert(static_cast<std::uint8_t>(unit));
    }
    if (part.size() == text.size()) {
      return std::vector<std::uint8_t>(units.begin(), units.end());
    }
    text.remove_prefix(part.size() + 1);
  }
}

Result<TcpEndpoint> parse_tcp_endpoint(std::string_view text) {
  TcpEndpoint endpoint;
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    host = end == std::string_view::npos ? "" : text.substr(1, end - 1);
    port = end == std::string_view::npos ? "" : text.substr(end + 1);
  } else if (std::ranges::count(text, ':') == 1) {
    host = text.substr(0, text.find(':'));
    port = text.substr(text.find(':'));
  }
  endpoint.host = host;
  if (!port.empty()) {
    const auto number = number_in(port.substr(1), 1, 65535);
    if (!number || !port.starts_with(':')) {
      return fault("\"" + std::string(text) + "\" is not HOST or HOST:PORT");
    }
    endpoint.port = static_cast<std::uint16_t>(*number);
  }
  if (endpoint.host.empty()) {
    return fault("\"" + std::string(text) + "\" is not HOST or HOST:PORT");
  }
  return endpoint;
}

LineWire wire_of(const BusLine& line) {
  const auto* rtu = std::get_if<RtuEndpoint>(&line.settings.endpoint);
  if (rtu == nullptr) {
    return {.kind = LineKind::kTcp};
  }
  const int parity_bits = rtu->parity == 'N' ? 0 : 1;
  return {.kind = LineKind::kRtu,
          .baud = rtu->baud,
          .bits_per_character = 9 + parity_bits + rtu->stop_bits};
}

std::string text_of(const BusLine& line) {
  if (const auto* tcp = std::get_if<TcpEndpoint>(&line.settings.endpoint)) {
    return tcp->host + ":" + std::to_string(tcp->port);
  }
  const auto& rtu = std::get<RtuEndpoint>(line.settings.endpoint);
  return rtu.device + " " + std::to_string(rtu.baud) + " 8" + rtu.parity +
         std::to_string(rtu.stop_bits);
}

std::string exception_text(ModbusException exception) {
  switch (exception) {
    case ModbusException::kNone:
      return "no exception";
    case ModbusException::kIllegalFunction:
      return "exception 1, it does not know this function";
    case ModbusException::kIllegalAddress:
      return "exception 2, it has nothing at such an address";
    case ModbusException::kIllegalValue:
      return "exception 3, it refuses so many at once";
    case ModbusException::kDeviceFailure:
      return "exception 4, it failed";
    case ModbusException::kAcknowledge:
      return "exception 5, it works on it";
    case ModbusException::kBusy:
      return "exception 6, it is busy";
    case ModbusException::kNegativeAcknowledge:
      return "exception 7, it will not";
    case ModbusException::kMemoryParity:
      return "exception 8, its memory is faulty";
    case ModbusException::kGatewayPath:
      return "exception 10, the gateway has no such path";
    case ModbusException::kGatewayTarget:
      return "exception 11, nobody answers behind the gateway";
  }
  return "an exception without a name";
}

BusAsker::BusAsker(ModbusLink& link,
                   LineWire wire,
                   std::chrono::milliseconds timeout,
                   std::chrono::milliseconds late_answer,
                   Clock clock)
    : link_(&link),
      wire_(wire),
      timeout_(timeout),
      clock_(std::move(clock)),
      guard_(late_answer) {}

void BusAsker::discard(std::chrono::microseconds quiet,
                       std::chrono::microseconds at_most) {
  if (const std::size_t bytes = link_->discard(quiet, at_most); bytes > 0) {
    guard_.heard_late(bytes, clock_());
  }
}

void BusAsker::show_in_step(const Question& question,
                            std::chrono::microseconds pause) {
  Question other = question;
  other.count = static_cast<std::uint16_t>(other.count > 1 ? other.count - 1
                                                           : other.count + 1);
  if (other.address + other.count <= 0x10000 &&
      guard_.may_ask(other, clock_())) {
    transact(other, pause);
  }
}

void BusAsker::make_free(const Question& question,
                         std::chrono::microseconds pause) {
  if (guard_.may_ask(question, clock_())) {
    return;
  }
  // A unit that never said anything has nothing to be out of step with.
  if (guard_.is_in_doubt(question.unit) && answering_.contains(question.unit)) {
    show_in_step(question, pause);
  }
  while (const auto since = guard_.owed_since(question)) {
    const MonoTime now = clock_();
    const MonoTime free = *since + guard_.late_answer();
    if (now < free) {
      discard(free - now, free - now);
    } else if (!guard_.may_ask(question, now)) {
      guard_.give_up(question, now);
    }
  }
}

/// Whether an exception is this question's own. A device that refuses all it is
/// asked never shows that it is in step: then it is enough that nothing can
/// come late any more, because a refusal carries no value that could be wrong.
bool BusAsker::is_refusal(const Question& question, MonoTime asked) {
  if (guard_.can_be_refused(question, clock_())) {
    guard_.answered(question, clock_());
    return true;
  }
  const auto last = unanswered_.find({question.unit, question.kind});
  return last == unanswered_.end() ||
         last->second + guard_.late_answer() <= asked;
}

Answer BusAsker::transact(const Question& question,
                          std::chrono::microseconds pause) {
  if (const auto still = std::max(pause, frame_gap(wire_)); still.count() > 0) {
    discard(still, guard_.late_answer());
  }
  const MonoTime asked = clock_();
  std::vector<std::uint16_t> cells(question.count);
  auto done =
      link_->read(question, timeout_ + wire_time(wire_, question), cells);
  const MonoTime now = clock_();
  if (done) {
    answering_.insert(question.unit);
    guard_.answered(question, now);
    return cells;
  }
  LinkError error = std::move(done.error());
  if (error.fault == LinkFault::kException && !is_of_gateway(error)) {
    answering_.insert(question.unit);
    if (is_refusal(question, asked)) {
      return std::unexpected(std::move(error));
    }
    error = {LinkFault::kGarbled,
             ModbusException::kNone,
             "an exception that may belong to an earlier question"};
  }
  guard_.unanswered(question, asked);
  unanswered_[{question.unit, question.kind}] = asked;
  // What else comes belongs to nobody: the line is still before it is used.
  const std::chrono::microseconds quiet =
      error.fault == LinkFault::kGarbled
          ? std::chrono::microseconds(timeout_)
          : std::max<std::chrono::microseconds>(frame_gap(wire_),
                                                std::chrono::milliseconds(5));
  discard(quiet, guard_.late_answer());
  return std::unexpected(std::move(error));
}

Answer BusAsker::ask(const Question& question,
                     std::chrono::microseconds pause) {
  make_free(question, pause);
  return transact(question, pause);
}

}  // namespace strongroom
