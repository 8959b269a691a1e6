// SPDX-License-Identifier: Apache-2.0
// Slots in two sectors of flash. One sector is a log of records, the newest of
// each slot counts; when it is full the newest ones go into the other sector,
// which counts from the moment its head is written. A cut at any word leaves
// the old content or the new one (docs/formats/panel-memory.md).
//
//   word 0: magic; word 1: generation; then records of slot_record.h, each on a
//   word, its first word (the CRC) programmed last. ff ff ff ff: free.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "firmware/hal/hal.h"
#include "firmware/hal/slot_record.h"

namespace strongroom::panel::netduino {

/// `Flash`: words(), read(sector, word), erase(sector), program(sector, word,
/// value).
template <typename Flash>
class SlotLog {
 public:
  explicit SlotLog(Flash& flash) : flash_(flash) {
    const std::uint32_t first = generation(0);
    const std::uint32_t second = generation(1);
    if (first != 0 || second != 0) {
      active_ = second > first ? 1 : 0;
      generation_ = std::max(first, second);
    }
    end_ = find_end();
  }

  std::size_t read(hal::Slot slot, std::span<std::uint8_t> to) const {
    const Place place = newest(slot);
    if (place.size == 0 || place.size > to.size()) {
      return 0;
    }
    copy(place.word + kHeadWords, to.first(place.size));
    return place.size;
  }

  bool write(hal::Slot slot, std::span<const std::uint8_t> content) {
    if (content.empty() || content.size() > hal::kSlotBytes) {
      return false;
    }
    const std::size_t words = words_of(content.size());
    if (generation_ == 0 || end_ + words > flash_.words()) {
      if (!move()) {
        return false;
      }
    }
    return end_ + words <= flash_.words() && append(slot, content);
  }

 private:
  static constexpr std::uint32_t kMagic = 0x53524c47;
  static constexpr std::uint32_t kFree = 0xffffffff;
  static constexpr std::size_t kFirst = 2;
  static constexpr std::size_t kHeadWords = hal::kSlotHead / 4;
  static constexpr std::array<hal::Slot, 3> kSlots{hal::Slot::kCommissioning,
                                                   hal::Slot::kConfiguration,
                                                   hal::Slot::kSession};

  struct Place {
    std::size_t word = 0;
    std::size_t size = 0;  // 0: none
  };

  static std::size_t words_of(std::size_t size) {
    return kHeadWords + (size + 3) / 4;
  }

  std::uint32_t generation(unsigned sector) const {
    const std::uint32_t value = flash_.read(sector, 1);
    return flash_.read(sector, 0) == kMagic && value != kFree ? value : 0;
  }

  // Where the next record may stand: behind the last word that is not free, so
  // that no torn one is programmed over, and behind the last record, which may
  // end in words that look free.
  std::size_t find_end() const {
    std::size_t end = flash_.words();
    while (end > kFirst && flash_.read(active_, end - 1) == kFree) {
      --end;
    }
    std::size_t word = kFirst;
    while (generation_ != 0 && word < end) {
      const Record record = record_at(word);
      word += record.size != 0 ? words_of(record.size) : 1;
    }
    return word;
  }

  std::uint8_t byte_at(std::size_t word, std::size_t offset) const {
    return static_cast<std::uint8_t>(flash_.read(active_, word + offset / 4) >>
                                     (8 * (offset % 4)));
  }
  void copy(std::size_t word, std::span<std::uint8_t> to) const {
    for (std::size_t i = 0; i < to.size(); ++i) {
      to[i] = byte_at(word, i);
    }
  }

  struct Record {
    std::uint8_t slot = 0;
    std::size_t size = 0;  // 0: none here, or torn
  };
  Record record_at(std::size_t word) const {
    if (word + kHeadWords >= flash_.words()) {
      return {};
    }
    const std::uint32_t head = flash_.read(active_, word + 1);
    const std::size_t size = head & 0xffff;
    if (size == 0 || size > hal::kSlotBytes ||
        word + words_of(size) > flash_.words()) {
      return {};
    }
    std::uint32_t crc = 0;
    const std::size_t bytes = hal::kSlotHead + size;
    for (std::size_t at = 4; at < bytes; ++at) {
      const std::uint8_t byte = byte_at(word, at);
      crc = crc32({&byte, 1}, crc);
    }
    if (crc != flash_.read(active_, word)) {
      return {};
    }
    return {static_cast<std::uint8_t>(head >> 16), size};
  }

  Place newest(hal::Slot slot) const {
    Place found;
    for (std::size_t word = kFirst; generation_ != 0 && word < end_;) {
      const Record record = record_at(word);
      if (record.size != 0 && record.slot == static_cast<std::uint8_t>(slot)) {
        found = {word, record.size};
      }
      word += record.size != 0 ? words_of(record.size) : 1;
    }
    return found;
  }

  // The newest of each slot into the other sector, also of the one that is
  // about to be written: that may be cut off.
  bool move() {
    const unsigned from = active_;
    const unsigned to = 1 - active_;
    if (!flash_.erase(to)) {
      return false;
    }
    std::size_t at = kFirst;
    for (const hal::Slot each : kSlots) {
      const Place place = newest(each);
      for (std::size_t i = 0; place.size != 0 && i < words_of(place.size);
           ++i) {
        if (!flash_.program(to, at++, flash_.read(from, place.word + i))) {
          return false;
        }
      }
    }
    // The generation first: the magic makes it count.
    if (!flash_.program(to, 1, generation_ + 1) ||
        !flash_.program(to, 0, kMagic)) {
      return false;
    }
    active_ = to;
    ++generation_;
    end_ = at;
    return true;
  }

  bool append(hal::Slot slot, std::span<const std::uint8_t> content) {
    const auto head = hal::slot_head(static_cast<std::uint8_t>(slot), content);
    const std::size_t begin = end_;
    end_ += words_of(content.size());  // also when it fails: it is not free
    const auto word_of = [](std::span<const std::uint8_t> bytes) {
      std::uint32_t word = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        const std::uint8_t byte = i < bytes.size() ? bytes[i] : 0xff;
        word |= static_cast<std::uint32_t>(byte) << (8 * i);
      }
      return word;
    };
    bool is_kept =
        flash_.program(active_, begin + 1, word_of(std::span(head).subspan(4)));
    for (std::size_t i = 0; is_kept && i < content.size(); i += 4) {
      is_kept = flash_.program(
          active_, begin + kHeadWords + i / 4, word_of(content.subspan(i)));
    }
    return is_kept && flash_.program(active_, begin, word_of(head));
  }

  Flash& flash_;
  unsigned active_ = 0;
  std::uint32_t generation_ = 0;  // 0: neither sector holds a log
  std::size_t end_ = 0;
};

}  // namespace strongroom::panel::netduino
