// SPDX-License-Identifier: Apache-2.0
// What a closed log hands on to its successor.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/event/event.h"
#include "ledger/recover/plan.h"
#include "ledger/store/ledger_reader.h"

namespace strongroom {

struct Kept {
  /// By source and epoch, of the ledger's own source too. `log_id` is none's.
  std::map<std::pair<std::string, std::uint64_t>, ChainRow> chains;
  /// Events of the registry, in order, that its successor says again.
  std::vector<Bytes> registry;
  /// Sources that these enrol.
  std::set<std::string> enrolled;
};

/// What the part below `end` of the log holds, and, where a log succeeds
/// another one, what the other handed on. Needs the rows to be sound up to
/// there. Faults: the database.
Result<Kept> read_kept(LedgerReader& reader,
                       const Origin& origin,
                       std::uint64_t end);

/// Declared losses of that log that its chains are not past yet.
Result<std::vector<LossRow>> open_losses(LedgerReader& reader,
                                         LogId log_id,
                                         const Kept& kept);

/// The chains of agents, as rows of a successor.
std::vector<ChainRow> resumed_rows(const Kept& kept);

}  // namespace strongroom
