// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/quota.h"

#include <algorithm>
#include <array>
#include <limits>

namespace strongroom {
namespace {

// Of telemetry's share, in hundredths: what brings each level.
constexpr std::array<std::uint64_t, kPressureLevels> kRises = {0, 50, 70, 85};
// Kept rows go when so much is used, so that there is room before rows are
// dropped for want of it.
constexpr std::uint64_t kPruneAt = 90;
constexpr std::uint64_t kDropAt = 95;
// Down to here: a drop is an event, and there must not be one a turn.
constexpr std::uint64_t kDropTo = 94;

// part of whole, or more, in hundredths.
bool reaches(std::uint64_t part,
             std::uint64_t hundredths,
             std::uint64_t whole) {
  return part * 100 >= whole * hundredths;
}

std::uint64_t part_of(std::uint64_t whole, std::uint64_t hundredths) {
  return whole / 100 * hundredths;
}

// Event bytes as they count on the disk: with their part of batches, indexes
// and half-full pages. An empty database takes some pages too, which are
// nobody's.
std::uint64_t on_disk(std::uint64_t bytes, const JournalUsage& usage) {
  const std::uint64_t events = usage.owed_bytes[0] + usage.owed_bytes[1] +
                               usage.kept_bytes[0] + usage.kept_bytes[1];
  if (events == 0 || usage.used_bytes <= events) {
    return bytes;
  }
  // What rows add is below their own size; the rest is the empty database.
  const std::uint64_t used = std::min(usage.used_bytes, events * 2);
  return static_cast<std::uint64_t>(static_cast<double>(bytes) *
                                    static_cast<double>(used) /
                                    static_cast<double>(events));
}

std::uint32_t level_for(std::uint64_t owed,
                        std::uint64_t share,
                        std::uint32_t level) {
  while (level + 1 < kPressureLevels &&
         reaches(owed, kRises[level + 1], share)) {
    ++level;
  }
  while (level > 0 && !reaches(owed * 2, kRises[level], share)) {
    --level;
  }
  return level;
}

}  // namespace

std::uint64_t telemetry_share(const JournalUsage& usage,
                              const QuotaOptions& options) {
  const std::uint64_t record = std::max(options.record_reserve_bytes,
                                        on_disk(usage.owed_bytes[0], usage));
  return options.quota_bytes - std::min(options.quota_bytes, record);
}

Relief relief_for(const JournalUsage& usage,
                  const QuotaOptions& options,
                  std::uint32_t level) {
  const std::uint64_t share = telemetry_share(usage, options);
  const std::uint64_t owed = on_disk(usage.owed_bytes[1], usage);
  const std::uint64_t kept = on_disk(usage.kept_bytes[1], usage);
  const bool is_full = reaches(usage.used_bytes, kPruneAt, options.quota_bytes);
  Relief relief;
  relief.prune_telemetry =
      kept > 0 && (is_full || reaches(owed + kept, kPruneAt, share));
  relief.prune_record = is_full && usage.kept_bytes[0] > 0;
  relief.level = owed == 0 ? 0 : level_for(owed, share, level);
  if (owed > 0 && reaches(owed, kDropAt, share)) {
    const std::uint64_t excess = owed - std::min(owed, part_of(share, kDropTo));
    relief.drop_bytes = std::min(std::max({excess,
                                           share / 100,
                                           std::min(share / 8, kMinDropBytes),
                                           std::uint64_t{1}}),
                                 kMaxDropBytes);
  }
  return relief;
}

std::chrono::milliseconds stretched(std::chrono::milliseconds configured,
                                    std::uint32_t level) {
  if (level == 0) {
    return configured;
  }
  const auto base =
      configured.count() == 0 ? std::chrono::seconds(1) : configured;
  // The length of a window is 32 bits of milliseconds on the wire.
  return std::min<std::chrono::milliseconds>(
      base * kWindowFactors[level],
      std::chrono::milliseconds(std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace strongroom
