// SPDX-License-Identifier: Apache-2.0
// What the plant's one thread serves: descriptors and what to do when one is
// readable.
#pragma once

#include <poll.h>
#include <vector>

namespace strongroom::plant {

class Service {
 public:
  virtual ~Service() = default;
  /// Appends the descriptors that it waits on now.
  virtual void watch(std::vector<pollfd>& descriptors) const = 0;
  /// One of them is readable, or closed. Others' are ignored.
  virtual void ready(int descriptor) = 0;
};

}  // namespace strongroom::plant
