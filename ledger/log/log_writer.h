// SPDX-License-Identifier: Apache-2.0
// The single writer of all logs. A turn stages batches and commits them
// together, in steps whose order is the ledger's promise:
//
//   1. sealed disclosures are durable
//   2. entries, full tiles and chain heads are durable, in one transaction
//   3. the new rows are read again over another connection and re-hashed; what
//      they hash to must be the tree in memory
//   4. the new checkpoints are signed
//   5. the guard takes them, if it holds what was signed before (durable)
//   6. they are published; only now may acks go out
//
// Stopped after 2, the next start finds entries beyond the guard's checkpoint,
// verifies them again and goes on with 4. Stopped after 5, the guard's note is
// what the next start publishes. A fault in any step leaves the state unknown:
// the caller stops the program. A log whose stored bytes contradict its tree or
// the guard is frozen: it signs nothing more, the other logs go on. A guard
// that is older than the database (put back) freezes all of them until the
// right one is there again.
//
// A log that was closed for a successor is read only: it is served under the
// newest note that its tree matches, and never signs again.
//
// Called on the ledger's loop thread alone.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "core/crypto/signature.h"
#include "core/log/checkpoint.h"
#include "ledger/log/publication.h"
#include "ledger/log/subtrees.h"
#include "ledger/store/ledger_reader.h"
#include "ledger/store/ledger_store.h"

namespace strongroom {

/// What became of prune().
struct Pruning {
  std::uint64_t pruned_to = 0;
  /// Why it went no further: what would have gone is not what the tree says, or
  /// the log is frozen. Empty: it is as far as it was asked for, or will be
  /// after more calls.
  std::string refused;
  std::optional<std::uint64_t> bad_index;  // of the entry, when it is one
};

/// A batch that was judged and shall be appended.
struct NewBatch {
  std::string source;
  std::uint64_t epoch = 0;
  std::uint64_t first_seq = 0;
  std::span<const ByteView> events;
  std::span<const Hash> leaves;  // of the events' entries
  Bytes header_entry;
};

class LogWriter {
 public:
  struct Parts {
    LedgerStore& store;
    Guard& guard;
    LedgerReader& reader;  // its own connection: step 3
    const Signer& signer;  // the log key
    Publication& publication;
  };

  /// Reads every log, compares it with the guard, signs what was committed
  /// and not signed, publishes. Faults: the databases cannot be read or
  /// written; the guard is another ledger's. A log that does not agree with the
  /// guard is frozen, no fault.
  static Result<std::unique_ptr<LogWriter>> open(std::string ledger,
                                                 Parts parts);
  ~LogWriter();

  /// A new, empty log with a signed checkpoint of size 0.
  Result<LogId> add_log(const Origin& origin);

  /// Closes a log at the end of one of its batches (or at 0) and begins its
  /// successor: empty, with a signed checkpoint of size 0. Everything of the
  /// succession's first batches is then appended and committed by one commit().
  /// Nothing may be staged. Faults: as LedgerStore::succeed_log(), and the
  /// guard's. Stopped on the way, the next open() goes on with an empty
  /// successor.
  Result<LogId> succeed(LogId log_id,
                        std::uint64_t closed_at,
                        std::vector<ChainRow> chains,
                        std::vector<LossRow> losses);
  /// A successor that is still empty: nothing may come before its first batch,
  /// which says what it succeeds. append() does not ask; who takes the batches
  /// of others must.
  bool awaits_succession(LogId log_id) const;

  /// Deletes events of a telemetry log below `to_index` (a multiple of the tile
  /// width, not beyond the signed size), about `max_batches` a call, one tile
  /// at least, and moves pruned_to. What goes is hashed before: its leaves must
  /// be what the tiles say under the signed root, for these are all that is
  /// left of it then. Nothing may be staged. Faults: the store's.
  Result<Pruning> prune(LogId log_id,
                        std::uint64_t to_index,
                        std::size_t max_batches);

  /// Stages a batch and returns the index of its first event.
  std::uint64_t append(LogId log_id, const NewBatch& batch);
  /// Rows that go with the staged batches: chains, losses, findings.
  CommitRows& rows() { return rows_; }
  std::vector<DisclosureRow>& disclosures() { return disclosures_; }
  bool staged() const { return !rows_.empty(); }
  /// Steps 1 to 6. Nothing staged: returns at once.
  Result<void> commit();

  /// Signs nothing more in this log, from now on and after a restart.
  /// `shown_note`: the note under our key that contradicts it, if there is one.
  Result<void> freeze(LogId log_id,
                      const std::string& why,
                      const std::string& shown_note = {});

  /// The newest generation. Nothing when there is no such log.
  std::optional<LogId> find(const std::string& site, Stream stream) const;
  std::vector<LogId> ids() const;
  const Origin& origin(LogId log_id) const;
  /// Empty while the log signs; a closed log says what it was frozen for, or by
  /// what it was succeeded.
  const std::string& frozen(LogId log_id) const;
  /// So many entries count, when a successor goes on from here.
  std::optional<std::uint64_t> closed_at(LogId log_id) const;
  /// Entries below it, headers excepted, were pruned.
  std::uint64_t pruned_to(LogId log_id) const;
  /// Entries in the tree, staged ones included.
  std::uint64_t size(LogId log_id) const;
  const Checkpoint& signed_checkpoint(LogId log_id) const;
  const std::string& note(LogId log_id) const;
  /// Proofs up to the signed size; nothing may be staged.
  Subtrees& subtrees(LogId log_id);
  /// Origins that the guard knows and the database does not: it was restored
  /// from before they were made.
  const std::vector<std::string>& missing_logs() const { return missing_; }
  /// Called once for every log that freezes while the program runs.
  void on_freeze(std::function<void(LogId, const std::string&)> report) {
    on_freeze_ = std::move(report);
  }

 private:
  struct Log;

  LogWriter(std::string ledger, Parts parts);
  using Notes = std::map<std::string, std::string>;  // by origin
  Result<std::string> put_back(const std::vector<LogRow>& rows,
                               const Notes& guarded);
  Result<void> restore(Log& log,
                       const std::string& guarded_note,
                       const std::string& put_back);
  Result<void> verify_start(Log& log, const std::string& guarded_note);
  Result<void> restore_closed(Log& log, const std::string& guarded_note);
  std::optional<Checkpoint> own_checkpoint(const std::string& note,
                                           const Origin& origin) const;
  void take_missing(const Notes& missing);
  Result<bool> reads_back(Log& log);
  static Result<Bytes> sound_tile(Log& log,
                                  LedgerReader& reader,
                                  std::uint64_t number);
  Result<std::uint64_t> sound_to(Log& log,
                                 std::uint64_t to_index,
                                 std::size_t max_batches,
                                 Pruning& pruning);
  Result<void> sign(const std::vector<Log*>& logs);
  void publish(Log& log);
  Log& at(LogId log_id) const;

  std::string ledger_;
  Parts parts_;
  Trust trust_;
  std::map<LogId, std::unique_ptr<Log>> logs_;
  std::vector<std::string> missing_;
  CommitRows rows_;
  std::vector<DisclosureRow> disclosures_;
  std::function<void(LogId, const std::string&)> on_freeze_;
};

}  // namespace strongroom
