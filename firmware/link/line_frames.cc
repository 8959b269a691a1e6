// SPDX-License-Identifier: Apache-2.0
#include "firmware/link/line_frames.h"

#include <algorithm>

#include "firmware/link/modbus_crc.h"

namespace strongroom::panel {
namespace {

constexpr std::size_t kMinFrame = 4;  // unit, function, check
// What a driver that lets go of the line may add behind a frame.
constexpr std::size_t kTail = 2;
// Whoever asked has given up by then, and may be asking somebody else.
constexpr std::uint64_t kStaleUs = 100'000;

using Bytes = std::span<const std::uint8_t>;

// By function alone; 0: cannot be told (yet).
std::size_t request_size(Bytes frame) {
  switch (frame[1]) {
    case 0x01:
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x05:
    case 0x06:
    case 0x08:
      return 8;
    case 0x07:
    case 0x0B:
    case 0x0C:
    case 0x11:
      return 4;
    case 0x0F:
    case 0x10:
      return frame.size() < 7 ? 0 : std::size_t{9} + frame[6];
    case 0x16:
      return 10;
    case 0x17:
      return frame.size() < 11 ? 0 : std::size_t{13} + frame[10];
    case 0x2B:
      return frame.size() < 3 || frame[2] != 0x0E ? 0 : 7;
    default:
      return 0;
  }
}

std::size_t answer_size(Bytes frame) {
  switch (frame[1]) {
    case 0x01:
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x0C:
    case 0x11:
    case 0x17:
      return frame.size() < 3 ? 0 : std::size_t{5} + frame[2];
    case 0x05:
    case 0x06:
    case 0x08:
    case 0x0B:
    case 0x0F:
    case 0x10:
      return 8;
    case 0x07:
      return 5;
    case 0x16:
      return 10;
    default:
      return frame[1] >= 0x80 ? 5 : 0;
  }
}

}  // namespace

std::uint32_t gap_us(std::uint32_t baud) {
  return baud > 19200 ? 1750 : (38'500'000 + baud - 1) / std::max(baud, 1U);
}

LineFrames::LineFrames(std::uint8_t unit,
                       std::uint32_t baud,
                       std::uint32_t patience_us)
    : unit_(unit),
      char_us_(11'000'000 / std::max(baud, 1U)),
      gap_us_(gap_us(baud)),
      patience_us_(std::max(patience_us, gap_us_)) {}

void LineFrames::received(std::uint8_t byte,
                          std::uint64_t at_us,
                          bool is_broken) {
  const std::uint64_t silence_us = at_us - std::min(at_us, last_us_ + char_us_);
  if (silence_us >= gap_us_) {
    gap_ended(silence_us);
  }
  last_us_ = std::max(at_us, last_us_);
  if (size_ == kMaxAdu) {
    make_room();
  }
  if (is_deaf_) {
    return;
  }
  if (is_broken) {
    broken_first_ = broken_end_ == 0 ? size_ : broken_first_;
    broken_end_ = size_ + 1;
  }
  bytes_[size_++] = byte;
}

// Nobody asked for what stood before the gap in time: who sent the byte that
// ended it no longer waits for an answer.
void LineFrames::gap_ended(std::uint64_t silence_us) {
  is_deaf_ = false;
  if (walk().start + walk().size == size_) {
    clear();
  } else if (silence_us >= patience_us_) {
    give_up();
  } else {
    after_gap_ = size_;
  }
}

std::span<std::uint8_t> LineFrames::request(std::uint64_t now_us) {
  const std::uint64_t silence_us = now_us - std::min(now_us, last_us_);
  if (size_ == 0 || silence_us < gap_us_) {
    return {};
  }
  if (judged_ != size_) {
    judged_ = size_;
    const Frame frame = judge();
    if (frame.size > 0) {
      clear();
      const bool is_stale = silence_us > gap_us_ + kStaleUs;
      return frame.is_request && !is_stale
                 ? std::span(bytes_).subspan(frame.start, frame.size)
                 : std::span<std::uint8_t>();
    }
  }
  if (silence_us >= patience_us_) {
    give_up();
  }
  return {};
}

// The frame that ends what was heard, size 0: that cannot be told.
LineFrames::Frame LineFrames::judge() const {
  const Frame last = walk();
  const std::size_t end = last.start + last.size;
  if (end == size_) {
    return last;
  }
  if (is_whole(end, size_ - end)) {  // of a function that we do not know
    const bool is_ours = bytes_[end] == unit_ && bytes_[end + 1] < 0x80;
    return {.start = end, .size = size_ - end, .is_request = is_ours};
  }
  const Frame found = behind_noise(end + 1);
  if (found.size > 0) {
    return found;
  }
  return last.is_request && size_ - end <= kTail ? last : Frame{};
}

// Whole frames that follow one another from the beginning: the last of them.
// Only at the beginning of a stretch and behind a whole frame a frame begins:
// what another unit's answer holds inside is never looked at.
LineFrames::Frame LineFrames::walk() const {
  Frame last;
  while (true) {
    const Frame next = frame_at(last.start + last.size);
    if (next.size == 0) {
      return last;
    }
    last = next;
  }
}

LineFrames::Frame LineFrames::frame_at(std::size_t start) const {
  if (size_ - start < kMinFrame) {
    return {};
  }
  const Bytes rest = Bytes(bytes_).subspan(start, size_ - start);
  const std::size_t asked = request_size(rest);
  if (is_whole(start, asked)) {
    return {.start = start, .size = asked, .is_request = rest[0] == unit_};
  }
  const std::size_t answered = answer_size(rest);
  if (is_whole(start, answered)) {
    return {.start = start, .size = answered, .is_request = false};
  }
  return {};
}

// A request to this unit that ends where the silence begins, whatever stands
// before it: noise, or the rest of a frame that lost bytes.
LineFrames::Frame LineFrames::behind_noise(std::size_t from) const {
  for (std::size_t start = from; start + kMinFrame <= size_; ++start) {
    const std::size_t size = size_ - start;
    if (bytes_[start] == unit_ &&
        request_size(Bytes(bytes_).subspan(start, size)) == size &&
        is_whole(start, size)) {
      return {.start = start, .size = size, .is_request = true};
    }
  }
  return {};
}

bool LineFrames::is_whole(std::size_t start, std::size_t size) const {
  return size >= kMinFrame && size <= size_ - start &&
         (start >= broken_end_ || start + size <= broken_first_) &&
         modbus_crc(Bytes(bytes_).subspan(start, size)) == 0;
}

// More than a frame without a gap: frames that were whole are no longer needed,
// and what began before the newest gap is no frame any more.
void LineFrames::make_room() {
  const Frame last = walk();
  const std::size_t end = last.start + last.size;
  if (end > 0) {
    drop_front(end);
  } else if (after_gap_ > 0) {
    ++crc_errors_;
    drop_front(after_gap_);
  } else {
    give_up();
    is_deaf_ = true;
  }
}

void LineFrames::drop_front(std::size_t count) {
  std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(count),
            bytes_.begin() + static_cast<std::ptrdiff_t>(size_),
            bytes_.begin());
  size_ -= count;
  judged_ = 0;
  after_gap_ -= std::min(after_gap_, count);
  broken_first_ -= std::min(broken_first_, count);
  broken_end_ -= std::min(broken_end_, count);
}

void LineFrames::give_up() {
  ++crc_errors_;
  clear();
}

void LineFrames::clear() {
  size_ = 0;
  judged_ = 0;
  after_gap_ = 0;
  broken_first_ = 0;
  broken_end_ = 0;
}

}  // namespace strongroom::panel
