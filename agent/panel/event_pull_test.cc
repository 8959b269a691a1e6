// SPDX-License-Identifier: Apache-2.0
#include "agent/panel/event_pull.h"

#include <gtest/gtest.h>
#include <initializer_list>

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kRing = 50;
constexpr MonoTime kNow = seconds(10);

strongroom_panel_v1_PanelAnswer answer_of(
    std::initializer_list<std::uint32_t> seqs,
    std::uint32_t newest,
    bool has_more = false) {
  strongroom_panel_v1_PanelAnswer answer =
      strongroom_panel_v1_PanelAnswer_init_zero;
  answer.ring = kRing;
  answer.newest_seq = newest;
  answer.has_more = has_more;
  for (const std::uint32_t seq : seqs) {
    answer.events[answer.events_count++].seq = seq;
  }
  return answer;
}

class EventPullTest : public ::testing::Test {
 protected:
  std::optional<PanelFacts> judge(
      const strongroom_panel_v1_PanelAnswer& answer) {
    return pull.judge(answer, pull.held(), true, kNow, error);
  }
  void offer(const PanelFacts& facts, bool is_taken = true) {
    pull.offered(facts, is_taken, kNow);
  }
  static std::vector<std::uint32_t> seqs(const PanelFacts& facts) {
    std::vector<std::uint32_t> all;
    for (const PanelFact& fact : facts.facts) {
      all.push_back(fact.event.seq);
    }
    return all;
  }
  using Seqs = std::vector<std::uint32_t>;

  EventPull pull{kRing, 4};
  std::string error;
};

TEST_F(EventPullTest, WhatIsToldIsWhatCameAndHowFarItGoes) {
  const auto facts = judge(answer_of({5, 6, 8}, 9));
  ASSERT_TRUE(facts);
  EXPECT_EQ(seqs(*facts), (Seqs{5, 6, 8}));
  EXPECT_EQ(facts->after, 4U);
  EXPECT_EQ(facts->through, 9U) << "7 and 9 are lost";
}

TEST_F(EventPullTest, WithMoreToComeItGoesAsFarAsTheLastOne) {
  const auto facts = judge(answer_of({5, 7}, 20, true));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->through, 7U);
  offer(*facts);
  EXPECT_LE(pull.due(kNow), kNow) << "there is more";
}

TEST_F(EventPullTest, WhatIsUnderWayToTheJournalIsNotToldTwice) {
  offer(*judge(answer_of({5, 6}, 6)));
  EXPECT_FALSE(pull.due(kNow));
  EXPECT_EQ(pull.held(), 4U) << "the panel keeps them until they are held";
  pull.hint(7);
  EXPECT_LE(pull.due(kNow), kNow);
  EXPECT_EQ(pull.expected(), 3U);
  const auto facts = judge(answer_of({5, 6, 7}, 7));
  ASSERT_TRUE(facts);
  EXPECT_EQ(seqs(*facts), Seqs{7});
  EXPECT_EQ(facts->after, 6U);
}

TEST_F(EventPullTest, AnAnswerFullOfOldOnesWaitsForTheJournal) {
  offer(*judge(answer_of({5, 6}, 9, true)));
  EXPECT_FALSE(judge(answer_of({5, 6}, 9, true)));
  EXPECT_FALSE(pull.due(kNow));
  pull.hold({.ring = kRing, .seq = 6}, kNow);
  EXPECT_LE(pull.due(kNow), kNow);
  EXPECT_EQ(seqs(*judge(answer_of({7, 8}, 9, true))), (Seqs{7, 8}));
}

TEST_F(EventPullTest, WhatTheLoopHadNoRoomForIsAskedForAgainSoon) {
  offer(*judge(answer_of({5, 6}, 6)), false);
  const auto due = pull.due(kNow);
  ASSERT_TRUE(due);
  EXPECT_GT(*due, kNow);
  EXPECT_LE(*due, kNow + milliseconds(50));
  EXPECT_EQ(seqs(*judge(answer_of({5, 6}, 6))), (Seqs{5, 6}));
}

TEST_F(EventPullTest, WhatWasTakenAndNeverHeldIsToldAgain) {
  offer(*judge(answer_of({5, 6}, 6)));
  EXPECT_FALSE(pull.due(kNow + seconds(4)));
  EXPECT_TRUE(pull.due(kNow + seconds(6)));
  const auto facts = judge(answer_of({5, 6}, 6));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->after, 4U);
}

TEST_F(EventPullTest, AnAcknowledgementAloneIsNoHurry) {
  offer(*judge(answer_of({5, 6}, 6)));
  pull.hold({.ring = kRing, .seq = 6}, kNow);
  EXPECT_EQ(pull.due(kNow), kNow + milliseconds(250));
  EXPECT_FALSE(judge(answer_of({}, 6)));
  EXPECT_FALSE(pull.due(kNow + seconds(9)));
}

TEST_F(EventPullTest, HeldOfAnotherRingOrBackwardsIsNothing) {
  pull.hold({.ring = kRing + 1, .seq = 9}, kNow);
  EXPECT_EQ(pull.held(), 4U);
  pull.hold({.ring = kRing, .seq = 3}, kNow);
  EXPECT_EQ(pull.held(), 4U);
}

TEST_F(EventPullTest, WhatCannotBeIsNotTold) {
  pull.hold({.ring = kRing, .seq = 4}, kNow);
  auto other_ring = answer_of({5}, 5);
  other_ring.ring = kRing + 1;
  const struct {
    strongroom_panel_v1_PanelAnswer answer;
    const char* why;
  } table[] = {
      {other_ring, "another ring"},
      {answer_of({}, 3), "numbers that go back"},
      {answer_of({4, 5}, 5), "what is acknowledged"},
      {answer_of({6, 5}, 6), "not ascending"},
      {answer_of({5, 5}, 6), "the same twice"},
      {answer_of({5, 7}, 6), "beyond the newest"},
  };
  for (const auto& row : table) {
    EXPECT_FALSE(judge(row.answer)) << row.why;
    EXPECT_FALSE(error.empty()) << row.why;
  }
  ASSERT_TRUE(pull.due(kNow).value_or(kNow + seconds(1)) > kNow)
      << "and is not asked for at once";
  EXPECT_TRUE(judge(answer_of({5}, 5)));
}

TEST_F(EventPullTest, MoreThatNeverComesIsNotAskedForAllTheTime) {
  EXPECT_FALSE(judge(answer_of({}, 9, true)));
  EXPECT_GT(pull.due(kNow), kNow + milliseconds(500));
}

TEST_F(EventPullTest, RingsThatAreMet) {
  const auto fresh = [] { return 77U; };
  const struct {
    std::uint32_t ours;
    std::uint32_t theirs;
    std::optional<std::uint32_t> next;
    const char* why;
  } table[] = {
      {kRing, kRing, std::nullopt, "the same"},
      {kRing, 0, 77, "lost"},
      {kRing, 60, 60, "foreign: it is adopted"},
      {0, 60, 60, "a new journal adopts it"},
      {0, 0, 77, "both are new"},
  };
  for (const auto& row : table) {
    EventPull one(row.ours, row.ours == 0 ? 0 : 4);
    const auto lost = one.meet(row.theirs, fresh);
    ASSERT_EQ(lost.has_value(), row.next.has_value()) << row.why;
    if (lost) {
      EXPECT_EQ(lost->previous, row.ours) << row.why;
      EXPECT_EQ(lost->next, *row.next) << row.why;
      EXPECT_EQ(one.ring(), *row.next) << row.why;
      EXPECT_EQ(one.held(), 0U) << "nothing of it is freed";
    }
  }
}

TEST_F(EventPullTest, ARingThatWasMadeServesUntilSomethingOfItIsTold) {
  std::uint32_t next = 77;
  const auto fresh = [&] { return next++; };
  EventPull one(kRing, 4);
  EXPECT_EQ(one.meet(0, fresh)->next, 77U);
  EXPECT_FALSE(one.meet(0, fresh)) << "the panel did not take it yet";
  EXPECT_EQ(one.ring(), 77U);
  auto answer = answer_of({1}, 1);
  answer.ring = 77;
  const auto facts = one.judge(answer, 0, true, kNow, error);
  ASSERT_TRUE(facts);
  one.offered(*facts, true, kNow);
  EXPECT_EQ(one.meet(0, fresh)->next, 78U) << "lost, with what it had told";
}

TEST_F(EventPullTest, TheCountOfAPollIsModulo65536) {
  EventPull one(kRing, 0x1fffe);
  one.hint(0xfffe);
  EXPECT_FALSE(one.due(kNow));
  one.hint(1);
  EXPECT_TRUE(one.due(kNow));
  EXPECT_EQ(one.expected(), 3U);
}

TEST(EventPull, ANameUnderWhichEventsWereTakenIsNeverGivenAgain) {
  EventPull pull(0, 0);
  std::uint32_t name = 100;
  const auto fresh = [&] { return ++name; };
  ASSERT_TRUE(pull.meet(0, fresh));
  EXPECT_FALSE(pull.meet(0, fresh)) << "nothing was told under it";
  strongroom_panel_v1_PanelAnswer answer =
      strongroom_panel_v1_PanelAnswer_init_zero;
  answer.ring = 101;
  answer.newest_seq = 1;
  answer.events_count = 1;
  answer.events[0].seq = 1;
  std::string error;
  const auto facts =
      pull.judge(answer, 0, true, std::chrono::seconds(1), error);
  ASSERT_TRUE(facts) << error;
  pull.offered(*facts, true, std::chrono::seconds(1));
  pull.rewind();  // the commit takes long, and the panel's power is cut
  const auto lost = pull.meet(0, fresh);
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->next, 102U);
  pull.hold({.ring = 101, .seq = 1}, std::chrono::seconds(9));
  EXPECT_EQ(pull.held(), 0U) << "frees no event of another ring";
}

}  // namespace
}  // namespace strongroom
