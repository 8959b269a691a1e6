// SPDX-License-Identifier: Apache-2.0
// Copies a ledger beside its running daemon, and believes the copy only when
// every root in it was recomputed (docs/formats/backup.md).
#pragma once

#include <filesystem>
#include <functional>
#include <variant>

#include "core/base/result.h"
#include "core/log/checkpoint.h"
#include "ledger/backup/durable_files.h"
#include "ledger/backup/manifest.h"

namespace strongroom {

struct LedgerPaths {
  std::filesystem::path store;
  std::filesystem::path guard;
  std::filesystem::path disclosures;
};

/// Why nothing was written, or nothing stayed.
struct BackupRefused {
  enum class Why {
    kUsage,    // the place: something is there, or too little room
    kUnsound,  // what was copied does not verify
  };
  Why why;
  std::string what;
};

struct BackupOptions {
  Trust trust;
  WallTime now{};
  Progress progress = [](std::string_view, std::uint64_t, std::uint64_t) {};
  /// Bytes that may still be written below a directory.
  std::function<Result<std::uint64_t>(const std::filesystem::path&)> room;
};
/// What the file system says.
Result<std::uint64_t> room_in(const std::filesystem::path& directory);

/// Makes the directory with store, disclosures and manifest. Until it is whole
/// and durable it is named `<directory>.partial`. Faults: a database cannot be
/// read, the disk.
Result<std::variant<BackupManifest, BackupRefused>> make_backup(
    const LedgerPaths& from,
    const std::filesystem::path& directory,
    const BackupOptions& options);

/// The manifest, when the files are those that it says and every root in them
/// is the signed one. Faults are about the backup: what is missing or wrong.
Result<BackupManifest> verify_backup(const std::filesystem::path& directory,
                                     const std::filesystem::path& scratch,
                                     const Trust& trust,
                                     const Progress& progress);

}  // namespace strongroom
