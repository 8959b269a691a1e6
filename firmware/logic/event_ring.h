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
  std::uint8_t kind = 0;    // EventKind; what is pushed has one
  std::uint8_t leaf = 0;    // up to 15
  std::uint8_t reader = 0;  // up to 15
  std::uint32_t value = 0;  // 0 beside a credential
  Credential credential;

  friend bool operator==(const Event&, const Event&) = default;
};

/// As the frame of an exchange carries it, at most 32 bytes encoded.
void fill(const Event& event, strongroom_panel_v1_PanelEvent& message);

/// Trivially copyable and without constructor: what a reset finds is what was.
struct RingSlot {
  std::uint32_t seq;
  std::uint32_t at_s;
  std::uint16_t boot;
  std::uint16_t crc;   // of all but `next`
  std::uint16_t next;  // of the queue that it stands in; made anew at a start
  std::uint8_t at_cs;
  std::uint8_t place;  // leaf + 16 * reader
  std::uint8_t bit_count;
  // The credential, or, without one, the value in the first four.
  std::array<std::uint8_t, 6> payload;
  std::uint8_t kind;  // 0: the slot is empty; stored last
};
static_assert(sizeof(RingSlot) == 24);

/// Two, written by turns: of a torn one the other one tells what was before.
struct RingHead {
  std::uint32_t ring;        // id, by the agent; 0: none yet
  std::uint32_t newest_seq;  // given away, whether its slot was written or not
  std::uint32_t acked_seq;
  std::uint32_t lost;   // of those up to acked_seq
  std::uint32_t turn;   // counts up
  std::uint32_t crc;    // of what is before it
  std::uint32_t valid;  // stored last
};

struct RingMemory {
  std::array<RingHead, 2> heads;
  std::array<RingSlot, kRingCapacity> slots;
};

class EventRing {
 public:
  /// Takes over what is sound in `memory`: unsound slots count as lost. No
  /// sound head means the ring was lost: id 0, seq from 1.
  explicit EventRing(RingMemory& memory);

  std::uint32_t ring() const { return head_.ring; }
  /// Only while ring() is 0: names it.
  void name(std::uint32_t ring);
  std::uint32_t newest_seq() const { return head_.newest_seq; }
  std::uint32_t acked_seq() const { return head_.acked_seq; }
  /// Of this ring, since it began.
  std::uint32_t lost() const;
  std::size_t size() const { return size_; }

  /// Gives it the next number and keeps it. Full: the oldest routine event
  /// goes; none held: a routine one is not kept, for another one the oldest of
  /// all goes. Whatever goes counts as lost. Returns the number; the caller may
  /// act on it when it is kept (is_held). In constant time.
  std::uint32_t push(Event event);
  bool is_held(std::uint32_t seq) const;
  /// Of this ring: events up to `seq` may go. Beyond the newest: ignored.
  void acknowledge(std::uint32_t seq);
  /// The oldest event after `seq`. Walks over those that are older.
  std::optional<Event> after(std::uint32_t seq) const;

 private:
  /// Slots in ascending order of seq, linked by RingSlot::next.
  struct Queue {
    std::uint16_t first;
    std::uint16_t last;
  };

  void begin();
  void take_over();
  std::uint16_t sorted_sound_slots();
  std::uint16_t merge(std::uint16_t a, std::uint16_t b);
  void write_head();
  void write_slot(std::uint16_t place, const Event& event);
  void append(Queue& queue, std::uint16_t place);
  std::uint16_t take_first(Queue& queue);
  void forget_up_to(Queue& queue, std::uint32_t seq);
  std::uint16_t first_after(const Queue& queue, std::uint32_t seq) const;
  bool is_in(const Queue& queue, std::uint32_t seq) const;
  std::uint16_t free_place();
  Queue& queue_of(std::uint8_t kind);

  RingMemory& memory_;
  RingHead head_{};  // as the newest of the two says
  Queue routine_{};
  Queue others_{};
  Queue free_{};
  std::size_t size_ = 0;
};

}  // namespace strongroom::panel
