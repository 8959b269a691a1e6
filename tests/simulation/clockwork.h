// SPDX-License-Identifier: Apache-2.0
// Simulated time: what is to happen, in order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "core/base/now.h"

namespace strongroom::simulation {

class Clockwork {
 public:
  using Action = std::function<void()>;

  MonoTime now() const { return now_; }
  /// At the same instant: in the order of the calls.
  void at(MonoTime when, Action action) {
    queue_.push({std::max(when, now_), ++order_, std::move(action)});
  }
  void in(MonoTime delay, Action action) {
    at(now_ + delay, std::move(action));
  }
  /// Does the next thing. False: there is none before `end`, which it is then.
  bool step(MonoTime end) {
    if (queue_.empty() || queue_.top().at > end) {
      now_ = std::max(now_, end);
      return false;
    }
    // Moved out: it may add others.
    Action action = std::move(const_cast<Item&>(queue_.top()).action);
    now_ = queue_.top().at;
    queue_.pop();
    action();
    return true;
  }

 private:
  struct Item {
    MonoTime at{};
    std::uint64_t order = 0;
    Action action;
    friend bool operator<(const Item& a, const Item& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };
  std::priority_queue<Item> queue_;
  MonoTime now_{};
  std::uint64_t order_ = 0;
};

}  // namespace strongroom::simulation
