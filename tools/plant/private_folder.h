// SPDX-License-Identifier: Apache-2.0
// A folder of its owner's own, for sockets.
#pragma once

#include <filesystem>
#include <stdlib.h>
#include <string>
#include <utility>

#include "tools/plant/descriptor.h"

namespace strongroom::plant {

/// Gone with all that is in it.
class PrivateFolder {
 public:
  static Result<PrivateFolder> make() {
    std::string name =
        (std::filesystem::temp_directory_path() / "plant-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      return std::unexpected(last_error("cannot make the folder " + name));
    }
    return PrivateFolder(name);
  }
  explicit PrivateFolder(std::filesystem::path path) : path_(std::move(path)) {}
  PrivateFolder(PrivateFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})) {}
  PrivateFolder& operator=(PrivateFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~PrivateFolder() {
    std::error_code error;
    if (!path_.empty()) {
      std::filesystem::remove_all(path_, error);
    }
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace strongroom::plant
