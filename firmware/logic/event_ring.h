// SPDX-License-Identifier: Apache-2.0
// Events that the agent does not hold yet. Lies in memory that survives a reset
// (docs/formats/panel-memory.md); every slot and the head carry a CRC.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "firmware/logic/clock.h"
#include "firmware/logic/credential.h"
#include "proto/panel.pb.h"

#ifndef STRONGROOM_RING_CAPACITY
#define STRONGROOM_RING_CAPACITY 256
#endif

namespace strongroom::panel {

using EventKind = strongroom_panel_v1_PanelEventKind;

inline constexpr std::size_t kRingCapacity = STRONGROOM_RING_CAPACITY;
/// Kinds from it on go first when the ring is full.
inline constexpr std::uint8_t kFirstRoutineKind = 64;

struct Event {
  std::uint32_t seq = 0;  // given by the ring
  EventTime at;
  std::uint8_t kind = 0;  // EventKind
  std::uint8_t leaf = 0;
  std::uint8_t reader = 0;
  std::uint32_t value = 0;
  Credential credential;

  friend bool operator==(const Event&, const Event&) = default;
};

/// Trivially copyable and without constructor: what a reset finds is what was.
struct RingSlot {
  std::uint32_t seq;
  std::uint32_t at_s;
  std::uint32_t value;
  std::uint16_t boot;
  std::uint8_t at_cs;
  std::uint8_t kind;
  std::uint8_t place;  // leaf + 16 * reader
  std::uint8_t bit_count;
  std::array<std::uint8_t, 6> bits;
  std::uint16_t crc;  // last
};

struct RingMemory {
  std::uint32_t magic;
  std::uint32_t ring;  // id, by the agent; 0: none yet
  std::uint32_t newest_seq;
  std::uint32_t acked_seq;
  std::uint32_t lost;
  std::array<RingSlot, kRingCapacity> slots;
  std::uint16_t crc;  // of the head
};

class EventRing {
 public:
  /// Takes over what is sound in `memory`: unsound slots count as lost. An
  /// unsound head means the ring was lost: id 0, seq from 1.
  explicit EventRing(RingMemory& memory);

  std::uint32_t ring() const;
  /// Only while ring() is 0: names it.
  void name(std::uint32_t ring);
  std::uint32_t newest_seq() const;
  /// Of this ring, since it began.
  std::uint32_t lost() const;
  std::size_t size() const;

  /// Gives it the next number and keeps it. Full: the oldest routine event
  /// goes; none held: a routine one is not kept, for another one the oldest of
  /// all goes. Whatever goes counts as lost. Returns the number; the caller may
  /// act on it when it is kept (is_held).
  std::uint32_t push(Event event);
  bool is_held(std::uint32_t seq) const;
  /// Of this ring: events up to `seq` may go. Beyond the newest: ignored.
  void acknowledge(std::uint32_t seq);
  /// The oldest event after `seq`.
  std::optional<Event> after(std::uint32_t seq) const;

 private:
  RingMemory& memory_;
};

}  // namespace strongroom::panel
