// SPDX-License-Identifier: Apache-2.0
// Where every chain of every source stands: in memory what the table `chains`
// holds on disk. Owned by the ledger's loop.
#pragma once

#include <deque>
#include <functional>
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
  /// Epochs that are closed, the newest of them: of the others the log itself
  /// is asked when somebody speaks of one (Chains::recall).
  static constexpr std::size_t kClosedKept = 64;
  /// Epochs of which nothing is held but declared losses.
  static constexpr std::size_t kUnbegun = 64;

  std::map<std::uint64_t, ChainState> epochs;
  std::deque<std::uint64_t> closed;  // of `epochs`, oldest first
  bool more_closed = false;          // than those
  std::vector<PublicKey> keys;       // by which newest headers stand, at start
  std::optional<std::uint64_t> acked;  // tree size of the newest ack
  std::size_t newest_rank = 0;         // of the keys by which headers stand
  /// Batches of late, newest last: a resend is answered without the disk.
  std::vector<HeldBatch> recent;
  HourlyCount new_epochs;  // that replaced another one
  HourlyCount findings;    // that were shown
  HourlyCount suspicions;  // that were told

  const ChainState* find(std::uint64_t epoch) const;
  /// The epoch that is written now; null before the first one.
  const ChainState* open() const;
  /// The recent batch of that epoch that begins at `first_seq`.
  std::optional<HeldBatch> recent_at(std::uint64_t epoch,
                                     std::uint64_t first_seq) const;
};

class Chains {
 public:
  /// Takes over a row of the database. Of closed chains no more is kept than
  /// that there are some. `resumed_from` as in ChainState.
  void load(const ChainRow& row, std::uint64_t resumed_from);
  void load(const LossRow& row);
  /// A chain that the log was asked for: as closed as it is.
  void recall(LogId log_id,
              const Source& source,
              std::uint64_t epoch,
              ChainState chain);

  SourceChains& of(LogId log_id, const Source& source) {
    return chains_[{log_id, source.text()}];
  }
  /// Null when nothing of the source is held in that log.
  const SourceChains* find(LogId log_id, const Source& source) const;

  struct Advance {
    const HeldBatch& batch;
    const PublicKey& key;          // that signed it
    const Hash& head;              // hash of its last event
    std::int64_t recorded_us = 0;  // of its first event; 0: not known
  };
  /// A batch was appended: the chain of its epoch moves on, earlier epochs are
  /// closed.
  void advance(LogId log_id, const BatchHeader& header, const Advance& by);
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
  static void close(SourceChains& source,
                    std::uint64_t epoch,
                    std::int64_t closed_us);
  static void forget_oldest(SourceChains& source);
  std::map<Key, SourceChains> chains_;
  std::set<std::pair<Key, std::uint64_t>> changed_;
};

}  // namespace strongroom
