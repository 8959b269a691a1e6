// SPDX-License-Identifier: Apache-2.0
// The evidence pack by which an agent follows a log to its successor.
#pragma once

#include <string>
#include <vector>

#include "core/pack/pack.h"
#include "ledger/log/log_writer.h"
#include "ledger/store/ledger_reader.h"

namespace strongroom {

/// For agents that the successor resumes no chain of.
inline constexpr std::string_view kOtherAgents = "_others";

struct FollowFile {
  std::string agent;  // or kOtherAgents
  Origin successor;
  /// How many chains of the agent go on in it.
  std::size_t chains = 0;
  Bytes pack;

  /// "edge-1@bj1.record.2.follow": to generation 2.
  std::string name() const;
};

/// `successor` may itself be closed by now: who was away follows step by step.
/// One for each agent of the log's site that the registry enrols or the log
/// resumes a chain of, and one for others. Each is verified before it is given
/// out. Faults: the database; what was read does not verify.
Result<std::vector<FollowFile>> make_follow_files(LogWriter& logs,
                                                  LedgerReader& reader,
                                                  const Origin& successor,
                                                  const Trust& trust);

}  // namespace strongroom
