// SPDX-License-Identifier: Apache-2.0
// How a log that succeeds another one begins (docs/formats/recovery.md).
#pragma once

#include <map>
#include <string>

#include "core/event/event.h"
#include "ledger/store/ledger_reader.h"

namespace strongroom {

struct Succession {
  std::uint64_t index = 0;  // of `log succeeded`
  strongroom_v1_LogSucceeded succeeded{};
  /// `chain resumed` by source and epoch: where each goes on.
  std::map<std::pair<std::string, std::uint64_t>, strongroom_v1_ChainResumed>
      chains;
};

/// Reads the log's first batches. Nothing: they do not say what it succeeds, or
/// not every chain that is counted there is there. Faults: the database.
Result<std::optional<Succession>> read_succession(LedgerReader& reader,
                                                  LogId log_id);

}  // namespace strongroom
