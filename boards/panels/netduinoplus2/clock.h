// SPDX-License-Identifier: Apache-2.0
// Clocks (RM0090 7.2, 7.3): crystal 25 MHz / M 25 * N 336 / P 2 = 168 MHz; APB1
// a quarter, APB2 half of it; five wait states of the flash (table 10).
#pragma once

#include <cstdint>

#include "boards/panels/netduinoplus2/registers.h"

namespace strongroom::panel::stm32 {

enum class Clock : std::uint8_t {
  kFull,      // 168 MHz
  kFailed,    // no crystal: still 16 MHz of the part's own
  kEmulated,  // QEMU: there is no clock control, everything runs at 168 MHz
};

template <typename Word>
Clock start_clock(RccBlock<Word>& rcc, FlashBlock<Word>& flash) {
  constexpr std::uint32_t kInternalReady = 2;
  constexpr std::uint32_t kCrystalOn = 1u << 16;
  constexpr std::uint32_t kCrystalReady = 1u << 17;
  constexpr std::uint32_t kPllOn = 1u << 24;
  constexpr std::uint32_t kPllReady = 1u << 25;
  constexpr std::uint32_t kPowerInterface = 1u << 28;
  constexpr int kPatience = 200'000;  // some 50 ms at 16 MHz

  // The part runs from its own oscillator when it starts, so this bit is set,
  // unless there is no such register at all.
  if (!has_bits(rcc.cr, kInternalReady)) {
    return Clock::kEmulated;
  }
  const auto await = [](const Word& word, std::uint32_t bits) {
    for (int i = 0; i < kPatience; ++i) {
      if (has_bits(word, bits)) {
        return true;
      }
    }
    return false;
  };
  // Voltage scale 1 is the reset value (5.4.1); its interface needs its clock.
  set_bits(rcc.apb1enr, kPowerInterface);
  set_bits(rcc.cr, kCrystalOn);
  if (!await(rcc.cr, kCrystalReady)) {
    return Clock::kFailed;
  }
  // Q 7 (48 MHz: the random numbers need it), source crystal, P 2, N, M.
  rcc.pllcfgr = 7u << 24 | 1u << 22 | 0u << 16 | 336u << 6 | 25u;
  set_bits(rcc.cr, kPllOn);
  if (!await(rcc.cr, kPllReady)) {
    return Clock::kFailed;
  }
  // Prefetch, both caches, 5 wait states: before the clock is fast.
  flash.acr = 1u << 8 | 1u << 9 | 1u << 10 | 5u;
  rcc.cfgr = 5u << 10 | 4u << 13;  // APB1 / 4, APB2 / 2
  set_bits(rcc.cfgr, 2);           // the PLL is the clock
  return await(rcc.cfgr, 2u << 2) ? Clock::kFull : Clock::kFailed;
}

// 7.3.21: why it started. Read once, then cleared.
enum class ResetCause : std::uint8_t { kUnknown, kPower, kWatchdog, kOther };

template <typename Word>
ResetCause take_reset_cause(RccBlock<Word>& rcc) {
  const std::uint32_t flags = rcc.csr;
  set_bits(rcc.csr, 1u << 24);
  if ((flags & (1u << 27 | 1u << 25)) != 0) {  // power-on, brown-out
    return ResetCause::kPower;
  }
  if ((flags & (1u << 29 | 1u << 30)) != 0) {  // both watchdogs
    return ResetCause::kWatchdog;
  }
  return (flags & (1u << 26 | 1u << 28)) != 0 ? ResetCause::kOther
                                              : ResetCause::kUnknown;
}

}  // namespace strongroom::panel::stm32
