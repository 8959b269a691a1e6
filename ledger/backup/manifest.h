// SPDX-License-Identifier: Apache-2.0
// What a backup says of itself: the file `manifest` (docs/formats/backup.md).
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/now.h"
#include "core/base/result.h"
#include "core/crypto/hash.h"

namespace strongroom {

inline constexpr std::string_view kBackupManifest = "manifest";
inline constexpr std::string_view kBackupStore = "ledger.db";
inline constexpr std::string_view kBackupDisclosures = "disclosures.db";

struct BackupFile {
  std::string name;
  std::uint64_t bytes = 0;
  Hash sha256{};

  friend bool operator==(const BackupFile&, const BackupFile&) = default;
};

struct BackupLog {
  std::string origin;
  std::uint64_t entries = 0;
  /// The checkpoint that the guard held of it; empty: none yet.
  std::string note;

  friend bool operator==(const BackupLog&, const BackupLog&) = default;
};

struct BackupManifest {
  std::string ledger;
  WallTime taken{};  // whole seconds
  BackupFile disclosures{std::string(kBackupDisclosures), 0, {}};
  BackupFile store{std::string(kBackupStore), 0, {}};
  std::vector<BackupLog> logs;  // ascending by origin

  /// Needs `logs` in order. There is one text for given content.
  std::string text() const;
  /// Faults: another version, not canonical, its own sum is wrong. Nothing
  /// about the files is checked.
  static Result<BackupManifest> parse(std::string_view text);
};

/// "2026-11-20T14:03:05Z".
std::string utc_text(WallTime time);

}  // namespace strongroom
