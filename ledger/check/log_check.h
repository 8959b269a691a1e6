// SPDX-License-Identifier: Apache-2.0
// fsck of one log. Inside ledger/check only.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "core/event/batch.h"
#include "core/pack/key_history.h"
#include "ledger/check/check_ledger.h"
#include "ledger/store/ledger_reader.h"

namespace strongroom {

/// A chain as its batches make it.
struct DerivedChain {
  std::uint64_t next_seq = 1;
  Hash head{};
  Bytes newest_header;  // entry
  PublicKey key{};
  bool closed = false;
};
using ChainKey = std::pair<std::string, std::uint64_t>;  // source, epoch

/// What one log's entries say that another log's check needs.
struct CheckedFacts {
  KeyHistory keys;  // from the registry log, checked first
  /// Declared holes of telemetry chains, from record logs: where one begins
  /// (seq, prev_hash), and where it leads to.
  using Place = std::pair<std::uint64_t, Hash>;
  std::map<ChainKey, std::multimap<Place, Place>> losses;
};

class LogCheck {
 public:
  LogCheck(LedgerReader& reader, LogRow log, CheckedFacts& facts);

  /// Walks the log. `guarded`: the guard's checkpoint of it.
  void run(const std::optional<Checkpoint>& guarded,
           const std::vector<ChainRow>& chains);

  const CheckedLog& summary() const { return summary_; }
  const std::vector<LedgerFlaw>& flaws() const { return flaws_; }

 private:
  static constexpr std::size_t kMaxFlaws = 16;

  struct Batch {
    const BatchRow& row;
    std::vector<ByteView> entries;  // header last
    std::vector<Hash> leaves;
    BatchHeader header;
    Signature signature{};
    bool header_right = false;  // signed by a valid key, and of this log
    bool root_right = false;    // the events are those that it covers
    PublicKey key{};
  };

  void take(const BatchRow& row);
  bool read_header(Batch& batch);
  void find_key(Batch& batch);
  void check_events(Batch& batch);
  std::optional<std::size_t> broken_event(const Batch& batch) const;
  std::optional<Hash> quoted_next(const Batch& batch) const;
  void check_place(const Batch& batch);
  bool is_reached(const DerivedChain& chain, const BatchHeader& header) const;
  void take_facts(const Batch& batch);
  void grow(const Batch& batch);
  Hash settled_leaf(const Batch& batch,
                    std::size_t position,
                    std::uint64_t index);
  const Bytes& leaf_tile(std::uint64_t number);
  void check_tile(int level, std::uint64_t number, const Bytes& expected);
  void check_tiles_beyond();
  void check_guard(const std::optional<Checkpoint>& guarded);
  void check_chains(const std::vector<ChainRow>& rows);
  void flaw(std::optional<std::uint64_t> index, std::string what);

  LedgerReader& reader_;
  LogRow log_;
  CheckedFacts& facts_;
  CheckedLog summary_;
  std::vector<LedgerFlaw> flaws_;
  std::set<std::uint64_t> bad_;  // indices that were named
  std::map<ChainKey, DerivedChain> derived_;
  CompactTree tree_;
  std::vector<std::vector<Hash>> levels_;  // of tiles not yet full
  std::map<ChainKey, Hash> stored_heads_;  // of table chains
  std::optional<Checkpoint> guarded_;
  std::optional<Hash> guarded_root_;        // ours at the guard's size
  std::uint64_t tile_number_ = UINT64_MAX;  // of leaf_tile_
  Bytes leaf_tile_;
};

}  // namespace strongroom
