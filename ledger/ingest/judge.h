// SPDX-License-Identifier: Apache-2.0
// Decides what becomes of a batch (DESIGN section 6). Pure: everything that the
// decision rests on is a parameter.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/event/batch.h"
#include "core/log/checkpoint.h"
#include "ledger/ingest/reason.h"
#include "ledger/registry/key_registry.h"

namespace strongroom {

/// A hole that the source declared in its record stream.
struct DeclaredLoss {
  std::uint64_t to_seq = 0;
  Hash before_from{};
  Hash of_to{};
};

/// What is held of one (source, epoch) in one log.
struct ChainState {
  /// Declared losses that do not adjoin, ahead of the chain. An agent has at
  /// most a window of batches between two of them.
  static constexpr std::size_t kMaxLosses = 64;

  std::uint64_t next_seq = 1;
  Hash head{};  // prev_hash of the next event
  bool closed = false;
  /// Of a successor: events before it stand in the predecessor. 1: none does.
  std::uint64_t resumed_from = 1;
  std::optional<SignedHeader> newest;  // nothing: no batch is held
  PublicKey key{};                     // that signed it
  std::map<std::uint64_t, DeclaredLoss>
      losses;  // by the first seq that is lost

  /// A batch of it is held, here or in the predecessor.
  bool begun() const { return newest.has_value() || resumed_from > 1; }

  /// When its first event was recorded, and that of the epoch that closed it,
  /// by a clock that was known; 0: not known.
  std::int64_t opened_us = 0;
  std::int64_t closed_us = 0;
  // Found out of it and told already (suspicion.h).
  bool told_rolled_back = false;
  bool told_cloned = false;

  /// Where the next batch must begin: adjoining losses are skipped.
  struct Expected {
    std::uint64_t seq = 1;
    Hash prev_hash{};
  };
  Expected expected() const;
};

/// A batch that is held already.
struct HeldBatch {
  SignedHeader header;
  std::uint64_t first_index = 0;
  std::uint32_t count = 0;
};

/// What the held checkpoint of a batch says about our own tree.
enum class ClaimKind {
  kNone,         // no checkpoint is held
  kAgrees,       // ours, and our tree had that root at that size
  kForeign,      // not one of this log, or not signed by us
  kBeyond,       // signed by us, larger than our tree, or of a later generation
  kDiffers,      // signed by us, another root than our tree had at that size
  kPredecessor,  // signed by us, of a log that this one succeeds
};
struct Claim {
  ClaimKind kind = ClaimKind::kNone;
  std::uint64_t size = 0;
  std::string origin;  // of the log that it speaks of; empty: not signed by us
};

/// Judges the note that an agent holds. `root_at` is called for sizes up to
/// `signed_now.size` alone; nothing when our tree cannot be read.
Claim judge_claim(
    std::string_view note,
    const Checkpoint& signed_now,
    const Trust& trust,
    const std::function<std::optional<Hash>(std::uint64_t)>& root_at);

struct BatchQuestion {
  const Source& topic;  // whose topic the batch came in on
  const BatchView& batch;
  const BatchHeader& header;

  const RegisteredSource* source = nullptr;  // null: not enrolled
  bool log_frozen = false;
  const ChainState* chain = nullptr;  // null: nothing of this epoch is held
  /// Rank of the newest key by which a header stands in this (source, stream).
  std::size_t newest_rank = 0;
  /// Tree size of the previous ack to this (source, stream).
  std::optional<std::uint64_t> acked;
  /// The source has begun as many epochs of late as it may.
  bool epochs_spent = false;
  /// The held batch that begins at header.first_seq; asked only when the
  /// chain reaches beyond it.
  std::function<std::optional<HeldBatch>()> held_at_first_seq;
  /// Judges batch.held_checkpoint; asked only once a key of the source has
  /// signed the batch.
  std::function<Claim()> claim;
};

struct Append {
  PublicKey key{};           // that signed it
  std::vector<Hash> leaves;  // of the events
  bool new_epoch = false;
  /// Where consistency proofs start again; nothing: from the previous ack.
  std::optional<std::uint64_t> restart_from;
};
struct AckAgain {
  HeldBatch held;
  std::optional<std::uint64_t> restart_from;
};
struct Refuse {
  RefusalReason reason{};
  std::uint64_t expected = 0;
  std::optional<SignedHeader> newest;
  std::string what;
};
/// The agent holds our own signature on a tree that ours does not extend to:
/// this log must not sign again.
struct LogContradicted {
  strongroom_v1_FindingKind kind{};
  std::string why;
  Refuse refusal;
};
using Judgement = std::variant<Append, AckAgain, Refuse, LogContradicted>;

Judgement judge(const BatchQuestion& question);

/// What such a claim (kBeyond, kDiffers) says of the log, in words.
struct Contradiction {
  strongroom_v1_FindingKind kind{};
  std::string why;
};
std::optional<Contradiction> contradiction_of(const Claim& claim,
                                              const Source& who);

}  // namespace strongroom
