// SPDX-License-Identifier: Apache-2.0
// Erases sectors and programs words (RM0090 3.6). The processor stands still
// meanwhile, as it runs from the same bank: at most 500 ms for a sector of 16
// KiB (DS8626 table 40), 100 us for a word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "boards/panels/netduinoplus2/registers.h"

namespace strongroom::panel::stm32 {

template <typename Word>
class Flash {
 public:
  /// `sectors`: what may be erased, and their number in the part. Memory that
  /// is read directly.
  Flash(FlashBlock<Word>& registers,
        std::span<std::uint32_t> first,
        std::span<std::uint32_t> second,
        unsigned first_number)
      : registers_(registers),
        sectors_{first, second},
        first_number_(first_number) {}

  std::size_t words() const { return sectors_[0].size(); }
  std::uint32_t read(unsigned sector, std::size_t word) const {
    return *const_cast<const volatile std::uint32_t*>(&sectors_[sector][word]);
  }

  bool erase(unsigned sector) {
    if (!unlock()) {
      return false;
    }
    registers_.cr = kWords | (first_number_ + sector) << 3 | kErase;
    set_bits(registers_.cr, kStart);
    const bool is_done = wait();
    lock();
    return is_done;
  }

  bool program(unsigned sector, std::size_t word, std::uint32_t value) {
    if (!unlock()) {
      return false;
    }
    registers_.cr = kWords | kProgram;
    *const_cast<volatile std::uint32_t*>(&sectors_[sector][word]) = value;
    const bool is_done = wait();
    lock();
    return is_done && read(sector, word) == value;
  }

 private:
  static constexpr std::uint32_t kProgram = 1;
  static constexpr std::uint32_t kErase = 2;
  static constexpr std::uint32_t kWords = 2u << 8;  // 32 bits at once
  static constexpr std::uint32_t kStart = 1u << 16;
  static constexpr std::uint32_t kLock = 1u << 31;
  static constexpr std::uint32_t kBusy = 1u << 16;
  static constexpr std::uint32_t kErrors = 0xf2;

  bool unlock() {
    if (!wait()) {
      return false;
    }
    registers_.sr = kErrors | 1;  // written to clear
    if (has_bits(registers_.cr, kLock)) {
      registers_.keyr = 0x45670123;
      registers_.keyr = 0xCDEF89AB;
    }
    return !has_bits(registers_.cr, kLock);
  }
  void lock() {
    registers_.cr = 0;
    registers_.cr = kLock;
  }
  bool wait() {
    constexpr int kPatience = 10'000'000;
    for (int i = 0; i < kPatience; ++i) {
      const std::uint32_t status = registers_.sr;
      if ((status & kBusy) == 0) {
        return (status & kErrors) == 0;
      }
    }
    return false;
  }

  FlashBlock<Word>& registers_;
  std::span<std::uint32_t> sectors_[2];
  unsigned first_number_;
};

}  // namespace strongroom::panel::stm32
