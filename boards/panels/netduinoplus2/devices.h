// SPDX-License-Identifier: Apache-2.0
// Small devices: pins, watchdog, random numbers (RM0090 8.4, 21.3, 24.3).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "boards/panels/netduinoplus2/board.h"
#include "boards/panels/netduinoplus2/registers.h"

namespace strongroom::panel::stm32 {

enum class PinMode : std::uint8_t {
  kInput = 0,
  kOutput = 1,
  kAlternate = 2,
  kAnalog = 3
};

/// `function`: of kAlternate, 0 to 15. Inputs get a pull-up.
template <typename Word>
void configure(GpioBlock<Word>& port,
               unsigned number,
               PinMode mode,
               unsigned function = 0) {
  const unsigned shift = 2 * number;
  Word& alternate = number < 8 ? port.afrl : port.afrh;
  const unsigned place = 4 * (number % 8);
  clear_bits(alternate, 0xfu << place);
  set_bits(alternate, function << place);
  const bool is_pulled = mode == PinMode::kInput || mode == PinMode::kAlternate;
  clear_bits(port.pupdr, 3u << shift);
  if (is_pulled) {
    set_bits(port.pupdr, 1u << shift);
  }
  // Last, so that no other function shows on the pin meanwhile.
  clear_bits(port.moder, 3u << shift);
  set_bits(port.moder, static_cast<std::uint32_t>(mode) << shift);
}

/// One write, so that an interrupt cannot come between.
template <typename Word>
void drive(GpioBlock<Word>& port, unsigned number, bool is_high) {
  port.bsrr = is_high ? 1u << number : 0x10000u << number;
}

template <typename Word>
bool is_high(const GpioBlock<Word>& port, unsigned number) {
  return has_bits(port.idr, 1u << number);
}

/// Two seconds by its own oscillator, which may be half or double that.
template <typename Word>
void start_watchdog(IwdgBlock<Word>& watchdog) {
  watchdog.kr = 0xCCCC;  // on; never off again
  watchdog.kr = 0x5555;  // the next two may be written
  watchdog.pr = 3;       // 32 kHz / 32
  watchdog.rlr = 2000;
  watchdog.kr = 0xAAAA;
}
template <typename Word>
void feed(IwdgBlock<Word>& watchdog) {
  watchdog.kr = 0xAAAA;
}

/// Numbers that no test of the generator refused. Its first one after the start
/// is compared with and not used (FIPS 140-2, as 24.3.1 asks).
template <typename Word>
class Random {
 public:
  explicit Random(RngBlock<Word>& rng) : rng_(rng) {}

  std::optional<std::uint64_t> number64() {
    set_bits(rng_.cr, 4);
    auto before = word();
    const auto high = word();
    const auto low = word();
    if (!before || !high || !low || *before == *high || *high == *low) {
      return std::nullopt;
    }
    return static_cast<std::uint64_t>(*high) << 32 | *low;
  }

 private:
  std::optional<std::uint32_t> word() {
    constexpr int kPatience = 1000;  // 40 cycles of 48 MHz make one
    for (int i = 0; i < kPatience; ++i) {
      const std::uint32_t status = rng_.sr;
      if ((status & 0x66) != 0) {  // clock or seed error, now or before
        return std::nullopt;
      }
      if ((status & 1) != 0) {
        return static_cast<std::uint32_t>(rng_.dr);
      }
    }
    return std::nullopt;
  }

  RngBlock<Word>& rng_;
};

}  // namespace strongroom::panel::stm32
