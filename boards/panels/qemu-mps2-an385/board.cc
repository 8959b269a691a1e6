// SPDX-License-Identifier: Apache-2.0
// Cortex-M3 in QEMU: four UARTs, no pins, no flash. What has no device here
// crosses the world's stream (docs/formats/panel-world.md).
#include "boards/panels/qemu-mps2-an385/board.h"

#include <algorithm>
#include <array>
#include <span>

#include "boards/panels/cortex-m/queue.h"
#include "boards/panels/cortex-m/startup.h"
#include "boards/panels/world/world.h"
#include "firmware/hal/hal.h"

namespace strongroom::panel::hal {
namespace {

using cortex_m::Mark;
using cortex_m::Quiet;
using mps2::kUarts;

// A second without food is an NMI, which starts the panel again; two are a
// reset by the watchdog itself.
constexpr std::uint32_t kWatchdogLoad = mps2::kClockHz;
constexpr std::uint64_t kWaitForWorldUs = 1'000'000;
constexpr std::size_t kNvBytes = 64;

enum UartName : std::size_t { kLine, kReader1, kWorldUart, kLocal };

mps2::Uart& uart(std::size_t name) {
  return *reinterpret_cast<mps2::Uart*>(kUarts[name].address);
}
mps2::Watchdog& watchdog() {
  return *reinterpret_cast<mps2::Watchdog*>(mps2::kWatchdog);
}
mps2::Timer& timer() {
  return *reinterpret_cast<mps2::Timer*>(mps2::kTimer);
}

struct Received {
  std::uint32_t at_us = 0;  // modulo 2^32
  std::uint8_t byte = 0;
};

// Bytes wait in the UART when a queue is full: its interrupt is turned off
// until there is room. QEMU keeps the sender waiting; the FPGA would lose
// bytes, which one may not build a door on.
template <std::size_t kSize>
struct Receiver {
  cortex_m::Queue<Received, kSize> queue;

  void interrupt(std::size_t name) {
    mps2::Uart& from = uart(name);
    from.interrupt = mps2::kReceived;
    while ((from.state & mps2::kReceiverFull) != 0) {
      if (queue.is_full()) {
        from.control = mps2::kTransmit | mps2::kReceive;
        return;
      }
      queue.push({.at_us = static_cast<std::uint32_t>(uptime_us()),
                  .byte = static_cast<std::uint8_t>(from.data)});
    }
  }

  std::optional<Received> take(std::size_t name) {
    const auto received = queue.pop();
    mps2::Uart& from = uart(name);
    if (!received && (from.control & mps2::kReceiveInterrupt) == 0) {
      from.control = mps2::kTransmit | mps2::kReceive | mps2::kReceiveInterrupt;
      // What came meanwhile raised nothing.
      const Quiet quiet;
      interrupt(name);
    }
    return received;
  }
};

struct NvSlot {
  std::uint8_t size = 0;
  std::array<std::uint8_t, kNvBytes> content{};
};

// All that has no initial value but zero: .bss.
constinit Receiver<64> line_in;
constinit Receiver<32> reader_in;
constinit Receiver<32> world_in;
constinit Receiver<16> local_in;
constinit World world;
// kCommissioning and kSession; a configuration does not fit into a line of the
// world, and the agent gives it again.
constinit std::array<NvSlot, 2> nv;
constinit std::uint64_t clock_ticks = 0;
constinit std::uint32_t last_ticks = 0;
constinit strongroom_panel_v1_PanelStart reason{};
constinit std::array<std::uint8_t, 256> sending{};
constinit std::size_t sending_next = 0;
constinit std::size_t sending_size = 0;

[[gnu::section(".noinit")]] Survivors kept;

std::uint64_t full_time(std::uint32_t at_us) {
  const std::uint64_t now = uptime_us();
  return now - (static_cast<std::uint32_t>(now) - at_us);
}

void put(std::size_t name, std::uint8_t byte) {
  // QEMU takes bytes at once unless nobody reads them; then they are dropped.
  for (int i = 0; i < 2000; ++i) {
    if ((uart(name).state & mps2::kTransmitterFull) == 0) {
      uart(name).data = byte;
      return;
    }
  }
}

void say(const char* text) {
  while (*text != '\0') {
    put(kWorldUart, static_cast<std::uint8_t>(*text++));
  }
}

void say_outputs(const Outputs& outputs) {
  const WorldLine line = outputs_line(outputs);
  for (std::size_t i = 0; i < line.size; ++i) {
    put(kWorldUart, static_cast<std::uint8_t>(line.text[i]));
  }
}

NvSlot* nv_slot(Slot slot) {
  switch (slot) {
    case Slot::kCommissioning:
      return &nv[0];
    case Slot::kSession:
      return &nv[1];
    case Slot::kConfiguration:
      break;
  }
  return nullptr;
}

void keep(const World::SlotContent& said) {
  NvSlot* slot = nv_slot(said.slot);
  if (slot != nullptr && said.content.size() <= kNvBytes) {
    slot->size = static_cast<std::uint8_t>(said.content.size());
    std::ranges::copy(said.content, slot->content.begin());
  }
}

void pump_world() {
  while (const auto received = world_in.take(kWorldUart)) {
    if (world.received(received->byte, uptime_us())) {
      keep(world.slot());
    }
  }
}

void greet_world() {
  constexpr std::array<const char*, 5> kReasons{
      "unknown", "power-on", "reset", "watchdog", "fault"};
  say("up qemu-mps2-an385 ");
  say(kReasons[reason]);
  say("\n");
  say_outputs({});
  while (!world.is_begun() && uptime_us() < kWaitForWorldUs) {
    feed_watchdog();
    rest();
    pump_world();
  }
}

}  // namespace

void start() {
  timer().control = mps2::kTimerOn32Bits;
  last_ticks = timer().value;
  cortex_m::start_tick(mps2::kClockHz);
  watchdog().lock = mps2::kWatchdogUnlock;
  watchdog().load = kWatchdogLoad;
  watchdog().control = 3;  // interrupt, and reset at the second time
  reason = cortex_m::to_start(cortex_m::take_mark());
  for (const mps2::UartPlace& place : kUarts) {
    mps2::Uart& each = *reinterpret_cast<mps2::Uart*>(place.address);
    each.divider = mps2::kClockHz / 115200;
    each.control = mps2::kTransmit | mps2::kReceive | mps2::kReceiveInterrupt;
    cortex_m::enable_interrupt(place.interrupt);
  }
  greet_world();
}

std::uint64_t uptime_us() {
  const Quiet quiet;  // interrupts ask, too
  const std::uint32_t ticks = timer().value;
  clock_ticks += last_ticks - ticks;  // downwards; wraps after 171 s
  last_ticks = ticks;
  return clock_ticks / (mps2::kClockHz / 1'000'000);
}

strongroom_panel_v1_PanelStart start_reason() {
  return reason;
}

void feed_watchdog() {
  watchdog().interrupt_clear = 1;
}

void rest() {
  cortex_m::wait_for_interrupt();
}

void reset() {
  cortex_m::reset(Mark::kReset);
}

const BoardIdentity& identity() {
  static constexpr BoardIdentity kIdentity{
      .board = "qemu-mps2-an385",
      .serial = {'q', 'e', 'm', 'u', '-', 'm', 'p', 's', '2'},
      .tests_only = true,
      .line_patience_us = 50'000};
  return kIdentity;
}

std::optional<std::uint64_t> random64() {
  return world.seed();
}

bool is_stalled(Task task) {
  return world.is_stalled(task);
}

StackUse stack_use() {
  return cortex_m::stack_use();
}

Survivors& survivors() {
  return kept;
}

std::size_t read_slot(Slot slot, std::span<std::uint8_t> to) {
  const NvSlot* from = nv_slot(slot);
  if (from == nullptr || from->size > to.size()) {
    return 0;
  }
  std::copy_n(from->content.begin(), from->size, to.begin());
  return from->size;
}

bool write_slot(Slot slot, std::span<const std::uint8_t> from) {
  if (nv_slot(slot) == nullptr || from.size() > kNvBytes) {
    return false;
  }
  keep({slot, from});
  say("nv ");
  put(kWorldUart, static_cast<std::uint8_t>('0' + static_cast<int>(slot)));
  say(" ");
  for (const std::uint8_t byte : from) {
    put(kWorldUart, static_cast<std::uint8_t>("0123456789abcdef"[byte >> 4]));
    put(kWorldUart, static_cast<std::uint8_t>("0123456789abcdef"[byte & 0xf]));
  }
  say("\n");
  return true;
}

void open_line(std::uint32_t baud, char /*parity*/) {
  // The CMSDK's UART knows no parity.
  uart(kLine).divider = std::max<std::uint32_t>(mps2::kClockHz / baud, 16);
}

std::optional<LineByte> read_line() {
  const auto received = line_in.take(kLine);
  if (!received) {
    return std::nullopt;
  }
  return LineByte{.byte = received->byte, .at_us = full_time(received->at_us)};
}

bool write_line(std::span<const std::uint8_t> bytes) {
  if (is_line_sending() || bytes.size() > sending.size()) {
    return false;
  }
  std::ranges::copy(bytes, sending.begin());
  sending_next = 0;
  sending_size = bytes.size();
  is_line_sending();
  return true;
}

bool is_line_sending() {
  while (sending_next < sending_size &&
         (uart(kLine).state & mps2::kTransmitterFull) == 0) {
    uart(kLine).data = sending[sending_next++];
  }
  return sending_next < sending_size;
}

Inputs inputs() {
  return world.inputs();
}

void set_outputs(const Outputs& outputs) {
  say_outputs(outputs);
}

std::optional<ReaderEvent> read_readers() {
  pump_world();
  if (const auto received = reader_in.take(kReader1)) {
    return ReaderEvent{.kind = ReaderEvent::Kind::kByte,
                       .reader = 1,
                       .byte = received->byte,
                       .at_us = full_time(received->at_us)};
  }
  return world.reader_event(uptime_us());
}

std::optional<std::uint8_t> read_local() {
  const auto received = local_in.take(kLocal);
  return received ? std::optional(received->byte) : std::nullopt;
}

void write_local(std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) {
    put(kLocal, byte);
  }
}

}  // namespace strongroom::panel::hal

extern "C" {
using strongroom::panel::cortex_m::Mark;

void watchdog_handler() {
  strongroom::panel::cortex_m::reset(Mark::kWatchdog);
}
void line_handler() {
  strongroom::panel::hal::line_in.interrupt(strongroom::panel::hal::kLine);
}
void reader_handler() {
  strongroom::panel::hal::reader_in.interrupt(strongroom::panel::hal::kReader1);
}
void world_handler() {
  strongroom::panel::hal::world_in.interrupt(
      strongroom::panel::hal::kWorldUart);
}
void local_handler() {
  strongroom::panel::hal::local_in.interrupt(strongroom::panel::hal::kLocal);
}
}
