// SPDX-License-Identifier: Apache-2.0
// A disk whose power can be cut: an SQLite VFS that records every change of
// every database file below one directory, and rebuilds what a disk may hold
// after a cut at any of them.
//
// What is modelled (tests/support/platter.h does it, without files):
// - A sync covers one file: its bytes with its length. It covers no directory.
//   The shared memory (-shm) is not durable and never rebuilt.
// - Names (made, deleted, renamed) are durable once their directory was synced.
//   When that happens is as SQLite's own unix VFS has it: after the first sync
//   of a journal or WAL that was opened to be made, and in a deletion that asks
//   for it. A file that came into being past SQLite (WriterDatabase makes an
//   empty one) counts as made when SQLite opens it first.
// - Of one file the writes that were not synced stand, or not, each for itself;
//   where two of them cover the same byte the later one wins if both stand. A
//   torn one leaves any of its sectors of 512 bytes, and one of these in part.
//   A write that does not stand may still have made the file longer: the new
//   bytes are then zeros or rubbish. Bytes that no write covered never change
//   (SQLite calls it "powersafe overwrite" and its unix VFS counts on it).
// - After a sync that failed without doing its work (fail()), what it should
//   have covered stays uncertain for ever: no later sync covers it, as on
//   Linux.
// Not modelled: a disk that lies about a sync, bit rot. Renames, deletions and
// directory syncs by plain system calls are seen only when a test reports them:
// renamed(), removed(), directory_synced() (tests/powercut/posix_calls.h does
// it for a whole program). Bytes that come past SQLite are durable never.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace strongroom {

/// One at a time in a process: while it lives it is SQLite's default VFS.
/// Connections opened before are not recorded; all that were opened since must
/// be closed before it goes. What was written is kept in memory until
/// settle(). Thread-safe recording; the rest is for one thread.
class PowerCutDisk {
 public:
  /// What connections are made to do: as they ask, or with synchronous=OFF
  /// whatever they ask (to show that the tests notice).
  enum class Sync : std::uint8_t { kAsAsked, kOff };

  explicit PowerCutDisk(const std::filesystem::path& root,
                        Sync sync = Sync::kAsAsked);
  ~PowerCutDisk();
  PowerCutDisk(const PowerCutDisk&) = delete;
  PowerCutDisk& operator=(const PowerCutDisk&) = delete;

  /// Writes, truncations, syncs (of files, of directories), creations,
  /// deletions and renames recorded so far. Only what was done is recorded.
  std::size_t operations() const;
  /// The n-th (from 1) in words, for the message of a failed test.
  std::string operation(std::size_t nth) const;
  /// What lies below the root now is on the platter; recording begins anew.
  void settle();

  /// Lays into `into` (made anew) what the disk may hold when power goes right
  /// after operation `at` (0: before the first): what was synced stands; of
  /// what was not, `seed` decides write by write, name by name. Seed 0: nothing
  /// unsynced stands. Seed 1: all of it. Files that SQLite did not open (locks)
  /// and symbolic
  /// links are copied as they are now. Quick when `at` goes up from call to
  /// call.
  void rebuild(std::size_t at,
               std::uint64_t seed,
               const std::filesystem::path& into) const;

  // --- what SQLite does not do itself ---------------------------------------
  /// A file below the root got another name (after it was done).
  void renamed(const std::filesystem::path& from,
               const std::filesystem::path& to);
  /// A file below the root was deleted (after it was done).
  void removed(const std::filesystem::path& path);
  /// A directory at or below the root was synced.
  void directory_synced(const std::filesystem::path& directory);

  // --- faults of a disk that has power --------------------------------------
  /// From the n-th change from now on (1 = the next) what needs room fails as
  /// on a full disk (SQLITE_FULL, a write perhaps after its first part), until
  /// mend(). Syncs, deletions and truncations do not need room.
  void fill_up(std::size_t nth);
  /// From the n-th change from now on, `times` changes fail with an I/O error,
  /// after doing the work or not.
  void fail(std::size_t nth, std::size_t times, bool after_doing_it);
  void mend();

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace strongroom
