// SPDX-License-Identifier: Apache-2.0
// The devices of this board by name, and how they are set up at the start.
#pragma once

#include <cstdint>

#include "boards/panels/cortex-m/startup.h"
#include "boards/panels/netduinoplus2/board.h"
#include "boards/panels/netduinoplus2/devices.h"
#include "boards/panels/netduinoplus2/registers.h"

namespace strongroom::panel::netduino {

using stm32::Register;
using Gpio = stm32::GpioBlock<Register>;
using Uart = stm32::UsartBlock<Register>;

inline Gpio& port(const Pin& pin) {
  return stm32::at<Gpio>(stm32::kGpioA + 0x400u * pin.port);
}
inline auto& rcc() {
  return stm32::at<stm32::RccBlock<Register>>(stm32::kRcc);
}
inline auto& watchdog() {
  return stm32::at<stm32::IwdgBlock<Register>>(stm32::kIwdg);
}
inline auto& exti() {
  return stm32::at<stm32::ExtiBlock<Register>>(stm32::kExti);
}
inline auto& timer() {
  return stm32::at<stm32::TimerBlock<Register>>(stm32::kTimer5);
}
inline auto& adc() {
  return stm32::at<stm32::AdcBlock<Register>>(stm32::kAdc1);
}

inline void turn_on_devices() {
  // A, B, C; TIM5, USART2, UART4; USART6, ADC1, SYSCFG; RNG (7.3.10 on).
  stm32::set_bits(rcc().ahb1enr, 7);
  stm32::set_bits(rcc().ahb2enr, 1u << 6);
  stm32::set_bits(rcc().apb1enr, 1u << 3 | 1u << 17 | 1u << 19);
  stm32::set_bits(rcc().apb2enr, 1u << 5 | 1u << 8 | 1u << 14);
}

inline void configure_pins() {
  using enum stm32::PinMode;
  const auto set = [](const Pin& pin, stm32::PinMode mode, unsigned alt = 0) {
    stm32::configure(port(pin), pin.number, mode, alt);
  };
  const auto output = [&set](const Pin& pin, bool is_on) {
    stm32::drive(port(pin), pin.number, is_on);
    set(pin, kOutput);
  };
  output(kLineDrive, false);
  for (const Pin& pin : kLocks) {
    output(pin, false);
  }
  for (const Pin& pin : {kGreen, kRed, kBuzzer}) {
    output(pin, false);
  }
  output(kHeaderPower, true);
  for (const InputPin& input : kLeafInputs) {
    set(input.pin, kInput);
  }
  set(kTamper, kInput);
  for (const WiegandPins& wires : kWiegand) {
    set(wires.zero, kInput);
    set(wires.one, kInput);
  }
  // DS8626 table 9: 7 is USART1 to 3, 8 is UART4 to USART6.
  set(kLocalReceive, kAlternate, 7);
  set(kLocalTransmit, kAlternate, 7);
  set(kReaderReceive, kAlternate, 8);
  set(kLineReceive, kAlternate, 8);
  set(kLineTransmit, kAlternate, 8);
  set(kSupply, kAnalog);
}

inline void watch_wiegand() {
  auto& syscfg = stm32::at<stm32::SyscfgBlock<Register>>(stm32::kSyscfg);
  for (const WiegandPins& wires : kWiegand) {
    for (const Pin& pin : {wires.zero, wires.one}) {
      Register& choice = syscfg.exticr[pin.number / 4];
      stm32::clear_bits(choice, 0xfu << 4 * (pin.number % 4));
      stm32::set_bits(
          choice, static_cast<std::uint32_t>(pin.port) << 4 * (pin.number % 4));
      stm32::set_bits(exti().ftsr, 1u << pin.number);  // pulses are low
      stm32::set_bits(exti().imr, 1u << pin.number);
    }
  }
  cortex_m::enable_interrupt(23);
  cortex_m::enable_interrupt(40);
}

inline void start_supply() {
  adc().smpr1 = 7u << 15;  // channel 15: 480 cycles, its source is weak
  adc().sqr3 = kSupplyChannel;
  adc().cr2 = 1;
  stm32::set_bits(adc().cr2, 1u << 30);
}

/// Counts microseconds; `hz` is what it is fed with.
inline void start_timer(std::uint32_t hz) {
  timer().psc = hz / 1'000'000 - 1;
  timer().arr = 0xffffffff;
  timer().egr = 1;  // takes the divider over
  timer().cr1 = 1;
}

}  // namespace strongroom::panel::netduino
