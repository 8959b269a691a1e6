// SPDX-License-Identifier: Apache-2.0
// The directory in which a backup is made before it gets its name.
#pragma once

#include <filesystem>
#include <memory>

#include "core/base/result.h"

namespace strongroom {

/// Locked while it lives, so that the next backup knows one that is being made
/// from one that a crash left.
class PartialDirectory {
 public:
  /// Makes it, mode 0700. One that is there is replaced when nobody works in it
  /// and nothing but parts of a backup is in it. Faults, each with what to do:
  /// another backup is being made there, something else is there, the disk.
  static Result<std::unique_ptr<PartialDirectory>> claim(
      const std::filesystem::path& path);
  ~PartialDirectory();
  PartialDirectory(const PartialDirectory&) = delete;
  PartialDirectory& operator=(const PartialDirectory&) = delete;

 private:
  explicit PartialDirectory(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace strongroom
