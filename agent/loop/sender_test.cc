// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/sender.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/loop/model_ledger_test_util.h"
#include "agent/loop/names.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;
using testing_ledger::ModelLedger;
using testing_log::test_signer;
using testing_log::TestBatch;
using testing_log::TestLog;
using testing_log::TestSource;

constexpr auto kFirstReason = strongroom_v1_RefusalReason_REFUSAL_REASON_GAP;
constexpr auto kLastReason =
    strongroom_v1_RefusalReason_REFUSAL_REASON_ALGORITHM;

class SenderTest : public ::testing::Test {
 protected:
  SenderTest()
      : trust_{"ledger.example", {log_key_->public_key()}},
        ledger_(origin_, *log_key_, agent_key_->public_key()) {
    make_sender(1, "");
  }

  void make_sender(Position base, std::string held) {
    sender_ = std::make_unique<Sender>(Stream::kRecord,
                                       source_,
                                       origin_,
                                       trust_,
                                       base,
                                       std::move(held),
                                       [this] { return jitter_; });
  }

  OutBatch cut(std::size_t count = 2) {
    const TestBatch batch = events_.cut_boots(count, *agent_key_);
    OutBatch out{sender_->next(), batch.header, encode_batch(batch.view())};
    return out;
  }
  void offer(std::size_t count = 2) { sender_->offer(cut(count), now_); }

  // Sorts the effects since the last call.
  struct Seen {
    std::vector<Bytes> sent;
    std::vector<BatchProven> proven;
    std::vector<Suspicion> suspicions;
    std::vector<EpochRefused> refused;
  };
  Seen see() {
    Seen seen;
    for (SenderEffect& effect : sender_->take_effects()) {
      if (auto* sent = std::get_if<TransmitBatch>(&effect)) {
        seen.sent.push_back(std::move(sent->payload));
      } else if (auto* proven = std::get_if<BatchProven>(&effect)) {
        seen.proven.push_back(std::move(*proven));
      } else if (auto* suspicion = std::get_if<Suspicion>(&effect)) {
        seen.suspicions.push_back(std::move(*suspicion));
      } else if (auto* refused = std::get_if<EpochRefused>(&effect)) {
        seen.refused.push_back(std::move(*refused));
      }
    }
    return seen;
  }

  static bool is_resync(const Bytes& payload) {
    return decode_batch(payload)->resync;
  }
  static std::uint64_t seq_of(const Bytes& payload) {
    return decode_header(decode_batch(payload)->header_bytes)->first_seq;
  }
  static std::vector<std::uint64_t> seqs_of(const std::vector<Bytes>& sent) {
    std::vector<std::uint64_t> seqs;
    seqs.reserve(sent.size());
    for (const Bytes& payload : sent) {
      seqs.push_back(seq_of(payload));
    }
    return seqs;
  }
  Ack refusal(const Bytes& payload,
              strongroom_v1_RefusalReason reason,
              std::uint64_t expected = 0) {
    const auto header = *decode_header(decode_batch(payload)->header_bytes);
    return {header.source,
            header.stream,
            header.epoch,
            header.first_seq,
            header.count,
            Refused{reason, expected, std::nullopt}};
  }
  void acknowledge(const Ack& ack) { sender_->acknowledged(ack, now_); }
  MonoTime deadline() const {
    return sender_->deadline().value_or(MonoTime::max());
  }
  void answer(const Bytes& payload) { acknowledge(ledger_.take(payload)); }
  void pass(MonoTime time) {
    now_ += time;
    sender_->tick(now_);
  }

  const std::unique_ptr<Signer> log_key_ = test_signer(1);
  const std::unique_ptr<Signer> agent_key_ = test_signer(2);
  const Source source_{"edge-1", "bj1"};
  const Origin origin_{"ledger.example", "bj1", Stream::kRecord, 1};
  const Trust trust_;
  ModelLedger ledger_;
  TestSource events_{"edge-1@bj1", Stream::kRecord};
  double jitter_ = 0;
  MonoTime now_ = 100s;
  std::unique_ptr<Sender> sender_;
};

// --- every state and every input -------------------------------------------

enum class Input {
  kConnected,
  kDisconnected,
  kTimer,
  kOffer,
  kHeldOldest,
  kHeldLater,
  kHeldFromOtherSize,
  kHeldForged,
  kAckOfNothing,
  kRefusalOldest,  // with each reason
  kRefusalLater,
};

struct Outcome {
  SenderState state;
  std::size_t sent = 0;
  std::size_t proven = 0;
  std::size_t suspicions = 0;
  std::size_t refused = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Outcome& o) {
    return out << fmt::format("{} sent={} proven={} suspicions={} refused={}",
                              sender_state_name(o.state),
                              o.sent,
                              o.proven,
                              o.suspicions,
                              o.refused);
  }
};

struct Row {
  SenderState from;
  Input input;
  strongroom_v1_RefusalReason reason;
  Outcome expected;
};

// Two batches are in flight but in kIdle.
class SenderTable : public SenderTest,
                    public ::testing::WithParamInterface<Row> {
 protected:
  void bring_to(SenderState state) {
    sender_->connected(now_);
    if (state != SenderState::kIdle) {
      offer();
      offer();
    }
    sent_ = see().sent;
    if (state == SenderState::kOffline) {
      sender_->disconnected();
    }
    if (state == SenderState::kBlocked) {
      acknowledge(refusal(
          sent_[0], strongroom_v1_RefusalReason_REFUSAL_REASON_UNKNOWN_SOURCE));
      see();
    }
    ASSERT_EQ(sender_->state(), state);
  }

  // Batches of the same places, when nothing was sent.
  std::vector<Bytes> batches() {
    if (!sent_.empty()) {
      return sent_;
    }
    TestSource same("edge-1@bj1", Stream::kRecord);
    return {encode_batch(same.cut_boots(2, *agent_key_).view()),
            encode_batch(same.cut_boots(2, *agent_key_).view())};
  }

  Ack held(std::size_t which) {
    const auto all = batches();
    BatchView first = *decode_batch(all[0]);
    first.resync = true;
    const Ack oldest = ledger_.take(encode_batch(first));
    return which == 0 ? oldest : ledger_.take(all[1]);
  }

  void feed(Input input, strongroom_v1_RefusalReason reason) {
    switch (input) {
      case Input::kConnected:
        return sender_->connected(now_);
      case Input::kDisconnected:
        return sender_->disconnected();
      case Input::kTimer:
        return pass(11s);
      case Input::kOffer:
        if (sender_->wants()) {
          offer();
        }
        return;
      case Input::kHeldOldest:
        return acknowledge(held(0));
      case Input::kHeldLater:
        return acknowledge(held(1));
      case Input::kHeldFromOtherSize: {
        Ack ack = held(0);
        std::get<Held>(ack.outcome).from_size = 1;
        return acknowledge(ack);
      }
      case Input::kHeldForged: {
        Ack ack = held(0);
        const auto thief = test_signer(9);
        std::get<Held>(ack.outcome).checkpoint =
            sign_checkpoint(ledger_.log().checkpoint(), *thief);
        return acknowledge(ack);
      }
      case Input::kAckOfNothing: {
        Ack ack = held(0);
        ack.first_seq += 1000;
        return acknowledge(ack);
      }
      case Input::kRefusalOldest:
        return acknowledge(refusal(batches()[0], reason, 1));
      case Input::kRefusalLater:
        return acknowledge(refusal(batches()[1], reason, 1));
    }
  }

  std::vector<Bytes> sent_;
};

TEST_P(SenderTable, DoesWhatTheTableSays) {
  const Row& row = GetParam();
  bring_to(row.from);
  feed(row.input, row.reason);
  const Seen seen = see();
  EXPECT_EQ((Outcome{sender_->state(),
                     seen.sent.size(),
                     seen.proven.size(),
                     seen.suspicions.size(),
                     seen.refused.size()}),
            row.expected);
  // Whatever happened, only a proof moves the base.
  EXPECT_EQ(sender_->base(), seen.proven.empty() ? 1U : 3U);
  if (!seen.sent.empty() && row.input != Input::kOffer &&
      row.input != Input::kHeldOldest) {
    EXPECT_TRUE(is_resync(seen.sent[0])) << "a resend restarts the proofs";
  }
}

std::vector<Row> table() {
  using enum SenderState;
  constexpr strongroom_v1_RefusalReason kNone{};
  std::vector<Row> rows = {
      {kOffline, Input::kConnected, kNone, {kSending, 2}},
      {kOffline, Input::kDisconnected, kNone, {kOffline}},
      {kOffline, Input::kTimer, kNone, {kOffline}},
      {kOffline, Input::kOffer, kNone, {kOffline}},
      {kOffline, Input::kHeldOldest, kNone, {kOffline, 0, 1}},
      {kOffline, Input::kHeldLater, kNone, {kOffline}},
      {kOffline, Input::kHeldFromOtherSize, kNone, {kOffline}},
      {kOffline, Input::kHeldForged, kNone, {kOffline, 0, 0, 1}},
      {kOffline, Input::kAckOfNothing, kNone, {kOffline}},

      {kIdle, Input::kConnected, kNone, {kIdle}},
      {kIdle, Input::kDisconnected, kNone, {kOffline}},
      {kIdle, Input::kTimer, kNone, {kIdle}},
      {kIdle, Input::kOffer, kNone, {kSending, 1}},
      {kIdle, Input::kHeldOldest, kNone, {kIdle}},
      {kIdle, Input::kHeldLater, kNone, {kIdle}},
      {kIdle, Input::kHeldFromOtherSize, kNone, {kIdle}},
      {kIdle, Input::kHeldForged, kNone, {kIdle}},
      {kIdle, Input::kAckOfNothing, kNone, {kIdle}},

      {kSending, Input::kConnected, kNone, {kSending, 2}},
      {kSending, Input::kDisconnected, kNone, {kOffline}},
      {kSending, Input::kTimer, kNone, {kSending, 2}},
      {kSending, Input::kOffer, kNone, {kSending, 1}},
      {kSending, Input::kHeldOldest, kNone, {kSending, 0, 1}},
      {kSending, Input::kHeldLater, kNone, {kSending}},
      {kSending, Input::kHeldFromOtherSize, kNone, {kSending}},
      {kSending, Input::kHeldForged, kNone, {kSending, 0, 0, 1}},
      {kSending, Input::kAckOfNothing, kNone, {kSending}},

      {kBlocked, Input::kConnected, kNone, {kBlocked, 1}},
      {kBlocked, Input::kDisconnected, kNone, {kOffline}},
      {kBlocked, Input::kTimer, kNone, {kBlocked, 1}},
      {kBlocked, Input::kOffer, kNone, {kBlocked}},
      {kBlocked, Input::kHeldOldest, kNone, {kSending, 0, 1}},
      {kBlocked, Input::kHeldLater, kNone, {kBlocked}},
      {kBlocked, Input::kHeldFromOtherSize, kNone, {kBlocked}},
      {kBlocked, Input::kHeldForged, kNone, {kBlocked, 0, 0, 1}},
      {kBlocked, Input::kAckOfNothing, kNone, {kBlocked}},
  };
  for (int value = kFirstReason; value <= kLastReason; ++value) {
    const auto reason = static_cast<strongroom_v1_RefusalReason>(value);
    const bool goes_back =
        reason == strongroom_v1_RefusalReason_REFUSAL_REASON_GAP ||
        reason == strongroom_v1_RefusalReason_REFUSAL_REASON_RESYNC;
    const bool waits =
        reason == strongroom_v1_RefusalReason_REFUSAL_REASON_BUSY;
    const bool ends_epoch =
        reason >= strongroom_v1_RefusalReason_REFUSAL_REASON_SIGNATURE &&
        reason <= strongroom_v1_RefusalReason_REFUSAL_REASON_EPOCH_CLOSED;
    for (const SenderState state : {kOffline, kIdle, kSending, kBlocked}) {
      Outcome oldest{state};
      Outcome later{state};
      if (state != kIdle) {
        if (goes_back && state != kOffline) {
          oldest.sent = later.sent = state == kBlocked ? 1 : 2;
        } else if (!goes_back && !waits) {
          oldest.state = state == kOffline ? kOffline : kBlocked;
          oldest.suspicions = 1;
          oldest.refused = ends_epoch ? 1 : 0;
        }
      }
      rows.push_back({state, Input::kRefusalOldest, reason, oldest});
      rows.push_back({state, Input::kRefusalLater, reason, later});
    }
  }
  return rows;
}

INSTANTIATE_TEST_SUITE_P(All, SenderTable, ::testing::ValuesIn(table()));

// --- sequences --------------------------------------------------------------

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
}  // namespace strongroom
