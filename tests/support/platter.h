// SPDX-License-Identifier: Apache-2.0
// What a disk holds for certain, and what it may hold besides: files and names,
// changed step by step. No real files, no SQLite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace strongroom {

/// A file, whatever its names are.
using FileId = std::uint32_t;

/// One step of a program with its disk.
struct DiskChange {
  enum class Kind : std::uint8_t {
    kWrite,          // file, offset, bytes
    kTruncate,       // file, offset: the new length
    kSync,           // file
    kSyncFailed,     // file: what was not synced never will be
    kName,           // name, file: made, in the place of what had the name
    kUnname,         // name: deleted
    kRename,         // name, other
    kSyncDirectory,  // name: of the directory
  };
  Kind kind{};
  FileId file = 0;
  std::uint64_t offset = 0;
  std::string bytes;
  std::string name;   // relative to the root; "" is the root itself
  std::string other;  // the new name
};

class Platter {
 public:
  /// A file that is there for certain.
  void place(const std::string& name, FileId file, std::string bytes);
  void apply(const DiskChange& change);

  /// Names and bytes that may be found when power goes now. Seed 0: only what
  /// is certain. Seed 1: everything. Others: a choice for each change.
  std::map<std::string, std::string> after_cut(std::uint64_t seed) const;

 private:
  struct Pending {
    std::size_t number = 0;  // of the change, for the choice
    DiskChange change;
    bool certain = false;
    bool never_certain = false;
  };
  struct File {
    std::string certain;
    std::vector<Pending> pending;
  };

  std::string bytes_of(const File& file, std::uint64_t seed) const;
  void sync(File& file);
  void sync_directory(const std::string& directory);

  std::map<FileId, File> files_;
  std::map<std::string, FileId> names_;  // certain
  std::vector<Pending> pending_names_;
  std::size_t changes_ = 0;
};

}  // namespace strongroom
