// SPDX-License-Identifier: Apache-2.0
// Whose turn it is on a line. Pure: time is given.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/now.h"
#include "core/point/profile.h"

namespace strongroom {

/// The points of one class of one device: what is polled together.
struct LineJob {
  std::uint16_t device = 0;  // index in the line
  PollClass poll_class = PollClass::kNormal;
  /// From the start of one poll to the start of the next; 0: as fast as the
  /// line goes.
  std::chrono::microseconds period{1'000'000};
};

/// Periodic jobs at fixed rates on one line. A job has at most one poll
/// pending: cycles that pass meanwhile are missed and counted, never queued, so
/// that polls and missed cycles together are all the cycles that began. The
/// caller asks next() before each *request*, so that a long poll of many
/// requests is interrupted by a safety job, or by an urgent one.
class LineSchedule {
 public:
  LineSchedule(const std::vector<LineJob>& jobs, MonoTime start);

  /// The job that gets the line now: urgent ones first, in the order in which
  /// they were urged; then due safety jobs, then the others, each group in the
  /// order of the time until which its pending cycle can still be served (due
  /// time and period) and, among equals, the one served longest ago. So a slow
  /// job does not cost a fast one its cycles while the line can serve both. A
  /// job without a period takes what is left, and starves no more than 60 s (a
  /// safety job: 200 ms). Nothing: none is due.
  std::optional<std::size_t> next(MonoTime now) const;
  /// When the next job is due; may be past. Without any job: never.
  MonoTime next_due() const;
  /// The poll of `job` is complete (answered or not): sets its next due time.
  /// Returns the cycles that it missed.
  std::uint64_t complete(std::size_t job, MonoTime now);
  /// Due now and before everything else, once: the slot of a panel's exchange.
  void urge(std::size_t job, MonoTime now);
  /// Due now, in its turn.
  void hasten(std::size_t job, MonoTime now);
  /// Not due before `until`; its cycles until then are not counted as missed.
  /// For a device that answers nothing, whose polls cost nothing.
  void postpone(std::size_t job, MonoTime until);

  const LineJob& job(std::size_t index) const;
  std::size_t size() const;
  std::uint64_t missed(std::size_t job) const;
  MonoTime due(std::size_t job) const;

 private:
  struct Entry {
    LineJob job;
    MonoTime due{};
    MonoTime served{};
    std::uint64_t urged = 0;  // 0: not; else its place among the urged
    std::uint64_t missed = 0;
  };
  std::vector<Entry> entries_;
  std::uint64_t urges_ = 0;
};

}  // namespace strongroom
