// SPDX-License-Identifier: Apache-2.0
// Orders of the loop for one panel, taken by its line's thread.
//
// lane        capacity  when full
// orders      16        refused: the caller hears it at once, and journals it
// indicate    1/reader  the newest signal replaces the older
// held        1         the newest replaces the older
// list        1         the newest replaces the older
// silence     1         the newest
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "agent/loop/panel_io.h"

namespace strongroom {

class PanelMailbox {
 public:
  /// `wake`: called after every push, by the pusher's thread, without lock.
  explicit PanelMailbox(std::function<void()> wake = [] {});

  // Any thread.
  /// False: no room, and nothing of it happens.
  bool push(PanelOrder order);
  /// True: nothing is exchanged any more, until false. The journal is dead.
  void silence(bool is_silent);
  void on_wake(std::function<void()> wake);

  // The line's thread.
  struct Contents {
    std::optional<PanelHeld> held;
    std::vector<PanelOrder> orders;  // unlocks and lockdowns, in order
    std::vector<PanelIndicate> signals;
    std::optional<PanelList> list;
    bool is_silent = false;
  };
  /// Takes all of it, but for is_silent, which stays.
  Contents take();
  /// Cheap: whether take() would bring anything.
  bool has_mail() const;

 private:
  bool put(PanelOrder order);

  mutable std::mutex mutex_;
  std::function<void()> wake_;
  std::optional<PanelHeld> held_;
  std::deque<PanelOrder> orders_;
  std::array<std::optional<PanelIndicate>, 8> signals_;
  std::optional<PanelList> list_;
  bool is_silent_ = false;
};

}  // namespace strongroom
