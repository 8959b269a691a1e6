// SPDX-License-Identifier: Apache-2.0
// What a simulated day costs for real: processor time, memory, disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

namespace strongroom::endurance {

/// STRONGROOM_FULL=1: the whole length; else a short form.
bool is_full();

/// Of the calling thread.
std::chrono::microseconds cpu_time();

/// Peak of resident memory since construction, less what was resident then.
/// One at a time in a process; Linux.
class MemoryMeter {
 public:
  MemoryMeter();
  std::uint64_t peak_bytes() const;

 private:
  std::uint64_t before_ = 0;
};

/// A database with its write-ahead log.
std::uint64_t disk_bytes(const std::filesystem::path& database);

inline constexpr std::uint64_t kMiB = 1U << 20U;

}  // namespace strongroom::endurance
