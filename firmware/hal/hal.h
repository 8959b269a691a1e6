// SPDX-License-Identifier: Apache-2.0
// What a board does for the firmware. Each board of boards/panels defines all
// of it, once. Called by the cooperative loop only; interrupts fill queues
// behind it, whose capacity and overflow policy the board's source says.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "firmware/logic/io.h"
#include "firmware/logic/memory.h"
#include "proto/panel.pb.h"

namespace strongroom::panel::hal {

/// Before anything else.
void start();

// --- time, life
// ---------------------------------------------------------------

/// Since the start; never goes back, never wraps.
std::uint64_t uptime_us();
strongroom_panel_v1_PanelStart start_reason();
/// Must be called at least every 500 ms from start() on, else the board resets.
void feed_watchdog();
/// Until an interrupt, at most about 1 ms.
void rest();
[[noreturn]] void reset();

struct BoardIdentity {
  const char* board = "";
  std::array<std::uint8_t, 12> serial{};
  /// Sessions repeat or lists vanish: never at a real door.
  bool tests_only = false;
  /// How late the bytes of a frame may come one after another. 0: their times
  /// are the line's; more where an operating system hands them on.
  std::uint32_t line_patience_us = 0;
};
const BoardIdentity& identity();

/// Of hardware; nothing: the board has none.
std::optional<std::uint64_t> random64();

/// Steps of the loop. The watchdog is fed when each of them made progress.
enum class Task : std::uint8_t {
  kReaders,
  kInputs,
  kLink,
  kPanel,
  kOutputs,
  kLocal
};
inline constexpr std::size_t kTaskCount = 6;
/// A test wants it to hang. Never, where doors are real.
bool is_stalled(Task task);

struct StackUse {
  std::uint32_t reserved = 0;  // 0: the board cannot say
  std::uint32_t used = 0;      // most ever, since the start
};
StackUse stack_use();

// --- memory
// -------------------------------------------------------------------

/// What survives a reset. Its content is nothing that one may rely on.
struct Survivors {
  std::uint32_t layout;  // of the firmware that wrote it
  std::uint32_t boot;
  std::uint32_t boot_check;  // complement of `boot`
  PanelMemory panel;
};
Survivors& survivors();

/// Survives a power cut: commissioning, configuration, and the session counter
/// where there is no random64(). Written rarely; a torn write leaves the old
/// content or none (the slot carries length and CRC;
/// docs/formats/panel-memory.md).
inline constexpr std::size_t kSlotBytes = 1024;
enum class Slot : std::uint8_t { kCommissioning, kConfiguration, kSession };
/// Bytes of the content; 0: none or not sound.
std::size_t read_slot(Slot slot, std::span<std::uint8_t> to);
bool write_slot(Slot slot, std::span<const std::uint8_t> from);

// --- the line (RS-485)
// --------------------------------------------------------

struct LineByte {
  std::uint8_t byte = 0;
  std::uint64_t at_us = 0;  // when it was complete
  bool is_broken = false;   // parity, framing, or bytes lost before it
};

void open_line(std::uint32_t baud, char parity);
std::optional<LineByte> read_line();
/// Takes all or nothing: nothing while an earlier one is being sent. Drives the
/// line until the last stop bit.
bool write_line(std::span<const std::uint8_t> bytes);
bool is_line_sending();

// --- doors
// --------------------------------------------------------------------

Inputs inputs();
void set_outputs(const Outputs& outputs);

struct ReaderEvent {
  enum class Kind : std::uint8_t { kByte, kZero, kOne, kBothLow };
  Kind kind = Kind::kByte;
  std::uint8_t reader = 1;
  std::uint8_t byte = 0;
  std::uint64_t at_us = 0;
};
std::optional<ReaderEvent> read_readers();

// --- local port
// ---------------------------------------------------------------

std::optional<std::uint8_t> read_local();
/// What does not fit is dropped.
void write_local(std::span<const std::uint8_t> bytes);

}  // namespace strongroom::panel::hal
