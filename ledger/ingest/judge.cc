// SPDX-License-Identifier: Apache-2.0
#include "ledger/ingest/judge.h"

#include <algorithm>

namespace strongroom {
namespace {

// A source with more revoked keys than this has them tried no more: a wrong
// signature must not cost a verification each.
constexpr std::size_t kMaxOldKeysTried = 4;

struct KeyFound {
  const SourceKey* valid = nullptr;
  bool outdated = false;  // signed, but by a key that no longer counts
};

KeyFound find_key(const BatchQuestion& question) {
  const Bytes input = batch_signing_input(question.batch.header_bytes);
  const auto& keys = question.source->keys;
  KeyFound found;
  std::vector<const SourceKey*> outdated;
  for (std::size_t rank = keys.size(); rank-- > 0;) {
    if (keys[rank].revoked || rank < question.newest_rank) {
      outdated.push_back(&keys[rank]);
    } else if (verify_ed25519(
                   keys[rank].key, input, question.batch.signature)) {
      found.valid = &keys[rank];
      return found;
    }
  }
  outdated.resize(std::min(outdated.size(), kMaxOldKeysTried));
  found.outdated = std::ranges::any_of(outdated, [&](const SourceKey* key) {
    return verify_ed25519(key->key, input, question.batch.signature);
  });
  return found;
}

bool same_header(const HeldBatch& held, const BatchView& batch) {
  return std::ranges::equal(held.header.header, batch.header_bytes);
}

class Judge {
 public:
  explicit Judge(const BatchQuestion& question) : question_(question) {
    if (question.chain != nullptr) {
      expected_ = question.chain->expected();
    }
  }

  Judgement decide() {
    if (auto refused = wrong_place()) {
      return *refused;
    }
    const std::uint64_t first = question_.header.first_seq;
    if (first < expected_.seq) {
      held_ = question_.held_at_first_seq();
    }
    // The same header under the same signature was verified when it came; a
    // key that was revoked since changes nothing about it.
    if (!held_ || !same_header(*held_, question_.batch) ||
        held_->header.signature != question_.batch.signature) {
      const KeyFound found = find_key(question_);
      if (found.valid == nullptr) {
        return found.outdated
                   ? refuse(reason::kRevoked,
                            "signed by a key that is revoked or was replaced")
                   : refuse(reason::kSignature,
                            "no valid key of the source signed it");
      }
      key_ = found.valid->key;
    }
    claim_ = question_.claim();
    if (claim_.kind == ClaimKind::kPredecessor) {
      return refuse(reason::kSucceeded,
                    "this log succeeds " + claim_.origin +
                        ", whose checkpoint the source holds");
    }
    if (auto found = contradiction_of(claim_, question_.topic)) {
      return LogContradicted{
          found->kind,
          std::move(found->why),
          refuse(reason::kLogFrozen, "our own signature contradicts the log")};
    }
    return by_position(first);
  }

 private:
  Refuse refuse(RefusalReason why, std::string what) const {
    Refuse refusal{.reason = why, .what = std::move(what)};
    if (question_.source != nullptr) {
      refusal.expected = expected_.seq;
      refusal.newest =
          question_.chain == nullptr ? std::nullopt : question_.chain->newest;
    }
    return refusal;
  }

  std::optional<Refuse> wrong_place() const {
    const BatchHeader& header = question_.header;
    if (header.source != question_.topic) {
      return refuse(reason::kStream,
                    "a batch of " + header.source.text() + " on the topic of " +
                        question_.topic.text());
    }
    if (header.stream == Stream::kRegistry || header.source.is_console() ||
        header.source.site == kCentralSite) {
      return refuse(reason::kStream, "only the ledger itself writes that");
    }
    if (question_.source == nullptr) {
      return refuse(reason::kUnknownSource, "not enrolled");
    }
    if (question_.log_frozen) {
      return refuse(reason::kLogFrozen, "the log signs nothing more");
    }
    return std::nullopt;
  }

  Judgement by_position(std::uint64_t first) {
    if (held_ && same_header(*held_, question_.batch)) {
      if (auto refused = no_ground()) {
        return *refused;
      }
      return AckAgain{*held_, restart_from()};
    }
    if (question_.chain != nullptr && first < question_.chain->resumed_from) {
      return refuse(reason::kGap,
                    "held by the predecessor; expected seq " +
                        std::to_string(expected_.seq));
    }
    if (question_.chain != nullptr && question_.chain->closed) {
      return refuse(reason::kEpochClosed,
                    "a later epoch of this source was opened");
    }
    if (first > expected_.seq) {
      return refuse(reason::kGap,
                    "expected seq " + std::to_string(expected_.seq));
    }
    if (first < expected_.seq) {
      return refuse(reason::kEquivocation,
                    "another event is held at seq " + std::to_string(first));
    }
    if (question_.header.first_prev_hash != expected_.prev_hash) {
      return refuse(reason::kChain,
                    "first_prev_hash is not the hash of the event before it");
    }
    return append();
  }

  /// An ack needs a tree that both sides know to start from.
  std::optional<Refuse> no_ground() const {
    if (!question_.batch.resync && !question_.acked) {
      return refuse(reason::kResync, "no previous ack is remembered");
    }
    if (question_.batch.resync && claim_.kind == ClaimKind::kForeign) {
      return refuse(reason::kMalformed,
                    "the held checkpoint is not one of this log");
    }
    return std::nullopt;
  }

  bool first_of_epoch() const {
    return question_.chain == nullptr || !question_.chain->begun();
  }

  std::optional<std::uint64_t> restart_from() const {
    return question_.batch.resync ? std::optional(claim_.size) : std::nullopt;
  }

  Judgement append() {
    if (auto refused = no_ground()) {
      return *refused;
    }
    if (first_of_epoch() && question_.epochs_spent) {
      return refuse(reason::kBusy, "too many epochs of late");
    }
    Append verdict{.key = key_,
                   .new_epoch = first_of_epoch(),
                   .restart_from = restart_from()};
    if (const auto flaw = find_flaw(
            question_.header, question_.batch.events, verdict.leaves)) {
      return refuse(flaw->reason, flaw->what);
    }
    return verdict;
  }

  const BatchQuestion& question_;
  ChainState::Expected expected_;
  std::optional<HeldBatch> held_;
  Claim claim_;
  PublicKey key_{};
};

}  // namespace

ChainState::Expected ChainState::expected() const {
  Expected next{next_seq, head};
  for (auto loss = losses.find(next.seq); loss != losses.end();
       loss = losses.find(next.seq)) {
    // A loss that quotes another chain, or runs backwards, opens nothing.
    if (loss->second.before_from != next.prev_hash ||
        loss->second.to_seq < next.seq) {
      break;
    }
    next = {loss->second.to_seq + 1, loss->second.of_to};
  }
  return next;
}

namespace {

/// Of a true note of ours that is not of this log.
ClaimKind of_another_log(const std::string& held, const std::string& own) {
  const auto of_note = Origin::parse(held);
  const auto of_log = Origin::parse(own);
  if (!of_note || !of_log || of_note->ledger != of_log->ledger ||
      of_note->site != of_log->site || of_note->stream != of_log->stream) {
    return ClaimKind::kForeign;
  }
  // A later generation was signed and is not here: the whole ledger is an
  // older copy.
  return of_note->generation < of_log->generation ? ClaimKind::kPredecessor
                                                  : ClaimKind::kBeyond;
}

}  // namespace

Claim judge_claim(
    std::string_view note,
    const Checkpoint& signed_now,
    const Trust& trust,
    const std::function<std::optional<Hash>(std::uint64_t)>& root_at) {
  if (note.empty()) {
    return {};
  }
  const auto held = open_checkpoint(note, trust);
  if (!held) {
    return {ClaimKind::kForeign, 0, {}};
  }
  if (held->origin != signed_now.origin) {
    return {of_another_log(held->origin, signed_now.origin),
            held->size,
            held->origin};
  }
  if (held->size > signed_now.size) {
    return {ClaimKind::kBeyond, held->size, held->origin};
  }
  const auto root = root_at(held->size);
  if (!root) {
    return {ClaimKind::kForeign, 0, {}};
  }
  return {*root == held->root ? ClaimKind::kAgrees : ClaimKind::kDiffers,
          held->size,
          held->origin};
}

std::optional<Contradiction> contradiction_of(const Claim& claim,
                                              const Source& who) {
  const std::string size = std::to_string(claim.size);
  if (claim.kind == ClaimKind::kBeyond) {
    return Contradiction{strongroom_v1_FindingKind_FINDING_KIND_LOG_ROLLED_BACK,
                         who.text() + " holds our checkpoint of " + size +
                             " entries of " + claim.origin +
                             ", which is more than this ledger has"};
  }
  if (claim.kind == ClaimKind::kDiffers) {
    return Contradiction{
        strongroom_v1_FindingKind_FINDING_KIND_SAME_TREE_OTHER_ROOT,
        who.text() + " holds our checkpoint of " + size +
            " entries with another root than this tree has"};
  }
  return std::nullopt;
}

Judgement judge(const BatchQuestion& question) {
  return Judge(question).decide();
}

}  // namespace strongroom
