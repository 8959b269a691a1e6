// SPDX-License-Identifier: Apache-2.0
// Large files and directories, durably. Inside ledger/backup and ledger/recover
// only. Every fault names the file and why.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "core/base/result.h"
#include "core/crypto/hash.h"

namespace strongroom {

/// How far a long work is: what it does, and bytes of how many.
using Progress = std::function<void(
    std::string_view what, std::uint64_t done, std::uint64_t total)>;

struct HashedFile {
  std::uint64_t bytes = 0;
  Hash sha256{};
};
/// Reads the file once.
Result<HashedFile> hash_file(const std::filesystem::path& path,
                             const Progress& progress);
/// Copies, hashing what it copies; mode 0640, durable when it returns. Faults:
/// `to` is there already.
Result<HashedFile> copy_file_durably(const std::filesystem::path& from,
                                     const std::filesystem::path& to,
                                     const Progress& progress);

/// fsync of a file or a directory.
Result<void> sync_path(const std::filesystem::path& path);
/// Renames and syncs the directory. Faults: `to` is there already.
Result<void> move_into_place(const std::filesystem::path& from,
                             const std::filesystem::path& to);

/// The lock that a database's writer holds (platform/sqlite/database.h), for
/// work on the file as a whole. Faults: held by another process.
class WriterLock {
 public:
  static Result<std::unique_ptr<WriterLock>> take(
      const std::filesystem::path& database);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  explicit WriterLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace strongroom
