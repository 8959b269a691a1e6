// SPDX-License-Identifier: Apache-2.0
// Which of everything that is heard on a shared line is a request to this unit
// (docs/decisions/0121).
#include <cstddef>
#include <gtest/gtest.h>

#include "firmware/link/line_frames.h"
#include "tests/panel_link/rtu.h"

namespace strongroom::panel {
namespace {

constexpr std::uint8_t kUnit = 7;
constexpr std::uint32_t kBaud = 115200;
constexpr std::uint64_t kCharUs = 95;
constexpr std::uint64_t kGapUs = 1750;

class Framing : public testing::Test {
 protected:
  explicit Framing(std::uint32_t patience_us = 0)
      : line_(kUnit, kBaud, patience_us) {}

  void hear(const Bytes& bytes) {
    for (const std::uint8_t byte : bytes) {
      now_us_ += kCharUs;
      line_.received(byte, now_us_, false);
    }
  }
  void hear_broken(std::uint8_t byte) {
    now_us_ += kCharUs;
    line_.received(byte, now_us_, true);
  }
  void wait(std::uint64_t us) { now_us_ += us; }

  /// What the gap brings.
  std::string request() {
    EXPECT_TRUE(line_.request(now_us_ + kGapUs - 1).empty()) << "too early";
    return hex(line_.request(now_us_ + kGapUs));
  }

  std::uint64_t now_us_ = 1'000'000;
  LineFrames line_;
  Bytes ours_ = rtu(kUnit, 4, 0, 2);
  Bytes theirs_ = rtu(9, 3, 100, 2);
  // Its data are a whole request to us, with its check.
  Bytes their_answer_ = rtu(Bytes{9, 3, 8} + rtu(kUnit, 4, 0, 2));
};

struct PatientFraming : Framing {
  PatientFraming() : Framing(20'000) {}
};

TEST_F(Framing, Gap_IsOf3Point5Characters_Above19200Fixed) {
  EXPECT_EQ(gap_us(1200), 32084U);
  EXPECT_EQ(gap_us(9600), 4011U);
  EXPECT_EQ(gap_us(19200), 2006U);
  EXPECT_EQ(gap_us(38400), 1750U);
  EXPECT_EQ(gap_us(115200), 1750U);
}

TEST_F(Framing, Request_ComesOnce_WhenTheGapIsOver) {
  hear(ours_);
  EXPECT_EQ(request(), hex(ours_));
  EXPECT_TRUE(line_.request(now_us_ + 2 * kGapUs).empty());
  EXPECT_EQ(line_.crc_errors(), 0U);
}

TEST_F(Framing, Request_OfAFunctionThatNobodyKnows_EndsByTheGap) {
  const Bytes frame = rtu(Bytes{kUnit, 0x65, 1, 2, 3});
  hear(frame);
  EXPECT_EQ(request(), hex(frame));
}

TEST_F(Framing, OtherUnits_AndBroadcasts_AreNotOurs) {
  for (const unsigned unit : {0U, 1U, 8U, 247U, 255U}) {
    for (const unsigned function : {1U, 4U, 6U, 0x0FU, 0x17U, 0x2BU, 0x65U}) {
      hear(rtu(unit, function, 0, 2));
      EXPECT_EQ(request(), "") << unit << ' ' << function;
      wait(kGapUs);
    }
  }
  EXPECT_EQ(line_.crc_errors(), 0U);
}

TEST_F(Framing, AnswersOfOtherUnits_AreNoRequests_WhateverTheyHold) {
  hear(their_answer_);
  EXPECT_EQ(request(), "");
  wait(kGapUs);
  // Also as the tail of one whose length nobody can tell.
  hear(rtu(Bytes{9, 0x2B, 0x0E, 1, 1, 0, 0, 1, 0, 8} + ours_));
  EXPECT_EQ(request(), "");
  EXPECT_EQ(line_.crc_errors(), 0U);
}

// The worst that there is: its last bytes, with its own check, are a request to
// us with a right one.
TEST_F(Framing, AnAnswerThatEndsAsARequestToUs_IsNone) {
  Bytes head{9, 3, 8, 0, 0};
  for (unsigned data = 0; modbus_crc(head) != 0xFFFF; ++data) {
    ASSERT_LE(data, 0xFFFFU);
    head = Bytes{9, 3, 8} + be16(data);
  }
  const Bytes answer = head + ours_;
  ASSERT_EQ(modbus_crc(answer), 0);
  hear(answer);
  EXPECT_EQ(request(), "");
  wait(kGapUs);
  hear(theirs_ + answer);
  EXPECT_EQ(request(), "");
  EXPECT_EQ(line_.crc_errors(), 0U);
}

// A transceiver that hears itself, or a second panel with our address.
TEST_F(Framing, OurOwnAnswers_AreNoRequests) {
  hear(rtu(Bytes{kUnit, 4, 4, 0, 1, 0, 2}));
  EXPECT_EQ(request(), "");
  wait(kGapUs);
  hear(rtu(Bytes{kUnit, 0x83, 2}));
  EXPECT_EQ(request(), "");
  wait(kGapUs);
  hear(rtu(kUnit, 0x10, 0x0F00, 1));
  EXPECT_EQ(request(), "");
  EXPECT_EQ(line_.crc_errors(), 0U);
}

TEST_F(Framing, NoiseBefore_IsSkipped) {
  for (std::size_t count = 1; count < 40; ++count) {
    hear(Bytes(count, 0xFF));
    hear(ours_);
    EXPECT_EQ(request(), hex(ours_)) << count;
    wait(kGapUs);
  }
}

// As a driver that is switched off makes it: one or two characters.
TEST_F(Framing, NoiseBehind_DelaysTheAnswer_NoMore) {
  hear(ours_);
  hear({0x00});
  EXPECT_EQ(request(), hex(ours_));
  wait(kGapUs);
  hear(ours_);
  hear_broken(0x00);
  EXPECT_EQ(request(), hex(ours_));
  wait(kGapUs);
  hear(ours_ + Bytes{1, 2, 3});
  EXPECT_EQ(request(), "") << "that was no noise of a driver";
}

TEST_F(Framing, GluedFrames_TheLastCounts) {
  hear(theirs_ + their_answer_ + ours_);
  EXPECT_EQ(request(), hex(ours_));
  wait(kGapUs);
  const Bytes second = rtu(kUnit, 4, 0x200, 2);
  hear(ours_ + second);
  EXPECT_EQ(request(), hex(second));
  wait(kGapUs);
  // Whoever asked us has given up, and asks somebody else.
  hear(ours_ + theirs_);
  EXPECT_EQ(request(), "");
  wait(kGapUs);
  hear(ours_ + theirs_ + their_answer_);
  EXPECT_EQ(request(), "");
}

TEST_F(Framing, GluedFrames_ThatAreMoreThanABuffer_AreFollowed) {
  for (int i = 0; i < 100; ++i) {
    hear(theirs_ + their_answer_);
  }
  hear(ours_);
  EXPECT_EQ(request(), hex(ours_));
  EXPECT_EQ(line_.crc_errors(), 0U);
}

TEST_F(Framing, LostBytes_CostTheirFrame_NotTheNext) {
  for (std::size_t lost = 0; lost < ours_.size(); ++lost) {
    Bytes frame = ours_;
    frame.erase(frame.begin() + static_cast<std::ptrdiff_t>(lost));
    hear(frame);
    EXPECT_EQ(request(), "") << lost;
    EXPECT_EQ(line_.crc_errors(), lost + 1);
    wait(kGapUs);
    hear(ours_);
    EXPECT_EQ(request(), hex(ours_)) << lost;
    wait(kGapUs);
  }
}

TEST_F(Framing, BrokenCharacters_SpoilTheirFrame_NotTheOthers) {
  hear(Bytes(ours_.begin(), ours_.end() - 1));
  hear_broken(ours_.back());
  EXPECT_EQ(request(), "");
  wait(kGapUs);
  hear_broken(0x55);
  hear(ours_);
  EXPECT_EQ(request(), hex(ours_));
  wait(kGapUs);
  hear_broken(ours_.front());
  hear(Bytes(ours_.begin() + 1, ours_.end()));
  EXPECT_EQ(request(), "");
}

TEST_F(Framing, SilenceInside_EndsTheFrame_FromTheGapOn) {
  const auto half = ours_.begin() + 4;
  hear(Bytes(ours_.begin(), half));
  wait(kGapUs - 1);
  hear(Bytes(half, ours_.end()));
  EXPECT_EQ(request(), hex(ours_)) << "1.5 characters are not enforced";
  wait(kGapUs);
  hear(Bytes(ours_.begin(), half));
  wait(kGapUs);
  hear(Bytes(half, ours_.end()));
  EXPECT_EQ(request(), "");
  wait(kGapUs);
  hear(Bytes(ours_.begin(), half));
  wait(kGapUs);
  hear(ours_);
  EXPECT_EQ(request(), hex(ours_));
}

TEST_F(Framing, RequestThatNobodyLookedAt_IsNotAnsweredInTheNextOnesPlace) {
  hear(ours_);
  wait(3 * kGapUs);
  hear(theirs_);
  EXPECT_EQ(request(), "");
  EXPECT_EQ(line_.crc_errors(), 0U);
}

TEST_F(Framing, StaleRequests_AreNotAnswered) {
  hear(ours_);
  EXPECT_TRUE(line_.request(now_us_ + kGapUs + 200'000).empty());
  wait(300'000);
  hear(ours_);
  EXPECT_EQ(request(), hex(ours_));
}

TEST_F(Framing, Babble_IsForgotten_AtTheNextGap) {
  Bytes babble(10'000, 0x07);
  hear(babble);
  EXPECT_EQ(request(), "");
  wait(kGapUs);
  hear(ours_);
  EXPECT_EQ(request(), hex(ours_));
  EXPECT_GE(line_.crc_errors(), 1U);
}

// Where an operating system delivers the bytes, gaps are its own.
TEST_F(PatientFraming, SilenceInside_IsBridged) {
  const auto half = ours_.begin() + 4;
  hear(Bytes(ours_.begin(), half));
  EXPECT_EQ(request(), "");
  wait(15'000);
  hear(Bytes(half, ours_.end()));
  EXPECT_EQ(request(), hex(ours_));
  EXPECT_EQ(line_.crc_errors(), 0U);
}

TEST_F(PatientFraming, BeginningsThatNobodyEnds_AreForgotten) {
  hear(Bytes(ours_.begin(), ours_.begin() + 4));
  EXPECT_TRUE(line_.request(now_us_ + 20'000).empty());
  EXPECT_EQ(line_.crc_errors(), 1U);
  wait(20'000);
  hear(Bytes(ours_.begin() + 4, ours_.end()));
  EXPECT_EQ(request(), "");
}

TEST_F(PatientFraming, WhatFollowsABeginning_IsFound) {
  hear(Bytes(ours_.begin(), ours_.begin() + 4));
  wait(5000);
  hear(ours_);
  EXPECT_EQ(request(), hex(ours_));
  wait(5000);
  for (int i = 0; i < 100; ++i) {
    hear(Bytes{9, 3, 200, 1});
    EXPECT_EQ(request(), "");
    wait(5000);
  }
  hear(ours_);
  EXPECT_EQ(request(), hex(ours_));
}

}  // namespace
}  // namespace strongroom::panel
