// SPDX-License-Identifier: Apache-2.0
// A life of an agent's journal, step by step, with what must stand after each
// step: the truth that a rebuilt disk is held against.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/journal/journal_test_util.h"
#include "tests/support/power_cut_disk.h"

namespace strongroom::powercut {

/// What a journal holds, as those were told who gave it.
struct JournalTruth {
  struct OfStream {
    std::vector<Bytes> events;  // position 1 is the first
    std::vector<EpochRow> epochs;
    std::map<Position, CutBatch> batches;
    Position delivered = 0;
    Position pruned = 0;
    std::string held_origin;
    std::string held_checkpoint;
  };
  std::array<OfStream, 2> streams;
  std::map<std::string, DescriptionRow> descriptions;
  std::vector<Loss> losses;
  std::uint64_t last_transaction = 0;

  void apply(const JournalTransaction& turn);
  /// So many events went, oldest first, besides those that were lost before.
  void prune(Stream stream, std::uint64_t events);
  bool is_lost(Stream stream, Position at) const;
};

/// Nothing, when that is what the journal holds; else the first difference.
std::optional<std::string> difference(const JournalTruth& truth,
                                      OpenedJournal& opened);

/// One thing that the program asked of its journal.
struct Step {
  std::size_t begun = 0;                   // the disk's operations before it
  std::size_t told = 0;                    // and when it had returned
  std::optional<JournalTransaction> turn;  // of a commit
  std::string what;
};

class JournalLife {
 public:
  /// At `path`, which is on the disk. Recording begins before the file is
  /// there.
  JournalLife(std::filesystem::path path, PowerCutDisk& disk);
  ~JournalLife();

  /// Opens, takes so many turns, closes: epochs, events in both streams, cuts,
  /// deliveries, a stopped epoch that is salvaged, losses, a successor that is
  /// followed, descriptions, pruning, checkpoints of the WAL, reopening.
  void live(int turns);
  /// What stands now is where steps and truths begin; the disk is settled.
  void begin_here();

  const std::vector<Step>& steps() const { return steps_; }
  /// After steps()[i]; truths()[i] before it.
  const std::vector<JournalTruth>& truths() const { return truths_; }
  const PublicKey& key() const { return key_; }
  const Trust& trust() const { return trust_; }

 private:
  struct Chains;
  void open();
  void turn(int number);
  void commit(const std::string& what);
  void prune(Stream stream);
  void open_epoch(int number);
  void add_events(int number);
  void cut(Stream stream);
  void deliver(Stream stream);
  void lose();
  void salvage(bool to_the_end);
  void follow();
  void keep_house(int number);
  template <typename Work>
  void step(std::string what, Work work);

  std::filesystem::path path_;
  PowerCutDisk& disk_;
  std::optional<OpenedJournal> opened_;
  std::unique_ptr<testing_journal::Writer> writer_;
  std::unique_ptr<Chains> chains_;
  std::vector<Step> steps_;
  std::vector<JournalTruth> truths_;
  JournalTruth truth_;
  int next_turn_ = 0;
  PublicKey key_{};
  Trust trust_;
};

}  // namespace strongroom::powercut
