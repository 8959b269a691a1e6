// SPDX-License-Identifier: Apache-2.0
// From what is found to what will be done. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "ledger/recover/survey.h"

namespace strongroom {

/// One log that ends, and the empty one that goes on from there.
struct SuccessionStep {
  Origin origin;
  bool is_missing = false;  // its row is made first, as empty as it is
  std::uint64_t closed_at = 0;
  Origin successor;
};

/// What happens to the newest log of a site and stream.
struct LogPlan {
  Origin predecessor;  // the newest generation that anybody knows
  Origin successor;
  std::string why;
  /// In order. More than one when the database is from before an earlier
  /// recovery; none when that one was interrupted and its rows are there.
  std::vector<SuccessionStep> steps;

  // What the successor says of its predecessor, and the report.
  std::uint64_t frozen_size = 0;
  Hash frozen_root{};
  std::uint64_t signed_size = 0;
  Hash signed_root{};
  /// The checkpoint under which the part that is kept stays provable; size 0:
  /// none.
  std::uint64_t provable_size = 0;
  std::string flaw;
};

/// A log that needs `strongroom repair`, and no successor.
struct LeftAlone {
  Origin origin;
  std::string why;  // and what to do
};

struct RecoveryPlan {
  std::vector<LogPlan> logs;  // registry first
  std::vector<LeftAlone> left_alone;
  std::vector<Origin> succeeded;   // newest logs that are successors already
  std::vector<std::string> sites;  // that anybody knows, but the ledger's own
};

/// Why nothing can be done as it was asked for.
struct PlanRefused {
  std::string what;
};

/// What is wrong with the newest log of its line; empty: nothing.
std::string trouble_of(const SurveyedLog& log);

/// What `strongroom repair` can do about it.
enum class Mending {
  kNone,   // nothing: it needs a successor, or nothing is wrong
  kTiles,  // everything: the entries give the signed root
  kBytes,  // everything, if a backup has the bytes that are damaged
};
Mending mending_of(const SurveyedLog& log);

/// `chosen`: origins; empty: every log that needs it. Left alone are logs that
/// `strongroom repair` mends; of these, one with damaged entries ends all the
/// same when it is chosen. Refused: a chosen one is not the newest of its line,
/// has no trouble, or only damaged tiles; the registry is in trouble and not
/// chosen; a generation is the last that a number can hold.
std::variant<RecoveryPlan, PlanRefused> plan_recovery(
    const std::vector<SurveyedLog>& logs,
    const std::vector<std::string>& chosen);

}  // namespace strongroom
