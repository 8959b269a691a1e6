// SPDX-License-Identifier: Apache-2.0
// Where every chain of every source stands: in memory what the table `chains`
// holds on disk. Owned by the ledger's loop.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "ledger/ingest/hourly_count.h"
#include "ledger/ingest/judge.h"
#include "ledger/store/rows.h"

namespace strongroom {

/// The chains of one source in one log.
struct SourceChains {
  std::map<std::uint64_t, ChainState> epochs;
  std::optional<std::uint64_t> acked;  // tree size of the newest ack
  std::size_t newest_rank = 0;         // of the keys by which headers stand
  /// Batches of late, newest last: a resend is answered without the disk.
  std::vector<HeldBatch> recent;
  HourlyCount new_epochs;  // that replaced another one
  HourlyCount findings;    // that were shown

  const ChainState* find(std::uint64_t epoch) const;
  /// The recent batch of that epoch that begins at `first_seq`.
  std::optional<HeldBatch> recent_at(std::uint64_t epoch,
                                     std::uint64_t first_seq) const;
};

class Chains {
 public:
  /// Takes over the rows of the database.
  void load(const ChainRow& row);
  void load(const LossRow& row);

  SourceChains& of(LogId log_id, const Source& source) {
    return chains_[{log_id, source.text()}];
  }
  /// Null when nothing of the source is held in that log.
  const SourceChains* find(LogId log_id, const Source& source) const;

  /// A batch was appended: the chain of its epoch moves on, earlier epochs are
  /// closed. `head` is the hash of its last event.
  void advance(LogId log_id,
               const BatchHeader& header,
               const HeldBatch& batch,
               const PublicKey& key,
               const Hash& head);
  /// A source declared a loss. False: it is not remembered, because the chain
  /// is past it, is closed or nobody's, another one begins there, or there are
  /// too many that do not adjoin.
  bool add_loss(const LossRow& row);

  /// Rows of the chains that changed since the last call. `acked_size` is the
  /// tree size that their acks will be for.
  std::vector<ChainRow> take_changed(
      const std::function<std::uint64_t(LogId)>& acked_size);

 private:
  using Key = std::pair<LogId, std::string>;
  std::map<Key, SourceChains> chains_;
  std::set<std::pair<Key, std::uint64_t>> changed_;
};

}  // namespace strongroom
