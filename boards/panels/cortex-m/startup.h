// SPDX-License-Identifier: Apache-2.0
// What every Cortex-M board shares: the start, faults, the reset, the memory of
// why there was one, and how deep the stack went.
#pragma once

#include <cstdint>

#include "firmware/hal/hal.h"

namespace strongroom::panel::cortex_m {

/// Why the next start will have been. Lies in .noinit.
enum class Mark : std::uint32_t {
  kNone = 0,  // the pin, or the emulator's monitor
  kReset = 1,
  kWatchdog = 2,
  kFault = 3,
};

[[noreturn]] void reset(Mark why);

/// What the start before left, once: the next one is unmarked. `is_powered`:
/// the memory was lost, there was no start before.
struct Before {
  Mark mark = Mark::kNone;
  bool is_powered = false;
};
Before take_mark();

strongroom_panel_v1_PanelStart to_start(const Before& before);

hal::StackUse stack_use();

/// No interrupt while it lives.
class Quiet {
 public:
  Quiet() {
    asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(before_)::"memory");
  }
  ~Quiet() { asm volatile("msr primask, %0" ::"r"(before_) : "memory"); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  std::uint32_t before_;
};

void enable_interrupt(unsigned number);
/// An interrupt every ms, so that rest() returns.
void start_tick(std::uint32_t processor_hz);
void wait_for_interrupt();

}  // namespace strongroom::panel::cortex_m

extern "C" {
[[noreturn]] void reset_handler();
[[noreturn]] void fault_handler();
void tick_handler();
void idle_handler();
extern std::uint32_t stack_top;  // NOLINT: named by the linker script
}
