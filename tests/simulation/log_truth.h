// SPDX-License-Identifier: Apache-2.0
// What is true of the ledger's logs, kept apart from what its program believes:
// every leaf that a log ever held, every checkpoint that was ever signed. The
// disk's wrappers tell it; it finds fault.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/log/checkpoint.h"
#include "ledger/store/rows.h"
#include "tests/simulation/trace.h"

namespace strongroom::simulation {

/// One history of one log. More than one when a database was restored.
struct Lineage {
  std::vector<Hash> leaves;
  CompactTree tree;
  std::map<std::uint64_t, Hash> roots;  // at every commit

  void append(const Hash& leaf);
  /// It has so many entries or more, and that was the root of the first ones.
  bool holds(const Checkpoint& checkpoint) const;
};

/// How far each log was when an image of the database was taken.
struct LogImage {
  std::size_t lineage = 0;
  std::uint64_t size = 0;
  Checkpoint newest;
};
using LedgerImage = std::map<std::string, LogImage>;

class LogTruth {
 public:
  explicit LogTruth(Trace& trace) : trace_(trace) {}

  void log_is(LogId log_id, const std::string& origin);
  /// A commit that stands.
  void appended(const CommitRows& rows);
  const std::string& origin_of(LogId log_id) { return origins_[log_id]; }
  /// A note under the log key leaves the signer: it must be true.
  void signed_note(const std::string& note);
  /// The guard took it: only now may anybody see it.
  void guarded(const std::string& note);
  void published(const std::string& note);

  /// Its successor goes on from there: nothing more is signed in it.
  void closed(const std::string& origin, std::uint64_t at);
  bool was_succeeded(const std::string& origin) const {
    const auto found = logs_.find(origin);
    return found != logs_.end() && found->second.closed_at.has_value();
  }

  LedgerImage image() const;
  /// With the guard, nobody but the agents can tell.
  void restored(const LedgerImage& image, bool with_guard);
  bool was_restored() const { return restored_; }

  /// Entries of a log that stand in its database, as committed.
  const Lineage& current(const std::string& origin);
  const std::vector<Lineage>& lineages(const std::string& origin) {
    return logs_[origin].lineages;
  }
  std::uint64_t signatures() const { return signatures_; }
  /// In all logs as they stand now.
  std::uint64_t entries() const;

 private:
  struct LogHistory {
    std::vector<Lineage> lineages = std::vector<Lineage>(1);
    std::size_t now = 0;
    std::optional<std::uint64_t> closed_at;
    Checkpoint newest;  // that the guard took; size 0: none that matters
  };

  Trace& trace_;
  std::map<LogId, std::string> origins_;
  std::map<std::string, LogHistory> logs_;
  std::set<std::string> guarded_;
  bool restored_ = false;
  std::uint64_t signatures_ = 0;
};

}  // namespace strongroom::simulation
