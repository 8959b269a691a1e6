// SPDX-License-Identifier: Apache-2.0
// What is true of the agents' journals, kept apart from what their programs
// believe: every row that one ever held, everything that an agent was told. The
// disk's wrapper tells it; it finds fault.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/journal/journal.h"
#include "tests/simulation/log_truth.h"

namespace strongroom::simulation {

/// Which event: unlike events have unlike hashes.
struct Identity {
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  Hash hash{};  // SHA-256 of its bytes
  friend auto operator<=>(const Identity&, const Identity&) = default;
};

/// An event as somebody keeps it.
struct Fact {
  Identity own;
  std::optional<Identity> salvaged;  // it is a copy of that one
  pb_size_t body = 0;
  strongroom_v1_FindingKind finding{};  // where it is one
  Hash prev_hash{};
  Hash leaf{};
  /// What a salvaged copy must share with its first form: body and occurred.
  std::uint64_t content = 0;

  /// The first form's identity.
  const Identity& first() const { return salvaged ? *salvaged : own; }
};
/// The event must be one of ours.
Fact fact_of(ByteView event);

/// What one journal holds, told by its commits. Copied with the disk's image.
struct Life {
  std::array<std::vector<Fact>, 2> rows;  // by slot; [position - 1]
  std::array<Position, 2> delivered{};
  std::array<Position, 2> pruned{};  // up to here nothing is kept
  std::array<std::optional<Checkpoint>, 2> beliefs;
  std::vector<Loss> losses;
  std::array<std::map<std::uint64_t, EpochRow>, 2> stopped;  // by epoch
  std::uint64_t last_transaction = 0;

  /// It stands in a part of an epoch that the ledger refused.
  bool is_stopped(Stream stream, const Identity& what) const;
};

/// What an agent was told to be held.
struct Told {
  Source source;
  Stream stream = Stream::kRecord;
  std::string origin;
  std::uint64_t index = 0;
  Fact fact;
};

class Truth {
 public:
  Truth(LogTruth& logs, Trace& trace) : logs_(logs), trace_(trace) {}

  /// A commit that stands, whatever the journal said.
  void journalled(Life& life,
                  const Source& source,
                  const JournalTransaction& turn);
  /// A start reads back exactly what was committed.
  void opened(const Life& life,
              const Source& source,
              const JournalState& state);

  const std::vector<Told>& told() const { return told_; }
  /// Events that were given up, of all journals.
  std::uint64_t losses() const { return losses_; }

 private:
  void believe(Life& life, const Source& source, const Delivery& delivery);

  LogTruth& logs_;
  Trace& trace_;
  std::vector<Told> told_;
  std::uint64_t losses_ = 0;
};

}  // namespace strongroom::simulation
