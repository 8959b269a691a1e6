// SPDX-License-Identifier: Apache-2.0
#include "agent/wiring/line_set.h"

#include <atomic>
#include <gtest/gtest.h>

#include "agent/wiring/wiring_test_util.h"
#include "tests/support/wait_until.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;
using testing_wiring::FakeLines;
using testing_wiring::line;

std::vector<std::string> names(const std::vector<LineSnapshot>& lines) {
  std::vector<std::string> all;
  for (const LineSnapshot& each : lines) {
    all.push_back(each.name);
  }
  return all;
}

TEST(LineSet, Started_Polls_AndIsShown) {
  FakeLines fake;
  LineSet lines(fake.maker());
  lines.start(line("a", {"a1"}));
  fake.await_polls("a1", 2);
  ASSERT_TRUE(wait_until([&] {
    const auto shown = lines.snapshot();
    return shown[0].status.is_open && shown[0].counters.polls > 0;
  }));
  const LineSnapshot shown = lines.snapshot()[0];
  EXPECT_EQ(shown.name, "a");
  EXPECT_EQ(shown.kind, "tcp");
  EXPECT_EQ(shown.endpoint, "192.0.2.1:502");
  EXPECT_EQ(shown.profiles.at("a1"), "fake");
  EXPECT_EQ(shown.status.devices[0].name, "a1");
}

TEST(LineSet, Stop_EndsTheNamedOnes_AndNoOther) {
  FakeLines fake;
  LineSet lines(fake.maker());
  lines.start(line("a", {"a1"}));
  lines.start(line("b", {"b1"}));
  fake.await_polls("a1", 1);
  lines.stop({"a", "none"});
  EXPECT_EQ(names(lines.snapshot()), std::vector<std::string>{"b"});
  const std::size_t of_a = fake.polls("a1");
  fake.await_polls("b1", fake.polls("b1") + 3);
  EXPECT_EQ(fake.polls("a1"), of_a) << "a stopped line gives no poll";
}

TEST(LineSet, LineOfTheSameName_GoesOnCounting) {
  FakeLines fake;
  LineSet lines(fake.maker());
  lines.start(line("a", {"a1", "a2"}));
  fake.await_polls("a1", 3);
  fake.await_polls("a2", 3);
  lines.stop({"a"});
  const std::size_t before = fake.polls("a1") + fake.polls("a2");
  const std::size_t of_a1 = fake.polls("a1");
  lines.start(line("a", {"a1"}));
  ASSERT_TRUE(wait_until([&] {
    const auto shown = lines.snapshot();
    return !shown[0].status.devices.empty() &&
           shown[0].status.devices[0].counters.polls > of_a1;
  }));
  const LineSnapshot shown = lines.snapshot()[0];
  EXPECT_GT(shown.counters.polls, before);
  EXPECT_EQ(shown.status.opens, 2U);
}

// Each would take its second alone.
TEST(LineSet, StopAll_StopsThemTogether) {
  FakeLines fake;
  fake.answer_after = 400ms;
  LineSet lines(fake.maker());
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    lines.start(line(name, {std::string(name) + "1"}));
  }
  fake.await_asking(6);
  const auto start = std::chrono::steady_clock::now();
  lines.stop_all();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1500ms);
  EXPECT_TRUE(lines.snapshot().empty());
}

TEST(LineSet, Snapshot_DoesNotWaitForALineThatEnds) {
  FakeLines fake;
  fake.answer_after = 1s;
  LineSet lines(fake.maker());
  lines.start(line("a", {"a1"}));
  fake.await_asking(1);
  std::atomic<bool> stopped = false;
  std::jthread stopping([&] {
    lines.stop({"a"});
    stopped = true;
  });
  while (!stopped && lines.snapshot().size() == 1) {
  }
  EXPECT_TRUE(lines.snapshot().empty());
}

}  // namespace
}  // namespace strongroom
