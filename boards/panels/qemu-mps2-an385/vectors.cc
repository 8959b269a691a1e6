// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "boards/panels/cortex-m/startup.h"

extern "C" {
void watchdog_handler();
void line_handler();
void reader_handler();
void world_handler();
void local_handler();
}

namespace {

using Handler = void (*)();
struct Vectors {
  std::uint32_t* stack;
  std::array<Handler, 15> core;
  std::array<Handler, 32> board;
};

// The numbers: board.h.
[[gnu::section(".vectors"), gnu::used]] constexpr Vectors kVectors{
    &stack_top,
    {reset_handler,
     watchdog_handler,  // NMI
     fault_handler,
     fault_handler,
     fault_handler,
     fault_handler,
     nullptr,
     nullptr,
     nullptr,
     nullptr,
     idle_handler,
     idle_handler,
     nullptr,
     idle_handler,
     tick_handler},
    {line_handler, idle_handler, reader_handler, idle_handler,  world_handler,
     idle_handler, idle_handler, idle_handler,   idle_handler,  idle_handler,
     idle_handler, idle_handler, idle_handler,   idle_handler,  idle_handler,
     idle_handler, idle_handler, idle_handler,   local_handler, idle_handler,
     idle_handler, idle_handler, idle_handler,   idle_handler,  idle_handler,
     idle_handler, idle_handler, idle_handler,   idle_handler,  idle_handler,
     idle_handler, idle_handler}};

}  // namespace
