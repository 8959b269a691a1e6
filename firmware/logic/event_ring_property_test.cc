// SPDX-License-Identifier: Apache-2.0
// The ring against a naive one, over random operations and resets that stop a
// write at any byte.
#include <algorithm>
#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "firmware/logic/event_ring.h"
#include "firmware/logic/store_fixture.h"

namespace strongroom::panel {
namespace {

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

Model model_of(const EventRing& ring) {
  Model found{.ring = ring.ring(),
              .newest = ring.newest_seq(),
              .acked = ring.acked_seq(),
              .lost = ring.lost(),
              .held = {}};
  for (auto event = ring.after(0); event; event = ring.after(event->seq)) {
    found.held.emplace(event->seq, *event);
  }
  EXPECT_EQ(found.held.size(), ring.size());
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
    if (kind < 6 && count_ % 4000 >= 1000) {
      return {.what = Operation::What::kAcknowledge,
              .event = {},
              .number = model.acked + below(model.newest - model.acked + 2)};
    }
    // Mostly routine for a while, then mostly not: both ways of being full.
    return {.event = event(++count_ / 4000 % 2 == 0 ? 80 : 10)};
  }

 private:
  std::uint32_t number() { return static_cast<std::uint32_t>(random_()); }

  std::mt19937 random_;
  std::uint32_t count_ = 0;
};

/// All that a reset may leave of an operation: what was before it, what is
/// after it, or that a number is given and one event or two of them are gone.
std::vector<Model> outcomes(const Model& before, const Operation& operation) {
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

std::vector<RingMemory> images_during(const RingMemory& memory,
                                      const Operation& operation,
                                      EventRing& ring) {
  return images_of(memory, [&] { operation.on(ring); });
}

/// Whether what is found is one of what is allowed.
struct Watch {
  const RingMemory* memory;
  std::vector<Model> allowed;
  std::array<int, 4> seen{};
  int torn = 0;
  std::unique_ptr<RingMemory> copy = std::make_unique<RingMemory>();

  void look() {
    *copy = *memory;
    const Model found = model_of(EventRing(*copy));
    const auto match = std::ranges::find(allowed, found);
    if (match == allowed.end()) {
      ++torn;
    } else {
      ++seen[static_cast<std::size_t>(match - allowed.begin())];
    }
    // And what it took over is what it takes over the next time.
    if (found != model_of(EventRing(*copy))) {
      ++torn;
    }
  }
};

TEST(EventRingProperty, FindsOneOfTheAllowedStatesAtEveryByte) {
  const auto memory = std::make_unique<RingMemory>();
  auto ring = std::make_unique<EventRing>(*memory);
  Model model;
  Chance chance(5);
  std::array<int, 4> seen{};
  for (int i = 0; i < 2500; ++i) {
    // Fast to the edge, then every byte there.
    const bool is_watched = i < 50 || i >= 500;
    const Operation operation = chance.operation(model);
    Watch watch{.memory = memory.get(), .allowed = outcomes(model, operation)};
    if (is_watched && i % 23 == 0) {
      for (const RingMemory& image : images_during(*memory, operation, *ring)) {
        watch.memory = &image;
        watch.look();
      }
      ASSERT_EQ(watch.torn, 0) << "operation " << i;
      for (std::size_t k = 0; k < seen.size(); ++k) {
        seen[k] += watch.seen[k];
      }
    } else {
      operation.on(*ring);
    }
    operation.on(model);
    ASSERT_EQ(model_of(*ring), model) << "operation " << i;
  }
  for (const int count : seen) {
    EXPECT_GT(count, 0) << "a state that was to be tried never came";
  }
}

// Two values that CRC-16 does not tell apart (their difference is its
// polynomial): not the CRC but the order of the bytes keeps a slot that is half
// the new event and half the old one from being taken for an event.
TEST(EventRingProperty, NeverMixesEventsThatHaveTheSameCrc) {
  const auto memory = std::make_unique<RingMemory>();
  EventRing ring(*memory);
  Event event;
  event.kind = kFirstRoutineKind;
  for (std::size_t i = 0; i < kRingCapacity; ++i) {
    ring.push(event);
  }
  Model model = model_of(ring);
  event.value = 0x211001;
  event.at.s = 5;
  const Operation operation{.event = event};
  Watch watch{.memory = memory.get(), .allowed = outcomes(model, operation)};
  for (const RingMemory& image : images_during(*memory, operation, ring)) {
    watch.memory = &image;
    watch.look();
  }
  EXPECT_EQ(watch.torn, 0);
}

// Resets between operations and in the middle of them, and on with what is
// found.
TEST(EventRingProperty, AgreesWithTheNaiveRingOver100000Operations) {
  const auto memory = std::make_unique<RingMemory>();
  auto ring = std::make_unique<EventRing>(*memory);
  Model model;
  Chance chance(6);
  struct Reset {
    const RingMemory* memory;
    std::uint32_t bytes_left;
    RingMemory image;
  };
  const auto reset = std::make_unique<Reset>();
  int resets = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Operation operation = chance.operation(model);
    if (chance.below(100) != 0) {
      operation.on(*ring);
      operation.on(model);
    } else {
      const std::vector<Model> allowed = outcomes(model, operation);
      *reset = {
          .memory = memory.get(), .bytes_left = chance.below(70), .image = {}};
      watch_store(
          [](void* where) {
            auto* at = static_cast<Reset*>(where);
            if (at->bytes_left-- == 0) {
              at->image = *at->memory;
            }
          },
          reset.get());
      operation.on(*ring);
      watch_store(nullptr, nullptr);
      const bool was_inside = reset->bytes_left > 70;
      if (was_inside) {
        *memory = reset->image;
      }
      ring = std::make_unique<EventRing>(*memory);
      const Model found = model_of(*ring);
      ASSERT_NE(std::ranges::find(allowed, found), allowed.end())
          << "operation " << i;
      model = found;
      ++resets;
    }
    if (i % 97 == 0) {
      ASSERT_EQ(model_of(*ring), model) << "operation " << i;
    }
    ASSERT_EQ(ring->newest_seq(), model.newest);
    ASSERT_EQ(ring->lost(), model.lost);
    ASSERT_EQ(ring->size(), model.held.size());
    ASSERT_EQ(ring->is_held(model.newest), model.held.contains(model.newest));
  }
  EXPECT_GT(resets, 500);
  EXPECT_GT(model.lost, 1000U);
}

/// An agent that keeps what it is told before it acknowledges, and forgets
/// nothing of it.
struct Agent {
  std::vector<Event> journal;
  std::uint32_t cursor = 0;

  void pull(EventRing& ring) {
    ring.acknowledge(cursor);
    auto event = ring.after(cursor);
    for (int room = 12; event && room > 0; --room) {
      journal.push_back(*event);
      cursor = event->seq;
      event = ring.after(cursor);
    }
  }
};

// The line is cut for longer than the ring holds, and back; the panel is reset
// in the middle of writes all the while. Everything arrives once and in order,
// or is missing from the numbers and in the count of those lost.
TEST(EventRingProperty, ReachesTheAgentOnceOrIsCountedAsLost) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const auto memory = std::make_unique<RingMemory>();
    auto ring = std::make_unique<EventRing>(*memory);
    ring->name(7);
    Chance chance(seed);
    Agent agent;
    std::map<std::uint32_t, Event> happened;
    for (int i = 0; i < 6000; ++i) {
      Event event = chance.event(90);
      event.seq = ring->newest_seq() + 1;
      if (chance.below(50) == 0) {
        // A reset at any byte of the write, or of what the agent asks then.
        const bool is_pull = chance.below(4) == 0;
        auto images = images_of(*memory, [&] {
          is_pull ? ring->acknowledge(agent.cursor)
                  : static_cast<void>(ring->push(event));
        });
        *memory =
            images[chance.below(static_cast<std::uint32_t>(images.size()))];
        ring = std::make_unique<EventRing>(*memory);
        if (!is_pull && ring->newest_seq() == event.seq) {
          happened[event.seq] = event;
        }
      } else {
        ASSERT_EQ(ring->push(event), event.seq);
        happened[event.seq] = event;
      }
      const bool is_cut = i % 3000 > 1000 && i % 3000 < 2500;
      if (!is_cut && chance.below(3) == 0) {
        agent.pull(*ring);
      }
    }
    while (ring->size() > 0) {
      agent.pull(*ring);
    }
    std::uint32_t before = 0;
    for (const Event& event : agent.journal) {
      ASSERT_GT(event.seq, before);
      ASSERT_EQ(event, happened.at(event.seq));
      before = event.seq;
    }
    EXPECT_EQ(happened.size(), ring->newest_seq());
    // The panel counts besides what went after the agent had read it and before
    // it said so: one answer a cut, and what a reset tore.
    const std::size_t missing = happened.size() - agent.journal.size();
    EXPECT_GT(missing, 1000U);
    EXPECT_GE(ring->lost(), missing);
    EXPECT_LE(ring->lost(), missing + 40);
    // Over a cut of 1500 events, 150 of them not routine, only resets took any
    // of these.
    const auto kept = std::ranges::count_if(agent.journal, [](const Event& e) {
      return e.kind < kFirstRoutineKind;
    });
    const auto all = std::ranges::count_if(happened, [](const auto& e) {
      return e.second.kind < kFirstRoutineKind;
    });
    EXPECT_GE(kept, all - 20);
  }
}

// Not even the start is a moment at which a reset may come badly.
TEST(EventRingProperty, BeginsOrTakesOverWhereverItsStartStops) {
  const auto memory = std::make_unique<RingMemory>();
  std::memset(memory.get(), 0x5a, sizeof *memory);
  std::vector<RingMemory> images =
      images_of(*memory, [&] { EventRing begins(*memory); });
  for (RingMemory& image : images) {
    EXPECT_EQ(model_of(EventRing(image)), Model{});
  }
}

}  // namespace
}  // namespace strongroom::panel
