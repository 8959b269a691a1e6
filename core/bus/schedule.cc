// SPDX-License-Identifier: Apache-2.0
#include "core/bus/schedule.h"

#include <algorithm>
#include <tuple>

#include "core/base/check.h"

namespace strongroom {
namespace {

// A job that takes what the line has left has no next cycle to be ready by.
// These stand for it, so that it neither pushes others aside nor starves.
constexpr std::chrono::milliseconds kFreeSafetyPatience{200};
constexpr std::chrono::seconds kFreePatience{60};

bool goes_first(const LineJob& job) {
  return job.poll_class == PollClass::kSafety && job.period.count() > 0;
}

/// When the cycle that is due counts as missed.
MonoTime deadline(const LineJob& job, MonoTime due) {
  if (job.period.count() > 0) {
    return due + job.period;
  }
  return job.poll_class == PollClass::kSafety ? due + kFreeSafetyPatience
                                              : due + kFreePatience;
}

}  // namespace

LineSchedule::LineSchedule(const std::vector<LineJob>& jobs, MonoTime start) {
  for (const LineJob& job : jobs) {
    check(job.period.count() >= 0, "a period is not negative");
    entries_.push_back({.job = job, .due = start, .served = start});
  }
}

std::optional<std::size_t> LineSchedule::next(MonoTime now) const {
  const auto rank = [](const Entry& entry) {
    const bool is_urged = entry.urged != 0;
    return std::tuple(!is_urged,
                      entry.urged,
                      !goes_first(entry.job),
                      deadline(entry.job, entry.due),
                      entry.served);
  };
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].due <= now &&
        (!best || rank(entries_[i]) < rank(entries_[*best]))) {
      best = i;
    }
  }
  return best;
}

MonoTime LineSchedule::next_due() const {
  MonoTime first = MonoTime::max();
  for (const Entry& entry : entries_) {
    first = std::min(first, entry.due);
  }
  return first;
}

std::uint64_t LineSchedule::complete(std::size_t job, MonoTime now) {
  check(job < entries_.size(), "a job of the schedule");
  Entry& entry = entries_[job];
  entry.urged = 0;
  entry.served = now;
  if (entry.due > now) {  // it was put off meanwhile
    return 0;
  }
  if (entry.job.period.count() == 0) {
    entry.due = now;
    return 0;
  }
  // The newest cycle that has begun meanwhile is pending; those before it are
  // missed. Multiples of the period from the first due time: no drift.
  const auto begun =
      static_cast<std::uint64_t>((now - entry.due) / entry.job.period);
  const std::uint64_t missed = begun > 0 ? begun - 1 : 0;
  entry.due += entry.job.period *
               static_cast<std::int64_t>(std::max<std::uint64_t>(begun, 1));
  entry.missed += missed;
  return missed;
}

void LineSchedule::urge(std::size_t job, MonoTime now) {
  check(job < entries_.size(), "a job of the schedule");
  Entry& entry = entries_[job];
  entry.due = std::min(entry.due, now);
  if (entry.urged == 0) {
    entry.urged = ++urges_;
  }
}

void LineSchedule::hasten(std::size_t job, MonoTime now) {
  check(job < entries_.size(), "a job of the schedule");
  entries_[job].due = std::min(entries_[job].due, now);
}

void LineSchedule::postpone(std::size_t job, MonoTime until) {
  check(job < entries_.size(), "a job of the schedule");
  Entry& entry = entries_[job];
  entry.urged = 0;
  entry.due = std::max(entry.due, until);
}

const LineJob& LineSchedule::job(std::size_t index) const {
  check(index < entries_.size(), "a job of the schedule");
  return entries_[index].job;
}

std::size_t LineSchedule::size() const {
  return entries_.size();
}

std::uint64_t LineSchedule::missed(std::size_t job) const {
  check(job < entries_.size(), "a job of the schedule");
  return entries_[job].missed;
}

MonoTime LineSchedule::due(std::size_t job) const {
  check(job < entries_.size(), "a job of the schedule");
  return entries_[job].due;
}

}  // namespace strongroom
