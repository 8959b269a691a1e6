// SPDX-License-Identifier: Apache-2.0
#include "tests/panel_sim/master.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "tests/panel_sim/panel_node.h"

namespace strongroom::panel_sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint8_t kPoll = 4;
constexpr std::uint8_t kExchange = 0x17;
constexpr std::uint8_t kException = 0x80;
constexpr milliseconds kTimeout{40};
constexpr milliseconds kQuiet{5};  // after an answer that was none

Bytes poll_request(std::uint16_t address, std::uint16_t count) {
  return with_crc({kUnit,
                   kPoll,
                   static_cast<std::uint8_t>(address >> 8U),
                   static_cast<std::uint8_t>(address),
                   static_cast<std::uint8_t>(count >> 8U),
                   static_cast<std::uint8_t>(count)});
}

Bytes exchange_request(ByteView frame, std::uint16_t registers) {
  Bytes adu{kUnit,
            kExchange,
            kPanelExchangeAddress >> 8U,
            kPanelExchangeAddress & 0xffU,
            static_cast<std::uint8_t>(registers >> 8U),
            static_cast<std::uint8_t>(registers),
            kPanelExchangeAddress >> 8U,
            kPanelExchangeAddress & 0xffU,
            0,
            static_cast<std::uint8_t>(frame.size() / 2),
            static_cast<std::uint8_t>(frame.size())};
  append(adu, frame);
  return with_crc(std::move(adu));
}

std::vector<std::uint16_t> cells_of(std::span<const std::uint8_t> bytes) {
  std::vector<std::uint16_t> cells;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    cells.push_back(
        static_cast<std::uint16_t>((bytes[i] << 8U) | bytes[i + 1]));
  }
  return cells;
}

LinkError timeout() {
  return {.fault = LinkFault::kTimeout,
          .exception = ModbusException::kNone,
          .what = "no answer"};
}

LinkError refusal(ModbusException exception) {
  return {.fault = LinkFault::kException,
          .exception = exception,
          .what = "exception"};
}

}  // namespace

void Master::ask(Bytes adu,
                 std::uint8_t function,
                 std::uint16_t registers,
                 MonoTime now,
                 microseconds timeout) {
  ++asked_;
  waiting_ = {.function = function,
              .registers = registers,
              .asked = now,
              .until = now + timeout};
  channel_.send(true, std::move(adu), now);
}

std::optional<Master::Answer> Master::read(ByteView adu) const {
  if (!waiting_ || !has_right_crc(adu) || adu[0] != kUnit) {
    return std::nullopt;
  }
  if (adu[1] == (waiting_->function | kException)) {
    return Answer{.bytes = {},
                  .exception = static_cast<ModbusException>(adu[2])};
  }
  const std::size_t bytes = 2U * waiting_->registers;
  if (adu[1] != waiting_->function || adu.size() != 3 + bytes + 2) {
    return std::nullopt;
  }
  return Answer{.bytes = adu.subspan(3, bytes), .exception = {}};
}

// --- plain
// ----------------------------------------------------------------------

void PlainMaster::start(std::shared_ptr<PanelPort> driver, MonoTime) {
  driver_ = std::move(driver);
  waiting_.reset();
  wake();
}

MonoTime PlainMaster::due() const {
  return waiting_ ? waiting_->until : std::max(next_, quiet_until_);
}

void PlainMaster::run(MonoTime now) {
  if (due() > now) {
    return;
  }
  if (waiting_) {
    const Waiting asked = *std::exchange(waiting_, std::nullopt);
    driver_->failed(timeout(), asked.asked, now);
  }
  const PanelWish wish = driver_->wish(now);
  next_ = std::max(wish.due, now + microseconds(100));
  if (wish.kind == PanelWish::Kind::kNothing || wish.due > now) {
    return;
  }
  next_ = now;
  const bool is_poll = wish.kind == PanelWish::Kind::kPoll;
  const std::uint16_t registers =
      is_poll ? kPanelPollCount : wish.read_registers;
  Bytes adu = is_poll ? poll_request(kPanelPollAddress, kPanelPollCount)
                      : exchange_request(wish.request, registers);
  const microseconds wire = on_wire(adu.size() + 2U * registers);
  ask(std::move(adu),
      is_poll ? kPoll : kExchange,
      registers,
      now,
      wire + kTimeout);
}

void PlainMaster::received(const Bytes& adu, MonoTime now) {
  const auto answer = read(adu);
  if (!answer) {
    return;
  }
  const Waiting asked = *std::exchange(waiting_, std::nullopt);
  wake();
  if (answer->exception) {
    driver_->failed(refusal(*answer->exception), asked.asked, now);
  } else if (asked.function == kPoll) {
    driver_->polled(cells_of(answer->bytes), asked.asked, now);
  } else if (!driver_->exchanged(answer->bytes, asked.asked, now)) {
    quiet_until_ = now + kQuiet;
  }
}

// --- the line's machine
// ---------------------------------------------------------

void LineMaster::start(std::shared_ptr<PanelPort> driver, MonoTime now) {
  waiting_.reset();
  discarding_.reset();
  machine_ = std::make_unique<LineMachine>(
      LineSettings{.wire = {.kind = LineKind::kRtu,
                            .baud = static_cast<int>(kBaud),
                            .bits_per_character = 11},
                   .timeout = milliseconds(100),
                   .late_answer = {}},
      std::vector<LineDevice>{},
      now,
      std::vector<LinePanel>{
          {.name = "door-1", .unit_id = kUnit, .port = std::move(driver)}});
  wake();
}

MonoTime LineMaster::due() const {
  return waiting_ ? waiting_->until : discarding_ ? discarding_->until : next_;
}

void LineMaster::run(MonoTime now) {
  if (due() > now) {
    return;
  }
  if (waiting_) {
    waiting_.reset();
    machine_->failed(timeout(), now);
  } else if (discarding_) {
    machine_->discarded(std::exchange(discarding_, std::nullopt)->bytes, now);
  }
  next_ = now;
  while (!waiting_ && !discarding_ && next_ <= now) {
    act(machine_->next(now), now);
  }
}

void LineMaster::act(const LineAction& action, MonoTime now) {
  if (std::holds_alternative<LineOpen>(action)) {
    machine_->opened(now);
  } else if (const auto* const poll = std::get_if<LineAsk>(&action)) {
    ask(poll_request(poll->question.address, poll->question.count),
        kPoll,
        poll->question.count,
        now,
        poll->timeout);
  } else if (const auto* const one = std::get_if<LineExchange>(&action)) {
    ask(exchange_request(one->request, one->read_registers),
        kExchange,
        one->read_registers,
        now,
        one->timeout);
  } else if (const auto* const rest = std::get_if<LineDiscard>(&action)) {
    discarding_ = {.quiet = rest->quiet,
                   .at_most = now + rest->at_most,
                   .until = now + std::min(rest->quiet, rest->at_most)};
  } else if (const auto* const wait = std::get_if<LineWait>(&action)) {
    next_ = std::max(wait->until, now + microseconds(100));
  }
}

void LineMaster::received(const Bytes& adu, MonoTime now) {
  if (discarding_) {
    discarding_->bytes += adu.size();
    discarding_->until =
        std::min(discarding_->at_most, now + discarding_->quiet);
    return;
  }
  const auto answer = read(adu);
  if (!answer) {
    return;
  }
  const std::uint8_t function = waiting_->function;
  waiting_.reset();
  wake();
  if (answer->exception) {
    machine_->failed(refusal(*answer->exception), now);
  } else if (function == kPoll) {
    machine_->answered(cells_of(answer->bytes), now);
  } else {
    machine_->exchanged(answer->bytes, now);
  }
}

}  // namespace strongroom::panel_sim
