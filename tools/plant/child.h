// SPDX-License-Identifier: Apache-2.0
// A program that the plant runs.
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "core/base/result.h"
#include "tools/plant/descriptor.h"

namespace strongroom::plant {

/// Dies with this object, and with this program, however it ends.
class Child {
 public:
  /// Its output goes to our standard error, its input is empty.
  static Result<Child> start(const std::vector<std::string>& command);

  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  /// Readable once it has ended.
  int descriptor() const { return handle_.get(); }
  pid_t id() const { return id_; }
  /// "ended with 3", "killed by signal 9"; nothing while it runs.
  std::optional<std::string> ended();

 private:
  Child(pid_t id, Descriptor handle) : id_(id), handle_(std::move(handle)) {}
  void end();

  pid_t id_ = -1;
  Descriptor handle_;
};

}  // namespace strongroom::plant
