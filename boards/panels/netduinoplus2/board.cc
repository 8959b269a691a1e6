// SPDX-License-Identifier: Apache-2.0
// Netduino Plus 2, STM32F405. Boots in QEMU 7.2, which has its USARTs and
// timers and nothing else of it; the rest is held against the reference manual
// by tests with fakes and was never run on hardware (README.md).
#include "boards/panels/netduinoplus2/board.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "boards/panels/cortex-m/queue.h"
#include "boards/panels/cortex-m/startup.h"
#include "boards/panels/netduinoplus2/clock.h"
#include "boards/panels/netduinoplus2/devices.h"
#include "boards/panels/netduinoplus2/flash.h"
#include "boards/panels/netduinoplus2/registers.h"
#include "boards/panels/netduinoplus2/setup.h"
#include "boards/panels/netduinoplus2/slot_log.h"
#include "boards/panels/netduinoplus2/usart.h"
#include "firmware/hal/hal.h"

namespace strongroom::panel::hal {
namespace {

namespace pins = strongroom::panel::netduino;
using cortex_m::Mark;
using cortex_m::Quiet;
using pins::Pin;
using stm32::Register;

using namespace strongroom::panel::netduino;  // its devices, by name
using BoardFlash = stm32::Flash<Register>;

struct TimedByte {
  std::uint64_t at_us = 0;
  stm32::Arrived arrived;
};
struct Edge {
  std::uint64_t at_us = 0;
  ReaderEvent::Kind kind{};
  std::uint8_t reader = 0;
};

// Of the interrupts to the loop. The line's is longer than any frame; what does
// not fit is lost and marks the next byte as broken. The others lose the
// newest: a badge that is not read is presented again.
constinit cortex_m::Queue<TimedByte, 512> line_in;
constinit cortex_m::Queue<TimedByte, 64> reader_in;
constinit cortex_m::Queue<std::uint8_t, 128> local_in;
constinit cortex_m::Queue<Edge, 256> edges;
constinit bool is_line_lossy = false;

// Made by start(): addresses are no constants to the compiler.
constinit std::optional<stm32::Usart<Register, 256>> line;
constinit std::optional<stm32::Usart<Register, 16>> reader;
constinit std::optional<stm32::Usart<Register, 512>> local;
constinit std::optional<BoardFlash> flash;
constinit std::optional<netduino::SlotLog<BoardFlash>> slots;

constinit stm32::Clock clock{};
constinit std::uint64_t clock_us = 0;
constinit std::uint32_t last_us = 0;
constinit strongroom_panel_v1_PanelStart reason{};
constinit BoardIdentity board_identity{};
constinit std::uint16_t supply_mv = 0;

[[gnu::section(".noinit")]] Survivors kept;

// In QEMU flash cannot be programmed: what survives a reset has to do.
struct EmulatedSlots {
  static constexpr std::size_t kBytes = 64;
  std::array<std::array<std::uint8_t, kSlotHead + kBytes>, 3> records;
};
[[gnu::section(".noinit")]] EmulatedSlots emulated;

bool is_emulated() {
  return clock == stm32::Clock::kEmulated;
}

// Without a crystal everything runs from the part's own 16 MHz, undivided; 1 %
// off, which the line just bears.
std::uint32_t bus_hz(std::uint32_t full) {
  return clock == stm32::Clock::kFailed ? 16'000'000 : full;
}

// One conversion after another, none waited for.
void read_supply() {
  if ((adc().sr & 2) == 0) {
    return;
  }
  // 3.3 V are 4095, through 10:1.
  supply_mv = static_cast<std::uint16_t>(adc().dr * 33'000u / 4095u);
  stm32::set_bits(adc().cr2, 1u << 30);
}

void identify() {
  board_identity.board = "netduinoplus2";
  board_identity.tests_only = is_emulated();
  if (is_emulated()) {
    board_identity.line_patience_us = 50'000;
    board_identity.serial = {'q', 'e', 'm', 'u', '-', 'f', '4', '0', '5'};
    return;
  }
  std::memcpy(board_identity.serial.data(),
              reinterpret_cast<const void*>(stm32::kUniqueId),
              board_identity.serial.size());
}

strongroom_panel_v1_PanelStart find_reason() {
  const cortex_m::Before before = cortex_m::take_mark();
  switch (stm32::take_reset_cause(rcc())) {
    case stm32::ResetCause::kPower:
      return strongroom_panel_v1_PanelStart_PANEL_START_POWER_ON;
    case stm32::ResetCause::kWatchdog:
      return strongroom_panel_v1_PanelStart_PANEL_START_WATCHDOG;
    case stm32::ResetCause::kOther:
    case stm32::ResetCause::kUnknown:
      break;
  }
  return cortex_m::to_start(before);
}

void open_uarts() {
  line.emplace(stm32::at<Uart>(stm32::kUsart6));
  reader.emplace(stm32::at<Uart>(stm32::kUart4));
  local.emplace(stm32::at<Uart>(stm32::kUsart2));
  reader->open(bus_hz(pins::kApb1Hz), 9600, 'N');
  local->open(bus_hz(pins::kApb1Hz), 115200, 'N');
  cortex_m::enable_interrupt(38);
  cortex_m::enable_interrupt(52);
}

void open_flash() {
  const auto sector = [](std::size_t i) {
    return std::span(reinterpret_cast<std::uint32_t*>(pins::kSlotSectors[i]),
                     pins::kSlotSectorBytes / 4);
  };
  flash.emplace(stm32::at<stm32::FlashBlock<Register>>(stm32::kFlash),
                sector(0),
                sector(1),
                pins::kFirstSlotSector);
  slots.emplace(*flash);
}

void line_interrupt() {
  line->interrupt(
      [](const stm32::Arrived& arrived) {
        TimedByte byte{.at_us = uptime_us(), .arrived = arrived};
        byte.arrived.is_broken = arrived.is_broken || is_line_lossy;
        is_line_lossy = !line_in.push(byte);
      },
      [] {
        stm32::drive(port(pins::kLineDrive), pins::kLineDrive.number, false);
      });
}

void reader_interrupt() {
  reader->interrupt(
      [](const stm32::Arrived& arrived) {
        reader_in.push({.at_us = uptime_us(), .arrived = arrived});
      },
      [] {});
}

void local_interrupt() {
  local->interrupt(
      [](const stm32::Arrived& arrived) { local_in.push(arrived.byte); },
      [] {});
}

void wiegand_interrupt() {
  const std::uint32_t pending = exti().pr;
  const std::uint64_t now = uptime_us();
  std::uint8_t number = 0;
  for (const pins::WiegandPins& wires : pins::kWiegand) {
    ++number;
    const bool zero = (pending >> wires.zero.number & 1) != 0;
    const bool one = (pending >> wires.one.number & 1) != 0;
    if (!zero && !one) {
      continue;
    }
    const bool both = (zero && one) ||
                      (!stm32::is_high(port(wires.zero), wires.zero.number) &&
                       !stm32::is_high(port(wires.one), wires.one.number));
    edges.push({.at_us = now,
                .kind = both  ? ReaderEvent::Kind::kBothLow
                        : one ? ReaderEvent::Kind::kOne
                              : ReaderEvent::Kind::kZero,
                .reader = number});
  }
  exti().pr = pending;  // written to clear
}

std::span<std::uint8_t> emulated_slot(Slot slot) {
  return emulated.records[static_cast<std::size_t>(slot)];
}

}  // namespace

void start() {
  clock = stm32::start_clock(
      rcc(), stm32::at<stm32::FlashBlock<Register>>(stm32::kFlash));
  stm32::start_watchdog(watchdog());
  pins::turn_on_devices();
  // Timers run at twice their bus when that is divided (7.2). QEMU's run at
  // 1 GHz whatever is set.
  pins::start_timer(is_emulated() ? 1'000'000'000 : bus_hz(2 * pins::kApb1Hz));
  last_us = timer().cnt;
  cortex_m::start_tick(bus_hz(pins::kProcessorHz));
  reason = find_reason();
  identify();
  pins::configure_pins();
  if (!is_emulated()) {
    open_flash();
    pins::start_supply();
  }
  open_uarts();
  pins::watch_wiegand();
}

std::uint64_t uptime_us() {
  const Quiet quiet;  // interrupts ask, too
  const std::uint32_t now = timer().cnt;
  clock_us += now - last_us;  // wraps after 71 minutes
  last_us = now;
  return clock_us;
}

strongroom_panel_v1_PanelStart start_reason() {
  return reason;
}
void feed_watchdog() {
  stm32::feed(watchdog());
}

void rest() {
  if (is_emulated()) {
    // QEMU 7.2 has no interrupt of the transmitter.
    const Quiet quiet;
    line_interrupt();
    local_interrupt();
  }
  if (!is_line_sending() && !local->is_sending()) {
    cortex_m::wait_for_interrupt();
  }
}

void reset() {
  cortex_m::reset(Mark::kReset);
}
const BoardIdentity& identity() {
  return board_identity;
}

std::optional<std::uint64_t> random64() {
  return stm32::Random(stm32::at<stm32::RngBlock<Register>>(stm32::kRng))
      .number64();
}

bool is_stalled(Task /*task*/) {
  return false;
}
StackUse stack_use() {
  return cortex_m::stack_use();
}
Survivors& survivors() {
  return kept;
}

std::size_t read_slot(Slot slot, std::span<std::uint8_t> to) {
  if (slots) {
    return slots->read(slot, to);
  }
  const auto content =
      slot_content(static_cast<std::uint8_t>(slot), emulated_slot(slot));
  if (content.size() > to.size()) {
    return 0;
  }
  std::ranges::copy(content, to.begin());
  return content.size();
}

bool write_slot(Slot slot, std::span<const std::uint8_t> from) {
  if (slots) {
    return slots->write(slot, from);
  }
  const auto to = emulated_slot(slot);
  if (from.size() > to.size() - kSlotHead) {
    return false;
  }
  std::ranges::copy(slot_head(static_cast<std::uint8_t>(slot), from),
                    to.begin());
  std::ranges::copy(from, to.begin() + kSlotHead);
  return true;
}

void open_line(std::uint32_t baud, char parity) {
  line->open(bus_hz(pins::kApb2Hz), baud, parity);
  cortex_m::enable_interrupt(71);
}

std::optional<LineByte> read_line() {
  const auto byte = line_in.pop();
  if (!byte) {
    return std::nullopt;
  }
  return LineByte{.byte = byte->arrived.byte,
                  .at_us = byte->at_us,
                  .is_broken = byte->arrived.is_broken};
}

bool write_line(std::span<const std::uint8_t> bytes) {
  if (line->is_sending()) {
    return false;
  }
  stm32::drive(port(pins::kLineDrive), pins::kLineDrive.number, true);
  const Quiet quiet;
  return line->send(bytes);
}

bool is_line_sending() {
  return line->is_sending();
}

Inputs inputs() {
  Inputs inputs{.panel = pins::kUnwiredPanelInputs};
  for (const pins::InputPin& input : pins::kLeafInputs) {
    if (!stm32::is_high(port(input.pin), input.pin.number)) {
      inputs.leaves |= 1u << input.bit;
    }
  }
  if (!stm32::is_high(port(pins::kTamper), pins::kTamper.number)) {
    inputs.panel = static_cast<std::uint8_t>(inputs.panel | kTamperInput);
  }
  if (!is_emulated()) {
    read_supply();
  }
  inputs.supply_mv = supply_mv;
  return inputs;
}

void set_outputs(const Outputs& outputs) {
  for (std::size_t i = 0; i < pins::kLocks.size(); ++i) {
    stm32::drive(port(pins::kLocks[i]),
                 pins::kLocks[i].number,
                 (outputs.locks >> i & 1) != 0);
  }
  const auto show = [](const Pin& pin, std::uint8_t readers) {
    stm32::drive(port(pin), pin.number, (readers & 1) != 0);
  };
  show(pins::kGreen, outputs.green);
  show(pins::kRed, outputs.red);
  show(pins::kBuzzer, outputs.buzzer);
}

std::optional<ReaderEvent> read_readers() {
  if (const auto edge = edges.pop()) {
    return ReaderEvent{
        .kind = edge->kind, .reader = edge->reader, .at_us = edge->at_us};
  }
  if (const auto byte = reader_in.pop()) {
    return ReaderEvent{.kind = ReaderEvent::Kind::kByte,
                       .reader = 1,
                       .byte = byte->arrived.byte,
                       .at_us = byte->at_us};
  }
  return std::nullopt;
}

std::optional<std::uint8_t> read_local() {
  return local_in.pop();
}

void write_local(std::span<const std::uint8_t> bytes) {
  const Quiet quiet;
  local->send(bytes);
}

}  // namespace strongroom::panel::hal

extern "C" {
void pins_5_to_9_handler() {
  strongroom::panel::hal::wiegand_interrupt();
}
void pins_10_to_15_handler() {
  strongroom::panel::hal::wiegand_interrupt();
}
void local_handler() {
  strongroom::panel::hal::local_interrupt();
}
void reader_handler() {
  strongroom::panel::hal::reader_interrupt();
}
void line_handler() {
  strongroom::panel::hal::line_interrupt();
}
}
