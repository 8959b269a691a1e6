// SPDX-License-Identifier: Apache-2.0
// For tests: the ledger as DESIGN sections 6 and 9 have it, one stream of one
// source, in memory, over the naive log of core/event/test_log.h. It closes
// epochs, opens the gap of a loss that `record` announced, and has successors.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "agent/loop/follow_order.h"
#include "core/event/test_log.h"
#include "core/log/note.h"

namespace strongroom::testing_ledger {

class ModelLedger {
 public:
  ModelLedger(const Origin& origin,
              const Signer& log_key,
              const PublicKey& source_key)
      : origin_(origin),
        log_(origin.text()),
        log_key_(&log_key),
        source_key_(source_key) {}

  /// The log of the next generation: its predecessor counts up to the end of
  /// its first `batches` batches, and chains go on there.
  ModelLedger succeed(std::size_t batches) const {
    Origin next = origin_;
    ++next.generation;
    ModelLedger out(next, *log_key_, source_key_);
    out.losses_ = losses_;
    for (const auto& [epoch, chain] : chains_) {
      if (chain.resumed_at > 1) {
        out.chains_[epoch] = {.next_seq = chain.resumed_at,
                              .last_hash = chain.resumed_hash,
                              .resumed_at = chain.resumed_at,
                              .resumed_hash = chain.resumed_hash};
      }
    }
    batches = std::min(batches, log_.batches().size());
    for (std::size_t i = 0; i < batches; ++i) {
      const auto& batch = log_.batches()[i].batch;
      for (auto& [epoch, chain] : out.chains_) {
        chain.is_closed |= epoch != batch.header.epoch;
      }
      Chain& chain = out.chains_[batch.header.epoch];
      chain.next_seq = chain.resumed_at = batch.header.next_seq();
      chain.last_hash = chain.resumed_hash = sha256(batch.events.back());
    }
    return out;
  }
  /// What `strongroom recover` writes of the chains of this one.
  FollowOrder order(const Origin& predecessor) const {
    FollowOrder out;
    out.stream = origin_.stream;
    out.predecessor = predecessor;
    out.successor = origin_;
    out.succession = sha256(as_bytes("log succeeded"));
    out.first_person = "ann";
    out.second_person = "bob";
    for (const auto& [epoch, chain] : chains_) {
      out.chains.push_back(
          {epoch, chain.resumed_at, chain.resumed_hash, chain.is_closed});
    }
    return out;
  }

  /// `record` took `telemetry lost`.
  void add_loss(const strongroom_v1_TelemetryLost& body) {
    losses_[{body.epoch, body.from_seq}] = body;
  }
  /// Called with each event that is appended.
  std::function<void(const EventMessage&)> on_event;
  const Origin& origin() const { return origin_; }

  /// Remembers no previous ack.
  void restart() { previous_ack_.reset(); }

  /// The answer to a batch.
  Ack take(ByteView payload) {
    const BatchView batch = decode_batch(payload).value();
    const BatchHeader header = decode_header(batch.header_bytes).value();
    Ack ack{header.source,
            header.stream,
            header.epoch,
            header.first_seq,
            header.count,
            Refused{}};
    ack.outcome = judge(batch, header);
    return ack;
  }

  const testing_log::TestLog& log() const { return log_; }
  std::uint64_t appended() const { return appended_; }
  std::uint64_t next_seq(std::uint64_t epoch) const {
    const auto found = chains_.find(epoch);
    return found == chains_.end() ? 1 : found->second.next_seq;
  }
  /// Answers every batch so; for forced refusals.
  std::optional<Refused> refuse_all;

 private:
  struct Chain {
    std::uint64_t next_seq = 1;
    Hash last_hash{};
    std::map<std::uint64_t, std::pair<Bytes, std::uint64_t>> placed;
    std::optional<SignedHeader> newest;
    bool is_closed = false;
    std::uint64_t resumed_at = 1;
    Hash resumed_hash{};
  };

  static Refused refused(strongroom_v1_RefusalReason reason,
                         std::uint64_t expected = 0) {
    return Refused{reason, expected, std::nullopt};
  }

  std::variant<Held, Refused> judge(const BatchView& batch,
                                    const BatchHeader& header) {
    if (refuse_all) {
      return *refuse_all;
    }
    if (!verify_ed25519(source_key_,
                        batch_signing_input(batch.header_bytes),
                        batch.signature)) {
      return refused(strongroom_v1_RefusalReason_REFUSAL_REASON_SIGNATURE);
    }
    std::vector<Hash> leaves;
    if (const auto flaw = find_flaw(header, batch.events, leaves)) {
      return refused(flaw->reason);
    }
    if (batch.resync && !batch.held_checkpoint.empty() &&
        origin_of(batch.held_checkpoint) != origin_.text()) {
      return refused(strongroom_v1_RefusalReason_REFUSAL_REASON_SUCCEEDED);
    }
    Chain& chain = chains_[header.epoch];
    pass_losses(header.epoch, chain);
    const Bytes bytes(batch.header_bytes.begin(), batch.header_bytes.end());
    const auto held = chain.placed.find(header.first_seq);
    if (held != chain.placed.end() && held->second.first == bytes) {
      return prove(batch, header, held->second.second);
    }
    if (header.first_seq < chain.resumed_at) {
      return refused(strongroom_v1_RefusalReason_REFUSAL_REASON_GAP,
                     chain.next_seq);
    }
    if (chain.is_closed) {
      Refused answer =
          refused(strongroom_v1_RefusalReason_REFUSAL_REASON_EPOCH_CLOSED);
      answer.newest = chain.newest;
      return answer;
    }
    if (header.first_seq > chain.next_seq) {
      return refused(strongroom_v1_RefusalReason_REFUSAL_REASON_GAP,
                     chain.next_seq);
    }
    if (header.first_seq < chain.next_seq) {
      Refused answer =
          refused(strongroom_v1_RefusalReason_REFUSAL_REASON_EQUIVOCATION,
                  chain.next_seq);
      answer.newest = chain.newest;
      return answer;
    }
    if (header.first_prev_hash != chain.last_hash) {
      return refused(strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN);
    }
    if (!batch.resync && !previous_ack_) {
      return refused(strongroom_v1_RefusalReason_REFUSAL_REASON_RESYNC);
    }
    return append(batch, header, chain);
  }

  std::variant<Held, Refused> append(const BatchView& batch,
                                     const BatchHeader& header,
                                     Chain& chain) {
    testing_log::TestBatch whole;
    whole.header = header;
    whole.cut.header.assign(batch.header_bytes.begin(),
                            batch.header_bytes.end());
    whole.cut.signature = batch.signature;
    for (const ByteView event : batch.events) {
      whole.events.emplace_back(event.begin(), event.end());
    }
    const std::uint64_t index = log_.append(whole);
    for (auto& [epoch, other] : chains_) {
      other.is_closed |= epoch != header.epoch && other.next_seq > 1;
    }
    chain.placed[header.first_seq] = {whole.cut.header, index};
    chain.next_seq = header.next_seq();
    chain.last_hash = sha256(whole.events.back());
    chain.newest = whole.cut;
    appended_ += header.count;
    if (on_event) {
      for (const Bytes& event : whole.events) {
        on_event(*decode_event(event));
      }
    }
    return prove(batch, header, index);
  }

  std::variant<Held, Refused> prove(const BatchView& batch,
                                    const BatchHeader& header,
                                    std::uint64_t index) {
    if (batch.resync) {
      previous_ack_ =
          batch.held_checkpoint.empty() ? 0 : size_of(batch.held_checkpoint);
    }
    if (!previous_ack_) {
      return refused(strongroom_v1_RefusalReason_REFUSAL_REASON_RESYNC);
    }
    if (*previous_ack_ > log_.size()) {
      return refused(strongroom_v1_RefusalReason_REFUSAL_REASON_LOG_FROZEN);
    }
    Held held;
    held.first_index = index;
    held.range_proof = log_.range(index, header.count + 1);
    held.checkpoint = sign_checkpoint(log_.checkpoint(), *log_key_);
    held.from_size = *previous_ack_;
    held.consistency_proof = *previous_ack_ == log_.size()
                                 ? Path{}
                                 : log_.consistency(*previous_ack_);
    previous_ack_ = log_.size();
    return held;
  }

  void pass_losses(std::uint64_t epoch, Chain& chain) {
    while (true) {
      const auto loss = losses_.find({epoch, chain.next_seq});
      if (loss == losses_.end() ||
          !std::ranges::equal(loss->second.hash_before_from, chain.last_hash)) {
        return;
      }
      chain.next_seq = loss->second.to_seq + 1;
      std::ranges::copy(loss->second.hash_of_to, chain.last_hash.begin());
    }
  }

  static std::string origin_of(std::string_view note) {
    return Checkpoint::parse(Note::parse(note).value().text).value().origin;
  }
  static std::uint64_t size_of(std::string_view note) {
    return Checkpoint::parse(Note::parse(note).value().text).value().size;
  }

  Origin origin_;
  testing_log::TestLog log_;
  const Signer* log_key_;
  PublicKey source_key_;
  std::map<std::uint64_t, Chain> chains_;
  std::map<std::pair<std::uint64_t, std::uint64_t>,
           strongroom_v1_TelemetryLost>
      losses_;  // by epoch and first seq
  std::optional<std::uint64_t> previous_ack_;
  std::uint64_t appended_ = 0;
};

}  // namespace strongroom::testing_ledger
