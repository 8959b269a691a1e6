// SPDX-License-Identifier: Apache-2.0
// For tests: a sender, a model of the ledger, and what the sender wants.
#pragma once

#include <gtest/gtest.h>
#include <memory>

#include "agent/loop/model_ledger_test_util.h"
#include "agent/loop/sender.h"

namespace strongroom::testing_agent {

using namespace std::chrono_literals;
using testing_ledger::ModelLedger;
using testing_log::test_signer;
using testing_log::TestBatch;
using testing_log::TestLog;
using testing_log::TestSource;

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

}  // namespace strongroom::testing_agent
