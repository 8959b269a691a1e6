// SPDX-License-Identifier: Apache-2.0
// A serial line by interrupts (RM0090 30.3). With a driver of RS-485 it is
// turned on before the first start bit and off after the last stop bit.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "boards/panels/netduinoplus2/registers.h"

namespace strongroom::panel::stm32 {

struct Arrived {
  std::uint8_t byte = 0;
  bool is_broken = false;  // parity, framing, noise, or bytes lost before it
};

template <typename Word, std::size_t kSendBytes>
class Usart {
 public:
  explicit Usart(UsartBlock<Word>& registers) : registers_(registers) {}

  /// `clock`: of its bus. One stop bit; with parity the frame has nine bits, of
  /// which eight are data (30.6.4).
  void open(std::uint32_t clock, std::uint32_t baud, char parity) {
    registers_.cr1 = 0;
    registers_.cr2 = 0;
    registers_.cr3 = 0;
    registers_.brr = (clock + baud / 2) / baud;
    const std::uint32_t mode = parity == 'N'   ? 0u
                               : parity == 'O' ? kParity | kOdd | kNineBits
                                               : kParity | kNineBits;
    registers_.cr1 = kOn | kTransmitter | kReceiver | kReceiveInterrupt | mode;
    forget();
  }

  /// All or nothing.
  bool send(std::span<const std::uint8_t> bytes) {
    if (is_sending() || bytes.empty() || bytes.size() > sending_.size()) {
      return false;
    }
    std::ranges::copy(bytes, sending_.begin());
    next_ = 0;
    size_ = bytes.size();
    set_bits(registers_.cr1, kEmptyInterrupt);
    return true;
  }

  /// `arrived` gets what was received, `ended` is called when the last stop bit
  /// is out.
  template <typename OnArrived, typename OnEnded>
  void interrupt(OnArrived arrived, OnEnded ended) {
    const std::uint32_t status = registers_.sr;
    if ((status & (kReceived | kOverrun)) != 0) {
      // Reading both registers is what clears the flags.
      const std::uint32_t byte = registers_.dr;
      arrived(Arrived{.byte = static_cast<std::uint8_t>(byte & 0xff),
                      .is_broken = (status & kErrors) != 0});
    }
    const std::uint32_t wanted = registers_.cr1;
    if ((wanted & kEmptyInterrupt) != 0 && (status & kEmpty) != 0) {
      registers_.dr = sending_[next_++];
      if (next_ == size_) {
        clear_bits(registers_.cr1, kEmptyInterrupt);
        set_bits(registers_.cr1, kCompleteInterrupt);
      }
    } else if ((wanted & kCompleteInterrupt) != 0 &&
               (status & kComplete) != 0) {
      clear_bits(registers_.cr1, kCompleteInterrupt);
      forget();
      ended();
    }
  }

  bool is_sending() const { return size_ != 0; }

 private:
  void forget() {
    next_ = 0;
    size_ = 0;
  }

  static constexpr std::uint32_t kOn = 1u << 13;
  static constexpr std::uint32_t kNineBits = 1u << 12;
  static constexpr std::uint32_t kParity = 1u << 10;
  static constexpr std::uint32_t kOdd = 1u << 9;
  static constexpr std::uint32_t kEmptyInterrupt = 1u << 7;
  static constexpr std::uint32_t kCompleteInterrupt = 1u << 6;
  static constexpr std::uint32_t kReceiveInterrupt = 1u << 5;
  static constexpr std::uint32_t kTransmitter = 1u << 3;
  static constexpr std::uint32_t kReceiver = 1u << 2;
  // of the status
  static constexpr std::uint32_t kEmpty = 1u << 7;
  static constexpr std::uint32_t kComplete = 1u << 6;
  static constexpr std::uint32_t kReceived = 1u << 5;
  static constexpr std::uint32_t kOverrun = 1u << 3;
  static constexpr std::uint32_t kErrors = 0xf;

  UsartBlock<Word>& registers_;
  std::array<std::uint8_t, kSendBytes> sending_{};
  std::size_t next_ = 0;
  volatile std::size_t size_ = 0;  // 0: not sending
};

}  // namespace strongroom::panel::stm32
