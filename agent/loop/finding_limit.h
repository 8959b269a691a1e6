// SPDX-License-Identifier: Apache-2.0
// One finding an hour of a kind, with how often it happened: a ledger that
// refuses for days must not fill the journal with findings of it.
#pragma once

#include <map>
#include <optional>
#include <tuple>

#include "core/base/now.h"
#include "core/base/source.h"
#include "proto/event.pb.h"

namespace strongroom {

inline constexpr std::chrono::microseconds kFindingInterval =
    std::chrono::hours(1);

class FindingLimit {
 public:
  /// How many occurrences the finding that is due now stands for, `more` of
  /// them new; nothing when none is due.
  std::optional<std::uint64_t> take(strongroom_v1_FindingKind kind,
                                    Stream stream,
                                    strongroom_v1_RefusalReason reason,
                                    MonoTime now,
                                    std::uint64_t more = 1) {
    auto [at, first] = seen_.try_emplace({kind, stream, reason});
    Seen& seen = at->second;
    seen.count += more;
    if (!first && now - seen.written < kFindingInterval) {
      return std::nullopt;
    }
    seen.written = now;
    return std::exchange(seen.count, 0);
  }

 private:
  struct Seen {
    MonoTime written{};
    std::uint64_t count = 0;
  };
  std::map<std::tuple<strongroom_v1_FindingKind,
                      Stream,
                      strongroom_v1_RefusalReason>,
           Seen>
      seen_;
};

}  // namespace strongroom
