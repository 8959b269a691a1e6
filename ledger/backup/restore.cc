// SPDX-License-Identifier: Apache-2.0
#include "ledger/backup/restore.h"

#include <algorithm>
#include <map>

#include "ledger/backup/guard_file.h"
#include "ledger/store/guard_reader.h"
#include "ledger/store/ledger_reader.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

using Outcome = std::variant<Restored, BackupRefused>;

Outcome usage(std::string what) {
  return BackupRefused{BackupRefused::Why::kUsage, std::move(what)};
}

bool is_there(const fs::path& path) {
  return fs::exists(fs::symlink_status(path));
}

fs::path directory_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// A file of the backup and the place that it comes to.
struct Place {
  BackupFile file;
  fs::path to;
  bool is_done = false;  // a restore that was interrupted got so far

  fs::path underway() const {
    fs::path path = to;
    path += ".restoring";
    return path;
  }
};

bool same_entry(const GuardEntry& left, const GuardEntry& right) {
  return left.origin == right.origin && left.note == right.note;
}

/// What a guard of the backup's time holds; in a guard's order.
std::vector<GuardEntry> entries_of(const BackupManifest& manifest) {
  std::vector<GuardEntry> entries;
  for (const BackupLog& log : manifest.logs) {
    if (!log.note.empty()) {
      entries.push_back({log.origin, log.note});
    }
  }
  return entries;
}

class Restore {
 public:
  Restore(const fs::path& directory,
          const LedgerPaths& to,
          const RestoreOptions& options)
      : directory_(directory), to_(to), options_(options) {}

  Result<Outcome> run() {
    // Locks first: a daemon that lost its files still holds them.
    auto store_lock = WriterLock::take(to_.store);
    auto disclosures_lock = WriterLock::take(to_.disclosures);
    if (!store_lock || !disclosures_lock) {
      return usage(store_lock ? disclosures_lock.error().what
                              : store_lock.error().what);
    }
    if (!is_there(to_.guard) && !options_.without_guard) {
      return usage(to_.guard.string() +
                   ": there is no guard. Find it: it lies on another device. "
                   "Only when it is lost for good: --without-guard");
    }
    const fs::path scratch = directory_of(to_.store);
    auto manifest =
        verify_backup(directory_, scratch, options_.trust, options_.progress);
    if (!manifest) {
      return Outcome(
          BackupRefused{BackupRefused::Why::kUnsound, manifest.error().what});
    }
    if (options_.without_guard && is_there(to_.guard)) {
      // Only one that this very restore made before it was interrupted.
      const auto guarded = read_guard(to_.guard);
      if (!guarded ||
          !std::ranges::equal(*guarded, entries_of(*manifest), same_entry)) {
        return usage(to_.guard.string() +
                     ": the guard is there; it is used, and never replaced");
      }
    }
    // The store is last: once it is there everything is.
    places_ = {{manifest->disclosures, to_.disclosures},
               {manifest->store, to_.store}};
    if (auto refused = look_at_places(); !refused || *refused) {
      return refused ? Result<Outcome>(**std::move(refused))
                     : std::unexpected(refused.error());
    }
    return put(*std::move(manifest));
  }

 private:
  /// Something that is in the way.
  Result<std::optional<Outcome>> look_at_places() {
    std::map<fs::path, std::uint64_t> needed;
    for (Place& place : places_) {
      if (is_there(place.to)) {
        const auto hashed = hash_file(place.to, options_.progress);
        if (!hashed) {
          return std::unexpected(hashed.error());
        }
        place.is_done = hashed->sha256 == place.file.sha256;
      }
      for (const char* suffix : {"", "-wal", "-shm"}) {
        const fs::path other = place.to.string() + suffix;
        if (is_there(other) && !(place.is_done && other == place.to)) {
          return std::optional(
              usage(other.string() +
                    ": is there already; move it away, and keep it"));
        }
      }
      if (!place.is_done) {
        std::error_code ignored;
        fs::remove(place.underway(), ignored);
        needed[directory_of(place.to)] += place.file.bytes;
      }
    }
    if (places_.back().is_done) {
      return std::optional(
          usage(places_.back().to.string() + ": is this backup already"));
    }
    for (const auto& [directory, bytes] : needed) {
      const auto room = options_.room(directory);
      if (!room) {
        return std::unexpected(room.error());
      }
      if (*room < bytes) {
        return std::optional(usage(directory.string() + ": " +
                                   std::to_string(*room) + " bytes are free, " +
                                   std::to_string(bytes) + " are needed"));
      }
    }
    return std::optional<Outcome>();
  }

  Result<Outcome> put(BackupManifest manifest) {
    for (const Place& place : places_) {
      if (place.is_done) {
        continue;
      }
      const auto copied = copy_file_durably(
          directory_ / place.file.name, place.underway(), options_.progress);
      if (!copied) {
        return std::unexpected(copied.error());
      }
      if (copied->sha256 != place.file.sha256) {
        return fault(place.underway().string() +
                     ": did not come out as it was read before");
      }
    }
    if (!is_there(to_.guard)) {
      if (auto made =
              make_guard(to_.guard, manifest.ledger, entries_of(manifest));
          !made) {
        return std::unexpected(made.error());
      }
    }
    for (const Place& place : places_) {
      if (!place.is_done) {
        if (auto moved = move_into_place(place.underway(), place.to); !moved) {
          return std::unexpected(moved.error());
        }
      }
    }
    return compare(std::move(manifest));
  }

  Result<Outcome> compare(BackupManifest manifest) const {
    const auto guarded = read_guard(to_.guard);
    if (!guarded) {
      return std::unexpected(guarded.error());
    }
    auto reader = LedgerReader::open(to_.store);
    const auto rows =
        reader ? (*reader)->logs()
               : Result<std::vector<LogRow>>(std::unexpected(reader.error()));
    if (!rows) {
      return std::unexpected(rows.error());
    }
    Restored restored{.manifest = std::move(manifest),
                      .made_guard = options_.without_guard};
    std::map<std::string, RestoredLog> logs;
    std::map<std::string, std::uint64_t> signed_then;
    for (const BackupLog& log : restored.manifest.logs) {
      logs[log.origin] = {.origin = log.origin, .entries = log.entries};
      signed_then[log.origin] = signed_size(log.note);
    }
    for (const GuardEntry& entry : *guarded) {
      logs[entry.origin].origin = entry.origin;
      logs[entry.origin].signed_size = signed_size(entry.note);
    }
    for (const LogRow& row : *rows) {
      if (const auto log = logs.find(row.origin.text()); log != logs.end()) {
        log->second.closed_at = row.closed_at;
      }
    }
    for (const auto& [origin, log] : logs) {
      // Behind the guard; or the guard itself is an older one.
      restored.needs_recovery =
          restored.needs_recovery ||
          (!log.closed_at && (log.signed_size > log.entries ||
                              log.signed_size < signed_then[origin]));
      restored.logs.push_back(log);
    }
    return Outcome(std::move(restored));
  }

  std::uint64_t signed_size(const std::string& note) const {
    const auto held = note.empty() ? Result<Checkpoint>(Checkpoint())
                                   : open_checkpoint(note, options_.trust);
    return held ? held->size : UINT64_MAX;
  }

  const fs::path& directory_;
  const LedgerPaths& to_;
  const RestoreOptions& options_;
  std::vector<Place> places_;
};

}  // namespace

Result<Outcome> restore_backup(const fs::path& directory,
                               const LedgerPaths& to,
                               const RestoreOptions& options) {
  return Restore(directory, to, options).run();
}

}  // namespace strongroom
