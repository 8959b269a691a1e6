// SPDX-License-Identifier: Apache-2.0
// How many cuts a test looks at, and what it found.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/support/power_cut_disk.h"

namespace strongroom::powercut {

/// STRONGROOM_FULL=1: every seed; else a short form.
inline bool is_full() {
  const char* full = std::getenv("STRONGROOM_FULL");
  return full != nullptr && std::string(full) == "1";
}
inline std::uint64_t seeds(std::uint64_t short_form, std::uint64_t full) {
  return is_full() ? full : short_form;
}

/// A directory in memory: durability is played here, not tested.
class MemoryDirectory {
 public:
  MemoryDirectory() {
    const std::filesystem::path memory = "/dev/shm";
    std::string name = (std::filesystem::exists(memory)
                            ? memory
                            : std::filesystem::temp_directory_path()) /
                       "powercut-XXXXXX";
    path_ = ::mkdtemp(name.data());
    std::filesystem::create_directories(path_ / "disk");
  }
  ~MemoryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  MemoryDirectory(const MemoryDirectory&) = delete;
  MemoryDirectory& operator=(const MemoryDirectory&) = delete;
  std::filesystem::path disk() const { return path_ / "disk"; }
  std::filesystem::path rebuilt() const { return path_ / "rebuilt"; }

 private:
  std::filesystem::path path_;
};

/// What a campaign counted; printed at its end.
struct Tally {
  std::size_t cuts = 0;
  std::size_t rebuilds = 0;
  std::size_t lost = 0;     // something told was not there
  std::size_t foreign = 0;  // something was there that nobody wrote
  std::size_t refused = 0;  // not opened, set aside, frozen
  std::size_t unsound = 0;  // fsck names a flaw
  std::string first_fault;

  std::size_t faults() const { return lost + foreign + refused + unsound; }
  void note(std::size_t& of, const std::string& what) {
    ++of;
    if (first_fault.empty()) {
      first_fault = what;
    }
  }
  void print(const char* campaign) const {
    std::printf(
        "%s: %zu cuts, %zu rebuilds, %zu lost something told, %zu held "
        "something foreign, %zu not opened, %zu unsound\n",
        campaign,
        cuts,
        rebuilds,
        lost,
        foreign,
        refused,
        unsound);
    if (!first_fault.empty()) {
      std::printf("  the first: %s\n", first_fault.c_str());
    }
  }
};

}  // namespace strongroom::powercut
