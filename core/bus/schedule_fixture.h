// SPDX-License-Identifier: Apache-2.0
// A line in virtual time that serves a schedule, for tests.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "core/bus/schedule.h"

namespace strongroom {

/// What a poll of a job takes on the simulated line.
struct PollCost {
  int requests = 1;
  std::chrono::microseconds request{1'000};
};

/// One poll; `end` is that of its last request.
struct Poll {
  std::size_t job = 0;
  MonoTime start{};
  MonoTime end{};
};

/// Does as agent/bus: asks whose turn it is before each request.
class VirtualLine {
 public:
  VirtualLine(LineSchedule& schedule, std::vector<PollCost> costs)
      : schedule_(schedule),
        costs_(std::move(costs)),
        done_(costs_.size()),
        started_(costs_.size()) {}

  /// Until no request begins before `until`.
  void run_until(MonoTime until) {
    while (now < until) {
      const auto job = schedule_.next(now);
      if (!job) {
        now = std::min(until, std::max(now, schedule_.next_due()));
        continue;
      }
      if (done_[*job]++ == 0) {
        started_[*job] = now;
      }
      now += costs_[*job].request;
      requests.push_back(*job);
      if (done_[*job] == costs_[*job].requests) {
        done_[*job] = 0;
        polls.push_back({*job, started_[*job], now});
        schedule_.complete(*job, now);
      }
    }
  }

  std::vector<Poll> polls_of(std::size_t job) const {
    std::vector<Poll> found;
    std::copy_if(polls.begin(),
                 polls.end(),
                 std::back_inserter(found),
                 [&](const Poll& poll) { return poll.job == job; });
    return found;
  }

  MonoTime now{};
  std::vector<Poll> polls;            // complete ones, in order of their ends
  std::vector<std::size_t> requests;  // whose, in order

 private:
  LineSchedule& schedule_;
  std::vector<PollCost> costs_;
  std::vector<int> done_;  // requests of the poll that is under way
  std::vector<MonoTime> started_;
};

}  // namespace strongroom
