// SPDX-License-Identifier: Apache-2.0
// The world outside a panel whose board has no pins, as lines of one byte
// stream (docs/formats/panel-world.md): what they say, kept until the firmware
// asks. Pure; no heap.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "firmware/hal/hal.h"

namespace strongroom::panel {

/// One frame of a reader: pulses, bytes, or both lines low once.
struct Burst {
  hal::ReaderEvent::Kind kind{};  // kByte: bytes; kZero: pulses; kBothLow
  std::uint8_t reader = 0;
  std::uint8_t count = 0;  // bits, or bytes
  std::uint8_t next = 0;
  std::uint64_t due_us = 0;  // of the next one; 0: as soon as it is its turn
  std::array<std::uint8_t, 16> content{};
};

class World {
 public:
  /// A byte from the world. True when a line `nv` ended: slot() holds it.
  bool received(std::uint8_t byte, std::uint64_t now_us);

  Inputs inputs() const;
  bool is_begun() const { return is_begun_; }
  std::optional<std::uint64_t> seed() const { return seed_; }
  bool is_stalled(hal::Task task) const;

  struct SlotContent {
    hal::Slot slot{};
    std::span<const std::uint8_t> content;
  };
  /// Until the next byte.
  SlotContent slot() const;

  /// What readers gave up to now, in order of time.
  std::optional<hal::ReaderEvent> reader_event(std::uint64_t now_us);

 private:
  static constexpr std::size_t kMaxLine = 300;
  // Six keys of a PIN, `#` and a badge on two readers. Full: the new one is not
  // seen.
  static constexpr std::size_t kBursts = 16;

  bool line_ended(std::uint64_t now_us);
  void take_inputs();
  void take_pulses(std::uint64_t now_us);
  void take_bytes(std::uint64_t now_us);
  void take_stall();
  void push(const Burst& burst, std::uint64_t now_us);
  void drop(std::size_t place);

  // Words of the line, one after another.
  bool is_word(const char* word);
  std::optional<std::uint32_t> decimal();
  std::optional<std::uint64_t> hex();
  std::size_t hex_bytes(std::span<std::uint8_t> to);
  void skip_spaces();

  std::array<std::uint8_t, kMaxLine> line_{};
  std::size_t size_ = 0;
  std::size_t at_ = 0;
  bool is_too_long_ = false;

  // As long as nothing is said every circuit is closed, all is at rest. What is
  // kept is the difference, so that all of it begins as zeros: .bss, no flash.
  static constexpr Inputs kAtRest{
      .leaves = 0x77777777, .panel = 7, .supply_mv = 12000};
  Inputs difference_;
  bool is_begun_ = false;
  std::optional<std::uint64_t> seed_;
  std::uint8_t stalled_ = 0;
  hal::Slot slot_{};
  std::size_t slot_size_ = 0;  // in line_
  std::array<Burst, kBursts> bursts_{};
  std::size_t burst_count_ = 0;
  // When each reader is through with its last one.
  std::array<std::uint64_t, kMaxReaders + 1> free_us_{};
};

/// A line that says the outputs; `size` bytes of it.
struct WorldLine {
  std::array<char, 40> text{};
  std::size_t size = 0;
};
WorldLine outputs_line(const Outputs& outputs);

}  // namespace strongroom::panel
