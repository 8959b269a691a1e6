// SPDX-License-Identifier: Apache-2.0
#include "boards/panels/cortex-m/startup.h"

#include <cstddef>

// Named by the linker scripts; their addresses are what they say.
extern "C" {
extern std::uint32_t stack_bottom;
extern std::uint32_t data_load;
extern std::uint32_t data_begin;
extern std::uint32_t data_end;
extern std::uint32_t bss_begin;
extern std::uint32_t bss_end;
using Constructor = void (*)();
extern const Constructor constructors_begin;
extern const Constructor constructors_end;
}

// main(), which C++ does not let anyone call by its name.
[[noreturn]] void run_program() asm("main");

namespace strongroom::panel::cortex_m {
namespace {

constexpr std::uint32_t kPaint = 0x5ac3a55a;
constexpr std::uint32_t kMarkMagic = 0x53524d4b;

struct Marked {
  std::uint32_t magic;
  std::uint32_t mark;
  std::uint32_t check;  // complement of `mark`
};
[[gnu::section(".noinit")]] Marked marked;

// ARMv7-M Architecture Reference Manual, B3.2.
volatile std::uint32_t& system_register(std::uintptr_t address) {
  return *reinterpret_cast<volatile std::uint32_t*>(address);
}
constexpr std::uintptr_t kInterruptSetEnable = 0xE000E100;
constexpr std::uintptr_t kTickControl = 0xE000E010;
constexpr std::uintptr_t kTickReload = 0xE000E014;
constexpr std::uintptr_t kTickValue = 0xE000E018;
constexpr std::uintptr_t kResetControl = 0xE000ED0C;  // AIRCR
constexpr std::uint32_t kResetRequest = 0x05FA0004;   // its key, SYSRESETREQ

void write_mark(Mark mark) {
  marked.mark = static_cast<std::uint32_t>(mark);
  marked.check = ~marked.mark;
  marked.magic = kMarkMagic;
}

}  // namespace

void reset(Mark why) {
  write_mark(why);
  asm volatile("dsb" ::: "memory");
  system_register(kResetControl) = kResetRequest;
  for (;;) {
  }
}

Before take_mark() {
  Before before;
  if (marked.magic != kMarkMagic || marked.check != ~marked.mark ||
      marked.mark > static_cast<std::uint32_t>(Mark::kFault)) {
    before.is_powered = true;
  } else {
    before.mark = static_cast<Mark>(marked.mark);
  }
  write_mark(Mark::kNone);
  return before;
}

strongroom_panel_v1_PanelStart to_start(const Before& before) {
  if (before.is_powered) {
    return strongroom_panel_v1_PanelStart_PANEL_START_POWER_ON;
  }
  switch (before.mark) {
    case Mark::kWatchdog:
      return strongroom_panel_v1_PanelStart_PANEL_START_WATCHDOG;
    case Mark::kFault:
      return strongroom_panel_v1_PanelStart_PANEL_START_FAULT;
    case Mark::kNone:
    case Mark::kReset:
      break;
  }
  return strongroom_panel_v1_PanelStart_PANEL_START_RESET;
}

hal::StackUse stack_use() {
  const std::uint32_t* word = &stack_bottom;
  while (word < &stack_top && *word == kPaint) {
    ++word;
  }
  const auto bytes = [](const std::uint32_t* from, const std::uint32_t* to) {
    return static_cast<std::uint32_t>(to - from) * 4;
  };
  return {.reserved = bytes(&stack_bottom, &stack_top),
          .used = bytes(word, &stack_top)};
}

void enable_interrupt(unsigned number) {
  system_register(kInterruptSetEnable + number / 32 * 4) = 1u << number % 32;
}

void start_tick(std::uint32_t processor_hz) {
  system_register(kTickReload) = processor_hz / 1000 - 1;
  system_register(kTickValue) = 0;
  system_register(kTickControl) = 7;  // processor's clock, interrupt, on
}

void wait_for_interrupt() {
  asm volatile("wfi" ::: "memory");
}

}  // namespace strongroom::panel::cortex_m

extern "C" {

// The stack lies lowest in RAM: one that grows too far runs into nothing, which
// is a fault, and not into the events.
[[gnu::naked, gnu::section(".startup")]] void reset_handler() {
  asm volatile(
      // Paint the stack, all of it: nothing is on it yet.
      "ldr r0, =stack_bottom\n"
      "ldr r1, =stack_top\n"
      "ldr r2, =0x5ac3a55a\n"
      "1: cmp r0, r1\n"
      "bhs 2f\n"
      "str r2, [r0], #4\n"
      "b 1b\n"
      "2: mov sp, r1\n"
      "b begin_program\n");
}

[[noreturn, gnu::used, gnu::section(".startup")]] void begin_program() {
  const std::uint32_t* from = &data_load;
  for (std::uint32_t* to = &data_begin; to < &data_end; ++to, ++from) {
    *to = *from;
  }
  for (std::uint32_t* to = &bss_begin; to < &bss_end; ++to) {
    *to = 0;
  }
  for (const Constructor* each = &constructors_begin; each < &constructors_end;
       ++each) {
    (*each)();
  }
  run_program();
}

void fault_handler() {
  using strongroom::panel::cortex_m::Mark;
  strongroom::panel::cortex_m::reset(Mark::kFault);
}

void tick_handler() {}

// An interrupt that nobody asked for.
void idle_handler() {}

}  // extern "C"
