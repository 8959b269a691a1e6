// SPDX-License-Identifier: Apache-2.0
#include "firmware/logic/event_ring.h"

#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <memory>
#include <pb_decode.h>
#include <pb_encode.h>
#include <random>
#include <vector>

#include "firmware/logic/crc.h"

namespace strongroom::panel {
namespace {

constexpr std::uint8_t kBadgeRead =
    strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_BADGE_READ;
constexpr std::uint8_t kOpened =
    strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_OPENED;
constexpr std::uint8_t kForced =
    strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_FORCED;

Event event_of(std::uint8_t kind, std::uint32_t value = 0) {
  Event event;
  event.at = {.s = 1'800'000'000, .cs = 99, .boot = 0};
  event.kind = kind;
  event.leaf = 8;
  event.reader = 8;
  event.value = value;
  return event;
}

/// Memory as a power cut leaves it.
class EventRingTest : public testing::Test {
 protected:
  EventRingTest() : memory(std::make_unique<RingMemory>()) {
    std::mt19937 random(1);
    std::vector<std::uint8_t> bytes(sizeof *memory);
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(random());
    }
    std::memcpy(memory.get(), bytes.data(), bytes.size());
  }

  std::vector<std::uint32_t> held(const EventRing& ring) {
    std::vector<std::uint32_t> seqs;
    for (auto event = ring.after(0); event; event = ring.after(event->seq)) {
      seqs.push_back(event->seq);
    }
    EXPECT_EQ(seqs.size(), ring.size());
    return seqs;
  }

  std::unique_ptr<RingMemory> memory;
};

TEST_F(EventRingTest, BeginsWithoutARingInMemoryThatSaysNothing) {
  const EventRing ring(*memory);
  EXPECT_EQ(ring.ring(), 0U);
  EXPECT_EQ(ring.newest_seq(), 0U);
  EXPECT_EQ(ring.lost(), 0U);
  EXPECT_EQ(ring.size(), 0U);
  EXPECT_FALSE(ring.after(0));
}

TEST_F(EventRingTest, IsNamedOnce) {
  EventRing ring(*memory);
  ring.name(0);
  EXPECT_EQ(ring.ring(), 0U);
  ring.name(7);
  ring.name(8);
  EXPECT_EQ(ring.ring(), 7U);
  EXPECT_EQ(EventRing(*memory).ring(), 7U);
}

TEST_F(EventRingTest, GivesBackWhatItTook) {
  Event badge = event_of(kBadgeRead);
  badge.credential = {.bit_count = 37, .bits = {1, 2, 3, 4, 0xf8}};
  const Event forced = event_of(kForced, 0xdeadbeef);
  Event early = event_of(kOpened);
  early.at = {.s = 12, .cs = 34, .boot = 65'535};
  {
    EventRing ring(*memory);
    EXPECT_EQ(ring.push(badge), 1U);
    EXPECT_EQ(ring.push(forced), 2U);
    EXPECT_EQ(ring.push(early), 3U);
  }
  const EventRing ring(*memory);
  std::uint32_t seq = 0;
  for (Event expected : {badge, forced, early}) {
    expected.seq = seq + 1;
    EXPECT_EQ(ring.after(seq), expected);
    ++seq;
  }
  EXPECT_FALSE(ring.after(3));
}

TEST_F(EventRingTest, FreesWhatIsAcknowledged) {
  EventRing ring(*memory);
  for (int i = 0; i < 5; ++i) {
    ring.push(event_of(i % 2 == 0 ? kForced : kOpened));
  }
  ring.acknowledge(6);
  EXPECT_EQ(ring.size(), 5U) << "beyond the newest";
  ring.acknowledge(3);
  ring.acknowledge(2);
  EXPECT_EQ(held(ring), (std::vector<std::uint32_t>{4, 5}));
  EXPECT_EQ(ring.acked_seq(), 3U);
  EXPECT_EQ(ring.lost(), 0U);
  EXPECT_EQ(held(EventRing(*memory)), (std::vector<std::uint32_t>{4, 5}));
  ring.acknowledge(5);
  EXPECT_EQ(ring.size(), 0U);
  EXPECT_EQ(ring.push(event_of(kOpened)), 6U);
  EXPECT_TRUE(ring.is_held(6));
  EXPECT_FALSE(ring.is_held(5));
  EXPECT_FALSE(ring.is_held(0));
}

TEST_F(EventRingTest, DropsTheOldestRoutineEventFirst) {
  EventRing ring(*memory);
  ring.push(event_of(kForced));
  for (std::size_t i = 1; i < kRingCapacity; ++i) {
    ring.push(event_of(kOpened));
  }
  EXPECT_EQ(ring.lost(), 0U);
  const std::uint32_t routine = ring.push(event_of(kOpened));
  const std::uint32_t other = ring.push(event_of(kForced));
  EXPECT_TRUE(ring.is_held(routine));
  EXPECT_TRUE(ring.is_held(other));
  EXPECT_TRUE(ring.is_held(1));
  EXPECT_FALSE(ring.is_held(2));
  EXPECT_FALSE(ring.is_held(3));
  EXPECT_TRUE(ring.is_held(4));
  EXPECT_EQ(ring.lost(), 2U);
}

TEST_F(EventRingTest, KeepsNoRoutineEventWhenAllOthersAreNone) {
  EventRing ring(*memory);
  for (std::size_t i = 0; i < kRingCapacity; ++i) {
    ring.push(event_of(kForced));
  }
  const std::uint32_t routine = ring.push(event_of(kOpened));
  EXPECT_EQ(routine, kRingCapacity + 1);
  EXPECT_FALSE(ring.is_held(routine));
  EXPECT_EQ(ring.lost(), 1U);
  // Its number stays given away over a reset.
  EXPECT_EQ(EventRing(*memory).newest_seq(), routine);

  ring.push(event_of(kForced));
  EXPECT_FALSE(ring.is_held(1));
  EXPECT_TRUE(ring.is_held(2));
  EXPECT_EQ(ring.lost(), 2U);

  // What is lost stays counted when the numbers around it are acknowledged.
  ring.acknowledge(ring.newest_seq());
  EXPECT_EQ(ring.lost(), 2U);
  EXPECT_EQ(EventRing(*memory).lost(), 2U);
}

TEST_F(EventRingTest, LosesItsNameWithBothHeads) {
  EventRing ring(*memory);
  ring.name(7);
  ring.push(event_of(kForced));
  memory->heads[0].ring ^= 1;
  EXPECT_EQ(EventRing(*memory).ring(), 7U);
  EXPECT_EQ(EventRing(*memory).newest_seq(), 1U);
  memory->heads[1].ring ^= 1;
  const EventRing again(*memory);
  EXPECT_EQ(again.ring(), 0U);
  EXPECT_EQ(again.newest_seq(), 0U);
  EXPECT_EQ(again.size(), 0U) << "no event of a ring that is gone";
}

// One bit of all the memory decays: one event is lost, or the newest change of
// the head is told by the slots, and nothing else is otherwise.
TEST_F(EventRingTest, CountsWhatDecayed) {
  EventRing ring(*memory);
  ring.name(7);
  std::vector<Event> events;
  for (std::uint32_t i = 0; i < 3; ++i) {
    events.push_back(event_of(i == 1 ? kForced : kOpened, i));
    events.back().seq = ring.push(events.back());
  }
  const auto before = std::make_unique<RingMemory>(*memory);
  auto* bytes = reinterpret_cast<std::uint8_t*>(memory.get());
  constexpr std::size_t kUsed = sizeof memory->heads + 3 * sizeof(RingSlot);
  for (std::size_t bit = 0; bit < 8 * kUsed; ++bit) {
    *memory = *before;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    const EventRing found(*memory);
    EXPECT_EQ(found.ring(), 7U) << bit;
    EXPECT_EQ(found.newest_seq(), 3U) << bit;
    EXPECT_EQ(found.lost() + found.size(), 3U) << bit;
    EXPECT_LE(found.lost(), 1U) << bit;
    for (auto event = found.after(0); event; event = found.after(event->seq)) {
      EXPECT_EQ(*event, events[event->seq - 1]) << bit;
    }
  }
}

// After 2^32 - 1 events: nobody can tell what comes then from what was.
TEST_F(EventRingTest, BeginsAnewWhenItsNumbersEnd) {
  EventRing(*memory).name(7);
  for (RingHead& head : memory->heads) {
    head.newest_seq = 0xfffffffe;
    const std::array<std::uint32_t, 5> words{
        head.ring, head.newest_seq, head.acked_seq, head.lost, head.turn};
    std::array<std::uint8_t, sizeof words> bytes{};
    std::memcpy(bytes.data(), words.data(), bytes.size());
    head.crc = crc32(bytes);
  }
  EventRing ring(*memory);
  EXPECT_EQ(ring.push(event_of(kForced)), 0xffffffff);
  EXPECT_TRUE(ring.is_held(0xffffffff));
  EXPECT_EQ(ring.ring(), 7U);
  EXPECT_EQ(ring.push(event_of(kOpened)), 1U);
  EXPECT_EQ(ring.ring(), 0U);
  EXPECT_EQ(held(ring), std::vector<std::uint32_t>{1});
  EXPECT_EQ(held(EventRing(*memory)), std::vector<std::uint32_t>{1});
}

std::size_t encoded_size(const Event& event) {
  strongroom_panel_v1_PanelEvent message;
  fill(event, message);
  std::size_t size = 0;
  EXPECT_TRUE(pb_get_encoded_size(
      &size, strongroom_panel_v1_PanelEvent_fields, &message));
  return size;
}

// The edges of every field, all with all.
TEST(PanelEvent, TakesAtMost32BytesWhateverItSays) {
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();
  std::size_t longest = 0;
  Event event;
  for (const std::uint32_t seq : {1U, 127U, 1U << 28U, kMost}) {
    for (const std::uint32_t s : {0U, kMost}) {
      for (const int cs : {0, 99}) {
        for (const int boot : {0, 1, 65'535}) {
          for (const int kind : {1, 75, 127}) {
            for (const int place : {0, 1, 15}) {
              for (const int bits : {0, 4, 26, 48}) {
                event.seq = seq;
                event.at = {.s = s,
                            .cs = static_cast<std::uint8_t>(cs),
                            .boot = static_cast<std::uint16_t>(boot)};
                event.kind = static_cast<std::uint8_t>(kind);
                event.leaf = event.reader = static_cast<std::uint8_t>(place);
                event.value = kMost;
                event.credential.bit_count = static_cast<std::uint8_t>(bits);
                longest = std::max(longest, encoded_size(event));
              }
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(longest, 32U);
}

TEST(PanelEvent, CarriesBitsWithTheirNumber) {
  Event event = event_of(kBadgeRead, 5);
  event.seq = 9;
  event.credential = {.bit_count = 26, .bits = {0xbb, 0x03, 0x21, 0x80}};
  strongroom_panel_v1_PanelEvent message;
  fill(event, message);
  EXPECT_EQ(message.seq, 9U);
  EXPECT_EQ(message.at_s, 1'800'000'000U);
  EXPECT_EQ(message.at_cs, 99);
  EXPECT_EQ(message.boot, 0);
  EXPECT_EQ(message.leaf, 8);
  EXPECT_EQ(message.reader, 8);
  EXPECT_EQ(message.kind, kBadgeRead);
  EXPECT_EQ(message.value, 0U) << "never beside a credential";
  ASSERT_EQ(message.credential.size, 5);
  EXPECT_EQ(0,
            std::memcmp(message.credential.bytes, "\x1a\xbb\x03\x21\x80", 5));
}

}  // namespace
}  // namespace strongroom::panel
