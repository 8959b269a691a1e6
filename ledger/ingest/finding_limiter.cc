// SPDX-License-Identifier: Apache-2.0
#include "ledger/ingest/finding_limiter.h"

#include <algorithm>
#include <utility>

namespace strongroom {
namespace {

constexpr std::chrono::hours kHour{1};

bool contains(const std::deque<Hash>& hashes, const Hash& hash) {
  return std::ranges::find(hashes, hash) != hashes.end();
}

void remember(std::deque<Hash>& hashes, const Hash& hash) {
  if (hashes.size() >= FindingLimiter::kHashesKept) {
    hashes.pop_front();
  }
  hashes.push_back(hash);
}

bool is_flow_control(RefusalReason why) {
  return why == reason::kUnknownSource || why == reason::kResync ||
         why == reason::kBusy || why == reason::kLogFrozen;
}

}  // namespace

std::optional<FindingDue> FindingLimiter::see(const Refusal& refusal,
                                              WallTime now) {
  if (is_flow_control(refusal.reason)) {
    return std::nullopt;
  }
  Seen& seen = sources_[refusal.source];
  if (refusal.reason == reason::kGap && !contains(seen.gaps, refusal.hash)) {
    remember(seen.gaps, refusal.hash);
    return std::nullopt;
  }
  ++seen.count;
  if (contains(seen.written, refusal.hash)) {
    return std::nullopt;
  }
  if (now - seen.hour_began >= kHour || now < seen.hour_began) {
    seen.hour_began = now;
    seen.this_hour = 0;
  }
  if (seen.this_hour >= kPerHour) {
    seen.held_back = refusal;
    return std::nullopt;
  }
  ++seen.this_hour;
  remember(seen.written, refusal.hash);
  seen.held_back.reset();
  return FindingDue{refusal, std::exchange(seen.count, 0)};
}

std::vector<FindingDue> FindingLimiter::due(WallTime now) {
  std::vector<FindingDue> findings;
  for (auto& [source, seen] : sources_) {
    if (seen.held_back && now - seen.hour_began >= kHour) {
      const Refusal refusal = *std::exchange(seen.held_back, std::nullopt);
      if (auto finding = see(refusal, now)) {
        --finding->count;  // it was counted when it was held back
        findings.push_back(std::move(*finding));
      }
    }
  }
  return findings;
}

}  // namespace strongroom
