// SPDX-License-Identifier: Apache-2.0
// fsck of one log: whether it begins where its predecessor ends, and ends where
// it was closed.
#include <algorithm>

#include "core/log/tile.h"
#include "ledger/check/log_check.h"

namespace strongroom {

/// `log succeeded` and `chain resumed` count from the ledger's own source,
/// before anybody else has written.
void LogCheck::take_succession(const Batch& batch,
                               std::uint64_t index,
                               const EventMessage& event) {
  if (log_.origin.generation < 2 || !batch.header.source.is_console()) {
    return;
  }
  if (event.which_body == strongroom_v1_Event_log_succeeded_tag &&
      !succeeded_) {
    succeeded_ = event.body.log_succeeded;
    if (index != 1) {
      flaw(index, "says what the log succeeds, which only index 1 may");
    }
    return;
  }
  if (event.which_body != strongroom_v1_Event_chain_resumed_tag ||
      !succeeded_ || resumed_.size() >= succeeded_->chain_count) {
    return;
  }
  const auto& said = event.body.chain_resumed;
  const ChainKey key{said.source, said.epoch};
  if (!resumed_.try_emplace(key, said).second) {
    flaw(index, "resumes a chain a second time");
    return;
  }
  DerivedChain chain{.next_seq = said.next_seq, .closed = said.closed};
  std::ranges::copy(said.head, chain.head.begin());
  if (before_ != nullptr) {
    const auto kept = before_->chains.find(key);
    if (kept == before_->chains.end() ||
        kept->second.next_seq != chain.next_seq ||
        kept->second.closed != chain.closed ||
        (kept->second.head_known && kept->second.head != chain.head)) {
      flaw(index,
           "resumes " + key.first + " epoch " + std::to_string(key.second) +
               " where the predecessor does not end");
    } else {
      chain.newest_header = kept->second.newest_header;
      chain.key = kept->second.key;
    }
  }
  derived_[key] = std::move(chain);
}

void LogCheck::check_succession() {
  if (log_.origin.generation < 2) {
    return;
  }
  Origin before = log_.origin;
  --before.generation;
  if (before_ == nullptr) {
    flaw(std::nullopt, "there is no closed log " + before.text());
    return;
  }
  if (tree_.size() == 0) {
    return;  // interrupted: the next `strongroom recover` goes on
  }
  if (!succeeded_) {
    flaw(1, "does not say what the log succeeds");
    return;
  }
  Hash root{};
  std::ranges::copy(succeeded_->frozen_root, root.begin());
  if (succeeded_->predecessor != before.text() ||
      succeeded_->frozen_size != before_->size || root != before_->root) {
    flaw(1,
         "quotes a tree that " + before.text() + " does not have: size " +
             std::to_string(succeeded_->frozen_size) + " of " +
             succeeded_->predecessor);
  }
  check_resumed();
}

/// Every chain of an agent goes on.
void LogCheck::check_resumed() {
  if (resumed_.size() != succeeded_->chain_count) {
    flaw(1,
         "promises " + std::to_string(succeeded_->chain_count) +
             " resumed chains, there are " + std::to_string(resumed_.size()));
  }
  for (const auto& [key, chain] : before_->chains) {
    const auto source = Source::parse(key.first);
    if (source && !source->is_console() && !resumed_.contains(key)) {
      flaw(1,
           "does not resume " + key.first + " epoch " +
               std::to_string(key.second));
    }
  }
}

/// Where the log ends, and how far it was pruned.
void LogCheck::check_extent() {
  if (log_.closed_at && *log_.closed_at != tree_.size()) {
    flaw(std::nullopt,
         "is closed at " + std::to_string(*log_.closed_at) + " and ends at " +
             std::to_string(tree_.size()));
  }
  if (log_.pruned_to == 0) {
    return;
  }
  if (log_.origin.stream != Stream::kTelemetry) {
    flaw(std::nullopt, "is marked as pruned; only telemetry is");
  } else if (log_.pruned_to % kTileWidth != 0) {
    flaw(std::nullopt,
         "is pruned to " + std::to_string(log_.pruned_to) +
             ", which is no end of a tile");
  }
}

}  // namespace strongroom
