// SPDX-License-Identifier: Apache-2.0
#include "core/bus/guard.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLate{2000};
constexpr MonoTime kStart = seconds(100);

Question read(std::uint8_t unit,
              RegisterKind kind,
              std::uint16_t address,
              std::uint16_t count) {
  return {.unit = unit, .kind = kind, .address = address, .count = count};
}

constexpr RegisterKind kHolding = RegisterKind::kHolding;
constexpr RegisterKind kInput = RegisterKind::kInput;
constexpr RegisterKind kCoil = RegisterKind::kCoil;
constexpr RegisterKind kDiscrete = RegisterKind::kDiscrete;

TEST(ReplyGuard, BlocksWhatAnOwedAnswerCouldBeTakenFor) {
  const struct {
    Question owed;
    Question asked;
    bool may_ask;
    const char* why;
  } table[] = {
      {read(1, kHolding, 0, 10), read(1, kHolding, 0, 10), false, "the same"},
      {read(1, kHolding, 0, 10),
       read(1, kHolding, 50, 10),
       false,
       "an answer says no address"},
      {read(1, kHolding, 0, 10), read(1, kHolding, 0, 11), true, "longer"},
      {read(1, kHolding, 0, 10), read(1, kHolding, 0, 9), true, "shorter"},
      {read(1, kHolding, 0, 10), read(1, kInput, 0, 10), true, "a function"},
      {read(1, kHolding, 0, 10), read(2, kHolding, 0, 10), true, "a unit"},
      {read(1, kCoil, 0, 1), read(1, kCoil, 9, 8), false, "one byte both"},
      {read(1, kCoil, 0, 8), read(1, kCoil, 0, 9), true, "one byte, two"},
      {read(1, kCoil, 0, 8), read(1, kDiscrete, 0, 8), true, "a function"},
      {read(1, kDiscrete, 0, 2000),
       read(1, kDiscrete, 0, 1993),
       false,
       "250 bytes both"},
  };
  for (const auto& row : table) {
    ReplyGuard guard(kLate);
    EXPECT_TRUE(guard.may_ask(row.asked, kStart));
    guard.unanswered(row.owed, kStart);
    EXPECT_EQ(guard.may_ask(row.asked, kStart), row.may_ask) << row.why;
  }
}

TEST(ReplyGuard, AnOwedAnswerExpiresByTimeAndProofTogether) {
  const Question first = read(1, kHolding, 0, 10);
  const Question other = read(1, kHolding, 0, 11);
  {
    ReplyGuard guard(kLate);
    guard.unanswered(first, kStart);
    EXPECT_FALSE(guard.may_ask(first, kStart + seconds(3600)))
        << "time alone does not tell a unit that stays one answer behind";
    EXPECT_TRUE(guard.is_in_doubt(1));
    EXPECT_EQ(guard.free_at(first), std::nullopt);
    guard.answered(other, kStart + seconds(3600));
    EXPECT_FALSE(guard.is_in_doubt(1));
    EXPECT_TRUE(guard.may_ask(first, kStart + seconds(3600)));
  }
  ReplyGuard guard(kLate);
  guard.unanswered(first, kStart);
  guard.answered(other, kStart + milliseconds(100));
  EXPECT_FALSE(guard.is_in_doubt(1));
  EXPECT_EQ(guard.free_at(first), kStart + kLate);
  EXPECT_FALSE(guard.may_ask(first, kStart + kLate - milliseconds(1)))
      << "a gateway may overtake";
  EXPECT_TRUE(guard.may_ask(first, kStart + kLate));
}

TEST(ReplyGuard, AnotherUnitsAnswerProvesNothing) {
  ReplyGuard guard(kLate);
  guard.unanswered(read(1, kHolding, 0, 10), kStart);
  guard.answered(read(2, kHolding, 0, 11), kStart + kLate);
  EXPECT_TRUE(guard.is_in_doubt(1));
  EXPECT_FALSE(guard.may_ask(read(1, kHolding, 0, 10), kStart + 2 * kLate));
}

TEST(ReplyGuard, AFaultAfterTheProofNeedsAnotherProof) {
  const Question question = read(1, kHolding, 0, 10);
  ReplyGuard guard(kLate);
  guard.unanswered(question, kStart);
  guard.answered(read(1, kHolding, 0, 11), kStart + seconds(1));
  guard.unanswered(question, kStart + seconds(1));
  EXPECT_FALSE(guard.may_ask(question, kStart + seconds(60)));
  guard.answered(read(1, kHolding, 0, 11), kStart + seconds(60));
  EXPECT_TRUE(guard.may_ask(question, kStart + seconds(60)));
}

TEST(ReplyGuard, AnExceptionTellsOnlyItsUnitAndFunction) {
  ReplyGuard guard(kLate);
  const Question other = read(1, kHolding, 0, 11);
  EXPECT_TRUE(guard.can_be_refused(other, kStart));
  guard.unanswered(read(1, kHolding, 0, 10), kStart);
  EXPECT_TRUE(guard.may_ask(other, kStart));
  EXPECT_FALSE(guard.can_be_refused(other, kStart));
  EXPECT_TRUE(guard.can_be_refused(read(1, kInput, 0, 11), kStart));
  EXPECT_TRUE(guard.can_be_refused(read(2, kHolding, 0, 11), kStart));
}

TEST(ReplyGuard, LearnsHowLateAnswersAre) {
  const Question question = read(1, kHolding, 0, 10);
  constexpr std::size_t kFrame = 25;
  {
    ReplyGuard guard(kLate);
    guard.unanswered(question, kStart);
    guard.heard_late(kFrame, kStart + milliseconds(1500));
    EXPECT_EQ(guard.late_answer(), milliseconds(3000));
    guard.heard_late(kFrame, kStart + milliseconds(700));
    EXPECT_EQ(guard.late_answer(), milliseconds(3000)) << "never less";
  }
  const struct {
    std::size_t bytes;
    milliseconds late;
    bool another_is_owed;
    const char* why;
  } ignored[] = {
      {kFrame - 1, milliseconds(1500), false, "not as long"},
      {2 * kFrame, milliseconds(1500), false, "not one answer"},
      {kFrame, milliseconds(8001), false, "too late to be believed"},
      {kFrame, milliseconds(1500), true, "of which question?"},
  };
  for (const auto& row : ignored) {
    ReplyGuard guard(kLate);
    guard.unanswered(question, kStart);
    if (row.another_is_owed) {
      guard.unanswered(read(2, kHolding, 0, 10), kStart);
    }
    guard.heard_late(row.bytes, kStart + row.late);
    EXPECT_EQ(guard.late_answer(), kLate) << row.why;
  }
  ReplyGuard guard(kLate);
  guard.heard_late(kFrame, kStart);
  EXPECT_EQ(guard.late_answer(), kLate) << "nothing is owed";
  guard.suspect(question);
  guard.heard_late(kFrame, kStart);
  EXPECT_EQ(guard.late_answer(), kLate) << "who knows when it was asked";
}

TEST(ReplyGuard, TheLatestIsBelievedUpToAMinute) {
  ReplyGuard guard(seconds(40));
  guard.unanswered(read(1, kHolding, 0, 10), kStart);
  guard.heard_late(25, kStart + seconds(39));
  EXPECT_EQ(guard.late_answer(), seconds(60));
}

TEST(ReplyGuard, ALateAnswerPaysNothing) {
  const Question question = read(1, kHolding, 0, 10);
  ReplyGuard guard(kLate);
  guard.unanswered(question, kStart);
  guard.heard_late(25, kStart + milliseconds(700));
  EXPECT_FALSE(guard.may_ask(question, kStart + milliseconds(701)))
      << "it may have been another's";
}

TEST(ReplyGuard, AnAnswerThatCameTwiceMayComeOnceMore) {
  const Question question = read(1, kHolding, 0, 10);
  const Question longer = read(1, kHolding, 0, 11);
  ReplyGuard guard(kLate);
  guard.answered(question, kStart);
  guard.heard_again(shape_of(question), kStart, 2);
  EXPECT_TRUE(guard.may_ask(question, kStart)) << "a driver that switches";
  guard.heard_again(shape_of(question), kStart, 25);
  EXPECT_FALSE(guard.may_ask(question, kStart));
  EXPECT_TRUE(guard.may_ask(longer, kStart));
  guard.heard_late(25, kStart + milliseconds(5));
  EXPECT_FALSE(guard.may_ask(question, kStart + milliseconds(6)))
      << "who knows how often";
}

TEST(ReplyGuard, WhatIsOwedExplainsWhatComesAfterAnotherAnswer) {
  ReplyGuard guard(kLate);
  guard.unanswered(read(2, kHolding, 0, 10), kStart);
  const Question question = read(1, kHolding, 0, 10);
  guard.heard_again(shape_of(question), kStart, 25);
  EXPECT_TRUE(guard.may_ask(question, kStart));
}

TEST(ReplyGuard, WhatAnEarlierOwnerAskedIsOwedUntilProvenOtherwise) {
  const Question question = read(1, kHolding, 0, 10);
  ReplyGuard guard(kLate);
  guard.suspect(question);
  EXPECT_FALSE(guard.may_ask(question, kStart));
  EXPECT_TRUE(guard.is_in_doubt(1));
  guard.answered(read(1, kHolding, 0, 9), kStart);
  EXPECT_TRUE(guard.may_ask(question, kStart)) << "it was long ago";
}

TEST(ReplyGuard, ASuspicionIsNoNewsAboutWhatIsOwed) {
  const Question question = read(1, kHolding, 0, 10);
  ReplyGuard guard(kLate);
  guard.unanswered(question, kStart);
  guard.suspect(question);
  EXPECT_EQ(guard.owed_since(question), kStart);
}

TEST(ReplyGuard, OnlyWhatIsOldIsGivenUp) {
  const Question question = read(1, kHolding, 0, 10);
  const Question other = read(1, kHolding, 0, 11);
  ReplyGuard guard(kLate);
  guard.unanswered(question, kStart);
  guard.unanswered(other, kStart + seconds(1));
  EXPECT_EQ(guard.owed_since(question), kStart);
  EXPECT_EQ(guard.newest_owed(), kStart + seconds(1));
  EXPECT_DEATH(guard.give_up(question, kStart + seconds(1)), "given up");
  guard.give_up(question, kStart + kLate);
  EXPECT_TRUE(guard.may_ask(question, kStart + kLate));
  EXPECT_FALSE(guard.may_ask(other, kStart + kLate));
}

}  // namespace
}  // namespace strongroom
