// SPDX-License-Identifier: Apache-2.0
// For tests: one leaf in simulated time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "firmware/logic/leaf.h"
#include "firmware/logic/words_fixture.h"

namespace strongroom::panel::words {

using Told = std::vector<std::string>;

inline constexpr std::uint8_t kOpen = kContactInput;
inline constexpr std::uint8_t kUnlocked = kLockSenseInput;
inline constexpr std::uint8_t kTurned = kHandleInput;
inline constexpr std::uint8_t kPressed = kExitInput;

// A leaf that was started shut and at rest, a day ago.
struct LeafBench {
  explicit LeafBench(strongroom_panel_v1_LeafSettings settings,
                     std::uint8_t first = 0) {
    Happenings out;
    leaf.configure(settings, 0, out);
    now_ms = 86'400'000;
    start = see(first);
  }
  Told see(std::uint8_t active) {
    seen = active;
    return step();
  }
  Told step() {
    Happenings out;
    leaf.step(seen, now_ms, out);
    return told(out);
  }
  // By steps of 1 ms.
  Told wait(std::uint64_t ms) {
    Told all;
    for (std::uint64_t i = 0; i < ms; ++i) {
      ++now_ms;
      for (auto& one : step()) {
        all.push_back(one);
      }
    }
    return all;
  }
  Told release(Opening why = kOrder,
               std::uint32_t order = 77,
               std::uint32_t pulse = 0) {
    Happenings out;
    leaf.release(why, order, pulse, now_ms, out);
    return told(out);
  }
  Told lock_down(bool is_down) {
    Happenings out;
    leaf.lock_down(is_down, now_ms, out);
    return told(out);
  }
  Told fire(bool is_on) {
    Happenings out;
    leaf.fire(is_on, now_ms, out);
    return told(out);
  }

  Leaf leaf;
  std::uint64_t now_ms = 0;
  std::uint8_t seen = 0;
  Told start;
};

}  // namespace strongroom::panel::words
