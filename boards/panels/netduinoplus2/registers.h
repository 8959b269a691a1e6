// SPDX-License-Identifier: Apache-2.0
// Register blocks of the STM32F405 (RM0090 rev 19) that the board uses; the
// numbers of sections stand beside them. `Word` is a volatile word on the
// processor and a recording fake in the host's tests.
#pragma once

#include <array>
#include <cstdint>

namespace strongroom::panel::stm32 {

using Register = volatile std::uint32_t;

// 7.3: reset and clock control
template <typename Word>
struct RccBlock {
  Word cr, pllcfgr, cfgr, cir;
  Word ahb1rstr, ahb2rstr, ahb3rstr, reserved1, apb1rstr, apb2rstr;
  Word reserved2, reserved3;
  Word ahb1enr, ahb2enr, ahb3enr, reserved4, apb1enr, apb2enr;
  Word reserved5, reserved6;
  Word ahb1lpenr, ahb2lpenr, ahb3lpenr, reserved7, apb1lpenr, apb2lpenr;
  Word reserved8, reserved9;
  Word bdcr, csr;
};

// 3.9: flash interface
template <typename Word>
struct FlashBlock {
  Word acr, keyr, optkeyr, sr, cr, optcr;
};

// 8.4: general-purpose I/O
template <typename Word>
struct GpioBlock {
  Word moder, otyper, ospeedr, pupdr, idr, odr, bsrr, lckr, afrl, afrh;
};

// 30.6: universal synchronous asynchronous receiver transmitter
template <typename Word>
struct UsartBlock {
  Word sr, dr, brr, cr1, cr2, cr3, gtpr;
};

// 21.4: independent watchdog
template <typename Word>
struct IwdgBlock {
  Word kr, pr, rlr, sr;
};

// 24.4: random number generator
template <typename Word>
struct RngBlock {
  Word cr, sr, dr;
};

// 12.3: external interrupts
template <typename Word>
struct ExtiBlock {
  Word imr, emr, rtsr, ftsr, swier, pr;
};

// 9.2: system configuration
template <typename Word>
struct SyscfgBlock {
  Word memrmp, pmc;
  std::array<Word, 4> exticr;
};

// 18.4: timers 2 to 5
template <typename Word>
struct TimerBlock {
  Word cr1, cr2, smcr, dier, sr, egr, ccmr1, ccmr2, ccer, cnt, psc, arr;
};

// 13.13: analogue to digital converter
template <typename Word>
struct AdcBlock {
  Word sr, cr1, cr2, smpr1, smpr2, jofr1, jofr2, jofr3, jofr4, htr, ltr;
  Word sqr1, sqr2, sqr3, jsqr, jdr1, jdr2, jdr3, jdr4, dr;
};

// 2.3: the memory map
inline constexpr std::uintptr_t kRcc = 0x40023800;
inline constexpr std::uintptr_t kFlash = 0x40023C00;
inline constexpr std::uintptr_t kGpioA = 0x40020000;  // B, C: 0x400 on
inline constexpr std::uintptr_t kUsart2 = 0x40004400;
inline constexpr std::uintptr_t kUart4 = 0x40004C00;
inline constexpr std::uintptr_t kUsart6 = 0x40011400;
inline constexpr std::uintptr_t kIwdg = 0x40003000;
inline constexpr std::uintptr_t kRng = 0x50060800;
inline constexpr std::uintptr_t kExti = 0x40013C00;
inline constexpr std::uintptr_t kSyscfg = 0x40013800;
inline constexpr std::uintptr_t kTimer5 = 0x40000C00;
inline constexpr std::uintptr_t kAdc1 = 0x40012000;
inline constexpr std::uintptr_t kPowerControl = 0x40007000;
// 39.1: the part's own number, 96 bits
inline constexpr std::uintptr_t kUniqueId = 0x1FFF7A10;

template <typename Block>
Block& at(std::uintptr_t address) {
  return *reinterpret_cast<Block*>(address);
}

/// Sets and clears bits. Compound assignment of volatile words is deprecated.
template <typename Word>
void set_bits(Word& word, std::uint32_t bits) {
  word = static_cast<std::uint32_t>(word) | bits;
}
template <typename Word>
void clear_bits(Word& word, std::uint32_t bits) {
  word = static_cast<std::uint32_t>(word) & ~bits;
}
template <typename Word>
bool has_bits(const Word& word, std::uint32_t bits) {
  return (static_cast<std::uint32_t>(word) & bits) == bits;
}

}  // namespace strongroom::panel::stm32
