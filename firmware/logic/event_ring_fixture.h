// SPDX-License-Identifier: Apache-2.0
// A naive ring to hold the real one against, random operations for both, and
// what resets leave of them.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <vector>

#include "firmware/logic/event_ring.h"
#include "firmware/logic/store_fixture.h"

namespace strongroom::panel {

/// What the ring must hold, kept as plainly as it can be said.
struct Model {
  std::uint32_t ring = 0;
  std::uint32_t newest = 0;
  std::uint32_t acked = 0;
  std::uint32_t lost = 0;
  std::map<std::uint32_t, Event> held;

  static bool is_routine(const Event& event) {
    return event.kind >= kFirstRoutineKind;
  }
  void push(Event event) {
    event.seq = ++newest;
    if (held.size() == kRingCapacity) {
      auto victim = std::ranges::find_if(
          held, [](const auto& entry) { return is_routine(entry.second); });
      ++lost;
      if (victim == held.end()) {
        if (is_routine(event)) {
          return;
        }
        victim = held.begin();
      }
      held.erase(victim);
    }
    held.emplace(event.seq, event);
  }
  void acknowledge(std::uint32_t seq) {
    if (seq > acked && seq <= newest) {
      acked = seq;
      held.erase(held.begin(), held.upper_bound(seq));
    }
  }
  friend bool operator==(const Model&, const Model&) = default;
};

inline Model model_of(const EventRing& ring) {
  Model found{.ring = ring.ring(),
              .newest = ring.newest_seq(),
              .acked = ring.acked_seq(),
              .lost = ring.lost(),
              .held = {}};
  for (auto event = ring.after(0); event; event = ring.after(event->seq)) {
    found.held.emplace(event->seq, *event);
  }
  if (found.held.size() != ring.size()) {
    std::abort();  // it does not give what it says that it holds
  }
  return found;
}

struct Operation {
  enum class What : std::uint8_t { kPush, kAcknowledge, kName };
  What what = What::kPush;
  Event event;
  std::uint32_t number = 0;

  void on(EventRing& ring) const {
    switch (what) {
      case What::kPush:
        ring.push(event);
        break;
      case What::kAcknowledge:
        ring.acknowledge(number);
        break;
      case What::kName:
        ring.name(number);
        break;
    }
  }
  void on(Model& model) const {
    switch (what) {
      case What::kPush:
        model.push(event);
        break;
      case What::kAcknowledge:
        model.acknowledge(number);
        break;
      case What::kName:
        model.ring = model.ring == 0 ? number : model.ring;
        break;
    }
  }
};

class Chance {
 public:
  explicit Chance(std::uint32_t seed) : random_(seed) {}

  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(random_()) % bound;
  }
  Event event(std::uint32_t routine_percent) {
    Event event;
    event.at = {.s = number(),
                .cs = static_cast<std::uint8_t>(below(100)),
                .boot = static_cast<std::uint16_t>(below(65'536))};
    event.kind = static_cast<std::uint8_t>(
        below(100) < routine_percent ? 64 + below(12) : 1 + below(32));
    event.leaf = static_cast<std::uint8_t>(below(9));
    event.reader = static_cast<std::uint8_t>(below(9));
    if (below(2) == 0) {
      event.value = number();
    } else {
      event.credential = credential_of(number(), 32);
    }
    return event;
  }
  Operation operation(const Model& model) {
    const std::uint32_t kind = below(100);
    if (kind < 3) {
      return {.what = Operation::What::kName, .event = {}, .number = below(3)};
    }
    // Nobody acknowledges for as long as it takes to be full.
    if (kind < 6 && count_ % kPhase >= kPhase / 4) {
      return {.what = Operation::What::kAcknowledge,
              .event = {},
              .number = model.acked + below(model.newest - model.acked + 2)};
    }
    // Mostly routine for a while, then mostly not: both ways of being full.
    return {.event = event(++count_ / kPhase % 2 == 0 ? 80 : 10)};
  }

 private:
  static constexpr std::uint32_t kPhase = 16 * kRingCapacity;

  std::uint32_t number() { return static_cast<std::uint32_t>(random_()); }

  std::mt19937 random_;
  std::uint32_t count_ = 0;
};

/// All that a reset may leave of an operation: what was before it, what is
/// after it, or that a number is given and one event or two of them are gone.
inline std::vector<Model> outcomes(const Model& before,
                                   const Operation& operation) {
  Model after = before;
  operation.on(after);
  std::vector<Model> all{before, after};
  if (operation.what == Operation::What::kPush) {
    Model numbered = before;
    numbered.newest = after.newest;
    ++numbered.lost;
    all.push_back(numbered);
    Model torn = after;
    torn.lost += static_cast<std::uint32_t>(torn.held.erase(after.newest));
    all.push_back(torn);
  }
  return all;
}

/// What a reset would find before every byte, and after the last one. Taken
/// first and opened later: opening stores too.
template <typename Act>
std::vector<RingMemory> images_of(const RingMemory& memory, const Act& act) {
  std::vector<RingMemory> images;
  struct Context {
    const RingMemory* memory;
    std::vector<RingMemory>* images;
  } context{&memory, &images};
  watch_store(
      [](void* where) {
        auto* to = static_cast<Context*>(where);
        to->images->push_back(*to->memory);
      },
      &context);
  act();
  watch_store(nullptr, nullptr);
  images.push_back(memory);
  return images;
}

inline std::vector<RingMemory> images_during(const RingMemory& memory,
                                             const Operation& operation,
                                             EventRing& ring) {
  return images_of(memory, [&] { operation.on(ring); });
}

}  // namespace strongroom::panel
