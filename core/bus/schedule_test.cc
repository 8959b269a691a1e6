// SPDX-License-Identifier: Apache-2.0
#include "core/bus/schedule.h"

#include <gtest/gtest.h>
#include <string>

#include "core/bus/schedule_fixture.h"

namespace strongroom {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

LineJob job(PollClass poll_class, microseconds period) {
  return {.device = 0, .poll_class = poll_class, .period = period};
}

LineJob normal(microseconds period) {
  return job(PollClass::kNormal, period);
}

LineJob safety(microseconds period) {
  return job(PollClass::kSafety, period);
}

/// "0@0 1@20": which poll began when, in milliseconds.
std::string polls_text(const VirtualLine& line) {
  std::string text;
  for (const Poll& poll : line.polls) {
    text += (text.empty() ? "" : " ") + std::to_string(poll.job) + "@" +
            std::to_string(poll.start.count() / 1000);
  }
  return text;
}

/// "00101": whose request, in order.
std::string requests_text(const VirtualLine& line) {
  std::string text;
  for (const std::size_t index : line.requests) {
    text += std::to_string(index);
  }
  return text;
}

TEST(Schedule, WhoseTurn) {
  struct Case {
    const char* what;
    std::vector<LineJob> jobs;
    std::vector<PollCost> costs;
    milliseconds until;
    const char* polls;
  };
  const milliseconds ms{1};
  const Case cases[] = {
      {"one alone, at its rate",
       {normal(100 * ms)},
       {{1, 30 * ms}},
       350 * ms,
       "0@0 0@100 0@200 0@300"},
      {"the pending cycle that ends first goes first",
       {normal(1000 * ms), normal(100 * ms)},
       {{1, 30 * ms}, {1, 30 * ms}},
       200 * ms,
       "1@0 0@30 1@100"},
      {"safety first, whatever its period",
       {normal(100 * ms), safety(200 * ms)},
       {{1, 30 * ms}, {1, 30 * ms}},
       200 * ms,
       "1@0 0@30 0@100"},
      {"equals in turn",
       {normal({}), normal({}), normal({})},
       {{1, 10 * ms}, {1, 10 * ms}, {1, 10 * ms}},
       60 * ms,
       "0@0 1@10 2@20 0@30 1@40 2@50"},
      {"as fast as the line goes, between those with a rate",
       {normal({}), normal(50 * ms)},
       {{1, 20 * ms}, {1, 10 * ms}},
       130 * ms,
       "1@0 0@10 0@30 1@50 0@60 0@80 1@100 0@110"},
      {"a long poll does not cost a fast job its cycles",
       {normal(1000 * ms), normal(100 * ms)},
       {{20, 30 * ms}, {1, 20 * ms}},
       400 * ms,
       "1@0 1@110 1@220 1@300"},
  };
  for (const Case& c : cases) {
    LineSchedule schedule(c.jobs, MonoTime(0));
    VirtualLine line(schedule, c.costs);
    line.run_until(c.until);
    EXPECT_EQ(polls_text(line), c.polls) << c.what;
  }
}

TEST(Schedule, NothingIsDueBeforeItsTime) {
  LineSchedule schedule({normal(milliseconds(100))}, milliseconds(5));
  EXPECT_EQ(schedule.next(milliseconds(4)), std::nullopt);
  EXPECT_EQ(schedule.next_due(), milliseconds(5));
  EXPECT_EQ(schedule.next(milliseconds(5)), 0U);
  schedule.complete(0, milliseconds(30));
  EXPECT_EQ(schedule.next(milliseconds(104)), std::nullopt);
  EXPECT_EQ(schedule.next_due(), milliseconds(105));
  EXPECT_EQ(schedule.size(), 1U);
  EXPECT_EQ(schedule.job(0).period, milliseconds(100));
}

TEST(Schedule, OfEqualsTheOneServedLongestAgo) {
  LineSchedule schedule({normal(milliseconds(50)), normal(milliseconds(100))},
                        MonoTime(0));
  schedule.complete(1, milliseconds(20));
  schedule.complete(0, milliseconds(110));
  schedule.complete(0, milliseconds(140));  // pending again at 150, until 200
  EXPECT_EQ(schedule.next(milliseconds(150)), 1U);  // since 100, until 200
}

TEST(Schedule, RatesDoNotDrift) {
  LineSchedule schedule({normal(milliseconds(100)), normal(milliseconds(70))},
                        MonoTime(0));
  VirtualLine line(schedule,
                   {{1, microseconds(31'337)}, {1, microseconds(13'001)}});
  line.run_until(hours(1));
  for (const std::size_t index : {std::size_t{0}, std::size_t{1}}) {
    const microseconds period = schedule.job(index).period;
    const std::vector<Poll> polls = line.polls_of(index);
    ASSERT_GE(polls.size(), static_cast<std::size_t>(hours(1) / period));
    EXPECT_EQ(schedule.missed(index), 0U);
    for (std::size_t n = 0; n < polls.size(); ++n) {
      const microseconds late =
          polls[n].start - static_cast<std::int64_t>(n) * period;
      ASSERT_GE(late, microseconds(0)) << n;
      ASSERT_LE(late, milliseconds(45))
          << n;  // the other's request and its own
    }
  }
}

TEST(Schedule, MissedCyclesAreCountedAndNotMadeUpFor) {
  struct Case {
    const char* what;
    milliseconds complete;
    std::uint64_t missed;
    milliseconds next_due;
  };
  for (const Case& c : {
           Case{"in time", milliseconds(99), 0, milliseconds(100)},
           Case{"the next has just begun",
                milliseconds(100),
                0,
                milliseconds(100)},
           Case{"it is pending", milliseconds(199), 0, milliseconds(100)},
           Case{"one is over", milliseconds(200), 1, milliseconds(200)},
           Case{"still one", milliseconds(299), 1, milliseconds(200)},
           Case{"nine", milliseconds(1050), 9, milliseconds(1000)},
       }) {
    LineSchedule schedule({normal(milliseconds(100))}, MonoTime(0));
    EXPECT_EQ(schedule.complete(0, c.complete), c.missed) << c.what;
    EXPECT_EQ(schedule.missed(0), c.missed) << c.what;
    EXPECT_EQ(schedule.next_due(), c.next_due) << c.what;
  }
}

TEST(Schedule, AnHourOfSleepIsNoBurst) {
  LineSchedule schedule({normal(seconds(1)), normal(seconds(1))}, MonoTime(0));
  VirtualLine line(schedule, {{1, milliseconds(10)}, {1, milliseconds(10)}});
  line.run_until(milliseconds(10'500));
  ASSERT_EQ(line.polls.size(), 22U);
  line.now += hours(1);
  line.run_until(hours(1) + seconds(12));
  // Of each: the pending cycle, the newest, and those of the next seconds.
  EXPECT_EQ(line.polls.size(), 22U + 2U * 3U);
  for (const std::size_t index : {std::size_t{0}, std::size_t{1}}) {
    EXPECT_EQ(schedule.missed(index) + line.polls_of(index).size(), 3612U);
  }
}

TEST(Schedule, AnOverloadedLineStarvesNobodyOfItsRank) {
  LineSchedule schedule({normal(milliseconds(100)),
                         normal(milliseconds(300)),
                         normal(seconds(60)),
                         normal({}),
                         safety({})},
                        MonoTime(0));
  VirtualLine line(schedule,
                   {{1, milliseconds(90)},
                    {1, milliseconds(90)},
                    {4, milliseconds(90)},
                    {1, milliseconds(90)},
                    {1, milliseconds(90)}});
  line.run_until(seconds(600));
  EXPECT_GE(line.polls_of(0).size(), 1'000U);
  EXPECT_GE(line.polls_of(1).size(), 1'000U);
  EXPECT_GE(line.polls_of(2).size(), 9U);
  EXPECT_GE(line.polls_of(3).size(), 9U);
  EXPECT_GE(line.polls_of(4).size(), 1'000U);
  // All the cycles that began were polled, or missed, or are pending.
  EXPECT_NEAR(static_cast<double>(line.polls_of(0).size() + schedule.missed(0)),
              6'000.0,
              2.0);
}

// Requests of 85 ms, as after plan_reads() with longest_request = 90 ms.
TEST(Schedule, SafetyBesideALongPollIsInTime) {
  LineSchedule schedule({normal(seconds(5)), safety(milliseconds(200))},
                        MonoTime(0));
  VirtualLine line(schedule, {{40, milliseconds(85)}, {1, milliseconds(25)}});
  line.run_until(seconds(60));
  const std::vector<Poll> polls = line.polls_of(1);
  ASSERT_GE(polls.size(), 299U);
  EXPECT_EQ(schedule.missed(0), 0U);
  EXPECT_EQ(schedule.missed(1), 0U);
  for (std::size_t n = 0; n < polls.size(); ++n) {
    const microseconds due = static_cast<std::int64_t>(n) * milliseconds(200);
    EXPECT_LE(polls[n].end - due, milliseconds(85 + 25)) << n;
  }
}

TEST(Schedule, AnUrgentJobWaitsForOneRequest) {
  LineSchedule schedule({normal(seconds(10)),
                         safety(seconds(10)),
                         normal(seconds(10)),
                         normal(seconds(10))},
                        MonoTime(0));
  for (const std::size_t index : {1U, 2U, 3U}) {
    schedule.complete(index, MonoTime(0));
  }
  VirtualLine line(schedule,
                   {{9, milliseconds(80)},
                    {1, milliseconds(20)},
                    {1, milliseconds(20)},
                    {2, milliseconds(20)}});
  line.run_until(milliseconds(200));
  schedule.urge(3, milliseconds(200));
  schedule.urge(2, milliseconds(200));
  schedule.urge(3, milliseconds(210));  // it is urgent already
  EXPECT_EQ(schedule.next_due(), milliseconds(0));
  line.run_until(milliseconds(800));
  // In the order of urging, the whole poll, then the long one goes on.
  EXPECT_EQ(requests_text(line), "000332000000");
}

TEST(Schedule, UrgingIsForOnce) {
  LineSchedule schedule({normal(milliseconds(100))}, MonoTime(0));
  schedule.complete(0, milliseconds(10));
  schedule.urge(0, milliseconds(40));
  EXPECT_EQ(schedule.next_due(), milliseconds(40));
  EXPECT_EQ(schedule.next(milliseconds(40)), 0U);
  EXPECT_EQ(schedule.complete(0, milliseconds(50)), 0U);
  EXPECT_EQ(schedule.next(milliseconds(60)), std::nullopt);
  EXPECT_EQ(schedule.next_due(), milliseconds(140));
}

TEST(Schedule, WhatIsPostponedMissesNothing) {
  LineSchedule schedule({normal(milliseconds(100)), normal(milliseconds(100))},
                        MonoTime(0));
  schedule.complete(0, milliseconds(10));
  schedule.urge(0, milliseconds(20));
  schedule.postpone(0, milliseconds(2'030));
  EXPECT_EQ(schedule.next(milliseconds(2'000)), 1U);
  schedule.complete(1, milliseconds(2'000));
  EXPECT_EQ(schedule.next(milliseconds(2'030)), 1U);
  schedule.complete(1, milliseconds(2'030));
  EXPECT_EQ(schedule.next(milliseconds(2'030)), 0U);
  EXPECT_EQ(schedule.complete(0, milliseconds(2'040)), 0U);
  EXPECT_EQ(schedule.missed(0), 0U);
  // From there on at its rate.
  schedule.complete(1, milliseconds(2'100));
  EXPECT_EQ(schedule.next(milliseconds(2'129)), std::nullopt);
  EXPECT_EQ(schedule.next(milliseconds(2'130)), 0U);
}

TEST(Schedule, PostponingNeverBringsForward) {
  LineSchedule schedule({normal(seconds(60))}, MonoTime(0));
  schedule.complete(0, milliseconds(10));
  schedule.postpone(0, seconds(5));
  EXPECT_EQ(schedule.next_due(), seconds(60));
  // A poll that ends after it was put off leaves it put off.
  schedule.postpone(0, seconds(90));
  EXPECT_EQ(schedule.complete(0, seconds(70)), 0U);
  EXPECT_EQ(schedule.next_due(), seconds(90));
}

}  // namespace
}  // namespace strongroom
