// SPDX-License-Identifier: Apache-2.0
// Requests to this unit among everything that is heard on a shared line
// (docs/decisions/0121).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace strongroom::panel {

inline constexpr std::size_t kMaxAdu = 256;

/// Silence that ends a frame: 3.5 characters of 11 bits, above 19200 baud
/// 1.75 ms.
std::uint32_t gap_us(std::uint32_t baud);

class LineFrames {
 public:
  /// `patience_us`: how long the beginning of a frame is kept when its rest
  /// does not come; below the gap: as long as the gap.
  LineFrames(std::uint8_t unit, std::uint32_t baud, std::uint32_t patience_us);

  void received(std::uint8_t byte, std::uint64_t at_us, bool is_broken);

  /// The request that the gap now ends, once: a whole frame with a right check,
  /// to this unit (its function may be one that we do not know), and nothing
  /// came after it. Empty: none. Lies in buffer(), until the next received().
  std::span<std::uint8_t> request(std::uint64_t now_us);
  /// Free for the answer as soon as the request was read.
  std::span<std::uint8_t, kMaxAdu> buffer() { return bytes_; }

  /// Stretches between gaps that held anything but whole frames.
  std::uint32_t crc_errors() const { return crc_errors_; }

 private:
  struct Frame {
    std::size_t start = 0;
    std::size_t size = 0;
    bool is_request = false;  // to this unit
  };
  Frame frame_at(std::size_t start) const;
  bool is_whole(std::size_t start, std::size_t size) const;
  Frame walk() const;
  Frame judge() const;
  Frame behind_noise(std::size_t from) const;
  void gap_ended(std::uint64_t silence_us);
  void give_up();
  void make_room();
  void drop_front(std::size_t count);
  void clear();

  std::uint8_t unit_;
  std::uint32_t char_us_;
  std::uint32_t gap_us_;
  std::uint32_t patience_us_;
  std::uint64_t last_us_ = 0;
  std::uint32_t crc_errors_ = 0;
  std::size_t size_ = 0;
  std::size_t judged_ = 0;     // of them nothing can come but with more bytes
  std::size_t after_gap_ = 0;  // where the newest stretch begins
  std::size_t broken_first_ = 0;  // [first, end) holds every broken byte
  std::size_t broken_end_ = 0;    // 0: none
  bool is_deaf_ = false;          // overrun: until the next gap
  std::array<std::uint8_t, kMaxAdu> bytes_{};
};

}  // namespace strongroom::panel
