// SPDX-License-Identifier: Apache-2.0
// A disk whose power can be cut: an SQLite VFS that records every change of
// every database file below one directory, and rebuilds what a disk may hold
// after a cut at any of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

namespace strongroom {

/// One at a time in a process: while it lives it is SQLite's default VFS.
/// Connections opened before are not recorded. Thread-safe recording; the rest
/// is for one thread.
class PowerCutDisk {
 public:
  /// What connections are made to do: as they ask, or with synchronous=OFF
  /// whatever they ask (to show that the tests notice).
  enum class Sync : std::uint8_t { kAsAsked, kOff };

  explicit PowerCutDisk(std::filesystem::path root, Sync sync = Sync::kAsAsked);
  ~PowerCutDisk();
  PowerCutDisk(const PowerCutDisk&) = delete;
  PowerCutDisk& operator=(const PowerCutDisk&) = delete;

  /// Writes, truncations, syncs, creations and deletions recorded so far.
  std::size_t operations() const;
  /// What lies below the root now is on the platter; recording begins anew.
  void settle();

  /// Lays into `into` (made anew) what the disk may hold when power goes right
  /// after operation `at`: what was synced stands; of what was not, `seed`
  /// decides write by write whether it is there, is not there, or is torn
  /// within a sector of 512 bytes; in any order; a file that was made or
  /// deleted and whose directory was not synced may or may not be there. Seed 0:
  /// nothing unsynced stands. Seed 1: all of it. Files that SQLite did not write
  /// (locks) are copied as they are.
  void rebuild(std::size_t at,
               std::uint64_t seed,
               const std::filesystem::path& into) const;

  // --- faults of a disk that has power --------------------------------------
  /// From the n-th change from now on (1 = the next) every change fails as on a
  /// full disk (SQLITE_FULL), until mend().
  void fill_up(std::size_t nth);
  /// As above, with an I/O error, `times` times, after doing the work or not.
  void fail(std::size_t nth, std::size_t times, bool after_doing_it);
  void mend();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strongroom
