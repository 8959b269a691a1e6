// SPDX-License-Identifier: Apache-2.0
// The sender: which log it believes, and gaps that it hops over.
#include "agent/loop/sender.h"
#include "agent/loop/sender_rig_test_util.h"

namespace strongroom::testing_agent {
namespace {

class SenderFollowTest : public SenderTest {
 protected:
  Origin generation(std::uint32_t number) const {
    Origin origin = origin_;
    origin.generation = number;
    return origin;
  }
  ModelLedger ledger_of(std::uint32_t number) const {
    return ModelLedger(generation(number), *log_key_, agent_key_->public_key());
  }
  void make_unbound() {
    sender_ = std::make_unique<Sender>(
        Stream::kRecord, source_, std::nullopt, trust_, 1, "", [this] {
          return jitter_;
        });
  }
};

TEST_F(SenderFollowTest, HoldsNothing_TakesAnyGeneration_ThenOnlyThatOne) {
  make_unbound();
  EXPECT_FALSE(sender_->is_bound());
  ModelLedger seventh = ledger_of(7);
  sender_->connected(now_);
  offer();
  acknowledge(seventh.take(see().sent[0]));
  ASSERT_EQ(see().proven.size(), 1U);
  EXPECT_EQ(sender_->log(), generation(7));
  // Every other generation, under the same key, is refuted from now on.
  for (const std::uint32_t other : {1U, 6U, 8U}) {
    ModelLedger ledger = ledger_of(other);
    if (sender_->wants()) {
      offer();
    }
    sender_->connected(now_);
    Bytes payload = see().sent[0];
    BatchView view = *decode_batch(payload);
    view.resync = true;
    view.held_checkpoint = {};
    acknowledge(ledger.take(encode_batch(view)));
    const Seen seen = see();
    EXPECT_TRUE(seen.proven.empty());
    EXPECT_EQ(sender_->base(), 3U);
  }
}

// A downgrade: what the predecessor says counts no more, in its own words.
TEST_F(SenderFollowTest, Follow_GoesBack_HoldsNothing_BelievesOnlyTheNewLog) {
  sender_->connected(now_);
  offer();
  const Bytes first = see().sent[0];
  answer(first);
  offer();
  see();
  sender_->follow(generation(2), 1, now_);
  EXPECT_EQ(sender_->base(), 1U);
  EXPECT_EQ(sender_->next(), 1U);
  EXPECT_EQ(sender_->held_note(), "");
  EXPECT_EQ(sender_->in_flight(), 0U);
  const BatchView view = *decode_batch(first);
  sender_->offer({1, *decode_header(view.header_bytes), first}, now_);
  const Seen sent = see();
  ASSERT_EQ(sent.sent.size(), 1U);
  EXPECT_TRUE(is_resync(sent.sent[0]));
  EXPECT_TRUE(decode_batch(sent.sent[0])->held_checkpoint.empty());
  acknowledge(ledger_.take(sent.sent[0]));  // of generation 1: held there
  EXPECT_TRUE(see().proven.empty());
  EXPECT_EQ(sender_->counters().refuted, 1U);
  ModelLedger successor = ledger_of(2);
  acknowledge(successor.take(sent.sent[0]));
  EXPECT_EQ(see().proven.size(), 1U);
  EXPECT_EQ(sender_->base(), 3U);
}

TEST_F(SenderFollowTest, Follow_Unblocks) {
  sender_->connected(now_);
  offer();
  acknowledge(refusal(see().sent[0],
                      strongroom_v1_RefusalReason_REFUSAL_REASON_SUCCEEDED));
  EXPECT_EQ(sender_->state(), SenderState::kBlocked);
  EXPECT_EQ(see().suspicions.size(), 1U);
  sender_->follow(generation(2), 1, now_);
  EXPECT_EQ(sender_->state(), SenderState::kIdle);
  EXPECT_TRUE(sender_->wants().has_value());
}

// Rows 1..8 were given up, in two losses: the log that has not read of them
// expects one of them, and that is no news.
TEST_F(SenderFollowTest, Hop_ExpectedWithinTheGap_IsWaitedFor) {
  sender_->connected(now_);
  sender_->hop_to(5, 1);
  sender_->hop_to(9, 5);
  events_.cut_boots(8, *agent_key_);
  offer();
  const Bytes batch = see().sent[0];
  EXPECT_EQ(seq_of(batch), 9U);
  for (const std::uint64_t expected : {1U, 5U, 8U}) {
    for (int i = 0; i < 3; ++i) {
      acknowledge(refusal(
          batch, strongroom_v1_RefusalReason_REFUSAL_REASON_GAP, expected));
      const Seen seen = see();
      EXPECT_TRUE(seen.sent.empty()) << "the timer";
      EXPECT_TRUE(seen.suspicions.empty());
      pass(61s);
      EXPECT_EQ(see().sent.size(), 1U);
    }
  }
  EXPECT_EQ(sender_->state(), SenderState::kSending);
}

TEST_F(SenderFollowTest, Hop_ExpectedBelowTheGap_IsStillSuspicious) {
  sender_->connected(now_);
  offer();
  answer(see().sent[0]);
  sender_->hop_to(9, 3);
  events_.cut_boots(6, *agent_key_);
  offer();
  const Bytes batch = see().sent[0];
  for (int i = 0; i < 2; ++i) {
    acknowledge(
        refusal(batch, strongroom_v1_RefusalReason_REFUSAL_REASON_GAP, 2));
    pass(61s);
  }
  EXPECT_EQ(see().suspicions.size(), 1U);
  EXPECT_EQ(sender_->state(), SenderState::kBlocked);
}

}  // namespace
}  // namespace strongroom::testing_agent
