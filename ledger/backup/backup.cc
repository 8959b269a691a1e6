// SPDX-License-Identifier: Apache-2.0
#include "ledger/backup/backup.h"

#include <map>

#include "ledger/backup/guard_file.h"
#include "ledger/backup/partial_directory.h"
#include "ledger/backup/snapshot.h"
#include "ledger/check/check_ledger.h"
#include "ledger/store/guard_reader.h"
#include "ledger/store/ledger_reader.h"
#include "platform/system/files.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

// "SRLE" and "SRDI" (docs/formats/ledger-store.md).
constexpr std::int32_t kStoreId = 0x53524c45;
constexpr std::int32_t kDisclosuresId = 0x53524449;
constexpr std::uint64_t kSpareBytes = 16 * 1024 * 1024;

using Outcome = std::variant<BackupManifest, BackupRefused>;

/// Everything as it stands at one moment of each file. The guard was read
/// first, so the entries that it speaks of are in the store's snapshot; the
/// disclosures last, so those of every entry are there.
struct Moment {
  std::vector<GuardEntry> guarded;
  std::unique_ptr<Snapshot> store;
  std::unique_ptr<Snapshot> disclosures;
};

Result<Moment> hold(const LedgerPaths& from) {
  Moment moment;
  auto guarded = read_guard(from.guard);
  if (!guarded) {
    return std::unexpected(guarded.error());
  }
  moment.guarded = *std::move(guarded);
  auto store = Snapshot::hold(from.store, kStoreId);
  if (!store) {
    return std::unexpected(store.error());
  }
  moment.store = *std::move(store);
  auto disclosures = Snapshot::hold(from.disclosures, kDisclosuresId);
  if (!disclosures) {
    return std::unexpected(disclosures.error());
  }
  moment.disclosures = *std::move(disclosures);
  return moment;
}

/// Recomputes everything below `directory` against these checkpoints.
Result<LedgerCheck> check_copy(const fs::path& directory,
                               const fs::path& scratch,
                               const std::vector<GuardEntry>& guarded,
                               const Trust& trust) {
  const fs::path guard = scratch / "checked-guard.db";
  std::error_code ignored;
  fs::remove(guard, ignored);
  if (auto made = make_guard(guard, trust.ledger, guarded); !made) {
    return std::unexpected(made.error());
  }
  auto check = check_ledger(directory / kBackupStore, guard, trust);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    fs::remove(guard.string() + suffix, ignored);
  }
  return check;
}

std::string first_flaw(const LedgerCheck& check) {
  return check.flaws.front().text() +
         (check.flaws.size() > 1
              ? " (and " + std::to_string(check.flaws.size() - 1) + " more)"
              : "");
}

BackupManifest manifest_of(const LedgerCheck& check,
                           const std::vector<GuardEntry>& guarded,
                           WallTime now) {
  BackupManifest manifest;
  manifest.ledger = check.ledger;
  manifest.taken = std::chrono::floor<std::chrono::seconds>(now);
  std::map<std::string, BackupLog> logs;
  for (const CheckedLog& log : check.logs) {
    logs[log.origin] = {log.origin, log.entries, ""};
  }
  for (const GuardEntry& entry : guarded) {
    logs[entry.origin].origin = entry.origin;
    logs[entry.origin].note = entry.note;
  }
  for (const auto& [origin, log] : logs) {
    manifest.logs.push_back(log);
  }
  return manifest;
}

/// Absolute, because SQLite takes a name that begins with "file:" for more than
/// a name; without the slash that completion leaves at the end.
fs::path spelled(const fs::path& directory) {
  std::error_code error;
  const fs::path whole = fs::absolute(directory, error).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

class Backup {
 public:
  Backup(const fs::path& directory, const BackupOptions& options)
      : directory_(spelled(directory)), options_(options) {
    partial_ = directory_;
    partial_ += ".partial";
  }

  Result<Outcome> run(const LedgerPaths& from) {
    if (fs::exists(fs::symlink_status(directory_))) {
      return refused(directory_.string() + ": is there already");
    }
    const fs::path parent = directory_.parent_path();
    auto moment = hold(from);
    const auto room = options_.room(parent);
    if (!moment || !room) {
      return std::unexpected(moment ? room.error() : moment.error());
    }
    const std::uint64_t needed =
        moment->store->bytes() + moment->disclosures->bytes() + kSpareBytes;
    if (*room < needed) {
      return refused(parent.string() + ": " + std::to_string(*room) +
                     " bytes are free, " + std::to_string(needed) +
                     " are needed");
    }
    const auto claimed = PartialDirectory::claim(partial_);
    if (!claimed) {
      return refused(claimed.error().what);
    }
    auto outcome = fill(*std::move(moment));
    if (!outcome || !std::holds_alternative<BackupManifest>(*outcome)) {
      std::error_code error;
      fs::remove_all(partial_, error);
    }
    return outcome;
  }

 private:
  static Outcome refused(std::string what) {
    return BackupRefused{BackupRefused::Why::kUsage, std::move(what)};
  }

  Result<Outcome> fill(Moment moment) {
    for (const auto& [snapshot, name] :
         {std::pair(&moment.store, kBackupStore),
          std::pair(&moment.disclosures, kBackupDisclosures)}) {
      if (auto copied =
              (*snapshot)->copy_to(partial_ / name, options_.progress);
          !copied) {
        return std::unexpected(copied.error());
      }
      snapshot->reset();  // the writer may begin its log anew
    }
    if (auto put = Snapshot::put_notes(partial_ / kBackupStore, moment.guarded);
        !put) {
      return std::unexpected(put.error());
    }
    options_.progress("verifying", 0, 0);
    const auto check =
        check_copy(partial_, partial_, moment.guarded, options_.trust);
    if (!check) {
      return std::unexpected(check.error());
    }
    if (!check->flaws.empty()) {
      return Outcome(
          BackupRefused{BackupRefused::Why::kUnsound, first_flaw(*check)});
    }
    return close(manifest_of(*check, moment.guarded, options_.now));
  }

  Result<Outcome> close(BackupManifest manifest) {
    for (BackupFile* file : {&manifest.store, &manifest.disclosures}) {
      const auto hashed = hash_file(partial_ / file->name, options_.progress);
      if (!hashed) {
        return std::unexpected(hashed.error());
      }
      file->bytes = hashed->bytes;
      file->sha256 = hashed->sha256;
    }
    if (auto done = write_file(partial_ / kBackupManifest,
                               as_bytes(manifest.text()),
                               0600,
                               Overwrite::kRefuse);
        !done) {
      return std::unexpected(done.error());
    }
    auto done = sync_path(partial_);
    done = done ? move_into_place(partial_, directory_) : done;
    if (!done) {
      return std::unexpected(done.error());
    }
    return Outcome(std::move(manifest));
  }

  fs::path directory_;
  fs::path partial_;
  const BackupOptions& options_;
};

}  // namespace

Result<std::uint64_t> room_in(const fs::path& directory) {
  std::error_code error;
  const auto space = fs::space(directory, error);
  if (error) {
    return fault(directory.string() + ": " + error.message());
  }
  return space.available;
}

Result<Outcome> make_backup(const LedgerPaths& from,
                            const fs::path& directory,
                            const BackupOptions& options) {
  return Backup(directory, options).run(from);
}

Result<BackupManifest> verify_backup(const fs::path& directory,
                                     const fs::path& scratch,
                                     const Trust& trust,
                                     const Progress& progress) {
  const auto text = read_file(directory / kBackupManifest);
  if (!text) {
    return std::unexpected(text.error());
  }
  auto manifest = BackupManifest::parse(*text);
  if (!manifest) {
    return fault((directory / kBackupManifest).string() + ": " +
                 manifest.error().what);
  }
  if (manifest->ledger != trust.ledger) {
    return fault("the backup is of ledger " + manifest->ledger + ", not of " +
                 trust.ledger);
  }
  for (const BackupFile& file : {manifest->disclosures, manifest->store}) {
    const auto hashed = hash_file(directory / file.name, progress);
    if (!hashed) {
      return std::unexpected(hashed.error());
    }
    if (hashed->bytes != file.bytes || hashed->sha256 != file.sha256) {
      return fault((directory / file.name).string() +
                   ": is not what the manifest says");
    }
  }
  std::vector<GuardEntry> guarded;
  for (const BackupLog& log : manifest->logs) {
    if (!log.note.empty()) {
      guarded.push_back({log.origin, log.note});
    }
  }
  progress("verifying", 0, 0);
  const auto check = check_copy(directory, scratch, guarded, trust);
  if (!check) {
    return std::unexpected(check.error());
  }
  if (!check->flaws.empty()) {
    return fault("the backup does not verify: " + first_flaw(*check));
  }
  return manifest;
}

}  // namespace strongroom
