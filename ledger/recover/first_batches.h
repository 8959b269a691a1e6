// SPDX-License-Identifier: Apache-2.0
// What the ledger's own source writes first into a log that succeeds another
// (docs/formats/recovery.md). Pure.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <vector>

#include "core/base/now.h"
#include "core/event/batch.h"
#include "ledger/recover/kept.h"

namespace strongroom {

/// Time and chance, given by the caller.
struct RecoverySources {
  std::function<Now()> now;
  std::function<std::array<std::uint8_t, 16>()> random16;
  std::function<std::uint64_t()> random64;
};

struct OwnBatch {
  std::uint64_t first_seq = 0;
  SignedHeader header;
  std::vector<Bytes> events;
};

/// All in one new epoch of console@<site>.
struct FirstBatches {
  Source source;
  std::uint64_t epoch = 0;
  Hash head{};  // of the last event
  std::vector<OwnBatch> batches;
};

struct Persons {
  std::string first;
  std::string second;
};

/// `epoch opened`, `log succeeded`, the resumed chains; in the registry also
/// everything that `kept` says again, and enrolments of the ledger's own source
/// in the sites where none stands yet (`sites`, and the ledger's own).
Result<FirstBatches> write_first_batches(const LogPlan& plan,
                                         const Kept& kept,
                                         const Persons& persons,
                                         std::span<const std::string> sites,
                                         const Signer& console,
                                         const RecoverySources& from);

}  // namespace strongroom
