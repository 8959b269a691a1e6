// SPDX-License-Identifier: Apache-2.0
#include "core/point/step_guard.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr PointSample kBad{PointQuality::kBad, 0};
constexpr PointSample kNotAsked{PointQuality::kNotAsked, 0};
constexpr PointSample kOutOfRange{PointQuality::kOutOfRange, 0};

constexpr PointSample good(std::int64_t mantissa) {
  return {PointQuality::kGood, mantissa};
}

/// A device with one point that may move by 5 a second.
DeviceProfile slow_point() {
  DeviceProfile profile;
  profile.points.push_back({.name = "p", .max_step_per_s = 5});
  return profile;
}

struct Step {
  MonoTime at;
  PointSample given;
  PointSample expected;
};

void expect_steps(const DeviceProfile& profile,
                  const std::vector<Step>& steps) {
  StepGuard guard(profile);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    PointSample sample = steps[i].given;
    guard.judge(steps[i].at, {&sample, 1});
    EXPECT_EQ(sample, steps[i].expected) << "step " << i;
  }
}

TEST(StepGuard, PlausibleSteps_AreLeftAlone) {
  expect_steps(slow_point(),
               {{seconds(0), good(100), good(100)},
                {seconds(1), good(105), good(105)},
                {seconds(2), good(100), good(100)},
                {seconds(12), good(150), good(150)}});
}

TEST(StepGuard, Jump_IsOutOfRange_AndTheNextOldValueIsBelieved) {
  expect_steps(slow_point(),
               {{seconds(0), good(100), good(100)},
                {seconds(1), good(900), kOutOfRange},
                {seconds(2), good(101), good(101)}});
}

TEST(StepGuard, OneCountOfRounding_IsNoStep) {
  expect_steps(slow_point(),
               {{seconds(0), good(100), good(100)},
                {seconds(0), good(101), good(101)},
                {seconds(1), good(107), good(107)},
                {seconds(2), good(114), kOutOfRange},
                {seconds(2), good(113), good(113)},
                {milliseconds(2200), good(116), kOutOfRange},
                {milliseconds(2200), good(115), good(115)}});
}

TEST(StepGuard, TimeSinceTheLastBelievedOne_Counts) {
  expect_steps(slow_point(),
               {{seconds(0), good(0), good(0)},
                {seconds(1), good(20), kOutOfRange},
                {seconds(4), good(20), good(20)}});
}

TEST(StepGuard, ThreeThatAgree_AreBelieved) {
  expect_steps(slow_point(),
               {{seconds(0), good(100), good(100)},
                {seconds(1), good(900), kOutOfRange},
                {seconds(2), good(903), kOutOfRange},
                {seconds(3), good(901), good(901)},
                {seconds(4), good(100), kOutOfRange}});
}

TEST(StepGuard, CandidatesThatDisagree_StartAgain) {
  expect_steps(slow_point(),
               {{seconds(0), good(100), good(100)},
                {seconds(1), good(900), kOutOfRange},
                {seconds(2), good(500), kOutOfRange},
                {seconds(3), good(900), kOutOfRange},
                {seconds(4), good(900), kOutOfRange},
                {seconds(5), good(900), good(900)}});
}

TEST(StepGuard, BelievedInBetween_EndsTheCandidates) {
  expect_steps(slow_point(),
               {{seconds(0), good(100), good(100)},
                {seconds(1), good(900), kOutOfRange},
                {seconds(2), good(900), kOutOfRange},
                {seconds(3), good(100), good(100)},
                {seconds(4), good(900), kOutOfRange},
                {seconds(5), good(900), kOutOfRange},
                {seconds(6), good(900), good(900)}});
}

TEST(StepGuard, OtherQualitiesInBetween_AreLeftAlone) {
  expect_steps(slow_point(),
               {{seconds(0), kBad, kBad},
                {seconds(1), good(100), good(100)},
                {seconds(2), kOutOfRange, kOutOfRange},
                {seconds(3), good(900), kOutOfRange},
                {seconds(4), kBad, kBad},
                {seconds(5), good(900), kOutOfRange},
                {seconds(6), kNotAsked, kNotAsked},
                {seconds(7), good(900), good(900)}});
}

TEST(StepGuard, NoTimeOrTimeBackwards_AllowsNoStep) {
  expect_steps(slow_point(),
               {{seconds(5), good(100), good(100)},
                {seconds(5), good(100), good(100)},
                {seconds(5), good(102), kOutOfRange},
                {seconds(4), good(103), kOutOfRange},
                {seconds(4), good(100), good(100)}});
}

TEST(StepGuard, LargestNumbers_DoNotOverflow) {
  DeviceProfile profile = slow_point();
  const std::int64_t large = kMantissaLimit - 1;
  profile.points[0].max_step_per_s = large;
  expect_steps(profile,
               {{microseconds(0), good(-large), good(-large)},
                {microseconds(1), good(large), kOutOfRange},
                {microseconds::max(), good(large), good(large)},
                {microseconds::min(), good(-large), kOutOfRange}});
}

TEST(StepGuard, PointsWithoutALimit_AreLeftAlone) {
  DeviceProfile profile = slow_point();
  profile.points.insert(profile.points.begin(), PointProfile{.name = "free"});
  StepGuard guard(profile);
  std::vector<PointSample> samples = {good(0), good(0)};
  guard.judge(seconds(0), samples);
  samples = {good(1'000'000), good(1'000'000)};
  guard.judge(seconds(1), samples);
  EXPECT_EQ(samples, (std::vector{good(1'000'000), kOutOfRange}));
}

}  // namespace
}  // namespace strongroom
