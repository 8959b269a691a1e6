// SPDX-License-Identifier: Apache-2.0
#include "ledger/recover/plan.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "ledger/log/repair_tiles.h"

namespace strongroom {
namespace {

using From = KnownCheckpoint::From;

/// The generations of one site and stream, oldest first.
using Line = std::vector<const SurveyedLog*>;

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

/// An earlier recovery made this log and did not come to its first batch.
bool is_interrupted(const Line& line) {
  const SurveyedLog& newest = *line.back();
  const KnownCheckpoint* largest = newest.largest();
  return newest.log_id && newest.origin.generation > 1 &&
         newest.frozen.empty() && newest.stored == 0 && line.size() > 1 &&
         line[line.size() - 2]->closed_at &&
         (largest == nullptr || largest->checkpoint.size == 0);
}

/// Where the log ends: at the newest checkpoint that it matches, so that
/// everything that is kept stays provable; without one nothing is kept, for
/// agents send again only what is not. A registry ends behind the last batch
/// that its source signed: it is said again and proven in its successor, and
/// nobody could send a revocation again.
void close(const SurveyedLog& log, LogPlan& plan) {
  const KnownCheckpoint* provable = log.provable();
  if (log.closed_at) {
    plan.frozen_size = *log.closed_at;
    plan.frozen_root = log.sound_root;
  } else if (log.origin.stream == Stream::kRegistry) {
    plan.frozen_size = log.signed_by_sources;
    plan.frozen_root = log.signed_by_sources_root;
  } else if (provable != nullptr) {
    plan.frozen_size = provable->checkpoint.size;
    plan.frozen_root = provable->checkpoint.root;
  }
  if (plan.frozen_size == 0) {
    plan.frozen_root = empty_root();
  }
  plan.provable_size = provable == nullptr ? 0 : provable->checkpoint.size;
  plan.flaw = log.flaw;
}

void quote(const SurveyedLog& log, LogPlan& plan) {
  const KnownCheckpoint* largest = log.largest();
  plan.signed_size = largest == nullptr ? 0 : largest->checkpoint.size;
  plan.signed_root = largest == nullptr ? Hash{} : largest->checkpoint.root;
}

Origin next_of(Origin origin) {
  ++origin.generation;
  return origin;
}

LogPlan go_on(const Line& line) {
  const SurveyedLog& predecessor = *line[line.size() - 2];
  LogPlan plan{.predecessor = predecessor.origin,
               .successor = line.back()->origin,
               .why = "an earlier recovery of it was interrupted"};
  close(predecessor, plan);
  quote(predecessor, plan);
  return plan;
}

LogPlan succeed(const Line& line, std::string why) {
  const SurveyedLog& newest = *line.back();
  LogPlan plan{.predecessor = newest.origin,
               .successor = next_of(newest.origin),
               .why = std::move(why)};
  // The newest that the database has: entries are kept there, if anywhere.
  const SurveyedLog* held = line.front();
  for (const SurveyedLog* log : line) {
    held = log->log_id ? log : held;
  }
  close(*held, plan);
  Origin origin = held->origin;
  plan.steps.push_back(
      {origin, !held->log_id, plan.frozen_size, next_of(origin)});
  while (origin != newest.origin) {
    origin = next_of(origin);
    plan.steps.push_back({origin, false, 0, next_of(origin)});
    plan.frozen_size = 0;
    plan.frozen_root = empty_root();
  }
  quote(newest, plan);
  return plan;
}

std::optional<LogPlan> plan_line(const Line& line) {
  if (is_interrupted(line)) {
    return go_on(line);
  }
  std::string why = trouble_of(*line.back());
  switch (mending_of(*line.back())) {
    case Mending::kNone:
      break;
    case Mending::kTiles:
      why += "; every entry is sound: strongroom repair makes the tiles again";
      break;
    case Mending::kBytes:
      why += "; first strongroom repair --from a backup that has it; " +
             std::string(line.back()->tree_is_signed
                             ? "the tree is sound, all else can be proven; "
                             : "") +
             "what stands behind it would be lost: if no backup has it, name "
             "the log with --log";
      break;
  }
  return why.empty() ? std::nullopt
                     : std::optional(succeed(line, std::move(why)));
}

std::vector<Line> lines_of(const std::vector<SurveyedLog>& logs) {
  std::vector<Line> lines;
  for (const SurveyedLog& log : logs) {
    if (lines.empty() || lines.back().back()->origin.site != log.origin.site ||
        lines.back().back()->origin.stream != log.origin.stream) {
      lines.emplace_back();
    }
    lines.back().push_back(&log);
  }
  return lines;
}

}  // namespace

std::string trouble_of(const SurveyedLog& log) {
  const KnownCheckpoint* guarded = log.from(From::kGuard);
  const KnownCheckpoint* noted = log.from(From::kDatabase);
  const std::uint64_t guarded_size =
      guarded == nullptr ? 0 : guarded->checkpoint.size;
  if (!log.log_id) {
    return "the guard knows it, the database does not: it is an older copy";
  }
  if (!log.frozen.empty()) {
    return log.frozen;
  }
  if (log.guard_unreadable) {
    return "the guard's checkpoint of it is not one of ours";
  }
  if (guarded_size > log.stored) {
    return "the database has " + number(log.stored) + " entries, " +
           number(guarded_size) + " were signed: it is an older copy";
  }
  if (!log.flaw.empty() || !log.tile_flaw.empty()) {
    return log.flaw.empty() ? log.tile_flaw : log.flaw;
  }
  if (guarded != nullptr && !guarded->matches) {
    return "the tree of the " + number(guarded_size) +
           " signed entries has another root than was signed";
  }
  if (noted != nullptr && noted->checkpoint.size > guarded_size) {
    return "the guard is an older copy: it knows size " + number(guarded_size) +
           ", the database knows that " + number(noted->checkpoint.size) +
           " was signed";
  }
  if (guarded == nullptr && log.stored > 0) {
    return "the guard knows nothing of it, and it has " + number(log.stored) +
           " entries";
  }
  return {};
}

Mending mending_of(const SurveyedLog& log) {
  const KnownCheckpoint* guarded = log.from(From::kGuard);
  const KnownCheckpoint* noted = log.from(From::kDatabase);
  const bool frozen_otherwise =
      log.was_shown ||
      (!log.frozen.empty() && !is_of_a_damaged_tile(log.frozen));
  if (!log.log_id || log.closed_at || guarded == nullptr || frozen_otherwise ||
      guarded->checkpoint.size > log.stored ||
      (noted != nullptr && noted->checkpoint.size > guarded->checkpoint.size)) {
    return Mending::kNone;
  }
  if (log.flaw.empty()) {
    const bool hurt = !log.tile_flaw.empty() || !log.frozen.empty();
    return hurt && guarded->matches ? Mending::kTiles : Mending::kNone;
  }
  // Beyond it nothing says which bytes are the right ones.
  return log.sound < guarded->checkpoint.size ? Mending::kBytes
                                              : Mending::kNone;
}

std::variant<RecoveryPlan, PlanRefused> plan_recovery(
    const std::vector<SurveyedLog>& logs,
    const std::vector<std::string>& chosen) {
  RecoveryPlan plan;
  std::set<std::string> left(chosen.begin(), chosen.end());
  std::set<std::string> sites;
  for (const Line& line : lines_of(logs)) {
    const SurveyedLog& newest = *line.back();
    if (newest.origin.stream != Stream::kRegistry) {
      sites.insert(newest.origin.site);
    }
    auto todo = plan_line(line);
    if (!todo) {
      if (newest.origin.generation > 1) {
        plan.succeeded.push_back(newest.origin);
      }
      continue;
    }
    const bool asked = left.erase(todo->predecessor.text()) > 0;
    const Mending mending = mending_of(newest);
    if (asked && mending == Mending::kTiles) {
      return PlanRefused{todo->predecessor.text() + ": " + todo->why};
    }
    if (mending != Mending::kNone && !asked) {
      plan.left_alone.push_back({todo->predecessor, todo->why});
      continue;
    }
    if (!chosen.empty() && !asked) {
      if (newest.origin.stream == Stream::kRegistry) {
        return PlanRefused{
            todo->predecessor.text() +
            " needs it too, and comes first: everything rests on its keys"};
      }
      continue;
    }
    if (newest.origin.generation == UINT32_MAX) {
      return PlanRefused{newest.origin.text() + " can have no successor"};
    }
    plan.logs.push_back(*std::move(todo));
  }
  if (!plan.logs.empty() && !plan.left_alone.empty() &&
      plan.left_alone.front().origin.stream == Stream::kRegistry) {
    return PlanRefused{plan.left_alone.front().origin.text() +
                       " comes first, everything rests on its keys: " +
                       plan.left_alone.front().why};
  }
  if (!left.empty()) {
    return PlanRefused{*left.begin() +
                       " is no log that needs it (the newest of its site and "
                       "stream, and in trouble)"};
  }
  plan.sites.assign(sites.begin(), sites.end());
  return plan;
}

}  // namespace strongroom
