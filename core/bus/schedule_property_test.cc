// SPDX-License-Identifier: Apache-2.0
// Random job sets that the line can serve.
#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <string>

#include "core/bus/schedule.h"
#include "core/bus/schedule_fixture.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr double kLoad = 0.9;
constexpr milliseconds kLongestRequest{40};

struct JobSet {
  std::vector<LineJob> jobs;
  std::vector<PollCost> costs;
};

double share(const PollCost& cost, microseconds period) {
  return static_cast<double>(cost.requests * cost.request.count()) /
         static_cast<double>(period.count());
}

/// At most as many jobs as the line can serve.
JobSet random_set(std::uint32_t seed) {
  std::mt19937 engine(seed);
  const auto between = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(engine);
  };
  JobSet set;
  double load = 0;
  for (int attempt = 0; attempt < 40; ++attempt) {
    const PollCost cost{
        .requests = between(1, 8),
        .request = microseconds(between(
            500, static_cast<int>(microseconds(kLongestRequest).count())))};
    const bool is_safety = between(0, 4) == 0;
    const microseconds period =
        is_safety ? milliseconds(200) : milliseconds(between(2, 200) * 50);
    if (load + share(cost, period) > kLoad) {
      continue;
    }
    load += share(cost, period);
    set.jobs.push_back(
        {.device = static_cast<std::uint16_t>(set.jobs.size()),
         .poll_class = is_safety ? PollClass::kSafety : PollClass::kNormal,
         .period = period});
    set.costs.push_back(cost);
  }
  return set;
}

/// Until a poll must be complete. One request of another may be under way when
/// the last of its own has to begin. Safety jobs go before more urgent cycles
/// of others; even then none is missed.
microseconds longest_wait(const JobSet& set, std::size_t index) {
  const bool behind_safety =
      set.jobs[index].poll_class != PollClass::kSafety &&
      std::any_of(set.jobs.begin(), set.jobs.end(), [](const LineJob& job) {
        return job.poll_class == PollClass::kSafety;
      });
  const microseconds period = set.jobs[index].period;
  return behind_safety ? 2 * period : period + kLongestRequest;
}

TEST(ScheduleProperty, WhatTheLineCanServeIsServedOncePerPeriod) {
  for (std::uint32_t seed = 0; seed < 500 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const JobSet set = random_set(seed);
    LineSchedule schedule(set.jobs, MonoTime(0));
    VirtualLine line(schedule, set.costs);
    const MonoTime horizon = std::chrono::seconds(60);
    line.run_until(horizon);
    for (std::size_t index = 0; index < set.jobs.size(); ++index) {
      SCOPED_TRACE("job " + std::to_string(index));
      const microseconds period = set.jobs[index].period;
      const std::vector<Poll> polls = line.polls_of(index);
      EXPECT_EQ(schedule.missed(index), 0U);
      EXPECT_GE(polls.size() + 1, static_cast<std::size_t>(horizon / period));
      for (std::size_t n = 0; n < polls.size(); ++n) {
        const microseconds due = static_cast<std::int64_t>(n) * period;
        EXPECT_GE(polls[n].start, due) << n;
        EXPECT_LE(polls[n].end, due + longest_wait(set, index)) << n;
      }
    }
  }
}

}  // namespace
}  // namespace strongroom
