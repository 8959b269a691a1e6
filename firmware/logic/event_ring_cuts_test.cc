// SPDX-License-Identifier: Apache-2.0
// From the ring to an agent, over cuts of the line and resets of the panel.
#include <gtest/gtest.h>
#include <map>
#include <memory>

#include "firmware/logic/event_ring_fixture.h"

namespace strongroom::panel {
namespace {

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

constexpr std::size_t kCut = 6 * kRingCapacity;
constexpr std::size_t kEvents = 4 * kCut;
// Of the smallest ring: what grows with the number of events.
constexpr std::size_t kTimes = kRingCapacity / 256;

// The line is cut for longer than the ring holds, and back; the panel is reset
// in the middle of writes all the while. Everything arrives once and in order,
// or is missing from the numbers and in the count of those lost.
TEST(EventRingCuts, ReachesTheAgentOnceOrIsCountedAsLost) {
  for (std::uint32_t seed = 0; seed < 20 / kTimes; ++seed) {
    const auto memory = std::make_unique<RingMemory>();
    auto ring = std::make_unique<EventRing>(*memory);
    ring->name(7);
    Chance chance(seed);
    Agent agent;
    std::map<std::uint32_t, Event> happened;
    for (std::size_t i = 0; i < kEvents; ++i) {
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
      const bool is_cut =
          i % (2 * kCut) >= kCut / 2 && i % (2 * kCut) < kCut / 2 + kCut;
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
    EXPECT_GT(missing, 4 * kRingCapacity);
    EXPECT_GE(ring->lost(), missing);
    EXPECT_LE(ring->lost(), missing + 40 * kTimes);
    // Over a cut of six times the ring, a tenth of it not routine, only resets
    // took any of these.
    const auto kept = std::ranges::count_if(agent.journal, [](const Event& e) {
      return e.kind < kFirstRoutineKind;
    });
    const auto all = std::ranges::count_if(happened, [](const auto& e) {
      return e.second.kind < kFirstRoutineKind;
    });
    EXPECT_GE(kept + static_cast<std::ptrdiff_t>(20 * kTimes), all);
  }
}

}  // namespace
}  // namespace strongroom::panel
