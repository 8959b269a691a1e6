// SPDX-License-Identifier: Apache-2.0
// fsck of one log. Inside ledger/check only.
#pragma once

#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "core/event/batch.h"
#include "core/pack/key_history.h"
#include "ledger/check/check_ledger.h"
#include "ledger/check/event_tables.h"
#include "ledger/store/ledger_reader.h"
#include "ledger/views/device_notes.h"

namespace strongroom {

/// A chain as its batches make it.
struct DerivedChain {
  std::uint64_t next_seq = 1;
  Hash head{};
  bool head_known = true;  // false: the last event was pruned
  Bytes newest_header;     // entry
  PublicKey key{};
  bool closed = false;
};
using ChainKey = std::pair<std::string, std::uint64_t>;  // source, epoch

/// What is kept of a log that was closed, for its successor's check.
struct KeptPart {
  std::uint64_t size = 0;
  Hash root{};
  std::map<ChainKey, DerivedChain> chains;
};

/// What one log's entries say that another log's check needs.
struct CheckedFacts {
  KeyHistory keys;  // from the registry log, checked first
  /// Declared holes of telemetry chains, from record logs: where one begins
  /// (seq, prev_hash), and where it leads to.
  using Place = std::pair<std::uint64_t, Hash>;
  std::map<ChainKey, std::multimap<Place, Place>> losses;
  /// What agents say of their devices, by source, over all generations.
  std::map<std::string, DeviceNotes> devices;
  std::map<std::string, KeptPart> kept;  // closed logs, by origin
};

/// The database's own word for what stands in the logs.
struct StoredTables {
  std::vector<ChainRow> chains;
  std::vector<LossRow> losses;
  std::vector<DeviceRow> devices;
};

class LogCheck {
 public:
  LogCheck(LedgerReader& reader, LogRow log, CheckedFacts& facts);

  /// Walks the log. `guarded`: the guard's checkpoint of it; `noted`: the one
  /// that the database holds.
  void run(const std::optional<Checkpoint>& guarded,
           const std::optional<Checkpoint>& noted,
           const StoredTables& stored);

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

  void take_stored(const StoredTables& stored);
  void take(const BatchRow& row);
  bool read_header(Batch& batch);
  void find_key(Batch& batch);
  void check_events(Batch& batch);
  bool contradicts_tile(const Batch& batch);
  void check_kept_events(const Batch& batch);
  std::optional<std::size_t> broken_event(const Batch& batch) const;
  std::optional<Hash> quoted_next(const Batch& batch) const;
  void check_place(const Batch& batch);
  bool is_reached(const DerivedChain& chain, const BatchHeader& header) const;
  void check_skip(const DerivedChain& chain, const BatchHeader& header);
  void take_facts(const Batch& batch);
  void take_fact(const Batch& batch,
                 std::uint64_t index,
                 const EventMessage& event);
  void take_loss(const Batch& batch, const EventMessage& event);
  void take_succession(const Batch& batch,
                       std::uint64_t index,
                       const EventMessage& event);
  void grow(const Batch& batch);
  Hash settled_leaf(const Batch& batch,
                    std::size_t position,
                    std::uint64_t index);
  const Bytes& leaf_tile(std::uint64_t number);
  void check_tile(int level, std::uint64_t number, const Bytes& expected);
  void check_tiles_beyond();
  void check_extent();
  void check_guard();
  void check_note();
  void check_succession();
  void check_resumed();
  void check_chains(const std::vector<ChainRow>& rows);
  void check_losses(const std::vector<LossRow>& rows);
  void check_event_tables(const std::vector<DeviceRow>& rows);
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
  std::set<std::tuple<std::string, std::uint64_t, std::uint64_t>>
      stored_losses_;  // source, epoch, from_seq
  EventTables tables_;
  std::optional<Checkpoint> guarded_;
  std::optional<Checkpoint> noted_;
  /// Our own roots at the sizes of both.
  std::map<std::uint64_t, std::optional<Hash>> roots_at_;
  const KeptPart* before_ = nullptr;  // of the log that this one succeeds
  std::optional<strongroom_v1_LogSucceeded> succeeded_;
  std::map<ChainKey, strongroom_v1_ChainResumed> resumed_;
  std::uint64_t tile_number_ = UINT64_MAX;  // of leaf_tile_
  Bytes leaf_tile_;
};

}  // namespace strongroom
