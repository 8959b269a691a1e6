// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/event_ring.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>

#include "firmware/logic/crc.h"
#include "firmware/logic/store.h"

namespace strongroom::panel {
namespace {

constexpr std::uint16_t kNone = 0xffff;
static_assert(kRingCapacity > 1 && kRingCapacity < kNone);
constexpr std::uint32_t kValid = 0x52494e47;  // no byte of it is 0
constexpr std::uint32_t kLastSeq = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint8_t kMaxPlace = 15;

std::uint32_t crc_of(const RingHead& head) {
  const std::array<std::uint32_t, 5> words{
      head.ring, head.newest_seq, head.acked_seq, head.lost, head.turn};
  std::array<std::uint8_t, sizeof words> bytes{};
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return crc32(bytes);
}

bool is_sound(const RingHead& head) {
  return head.valid == kValid && head.crc == crc_of(head);
}

/// `turn` may wrap.
bool is_later(const RingHead& a, const RingHead& b) {
  return static_cast<std::int32_t>(a.turn - b.turn) > 0;
}

std::uint16_t crc_of(RingSlot slot) {
  slot.crc = 0;
  slot.next = 0;
  std::array<std::uint8_t, sizeof slot> bytes{};
  std::memcpy(bytes.data(), &slot, bytes.size());
  return crc16(bytes);
}

Event event_in(const RingSlot& slot) {
  Event event;
  event.seq = slot.seq;
  event.at = {.s = slot.at_s, .cs = slot.at_cs, .boot = slot.boot};
  event.kind = slot.kind;
  event.leaf = static_cast<std::uint8_t>(slot.place % (kMaxPlace + 1));
  event.reader = static_cast<std::uint8_t>(slot.place / (kMaxPlace + 1));
  if (slot.bit_count > 0) {
    event.credential = {
        .bit_count = std::min(slot.bit_count, kMaxCredentialBits),
        .bits = slot.payload};
  } else {
    std::memcpy(&event.value, slot.payload.data(), sizeof event.value);
  }
  return event;
}

RingSlot slot_of(const Event& event) {
  RingSlot slot{};
  slot.seq = event.seq;
  slot.at_s = event.at.s;
  slot.boot = event.at.boot;
  slot.at_cs = event.at.cs;
  slot.place = static_cast<std::uint8_t>(std::min(event.leaf, kMaxPlace) +
                                         (kMaxPlace + 1) *
                                             std::min(event.reader, kMaxPlace));
  slot.bit_count = std::min(event.credential.bit_count, kMaxCredentialBits);
  if (slot.bit_count > 0) {
    slot.payload = event.credential.bits;
  } else {
    std::memcpy(slot.payload.data(), &event.value, sizeof event.value);
  }
  slot.kind = event.kind;
  slot.crc = crc_of(slot);
  return slot;
}

}  // namespace

void fill(const Event& event, strongroom_panel_v1_PanelEvent& message) {
  message = {};
  message.seq = event.seq;
  message.at_s = event.at.s;
  message.at_cs = event.at.cs;
  message.boot = event.at.boot;
  message.kind = static_cast<EventKind>(event.kind);
  message.leaf = event.leaf;
  message.reader = event.reader;
  const Credential& credential = event.credential;
  if (credential.bit_count == 0) {
    message.value = event.value;
    return;
  }
  message.credential.bytes[0] = credential.bit_count;
  std::ranges::copy(std::span(credential.bits).first(credential.byte_count()),
                    message.credential.bytes + 1);
  message.credential.size = static_cast<pb_size_t>(1 + credential.byte_count());
}

EventRing::EventRing(RingMemory& memory) : memory_(memory) {
  const RingHead* newest = nullptr;
  for (const RingHead& head : memory_.heads) {
    if (is_sound(head) && (newest == nullptr || is_later(head, *newest))) {
      newest = &head;
    }
  }
  if (newest == nullptr) {
    begin();
    return;
  }
  head_ = *newest;
  take_over();
}

void EventRing::name(std::uint32_t ring) {
  if (head_.ring == 0 && ring != 0) {
    head_.ring = ring;
    write_head();
  }
}

std::uint32_t EventRing::lost() const {
  // What has a number, is not acknowledged and not here.
  return head_.lost + (head_.newest_seq - head_.acked_seq) -
         static_cast<std::uint32_t>(size_);
}

std::uint32_t EventRing::push(Event event) {
  if (head_.newest_seq == kLastSeq) {
    begin();
  }
  event.seq = ++head_.newest_seq;
  // The number first: an event whose slot is torn is lost, and says so. A
  // number that an agent may have seen is never given to another event.
  write_head();
  const bool is_routine = event.kind >= kFirstRoutineKind;
  if (free_.first == kNone && is_routine && routine_.first == kNone) {
    return event.seq;
  }
  const std::uint16_t place = free_place();
  write_slot(place, event);
  append(queue_of(event.kind), place);
  ++size_;
  return event.seq;
}

bool EventRing::is_held(std::uint32_t seq) const {
  return seq != 0 && (is_in(routine_, seq) || is_in(others_, seq));
}

void EventRing::acknowledge(std::uint32_t seq) {
  if (seq <= head_.acked_seq || seq > head_.newest_seq) {
    return;
  }
  const std::uint32_t lost_before = lost();
  forget_up_to(routine_, seq);
  forget_up_to(others_, seq);
  head_.acked_seq = seq;
  // Those lost after `seq` are told by the gaps that they leave.
  head_.lost = lost_before -
               (head_.newest_seq - seq - static_cast<std::uint32_t>(size_));
  write_head();
}

std::optional<Event> EventRing::after(std::uint32_t seq) const {
  const std::uint16_t routine = first_after(routine_, seq);
  const std::uint16_t other = first_after(others_, seq);
  if (routine == kNone && other == kNone) {
    return std::nullopt;
  }
  const bool is_routine_older =
      other == kNone || (routine != kNone &&
                         memory_.slots[routine].seq < memory_.slots[other].seq);
  return event_in(memory_.slots[is_routine_older ? routine : other]);
}

/// Nothing is known of what was: slots first, so that none of them is taken for
/// one of the new ring.
void EventRing::begin() {
  for (RingHead& head : memory_.heads) {
    store_value(head.valid, std::uint32_t{0});
  }
  for (RingSlot& slot : memory_.slots) {
    store_value(slot.kind, std::uint8_t{0});
  }
  head_ = {};
  take_over();
  write_head();
  write_head();
}

void EventRing::take_over() {
  routine_ = others_ = free_ = {.first = kNone, .last = kNone};
  size_ = 0;
  std::uint16_t place = sorted_sound_slots();
  std::uint32_t before = head_.acked_seq;
  while (place != kNone) {
    const std::uint16_t next = memory_.slots[place].next;
    // Not acknowledged, not a second time, and no number that was never given:
    // a head that decayed is at most one push behind.
    const std::uint32_t seq = memory_.slots[place].seq;
    if (seq > before && seq - 1 <= head_.newest_seq) {
      before = seq;
      append(queue_of(memory_.slots[place].kind), place);
      ++size_;
    } else {
      append(free_, place);
    }
    place = next;
  }
  head_.newest_seq = std::max(head_.newest_seq, before);
}

/// Links the slots that hold an event by seq, ascending; the others are free.
/// Merges runs of 2^i slots: no recursion, and the links are all it needs.
std::uint16_t EventRing::sorted_sound_slots() {
  std::array<std::uint16_t, 16> runs{};
  runs.fill(kNone);
  for (std::uint16_t place = 0; place < kRingCapacity; ++place) {
    RingSlot& slot = memory_.slots[place];
    if (slot.kind == 0 || slot.crc != crc_of(slot)) {
      append(free_, place);
      continue;
    }
    slot.next = kNone;
    std::uint16_t run = place;
    std::size_t size = 0;
    for (; runs[size] != kNone; ++size) {
      run = merge(runs[size], run);
      runs[size] = kNone;
    }
    runs[size] = run;
  }
  std::uint16_t all = kNone;
  for (const std::uint16_t run : runs) {
    all = merge(run, all);
  }
  return all;
}

std::uint16_t EventRing::merge(std::uint16_t a, std::uint16_t b) {
  Queue merged{.first = kNone, .last = kNone};
  while (a != kNone && b != kNone) {
    std::uint16_t& older = memory_.slots[a].seq <= memory_.slots[b].seq ? a : b;
    const std::uint16_t next = memory_.slots[older].next;
    append(merged, older);
    older = next;
  }
  const std::uint16_t rest = a == kNone ? b : a;
  if (merged.first == kNone) {
    return rest;
  }
  memory_.slots[merged.last].next = rest;
  return merged.first;
}

void EventRing::write_head() {
  ++head_.turn;
  head_.crc = crc_of(head_);
  head_.valid = kValid;
  RingHead& copy = memory_.heads[head_.turn % 2];
  store_value(copy.valid, std::uint32_t{0});
  store(&copy, &head_, offsetof(RingHead, valid));
  store_value(copy.valid, kValid);
}

void EventRing::write_slot(std::uint16_t place, const Event& event) {
  const RingSlot content = slot_of(event);
  RingSlot& slot = memory_.slots[place];
  store_value(slot.kind, std::uint8_t{0});
  store(&slot, &content, offsetof(RingSlot, kind));
  store_value(slot.kind, content.kind);
}

void EventRing::append(Queue& queue, std::uint16_t place) {
  memory_.slots[place].next = kNone;
  if (queue.first == kNone) {
    queue.first = place;
  } else {
    memory_.slots[queue.last].next = place;
  }
  queue.last = place;
}

std::uint16_t EventRing::take_first(Queue& queue) {
  const std::uint16_t place = queue.first;
  queue.first = memory_.slots[place].next;
  return place;
}

void EventRing::forget_up_to(Queue& queue, std::uint32_t seq) {
  while (queue.first != kNone && memory_.slots[queue.first].seq <= seq) {
    append(free_, take_first(queue));
    --size_;
  }
}

std::uint16_t EventRing::first_after(const Queue& queue,
                                     std::uint32_t seq) const {
  if (queue.first == kNone || memory_.slots[queue.last].seq <= seq) {
    return kNone;
  }
  // The newest is asked for right after it was pushed.
  if (memory_.slots[queue.last].seq == seq + 1) {
    return queue.last;
  }
  std::uint16_t place = queue.first;
  while (memory_.slots[place].seq <= seq) {
    place = memory_.slots[place].next;
  }
  return place;
}

bool EventRing::is_in(const Queue& queue, std::uint32_t seq) const {
  const std::uint16_t place = first_after(queue, seq - 1);
  return place != kNone && memory_.slots[place].seq == seq;
}

/// A free one, or that of the event that goes.
std::uint16_t EventRing::free_place() {
  if (free_.first != kNone) {
    return take_first(free_);
  }
  --size_;
  return take_first(routine_.first != kNone ? routine_ : others_);
}

EventRing::Queue& EventRing::queue_of(std::uint8_t kind) {
  return kind >= kFirstRoutineKind ? routine_ : others_;
}

}  // namespace strongroom::panel
