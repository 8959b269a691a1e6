// SPDX-License-Identifier: Apache-2.0
// Which refusals become findings in the log: each header once, a bounded number
// per source and hour, the others counted. Pure.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "core/base/now.h"
#include "core/base/source.h"
#include "core/crypto/hash.h"
#include "ledger/ingest/reason.h"

namespace strongroom {

struct Refusal {
  Source source;
  Stream stream = Stream::kRecord;
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  RefusalReason reason{};
  Hash hash{};  // of the refused header, or of what should have been one
};

struct FindingDue {
  Refusal refusal;
  std::uint64_t count = 0;  // refusals of the source since its last finding
};

class FindingLimiter {
 public:
  static constexpr std::size_t kPerHour = 12;
  static constexpr std::size_t kHashesKept = 128;  // of each source

  /// Whether the refusal is written down now. Never: an unknown source, and
  /// what go-back-N causes by itself (resync, busy, frozen log, and a gap
  /// whose header is refused for the first time).
  std::optional<FindingDue> see(const Refusal& refusal, WallTime now);
  /// The last of what was held back in an hour that is over.
  std::vector<FindingDue> due(WallTime now);

 private:
  struct Seen {
    std::deque<Hash> written;
    std::deque<Hash> gaps;
    WallTime hour_began{};
    std::size_t this_hour = 0;
    std::uint64_t count = 0;
    std::optional<Refusal> held_back;
  };
  std::map<Source, Seen> sources_;
};

}  // namespace strongroom
