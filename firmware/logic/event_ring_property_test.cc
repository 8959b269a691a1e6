// SPDX-License-Identifier: Apache-2.0
// The ring against a naive one, over random operations and resets that stop a
// write at any byte.
#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <memory>

#include "firmware/logic/event_ring_fixture.h"

namespace strongroom::panel {
namespace {

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
  for (std::size_t i = 0; i < 10 * kRingCapacity; ++i) {
    // Fast to the edge, then every byte there.
    const bool is_watched = i < 50 || i >= 2 * kRingCapacity;
    const Operation operation = chance.operation(model);
    if (is_watched && i % (kRingCapacity / 11) == 0) {
      Watch watch{.memory = memory.get(),
                  .allowed = outcomes(model, operation)};
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
    if (i % (kRingCapacity / 256) == 0) {
      ASSERT_EQ(model_of(*ring), model) << "operation " << i;
    }
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
  EXPECT_GT(model.lost, 4 * kRingCapacity);
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
