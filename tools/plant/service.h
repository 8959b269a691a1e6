// SPDX-License-Identifier: Apache-2.0
// What the plant's one thread serves: descriptors and what to do when one is
// readable, times and what to do when one has come.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <poll.h>
#include <vector>

#include "tools/plant/plant.h"

namespace strongroom::plant {

class Service {
 public:
  virtual ~Service() = default;
  /// Appends the descriptors that it waits on now.
  virtual void watch(std::vector<pollfd>& descriptors) const = 0;
  /// One of them is readable, or closed. Others' are ignored.
  virtual void ready(int descriptor, Time now) = 0;
  /// When it has something to do by itself.
  virtual std::optional<Time> due() const { return std::nullopt; }
  /// Does what is due by now.
  virtual void advance(Time /*now*/) {}
};

/// The clock of everything that is served, since it was made.
class PlantClock {
 public:
  Time now() const {
    return std::chrono::duration_cast<Time>(std::chrono::steady_clock::now() -
                                            start_);
  }

 private:
  std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
};

/// Until `stop` is readable. After everything that happened `each` is called,
/// which says when it wants to be called again.
void serve(const PlantClock& clock,
           const std::vector<std::unique_ptr<Service>>& services,
           int stop,
           const std::function<std::optional<Time>(Time now)>& each);

}  // namespace strongroom::plant
