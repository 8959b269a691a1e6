// SPDX-License-Identifier: Apache-2.0
// A Unix socket that one panel program connects to.
#pragma once

#include <filesystem>
#include <poll.h>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "tools/plant/descriptor.h"

namespace strongroom::plant {

class PanelPort {
 public:
  PanelPort() = default;
  static Result<PanelPort> listen(const std::filesystem::path& path);

  void watch(std::vector<pollfd>& descriptors) const;
  bool is(int descriptor) const {
    return descriptor >= 0 &&
           (descriptor == listener_.get() || descriptor == connection_.get());
  }
  /// Something is to be done with this descriptor; what came.
  Bytes read(int descriptor);
  /// Kept until the program is there and reads it; much of it is lost instead.
  void write(ByteView bytes);
  /// The program is gone, and so is what it did not read.
  void hang_up();

 private:
  void flush();

  Descriptor listener_;
  Descriptor connection_;
  Bytes pending_;
};

}  // namespace strongroom::plant
