// SPDX-License-Identifier: Apache-2.0
// The sender: sequences of inputs. Each alone: sender_table_test.cc.
#include "agent/loop/sender.h"

#include "agent/loop/sender_rig_test_util.h"

namespace strongroom::testing_agent {
namespace {

TEST_F(SenderTest, Window_IsFourBatches) {
  sender_->connected(now_);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(sender_->wants().has_value());
    offer();
  }
  EXPECT_FALSE(sender_->wants().has_value());
  const Seen seen = see();
  ASSERT_EQ(seqs_of(seen.sent), (std::vector<std::uint64_t>{1, 3, 5, 7}));
  EXPECT_TRUE(is_resync(seen.sent[0])) << "the first batch after connecting";
  EXPECT_FALSE(is_resync(seen.sent[1]));
  answer(seen.sent[0]);
  EXPECT_EQ(sender_->wants(), Position{9});
}

TEST_F(SenderTest, Acks_InOrder_MoveBaseAndHeldCheckpoint) {
  sender_->connected(now_);
  offer();
  offer();
  const Seen sent = see();
  answer(sent.sent[0]);
  answer(sent.sent[1]);
  const Seen seen = see();
  ASSERT_EQ(seen.proven.size(), 2U);
  EXPECT_EQ(seen.proven[0].first_index, 0U);
  EXPECT_EQ(seen.proven[1].first_index, 3U) << "two events and a header before";
  EXPECT_EQ(seen.proven[1].checkpoint, sender_->held_note());
  EXPECT_EQ(sender_->state(), SenderState::kIdle);
  EXPECT_FALSE(sender_->deadline().has_value());
}

TEST_F(SenderTest, Timer_BacksOffFromTenToSixtySecondsWithJitter) {
  sender_->connected(now_);
  offer();
  EXPECT_EQ(deadline() - now_, 10s);
  jitter_ = 0.5;
  for (const auto expected : {20s, 40s, 60s, 60s}) {
    now_ = deadline();
    sender_->tick(now_);
    EXPECT_EQ(deadline() - now_, MonoTime(expected) * 9 / 8);
  }
  jitter_ = 0;
  answer(see().sent.back());
  offer();
  EXPECT_EQ(deadline() - now_, 10s) << "progress resets it";
}

TEST_F(SenderTest, Resend_CarriesTheSameHeaderAndSignature) {
  sender_->connected(now_);
  offer();
  const Seen first = see();
  pass(11s);
  const Seen second = see();
  const auto a = *decode_batch(first.sent[0]);
  const auto b = *decode_batch(second.sent[0]);
  EXPECT_TRUE(std::ranges::equal(a.header_bytes, b.header_bytes));
  EXPECT_EQ(a.signature, b.signature);
}

TEST_F(SenderTest, Resync_CarriesTheHeldCheckpoint) {
  sender_->connected(now_);
  offer();
  answer(see().sent[0]);
  const std::string held = sender_->held_note();
  offer();
  EXPECT_TRUE(decode_batch(see().sent[0])->held_checkpoint.empty());
  pass(11s);
  EXPECT_EQ(decode_batch(see().sent[0])->held_checkpoint, held);
}

TEST_F(SenderTest, LostAck_IsHealedByTheResend) {
  sender_->connected(now_);
  offer();
  offer();
  const Seen sent = see();
  ledger_.take(sent.sent[0]);  // its ack is lost
  answer(sent.sent[1]);
  EXPECT_TRUE(see().proven.empty());
  pass(11s);
  for (const Bytes& payload : see().sent) {
    answer(payload);
  }
  EXPECT_EQ(see().proven.size(), 2U);
  EXPECT_EQ(ledger_.log().size(), 6U) << "nothing was appended twice";
}

TEST_F(SenderTest, Gap_IsFollowedAtOnceButOncePerValue) {
  sender_->connected(now_);
  offer();
  offer();
  offer();
  const Seen sent = see();
  // The first batch was lost: the other two meet a gap.
  answer(sent.sent[1]);
  EXPECT_EQ(seqs_of(see().sent), (std::vector<std::uint64_t>{1, 3, 5}));
  answer(sent.sent[2]);
  EXPECT_TRUE(see().sent.empty()) << "the same gap again";
  pass(11s);
  see();
  acknowledge(
      refusal(sent.sent[1], strongroom_v1_RefusalReason_REFUSAL_REASON_GAP, 1));
  EXPECT_EQ(see().sent.size(), 3U) << "after the timer it is followed again";
}

TEST_F(SenderTest, ForgedGaps_CostAFewWindowsAndNoMemory) {
  sender_->connected(now_);
  offer();
  offer();
  const Seen sent = see();
  for (std::uint64_t forged = 1; forged <= 1000; ++forged) {
    acknowledge(refusal(sent.sent[1],
                        strongroom_v1_RefusalReason_REFUSAL_REASON_GAP,
                        forged * 1000));
  }
  EXPECT_LE(see().sent.size(), 20U);
  answer(sent.sent[0]);
  EXPECT_EQ(see().proven.size(), 1U) << "the truth is believed all the same";
  pass(11s);
  see();
  acknowledge(
      refusal(sent.sent[1], strongroom_v1_RefusalReason_REFUSAL_REASON_GAP, 3));
  EXPECT_EQ(see().sent.size(), 1U) << "after the timer a gap is followed again";
}

TEST_F(SenderTest, LedgerForgotAcks_ResyncIsFollowedOnce) {
  sender_->connected(now_);
  offer();
  answer(see().sent[0]);
  ledger_.restart();
  offer();
  offer();
  const Seen sent = see();
  answer(sent.sent[0]);
  const Seen again = see();
  ASSERT_EQ(seqs_of(again.sent), (std::vector<std::uint64_t>{3, 5}));
  EXPECT_TRUE(is_resync(again.sent[0]));
  acknowledge(
      refusal(sent.sent[1], strongroom_v1_RefusalReason_REFUSAL_REASON_RESYNC));
  EXPECT_TRUE(see().sent.empty());
  answer(again.sent[0]);
  answer(again.sent[1]);
  EXPECT_EQ(see().proven.size(), 2U);
}

TEST_F(SenderTest, OtherStreamOvertakesByASecond_ResendsAtOnceButOnce) {
  sender_->connected(now_);
  offer();
  see();
  sender_->outpaced(now_ + 999ms, now_ + 1s);
  EXPECT_TRUE(see().sent.empty()) << "may still be on its way";
  now_ += 2s;
  sender_->outpaced(now_, now_);
  const Seen again = see();
  ASSERT_EQ(again.sent.size(), 1U);
  EXPECT_TRUE(is_resync(again.sent[0]));
  now_ += 2s;
  sender_->outpaced(now_, now_);
  EXPECT_TRUE(see().sent.empty()) << "the timer's turn";
  pass(11s);
  EXPECT_EQ(see().sent.size(), 1U);
}

TEST_F(SenderTest, Busy_IsLeftToTheTimer_AndItsFollowersGapIsNoNews) {
  sender_->connected(now_);
  offer();
  offer();
  const Seen sent = see();
  acknowledge(
      refusal(sent.sent[0], strongroom_v1_RefusalReason_REFUSAL_REASON_BUSY));
  acknowledge(
      refusal(sent.sent[1], strongroom_v1_RefusalReason_REFUSAL_REASON_GAP, 1));
  EXPECT_TRUE(see().sent.empty());
  pass(11s);
  EXPECT_EQ(see().sent.size(), 2U);
}

TEST_F(SenderTest, ExpectedBelowDelivered_IsBelievedTheSecondTimeOnly) {
  sender_->connected(now_);
  offer();
  answer(see().sent[0]);
  offer();
  const Bytes sent = see().sent[0];
  const Ack gap =
      refusal(sent, strongroom_v1_RefusalReason_REFUSAL_REASON_GAP, 1);
  acknowledge(gap);  // may be stale
  EXPECT_EQ(see().sent.size(), 1U);
  EXPECT_EQ(sender_->state(), SenderState::kSending);
  acknowledge(gap);
  EXPECT_TRUE(see().suspicions.empty());
  pass(11s);
  see();
  acknowledge(gap);
  const Seen seen = see();
  ASSERT_EQ(seen.suspicions.size(), 1U);
  EXPECT_EQ(seen.suspicions[0].kind,
            strongroom_v1_FindingKind_FINDING_KIND_EXPECTED_BELOW_DELIVERED);
  EXPECT_EQ(sender_->state(), SenderState::kBlocked);
  EXPECT_EQ(sender_->base(), 3U) << "nothing delivered is sent again";
}

TEST_F(SenderTest, Blocked_ProbesOldestAlone_AndSendsTheRestWhenProven) {
  sender_->connected(now_);
  offer();
  offer();
  const Seen sent = see();
  acknowledge(refusal(
      sent.sent[0], strongroom_v1_RefusalReason_REFUSAL_REASON_UNKNOWN_SOURCE));
  EXPECT_FALSE(sender_->wants().has_value());
  see();
  pass(11s);
  const Seen probe = see();
  ASSERT_EQ(seqs_of(probe.sent), (std::vector<std::uint64_t>{1}));
  answer(probe.sent[0]);
  const Seen rest = see();
  EXPECT_EQ(rest.proven.size(), 1U);
  EXPECT_EQ(seqs_of(rest.sent), (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(sender_->state(), SenderState::kSending);
}

TEST_F(SenderTest, SkipTo_GivesUpWhatIsInFlight) {
  sender_->connected(now_);
  offer();
  const Seen sent = see();
  acknowledge(refusal(sent.sent[0],
                      strongroom_v1_RefusalReason_REFUSAL_REASON_EQUIVOCATION));
  const Seen refused = see();
  ASSERT_EQ(refused.refused.size(), 1U);
  EXPECT_EQ(refused.refused[0].at, 1U);
  sender_->skip_to(7, now_);
  EXPECT_EQ(sender_->wants(), Position{7});
  EXPECT_EQ(sender_->in_flight(), 0U);
  EXPECT_EQ(sender_->state(), SenderState::kIdle);
}

TEST_F(SenderTest, Fork_IsRefuted_AndNeverDelivered) {
  sender_->connected(now_);
  offer();
  const Bytes first = see().sent[0];
  answer(first);
  offer();
  const Bytes second = see().sent[0];
  // Another history, signed with the same key: it holds the second batch, and
  // not the first at its place.
  TestLog fork(origin_.text());
  fork.append_entry({0x01, 0xff});
  fork.append_entry({0x01, 0xfe});
  fork.append_entry({0x01, 0xfd});
  BatchView view = *decode_batch(second);
  TestBatch batch;
  batch.header = *decode_header(view.header_bytes);
  batch.cut.header.assign(view.header_bytes.begin(), view.header_bytes.end());
  batch.cut.signature = view.signature;
  for (const ByteView event : view.events) {
    batch.events.emplace_back(event.begin(), event.end());
  }
  const std::uint64_t index = fork.append(batch);
  for (const std::uint64_t from : {std::uint64_t{3}, std::uint64_t{0}}) {
    Held held{index,
              fork.range(index, 3),
              sign_checkpoint(fork.checkpoint(), *log_key_),
              from,
              fork.consistency(from)};
    Ack ack = refusal(second, {});
    ack.outcome = held;
    acknowledge(ack);
  }
  const Seen seen = see();
  EXPECT_TRUE(seen.proven.empty());
  ASSERT_EQ(seen.suspicions.size(), 1U) << "from size 0 is not what we hold";
  EXPECT_EQ(seen.suspicions[0].kind,
            strongroom_v1_FindingKind_FINDING_KIND_CHECKPOINT_INCONSISTENT);
  EXPECT_EQ(sender_->base(), 3U);
}

TEST_F(SenderTest, AckOfAnotherSourceOrStream_IsIgnored) {
  sender_->connected(now_);
  offer();
  Ack ack = ledger_.take(see().sent[0]);
  ack.source.agent = "edge-2";
  acknowledge(ack);
  ack.source.agent = "edge-1";
  ack.stream = Stream::kTelemetry;
  acknowledge(ack);
  EXPECT_TRUE(see().proven.empty());
  EXPECT_EQ(sender_->counters().ignored, 2U);
}

TEST_F(SenderTest, Restart_ContinuesFromTheJournalsCheckpoint) {
  sender_->connected(now_);
  offer();
  answer(see().sent[0]);
  const std::string held = sender_->held_note();
  make_sender(3, held);
  sender_->connected(now_);
  offer();
  const Bytes sent = see().sent[0];
  EXPECT_EQ(decode_batch(sent)->held_checkpoint, held);
  answer(sent);
  EXPECT_EQ(see().proven.size(), 1U);
}

}  // namespace
}  // namespace strongroom::testing_agent
