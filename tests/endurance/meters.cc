// SPDX-License-Identifier: Apache-2.0
#include "tests/endurance/meters.h"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <malloc.h>
#include <string>

namespace strongroom::endurance {
namespace {

std::uint64_t status_bytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word == name + ":") {
      std::uint64_t kib = 0;
      status >> kib;
      return kib * 1024;
    }
  }
  return 0;
}

}  // namespace

bool is_full() {
  const char* full = std::getenv("STRONGROOM_FULL");
  return full != nullptr && std::string(full) == "1";
}

std::chrono::microseconds cpu_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) +
         std::chrono::microseconds(time.tv_nsec / 1000);
}

MemoryMeter::MemoryMeter() {
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins anew
  before_ = status_bytes("VmRSS");
}

std::uint64_t MemoryMeter::peak_bytes() const {
  const std::uint64_t peak = status_bytes("VmHWM");
  return peak > before_ ? peak - before_ : 0;
}

std::uint64_t disk_bytes(const std::filesystem::path& database) {
  std::uint64_t bytes = 0;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code error;
    const auto size =
        std::filesystem::file_size(database.string() + suffix, error);
    bytes += error ? 0 : size;
  }
  return bytes;
}

}  // namespace strongroom::endurance
