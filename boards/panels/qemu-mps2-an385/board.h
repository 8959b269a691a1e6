// SPDX-License-Identifier: Apache-2.0
// Where things are on the MPS2 with the image of AN385, as QEMU 7.2 has it
// (Application Note AN385, 4; Cortex-M System Design Kit TRM, chapters 4 and
// 6).
#pragma once

#include <array>
#include <cstdint>

namespace strongroom::panel::mps2 {

inline constexpr std::uint32_t kClockHz = 25'000'000;

struct Uart {
  volatile std::uint32_t data;
  volatile std::uint32_t state;
  volatile std::uint32_t control;
  volatile std::uint32_t interrupt;
  volatile std::uint32_t divider;
};
inline constexpr std::uint32_t kTransmitterFull = 1;
inline constexpr std::uint32_t kReceiverFull = 2;
inline constexpr std::uint32_t kTransmit = 1;
inline constexpr std::uint32_t kReceive = 2;
inline constexpr std::uint32_t kReceiveInterrupt = 8;
inline constexpr std::uint32_t kReceived = 2;

/// Line, reader 1, world, local port.
struct UartPlace {
  std::uintptr_t address;
  unsigned interrupt;  // of its receiver
};
inline constexpr std::array<UartPlace, 4> kUarts{
    {{0x40004000, 0}, {0x40005000, 2}, {0x40006000, 4}, {0x40007000, 18}}};

struct Watchdog {
  volatile std::uint32_t load;
  volatile std::uint32_t value;
  volatile std::uint32_t control;
  volatile std::uint32_t interrupt_clear;
  std::uint32_t between[0x2fc];
  volatile std::uint32_t lock;
};
inline constexpr std::uintptr_t kWatchdog = 0x40008000;
inline constexpr std::uint32_t kWatchdogUnlock = 0x1ACCE551;

/// First half of the dual timer: 32 bits, free running, downwards.
struct Timer {
  volatile std::uint32_t load;
  volatile std::uint32_t value;
  volatile std::uint32_t control;
};
inline constexpr std::uintptr_t kTimer = 0x40002000;
inline constexpr std::uint32_t kTimerOn32Bits = 0x82;

}  // namespace strongroom::panel::mps2
