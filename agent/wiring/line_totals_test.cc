// SPDX-License-Identifier: Apache-2.0
#include "agent/wiring/line_totals.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

using namespace std::chrono_literals;

// Every counter has a value of its own.
LineCounters counters(std::uint64_t base) {
  return {.polls = base + 1,
          .failed_polls = base + 2,
          .requests = base + 3,
          .timeouts = base + 4,
          .exceptions = base + 5,
          .garbled = base + 6,
          .late_bytes = base + 7,
          .varied = base + 8,
          .missed_cycles = base + 9};
}

void expect_equal(const LineCounters& one, const LineCounters& other) {
  EXPECT_EQ(one.polls, other.polls);
  EXPECT_EQ(one.failed_polls, other.failed_polls);
  EXPECT_EQ(one.requests, other.requests);
  EXPECT_EQ(one.timeouts, other.timeouts);
  EXPECT_EQ(one.exceptions, other.exceptions);
  EXPECT_EQ(one.garbled, other.garbled);
  EXPECT_EQ(one.late_bytes, other.late_bytes);
  EXPECT_EQ(one.varied, other.varied);
  EXPECT_EQ(one.missed_cycles, other.missed_cycles);
}

LineStatus status(std::initializer_list<const char*> devices) {
  LineStatus made;
  made.lost = 1;
  made.opens = 2;
  made.failed_opens = 3;
  made.busy = 4s;
  for (const char* name : devices) {
    LineDeviceStatus device;
    device.name = name;
    device.counters = counters(100);
    made.devices.push_back(device);
  }
  return made;
}

TEST(LineTotals, NothingBefore_ChangesNothing) {
  const LineStatus shown = LineTotals{}.onto(status({"a"}));
  EXPECT_EQ(shown.opens, 2U);
  expect_equal(shown.devices[0].counters, counters(100));
  expect_equal(LineTotals{}.sum(shown), counters(100));
}

TEST(LineTotals, CountersGoOn_AlsoOverTwoRestarts) {
  LineTotals totals;
  totals.add(status({"a"}));
  totals.add(status({"a"}));
  const LineStatus shown = totals.onto(status({"a"}));
  EXPECT_EQ(shown.lost, 3U);
  EXPECT_EQ(shown.opens, 6U);
  EXPECT_EQ(shown.failed_opens, 9U);
  EXPECT_EQ(shown.busy, 12s);
  LineCounters thrice = counters(100);
  thrice += counters(100);
  thrice += counters(100);
  expect_equal(shown.devices[0].counters, thrice);
}

TEST(LineTotals, DeviceThatIsGone_CountsInTheLine_AndWhenItReturns) {
  LineTotals totals;
  totals.add(status({"a", "gone"}));
  LineStatus shown = totals.onto(status({"a", "new"}));
  expect_equal(shown.devices[1].counters, counters(100));
  EXPECT_EQ(totals.sum(shown).polls, 4U * 101U) << "a line's sum never falls";
  totals.add(status({"a", "new"}));
  shown = totals.onto(status({"gone"}));
  EXPECT_EQ(shown.devices[0].counters.polls, 202U);
  EXPECT_EQ(totals.sum(shown).polls, 5U * 101U);
}

}  // namespace
}  // namespace strongroom
