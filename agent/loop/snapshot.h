// SPDX-License-Identifier: Apache-2.0
// What the agent shows of itself: an immutable copy that the loop replaces and
// other threads read.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/loop/door_snapshot.h"
#include "agent/loop/quota.h"
#include "agent/loop/sender.h"
#include "core/base/now.h"

namespace strongroom {

struct StreamSnapshot {
  std::string name;
  Position tail = 0;
  Position delivered = 0;
  std::uint64_t backlog = 0;  // journalled, not proven to be held
  std::size_t in_flight = 0;  // batches
  std::string state;          // of the sender
  std::string blocked_by;     // refusal reason; empty
  std::string log;
  SenderCounters sender;
  /// Events of refused epochs that are still to be told again.
  std::uint64_t salvage_pending = 0;
  std::uint64_t salvaged = 0;  // told again since the start
};

struct DeviceSnapshot {
  std::string line;
  std::string name;
  std::uint64_t polls = 0;
  std::uint64_t failed_polls = 0;
  std::optional<WallTime> last_good;
  std::chrono::microseconds round_trip{};
  std::string error;  // of the last poll; empty when it was answered
};

struct JournalSnapshot {
  std::uint64_t commits = 0;
  std::uint64_t failed_commits = 0;
  std::optional<MonoTime> failing_since;
  std::string error;      // of the last failed commit, while failing
  std::string set_aside;  // what the start set aside; empty
};

/// The disk, and what was done about it.
struct SpaceSnapshot {
  JournalUsage usage;
  QuotaOptions quota;
  std::uint64_t telemetry_share = 0;              // bytes, now
  std::uint32_t level = 0;                        // of kWindowFactors
  std::chrono::milliseconds window_length{};      // now aimed at
  std::chrono::milliseconds configured_length{};  // 0: a window per poll
  /// Ranges of telemetry that were given up and that the journal remembers.
  std::uint64_t losses = 0;
  std::uint64_t lost_events = 0;  // in these
  /// Of these, not yet passed: the announcement or what follows is not proven.
  std::uint64_t losses_ahead = 0;
};

/// The last time that a person made a stream follow a successor; since the
/// start of the program.
struct FollowSnapshot {
  Stream stream = Stream::kRecord;
  WallTime at;
  std::string predecessor;
  std::string successor;
  std::uint64_t resend_events = 0;   // were owed again
  std::uint64_t missing_events = 0;  // not kept any more
};

struct AgentSnapshot {
  std::string source;
  std::string version;
  std::uint64_t epoch = 0;
  MonoTime started{};
  Now at;
  bool connected = false;
  std::uint64_t connects = 0;
  std::uint64_t events = 0;   // recorded since the start
  std::uint64_t batches = 0;  // cut since the start
  std::uint64_t findings = 0;
  std::uint64_t clock_steps = 0;
  std::uint64_t dropped_polls = 0;
  std::uint64_t dropped_acks = 0;
  std::uint64_t invalid_acks = 0;
  /// Polls that the loop dropped: of a device that is gone, or by a profile
  /// that is no longer its own.
  std::uint64_t stray_polls = 0;
  std::uint64_t reloads = 0;  // of the configuration, since the start
  /// Texts of devices that changed again too soon to be recorded.
  std::uint64_t identities_held_back = 0;
  std::array<StreamSnapshot, 2> streams;
  std::vector<DeviceSnapshot> devices;
  JournalSnapshot journal;
  SpaceSnapshot space;
  DoorsSnapshot doors;
  std::optional<FollowSnapshot> followed;
};

/// Commits that fail for this long are a failure of the agent.
inline constexpr std::chrono::microseconds kJournalFailedAfter =
    std::chrono::seconds(5);

inline bool journal_failed(const AgentSnapshot& snapshot, MonoTime now) {
  return snapshot.journal.failing_since &&
         now - *snapshot.journal.failing_since >= kJournalFailedAfter;
}

/// Any thread. std::atomic<std::shared_ptr> would do, were it not for the
/// thread sanitizer, which reports a race inside the library.
class SnapshotHolder {
 public:
  void set(std::shared_ptr<const AgentSnapshot> snapshot) {
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(snapshot);
  }
  /// Nothing before the first turn.
  std::shared_ptr<const AgentSnapshot> get() const {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const AgentSnapshot> snapshot_;
};

}  // namespace strongroom
