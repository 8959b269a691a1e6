// SPDX-License-Identifier: Apache-2.0
// How long one device takes to answer, and how long it is therefore waited for.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace strongroom {

/// Durations of the recent past, to about a fifth: 64 us to 64 s, the newest
/// few hundred weigh most.
class RecentTimes {
 public:
  void add(std::chrono::microseconds time);
  /// At least as long as `per_mille` of them; 0 while there are none.
  std::chrono::microseconds quantile(int per_mille) const;

 private:
  static constexpr std::size_t kBuckets = 81;
  std::array<std::uint16_t, kBuckets> counts_{};
  std::uint32_t total_ = 0;
};

/// Of one device.
class RoundTrip {
 public:
  /// `ceiling`: the longest wait, and the wait before much is known.
  explicit RoundTrip(std::chrono::microseconds ceiling);

  /// `on_wire`: what question and answer took by arithmetic alone.
  void answered(std::chrono::microseconds time,
                std::chrono::microseconds on_wire);
  /// The wait was in vain: perhaps it was too short.
  void unanswered();

  /// How long to wait for an answer that takes `on_wire` on the wire: twice
  /// what 99 of 100 took and a quarter more than the longest of the last
  /// thousand, and a margin; doubled with each wait in vain.
  std::chrono::microseconds timeout(std::chrono::microseconds on_wire) const;
  /// The same without the doubling.
  std::chrono::microseconds usual_timeout(
      std::chrono::microseconds on_wire) const;
  /// Enough answers were seen for timeout() to rest on them.
  bool is_known() const;

  std::chrono::microseconds p50() const { return times_.quantile(500); }
  std::chrono::microseconds p99() const { return times_.quantile(990); }
  /// The device's own share of most round trips; 0 before the first.
  std::chrono::microseconds turnaround() const {
    return turnarounds_.quantile(500);
  }

 private:
  void update_wait();

  std::chrono::microseconds ceiling_;
  RecentTimes times_;
  RecentTimes turnarounds_;
  std::uint32_t answers_ = 0;
  std::chrono::microseconds longest_{};         // of this thousand so far
  std::chrono::microseconds longest_before_{};  // of the thousand before
  std::chrono::microseconds wait_{};            // beside the wire; once known
  std::uint32_t doublings_ = 0;
  std::uint32_t answers_since_doubling_ = 0;
};

}  // namespace strongroom
