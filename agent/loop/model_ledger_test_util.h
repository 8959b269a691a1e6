// SPDX-License-Identifier: Apache-2.0
// For tests: the ledger as DESIGN section 6 has it, one stream of one source,
// in memory, over the naive log of core/event/test_log.h.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/event/test_log.h"
#include "core/log/note.h"

namespace strongroom::testing_ledger {

class ModelLedger {
 public:
  ModelLedger(const Origin& origin,
              const Signer& log_key,
              const PublicKey& source_key)
      : log_(origin.text()), log_key_(&log_key), source_key_(source_key) {}

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
    SignedHeader newest;
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
    Chain& chain = chains_[header.epoch];
    const Bytes bytes(batch.header_bytes.begin(), batch.header_bytes.end());
    const auto held = chain.placed.find(header.first_seq);
    if (held != chain.placed.end() && held->second.first == bytes) {
      return prove(batch, header, held->second.second);
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
    chain.placed[header.first_seq] = {whole.cut.header, index};
    chain.next_seq = header.next_seq();
    chain.last_hash = sha256(whole.events.back());
    chain.newest = whole.cut;
    appended_ += header.count;
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

  static std::uint64_t size_of(std::string_view note) {
    return Checkpoint::parse(Note::parse(note).value().text).value().size;
  }

  testing_log::TestLog log_;
  const Signer* log_key_;
  PublicKey source_key_;
  std::map<std::uint64_t, Chain> chains_;
  std::optional<std::uint64_t> previous_ack_;
  std::uint64_t appended_ = 0;
};

}  // namespace strongroom::testing_ledger
