// SPDX-License-Identifier: Apache-2.0
// The sender: every state and every input.
#include <fmt/format.h>

#include "agent/loop/names.h"
#include "agent/loop/sender_rig_test_util.h"

namespace strongroom::testing_agent {
namespace {

constexpr auto kFirstReason = strongroom_v1_RefusalReason_REFUSAL_REASON_GAP;
constexpr auto kLastReason =
    strongroom_v1_RefusalReason_REFUSAL_REASON_ALGORITHM;

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

}  // namespace
}  // namespace strongroom::testing_agent
