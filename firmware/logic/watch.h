// SPDX-License-Identifier: Apache-2.0
// Two watches over the link: whether an agent is there, and whether somebody
// tries to be one.
#pragma once

#include <array>
#include <cstdint>

namespace strongroom::panel {

/// The agent counts as gone when no valid exchange came for offline_after_ms,
/// from the start on.
class MasterWatch {
 public:
  /// A valid exchange. True: the panel was alone until now, since_ms() tells
  /// since when.
  bool heard(std::uint64_t now_ms);
  /// `offline_after_ms` 0: not configured, never alone. True: alone from now
  /// on.
  bool tick(std::uint32_t offline_after_ms, std::uint64_t now_ms);
  bool is_alone() const { return is_alone_; }
  std::uint64_t since_ms() const { return since_ms_; }

 private:
  bool is_alone_ = false;
  std::uint64_t heard_ms_ = 0;
  std::uint64_t since_ms_ = 0;
};

/// Frames that were refused. Some are noise; eight within ten seconds are told,
/// at most once a minute.
class RefusalWatch {
 public:
  static constexpr std::uint32_t kBurst = 8;
  static constexpr std::uint32_t kWithinMs = 10'000;
  static constexpr std::uint32_t kPauseMs = 60'000;

  void refused(std::uint64_t now_ms);
  /// How many to tell of, since the last time; 0: nothing now.
  std::uint32_t tick(std::uint64_t now_ms);
  std::uint32_t total() const { return total_; }

 private:
  std::uint32_t total_ = 0;
  std::uint32_t told_ = 0;  // of total_
  bool is_burst_ = false;   // that was not told yet
  bool has_told_ = false;
  std::uint64_t told_ms_ = 0;
  std::array<std::uint64_t, kBurst> newest_{};  // by total_ modulo its size
};

}  // namespace strongroom::panel
