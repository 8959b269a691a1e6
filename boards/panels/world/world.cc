// SPDX-License-Identifier: Apache-2.0
#include "boards/panels/world/world.h"

#include <algorithm>

namespace strongroom::panel {
namespace {

constexpr std::uint64_t kPulseUs = 2000;
constexpr std::uint64_t kBetweenBurstsUs = 100'000;
// A byte at 9600 baud.
constexpr std::uint64_t kByteUs = 1042;

int digit(std::uint8_t c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

constexpr std::array<const char*, hal::kTaskCount> kTasks{
    "readers", "inputs", "link", "panel", "outputs", "local"};

}  // namespace

bool World::received(std::uint8_t byte, std::uint64_t now_us) {
  slot_size_ = 0;
  if (byte == '\r') {
    return false;
  }
  if (byte != '\n') {
    if (size_ < line_.size()) {
      line_[size_++] = byte;
    } else {
      is_too_long_ = true;
    }
    return false;
  }
  at_ = 0;
  const bool is_slot = !is_too_long_ && line_ended(now_us);
  size_ = 0;
  is_too_long_ = false;
  return is_slot;
}

bool World::line_ended(std::uint64_t now_us) {
  if (is_word("in")) {
    take_inputs();
  } else if (is_word("wg")) {
    take_pulses(now_us);
  } else if (is_word("uart")) {
    take_bytes(now_us);
  } else if (is_word("bl")) {
    const auto reader = decimal();
    if (reader && *reader >= 1 && *reader <= kMaxReaders) {
      push({.kind = hal::ReaderEvent::Kind::kBothLow,
            .reader = static_cast<std::uint8_t>(*reader),
            .count = 1},
           now_us);
    }
  } else if (is_word("nv")) {
    const auto slot = decimal();
    if (slot && *slot <= static_cast<std::uint32_t>(hal::Slot::kSession)) {
      slot_ = static_cast<hal::Slot>(*slot);
      slot_size_ = hex_bytes(line_);  // never ahead of what it reads
      return slot_size_ > 0;
    }
  } else if (is_word("seed")) {
    seed_ = hex();
  } else if (is_word("go")) {
    is_begun_ = true;
  } else if (is_word("stall")) {
    take_stall();
  }
  return false;
}

void World::take_inputs() {
  const auto leaves = hex();
  const auto panel = hex();
  const auto supply = decimal();
  if (leaves && panel && supply) {
    difference_ = {
        .leaves = static_cast<std::uint32_t>(*leaves) ^ kAtRest.leaves,
        .panel = static_cast<std::uint8_t>(*panel ^ kAtRest.panel),
        .supply_mv = static_cast<std::uint16_t>(
            std::min<std::uint32_t>(*supply, 0xffff) ^ kAtRest.supply_mv)};
  }
}

Inputs World::inputs() const {
  return {.leaves = difference_.leaves ^ kAtRest.leaves,
          .panel = static_cast<std::uint8_t>(difference_.panel ^ kAtRest.panel),
          .supply_mv = static_cast<std::uint16_t>(difference_.supply_mv ^
                                                  kAtRest.supply_mv)};
}

void World::take_pulses(std::uint64_t now_us) {
  const auto reader = decimal();
  const auto bits = decimal();
  const auto value = hex();
  if (!reader || *reader < 1 || *reader > kMaxReaders || !bits || *bits < 1 ||
      *bits > 64 || !value) {
    return;
  }
  Burst burst{.kind = hal::ReaderEvent::Kind::kZero,
              .reader = static_cast<std::uint8_t>(*reader),
              .count = static_cast<std::uint8_t>(*bits)};
  for (unsigned i = 0; i < *bits; ++i) {
    const bool is_one = (*value >> (*bits - 1 - i) & 1) != 0;
    burst.content[i / 8] = static_cast<std::uint8_t>(
        burst.content[i / 8] | (is_one ? 0x80u >> (i % 8) : 0u));
  }
  push(burst, now_us);
}

void World::take_bytes(std::uint64_t now_us) {
  const auto reader = decimal();
  if (!reader || *reader < 1 || *reader > kMaxReaders) {
    return;
  }
  std::size_t size = hex_bytes(line_);
  // Longer than one burst: several, one behind the other.
  for (std::size_t from = 0; from < size;) {
    Burst burst{.kind = hal::ReaderEvent::Kind::kByte,
                .reader = static_cast<std::uint8_t>(*reader)};
    const std::size_t count = std::min(size - from, burst.content.size());
    std::copy_n(line_.begin() + static_cast<std::ptrdiff_t>(from),
                count,
                burst.content.begin());
    burst.count = static_cast<std::uint8_t>(count);
    push(burst, now_us);
    from += count;
  }
}

void World::take_stall() {
  for (std::size_t i = 0; i < kTasks.size(); ++i) {
    const std::size_t before = at_;
    if (is_word(kTasks[i])) {
      stalled_ = static_cast<std::uint8_t>(stalled_ | 1u << i);
      return;
    }
    at_ = before;
  }
}

bool World::is_stalled(hal::Task task) const {
  return (stalled_ >> static_cast<unsigned>(task) & 1) != 0;
}

World::SlotContent World::slot() const {
  return {slot_, std::span(line_).first(slot_size_)};
}

void World::push(const Burst& burst, std::uint64_t now_us) {
  if (burst_count_ == bursts_.size()) {
    return;
  }
  const bool is_bytes = burst.kind == hal::ReaderEvent::Kind::kByte;
  std::uint64_t& free_us = free_us_[burst.reader];
  Burst& kept = bursts_[burst_count_++];
  kept = burst;
  kept.due_us = std::max(now_us, free_us);
  const std::uint64_t length = burst.count * (is_bytes ? kByteUs : kPulseUs);
  free_us = kept.due_us + length + (is_bytes ? 0 : kBetweenBurstsUs);
}

std::optional<hal::ReaderEvent> World::reader_event(std::uint64_t now_us) {
  std::size_t first = burst_count_;
  for (std::size_t i = 0; i < burst_count_; ++i) {
    if (bursts_[i].due_us <= now_us &&
        (first == burst_count_ || bursts_[i].due_us < bursts_[first].due_us)) {
      first = i;
    }
  }
  if (first == burst_count_) {
    return std::nullopt;
  }
  Burst& burst = bursts_[first];
  hal::ReaderEvent event{
      .kind = burst.kind, .reader = burst.reader, .at_us = burst.due_us};
  if (burst.kind == hal::ReaderEvent::Kind::kByte) {
    event.byte = burst.content[burst.next];
    burst.due_us += kByteUs;
  } else if (burst.kind == hal::ReaderEvent::Kind::kZero) {
    if ((burst.content[burst.next / 8] & 0x80u >> (burst.next % 8)) != 0) {
      event.kind = hal::ReaderEvent::Kind::kOne;
    }
    burst.due_us += kPulseUs;
  }
  if (++burst.next == burst.count) {
    drop(first);
  }
  return event;
}

void World::drop(std::size_t place) {
  std::copy(bursts_.begin() + static_cast<std::ptrdiff_t>(place) + 1,
            bursts_.begin() + static_cast<std::ptrdiff_t>(burst_count_),
            bursts_.begin() + static_cast<std::ptrdiff_t>(place));
  --burst_count_;
}

void World::skip_spaces() {
  while (at_ < size_ && line_[at_] == ' ') {
    ++at_;
  }
}

bool World::is_word(const char* word) {
  skip_spaces();
  std::size_t end = at_;
  while (*word != '\0' && end < size_ &&
         line_[end] == static_cast<std::uint8_t>(*word)) {
    ++word;
    ++end;
  }
  if (*word != '\0' || (end < size_ && line_[end] != ' ')) {
    return false;
  }
  at_ = end;
  return true;
}

std::optional<std::uint32_t> World::decimal() {
  skip_spaces();
  const std::size_t begin = at_;
  std::uint32_t value = 0;
  while (at_ < size_ && line_[at_] >= '0' && line_[at_] <= '9' &&
         at_ - begin < 9) {
    value = 10 * value + line_[at_++] - '0';
  }
  return at_ > begin ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> World::hex() {
  skip_spaces();
  const std::size_t begin = at_;
  std::uint64_t value = 0;
  while (at_ < size_ && digit(line_[at_]) >= 0 && at_ - begin < 16) {
    value = value << 4 | static_cast<unsigned>(digit(line_[at_++]));
  }
  return at_ > begin ? std::optional(value) : std::nullopt;
}

std::size_t World::hex_bytes(std::span<std::uint8_t> to) {
  skip_spaces();
  std::size_t count = 0;
  while (at_ + 1 < size_ && count < to.size()) {
    const int high = digit(line_[at_]);
    const int low = digit(line_[at_ + 1]);
    if (high < 0 || low < 0) {
      break;
    }
    to[count++] = static_cast<std::uint8_t>(high << 4 | low);
    at_ += 2;
  }
  return count;
}

WorldLine outputs_line(const Outputs& outputs) {
  WorldLine line;
  const auto put = [&line](char c) { line.text[line.size++] = c; };
  for (const char c : {'o', 'u', 't'}) {
    put(c);
  }
  for (const unsigned value :
       {outputs.locks, outputs.green, outputs.red, outputs.buzzer}) {
    put(' ');
    put("0123456789abcdef"[value >> 4]);
    put("0123456789abcdef"[value & 0xf]);
  }
  put('\n');
  return line;
}

}  // namespace strongroom::panel
