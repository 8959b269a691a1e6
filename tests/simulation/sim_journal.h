// SPDX-License-Identifier: Apache-2.0
// The agent's journal with everything that a disk does to it, and the truth
// told of each commit that stands.
#pragma once

#include <memory>

#include "agent/journal/journal.h"
#include "tests/simulation/truth.h"

namespace strongroom::simulation {

/// What an agent's disk does next.
struct AgentDisk {
  bool full = false;
  int errors_after = 0;  // so many commits stand and say that they do not
  int read_errors = 0;
  /// At the next commit that has something to commit.
  enum class Crash : std::uint8_t { kNone, kBefore, kAfter, kMidEffects };
  Crash crash = Crash::kNone;
  bool crashed = false;
};

class SimJournal final : public Journal {
 public:
  SimJournal(std::unique_ptr<Journal> real,
             AgentDisk& disk,
             Truth& truth,
             Life& life,
             Source source)
      : real_(std::move(real)),
        disk_(disk),
        truth_(truth),
        life_(life),
        source_(std::move(source)) {}

  JournalResult<void> commit(const JournalTransaction& turn) override;
  JournalResult<std::optional<CutBatch>> batch_at(Stream stream,
                                                  Position first) override;
  JournalResult<std::vector<Bytes>> events(Stream stream,
                                           Position first,
                                           std::size_t max_count,
                                           std::size_t max_bytes) override;
  JournalResult<std::uint64_t> prune(Stream stream, WallTime before) override;
  JournalUsage usage() const override { return real_->usage(); }
  void checkpoint() override { real_->checkpoint(); }

 private:
  std::unique_ptr<Journal> real_;
  AgentDisk& disk_;
  Truth& truth_;
  Life& life_;
  Source source_;
};

}  // namespace strongroom::simulation
