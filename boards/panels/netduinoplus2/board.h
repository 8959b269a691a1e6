// SPDX-License-Identifier: Apache-2.0
// What is wired to which pin of the Netduino Plus 2. README.md draws it.
#pragma once

#include <array>
#include <cstdint>

namespace strongroom::panel::netduino {

struct Pin {
  std::uint8_t port = 0;  // 0: A
  std::uint8_t number = 0;
};
constexpr Pin pa(unsigned n) {
  return {0, static_cast<std::uint8_t>(n)};
}
constexpr Pin pb(unsigned n) {
  return {1, static_cast<std::uint8_t>(n)};
}
constexpr Pin pc(unsigned n) {
  return {2, static_cast<std::uint8_t>(n)};
}

// Header names: D0, D1 …: as printed on the board.
inline constexpr Pin kLineReceive = pc(7);    // D0, USART6
inline constexpr Pin kLineTransmit = pc(6);   // D1, USART6
inline constexpr Pin kLineDrive = pb(12);     // D4, driver enable of RS-485
inline constexpr Pin kLocalReceive = pa(3);   // D2, USART2
inline constexpr Pin kLocalTransmit = pa(2);  // D3, USART2
inline constexpr Pin kReaderReceive = pa(1);  // D7, UART4: reader 1 with a UART

/// D0 and D1 of Wiegand readers 1 and 2, by EXTI.
struct WiegandPins {
  Pin zero;
  Pin one;
};
inline constexpr std::array<WiegandPins, 2> kWiegand{
    {{pb(14), pb(15)},  // D12, D11
     {pb(6), pb(7)}}};  // SDA, SCL

/// A circuit to ground with a pull-up: low is closed. `bit` of Inputs::leaves.
struct InputPin {
  Pin pin;
  std::uint8_t bit;
};
inline constexpr std::array<InputPin, 6> kLeafInputs{
    {{pc(0), 0},                       // A0: leaf 1, contact
     {pc(1), 1},                       // A1: leaf 1, lock sense
     {pc(2), 2},                       // A2: leaf 1, handle
     {pc(3), 3},                       // A3: leaf 1, request to exit
     {pc(4), 4},                       // A4: leaf 2, contact
     {pb(10), 5}}};                    // D10: leaf 2, lock sense
inline constexpr Pin kTamper = pa(6);  // D9
// Not wired here: mains and fire inputs. They read as closed: no alarm.
inline constexpr std::uint8_t kUnwiredPanelInputs = 6;

inline constexpr std::array<Pin, 2> kLocks{pb(8), pb(9)};  // D5, D6
inline constexpr Pin kGreen = pb(13);                      // D13, reader 1
inline constexpr Pin kRed = pa(0);                         // D8, reader 1
inline constexpr Pin kBuzzer = pa(10);          // the blue lamp, reader 1
inline constexpr Pin kHeaderPower = pb(2);      // high: the header has 5 V
inline constexpr unsigned kSupplyChannel = 15;  // A5, PC5, over 10:1
inline constexpr Pin kSupply = pc(5);

// Clocks after start_clock(): crystal 25 MHz, PLL to 168 MHz.
inline constexpr std::uint32_t kProcessorHz = 168'000'000;
inline constexpr std::uint32_t kApb1Hz = 42'000'000;
inline constexpr std::uint32_t kApb2Hz = 84'000'000;

// Sectors 1 and 2 of the flash, 16 KiB each; the image is around them.
inline constexpr std::array<std::uintptr_t, 2> kSlotSectors{0x08004000,
                                                            0x08008000};
inline constexpr std::size_t kSlotSectorBytes = 16 * 1024;
inline constexpr unsigned kFirstSlotSector = 1;

}  // namespace strongroom::panel::netduino
