// SPDX-License-Identifier: Apache-2.0
// Closes logs that cannot go on and begins their successors
// (docs/formats/recovery.md). In steps that are each durable; stopped anywhere,
// the next run goes on.
#pragma once

#include "ledger/recover/first_batches.h"
#include "ledger/recover/follow_file.h"
#include "ledger/recover/plan.h"
#include "ledger/store/ledger_store.h"

namespace strongroom {

struct RecoveryParts {
  LedgerStore& store;
  Guard& guard;
  LedgerReader& reader;  // of the same database, its own connection
  const Signer& log_signer;
  const Signer& console_signer;
  RecoverySources from;
};

/// How much of one chain is kept.
struct KeptChain {
  std::string source;
  std::uint64_t epoch = 0;
  std::uint64_t events = 0;
  bool closed = false;
};

struct RecoveredLog {
  LogPlan plan;
  std::vector<KeptChain> chains;
  std::size_t said_again = 0;  // events of a registry
};

struct Recovered {
  std::vector<RecoveredLog> logs;
  std::vector<FollowFile> files;
};

/// What a plan would hand on; changes nothing. Faults: the database.
Result<std::vector<RecoveredLog>> preview_recovery(const RecoveryPlan& plan,
                                                   LedgerReader* reader);

/// Carries the plan out and makes the follow files of every log that succeeds
/// another. An empty plan makes the files alone. Faults: a durable step, or the
/// console key is not the one that the registry holds: nothing is lost, run it
/// again.
Result<Recovered> recover(const std::string& ledger,
                          const RecoveryPlan& plan,
                          const Persons& persons,
                          RecoveryParts parts);

}  // namespace strongroom
