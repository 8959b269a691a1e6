// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "boards/panels/cortex-m/startup.h"

extern "C" {
void pins_5_to_9_handler();
void pins_10_to_15_handler();
void local_handler();
void reader_handler();
void line_handler();
}

namespace {

using Handler = void (*)();
struct Vectors {
  std::uint32_t* stack;
  std::array<Handler, 15> core;
  std::array<Handler, 82> board;
};

// RM0090 table 62.
constexpr std::array<Handler, 82> board_handlers() {
  std::array<Handler, 82> handlers{};
  for (Handler& each : handlers) {
    each = idle_handler;
  }
  handlers[23] = pins_5_to_9_handler;
  handlers[38] = local_handler;  // USART2
  handlers[40] = pins_10_to_15_handler;
  handlers[52] = reader_handler;  // UART4
  handlers[71] = line_handler;    // USART6
  return handlers;
}

[[gnu::section(".vectors"), gnu::used]] constexpr Vectors kVectors{
    &stack_top,
    {reset_handler,
     fault_handler,  // NMI: the clock's supervisor, which is not on
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
    board_handlers()};

}  // namespace
