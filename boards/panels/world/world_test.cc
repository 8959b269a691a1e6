// SPDX-License-Identifier: Apache-2.0
#include "boards/panels/world/world.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

namespace strongroom::panel {
namespace {

class WorldTest : public testing::Test {
 protected:
  bool say(std::string_view line, std::uint64_t now_us = 1000) {
    for (const char c : line) {
      EXPECT_FALSE(world_.received(static_cast<std::uint8_t>(c), now_us));
    }
    return world_.received('\n', now_us);
  }
  std::vector<hal::ReaderEvent> events(std::uint64_t now_us) {
    std::vector<hal::ReaderEvent> all;
    while (const auto event = world_.reader_event(now_us)) {
      all.push_back(*event);
    }
    return all;
  }
  World world_;
};

TEST_F(WorldTest, RestsUntilItSpeaks) {
  EXPECT_EQ(0x77777777U, world_.inputs().leaves);
  EXPECT_EQ(7, world_.inputs().panel);
  EXPECT_EQ(12000, world_.inputs().supply_mv);
  EXPECT_FALSE(world_.is_begun());
  EXPECT_FALSE(world_.seed());
}

TEST_F(WorldTest, Inputs) {
  say("in 0000000f 05 11870");
  EXPECT_EQ(0xfU, world_.inputs().leaves);
  EXPECT_EQ(5, world_.inputs().panel);
  EXPECT_EQ(11870, world_.inputs().supply_mv);
  say("in ffffffff 07");  // no supply: not a line
  EXPECT_EQ(0xfU, world_.inputs().leaves);
}

TEST_F(WorldTest, PulsesComeTwoMillisecondsApart) {
  say("wg 2 4 5", 1000);
  EXPECT_EQ(2U, events(3000).size());  // those of 1000 and 3000
  const auto rest = events(1'000'000);
  ASSERT_EQ(2U, rest.size());
  EXPECT_EQ(hal::ReaderEvent::Kind::kZero, rest[0].kind);
  EXPECT_EQ(hal::ReaderEvent::Kind::kOne, rest[1].kind);
  EXPECT_EQ(2, rest[1].reader);
  EXPECT_EQ(7000U, rest[1].at_us) << "as if it had been seen in time";
}

TEST_F(WorldTest, KeysOfOneReaderKeepTheirDistance) {
  say("wg 1 4 1");
  say("wg 1 4 2");
  const auto all = events(10'000'000);
  ASSERT_EQ(8U, all.size());
  EXPECT_GE(all[4].at_us - all[3].at_us, 100'000U);
}

TEST_F(WorldTest, ReadersAreMerged) {
  say("wg 1 26 123456");
  say("wg 2 26 123456");
  const auto all = events(10'000'000);
  ASSERT_EQ(52U, all.size());
  for (std::size_t i = 1; i < all.size(); ++i) {
    EXPECT_LE(all[i - 1].at_us, all[i].at_us);
  }
}

TEST_F(WorldTest, BytesAndBothLow) {
  say("uart 3 0231414203");
  say("bl 4");
  std::string bytes;
  int both_low = 0;
  for (const auto& event : events(10'000'000)) {
    if (event.kind == hal::ReaderEvent::Kind::kByte) {
      EXPECT_EQ(3, event.reader);
      bytes += static_cast<char>(event.byte);
    } else {
      EXPECT_EQ(hal::ReaderEvent::Kind::kBothLow, event.kind);
      EXPECT_EQ(4, event.reader);
      ++both_low;
    }
  }
  EXPECT_EQ(
      "\x02"
      "1AB\x03",
      bytes);
  EXPECT_EQ(1, both_low);
}

TEST_F(WorldTest, LongBytesKeepTheirOrder) {
  std::string line = "uart 1 ";
  for (int i = 0; i < 40; ++i) {
    line += "0123456789abcdef"[i / 16];
    line += "0123456789abcdef"[i % 16];
  }
  say(line);
  const auto all = events(10'000'000);
  ASSERT_EQ(40U, all.size());
  for (std::uint8_t i = 0; i < 40; ++i) {
    EXPECT_EQ(i, all[i].byte);
  }
}

TEST_F(WorldTest, Slots) {
  EXPECT_TRUE(say("nv 2 00ff10"));
  EXPECT_EQ(hal::Slot::kSession, world_.slot().slot);
  const auto content = world_.slot().content;
  EXPECT_EQ((std::vector<std::uint8_t>{0, 255, 16}),
            std::vector(content.begin(), content.end()));
  EXPECT_FALSE(say("nv 3 00"));
  EXPECT_FALSE(say("nv 0"));
}

TEST_F(WorldTest, Preamble) {
  say("seed 00112233445566ff");
  say("go");
  EXPECT_EQ(0x00112233445566ffU, world_.seed());
  EXPECT_TRUE(world_.is_begun());
}

TEST_F(WorldTest, StallsOneTask) {
  say("stall nothing");
  say("stall link");
  EXPECT_TRUE(world_.is_stalled(hal::Task::kLink));
  EXPECT_FALSE(world_.is_stalled(hal::Task::kLocal));
}

TEST_F(WorldTest, IgnoresTheRest) {
  for (const std::string line : {"wg 9 26 1",
                                 "wg 1 65 1",
                                 "wg 1 26",
                                 "uart 0 41",
                                 "uart 1 4",
                                 "hello",
                                 "go away",
                                 "gogo",
                                 "in",
                                 "bl"}) {
    say(line);
  }
  say("in 00000000 00 0" + std::string(400, ' '));  // too long
  EXPECT_TRUE(events(10'000'000).empty());
  EXPECT_EQ(0x77777777U, world_.inputs().leaves);
}

TEST_F(WorldTest, AFullQueueLosesTheNewest) {
  for (int i = 0; i < 100; ++i) {
    say("wg 1 8 ff");
  }
  EXPECT_EQ(16U * 8U, events(100'000'000).size());
}

TEST_F(WorldTest, NoBytesHurt) {
  std::uint32_t state = 7;
  constexpr std::string_view kWords = "in wg uart nv bl 0123456789abcdef\n\n";
  for (std::uint64_t i = 0; i < 300'000; ++i) {
    state = state * 1664525 + 1013904223;
    world_.received(
        static_cast<std::uint8_t>(kWords[(state >> 16) % kWords.size()]), i);
    if (i % 64 == 0) {
      world_.reader_event(i);
    }
  }
}

TEST(OutputsLine, Hexadecimal) {
  const WorldLine line =
      outputs_line({.locks = 0x81, .green = 0x02, .red = 0xf0, .buzzer = 0x0a});
  EXPECT_EQ("out 81 02 f0 0a\n", std::string(line.text.data(), line.size));
}

}  // namespace
}  // namespace strongroom::panel
