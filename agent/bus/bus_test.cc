// SPDX-License-Identifier: Apache-2.0
#include "agent/bus/bus.h"

#include <condition_variable>
#include <deque>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <thread>

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kTimeout{20};
constexpr milliseconds kFast{1};

/// What the bus did to its link, in order.
struct Call {
  std::string what;  // "open", "close", "flush", "read <unit> <address>"
  Steady::time_point at;
};

/// A link whose registers say their own address, and that fails as told.
/// Shared by the test and the line's thread.
class FakeWire {
 public:
  void fail_reads(std::deque<LinkFault> faults) {
    const std::scoped_lock lock(mutex_);
    faults_ = std::move(faults);
  }
  void kill_unit(std::uint8_t unit) {
    const std::scoped_lock lock(mutex_);
    dead_[unit] = true;
  }
  void refuse_open(bool refuse) {
    const std::scoped_lock lock(mutex_);
    refuse_open_ = refuse;
  }
  void slow_reads(milliseconds delay) {
    const std::scoped_lock lock(mutex_);
    delay_ = delay;
  }
  std::vector<Call> calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Call& call : calls()) {
      names.push_back(call.what);
    }
    return names;
  }

  Result<void> open() {
    const std::scoped_lock lock(mutex_);
    note("open");
    if (refuse_open_) {
      return fault("no such port");
    }
    return {};
  }
  void note_call(std::string what) {
    const std::scoped_lock lock(mutex_);
    note(std::move(what));
  }
  std::expected<void, LinkError> read(std::uint8_t unit,
                                      std::uint16_t address,
                                      std::span<std::uint16_t> values) {
    milliseconds delay{};
    std::optional<LinkFault> fault;
    {
      const std::scoped_lock lock(mutex_);
      note("read " + std::to_string(unit) + " " + std::to_string(address));
      delay = delay_;
      if (dead_[unit]) {
        fault = LinkFault::kTimeout;
      } else if (!faults_.empty()) {
        fault = faults_.front();
        faults_.pop_front();
      }
    }
    if (fault == LinkFault::kTimeout) {
      delay = kTimeout;
    }
    std::this_thread::sleep_for(delay);
    if (fault) {
      return std::unexpected(LinkError{*fault, "as told"});
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<std::uint16_t>(address + i);
    }
    return {};
  }

 private:
  void note(std::string what) {
    calls_.push_back({std::move(what), Steady::now()});
  }

  mutable std::mutex mutex_;
  std::vector<Call> calls_;
  std::deque<LinkFault> faults_;
  std::map<std::uint8_t, bool> dead_;
  bool refuse_open_ = false;
  milliseconds delay_{0};
};

class FakeLink final : public ModbusLink {
 public:
  explicit FakeLink(std::shared_ptr<FakeWire> wire) : wire_(std::move(wire)) {}
  Result<void> open() override { return wire_->open(); }
  void close() override { wire_->note_call("close"); }
  milliseconds timeout() const override { return kTimeout; }
  std::expected<void, LinkError> read(
      std::uint8_t unit,
      RegisterKind /*kind*/,
      std::uint16_t address,
      std::span<std::uint16_t> values) override {
    return wire_->read(unit, address, values);
  }
  void flush() override { wire_->note_call("flush"); }

 private:
  std::shared_ptr<FakeWire> wire_;
};

/// The polls that arrived; the test waits for the n-th.
class Inbox {
 public:
  PollSink sink() {
    return [this](PollDone done) {
      const std::scoped_lock lock(mutex_);
      polls_.push_back(std::move(done));
      arrived_.notify_all();
    };
  }
  /// Everything so far, once there are `count`; fewer only after 10 s.
  std::vector<PollDone> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(
        lock, std::chrono::seconds{10}, [&] { return polls_.size() >= count; });
    EXPECT_GE(polls_.size(), count);
    return polls_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<PollDone> polls_;
};

std::shared_ptr<const DeviceProfile> profile_with(
    const std::vector<std::uint16_t>& addresses) {
  auto profile = std::make_shared<DeviceProfile>();
  profile->name = "fake";
  for (const std::uint16_t address : addresses) {
    profile->points.push_back({.name = "p" + std::to_string(address),
                               .unit = "1",
                               .address = address,
                               .max = 60'000});
  }
  return profile;
}

BusDevice device(std::string name, std::uint8_t unit, milliseconds period) {
  return {.name = std::move(name),
          .profile = profile_with({1, 2}),
          .unit_id = unit,
          .period = period};
}

class Bus : public testing::Test {
 protected:
  BusLine make(std::vector<BusDevice> devices) {
    return BusLine("line-1",
                   std::make_unique<FakeLink>(wire),
                   std::move(devices),
                   inbox.sink());
  }
  std::shared_ptr<FakeWire> wire = std::make_shared<FakeWire>();
  Inbox inbox;
};

constexpr PointSample kBad{PointQuality::kBad, 0};
PointSample good(std::int64_t mantissa) {
  return {PointQuality::kGood, mantissa};
}

TEST_F(Bus, Poll_SaysWhoWhatAndWhen) {
  BusLine line = make({device("rack-1", 7, kFast)});
  line.start();
  const auto polls = inbox.wait_for(2);
  line.stop();
  const PollDone& done = polls[0];
  EXPECT_EQ(done.line, "line-1");
  EXPECT_EQ(done.device, "rack-1");
  EXPECT_EQ(done.samples, (std::vector{good(1), good(2)}));
  EXPECT_EQ(done.error, "");
  EXPECT_GT(done.at.time_since_epoch().count(), 0);
  EXPECT_GT(polls[1].monotonic, done.monotonic);
  const auto names = wire->names();
  EXPECT_EQ(names[0], "open");
  EXPECT_EQ(names[1], "read 7 1") << "both registers in one request";
  EXPECT_EQ(names.back(), "close");
  EXPECT_GE(line.counters().polls, 2U);
  EXPECT_EQ(line.counters().failed_polls, 0U);
}

TEST_F(Bus, AfterATimeout_WaitsAndFlushesBeforeItAsks) {
  wire->fail_reads({LinkFault::kTimeout});
  BusLine line = make({device("rack-1", 1, kFast)});
  line.start();
  const auto polls = inbox.wait_for(2);
  line.stop();
  EXPECT_EQ(polls[0].samples, (std::vector{kBad, kBad}));
  EXPECT_EQ(polls[0].error, "as told");
  EXPECT_EQ(polls[1].samples, (std::vector{good(1), good(2)}));

  const auto calls = wire->calls();
  ASSERT_GE(calls.size(), 4U);
  EXPECT_EQ(calls[1].what, "read 1 1");
  EXPECT_EQ(calls[2].what, "flush");
  EXPECT_EQ(calls[3].what, "read 1 1");
  // The failed read took one timeout, the wait after it another.
  EXPECT_GE(calls[2].at - calls[1].at, 2 * kTimeout);
  EXPECT_EQ(line.counters().timeouts, 1U);
}

TEST_F(Bus, AfterGarbage_WaitsAndFlushesToo) {
  wire->fail_reads({LinkFault::kGarbled});
  BusLine line = make({device("rack-1", 1, kFast)});
  line.start();
  inbox.wait_for(2);
  line.stop();
  const auto calls = wire->calls();
  EXPECT_EQ(calls[2].what, "flush");
  EXPECT_GE(calls[2].at - calls[1].at, kTimeout);
  EXPECT_EQ(line.counters().garbled, 1U);
}

TEST_F(Bus, Exception_FailsItsBlockAlone) {
  wire->fail_reads({LinkFault::kException});
  BusDevice two_blocks = device("rack-1", 1, kFast);
  two_blocks.profile = profile_with({1, 9});
  BusLine line = make({two_blocks});
  line.start();
  const auto polls = inbox.wait_for(1);
  line.stop();
  EXPECT_EQ(polls[0].samples, (std::vector{kBad, good(9)}));
  EXPECT_EQ(polls[0].error, "as told");
  const auto names = wire->names();
  EXPECT_EQ(names[2], "read 1 9") << "no wait, no flush: the line is clean";
  EXPECT_EQ(line.counters().exceptions, 1U);
}

TEST_F(Bus, Timeout_GivesUpTheRestOfThePoll) {
  wire->fail_reads({LinkFault::kTimeout});
  BusDevice two_blocks = device("rack-1", 1, kFast);
  two_blocks.profile = profile_with({1, 9});
  BusLine line = make({two_blocks});
  line.start();
  inbox.wait_for(2);
  line.stop();
  const auto names = wire->names();
  EXPECT_EQ(names[2], "flush");
  EXPECT_EQ(names[3], "read 1 1");
}

TEST_F(Bus, LostLink_IsOpenedAgainAndEveryPollIsReported) {
  wire->fail_reads({LinkFault::kLost});
  BusLine line = make({device("rack-1", 1, milliseconds{20})});
  line.start();
  std::vector<PollDone> polls = inbox.wait_for(2);
  while (polls.back().error != "" && polls.size() < 1000) {
    polls = inbox.wait_for(polls.size() + 1);
  }
  line.stop();
  EXPECT_EQ(polls[0].error, "as told");
  EXPECT_EQ(polls[0].samples, (std::vector{kBad, kBad}));
  EXPECT_EQ(polls.back().error, "");
  const auto calls = wire->calls();
  EXPECT_EQ(calls[2].what, "close");
  EXPECT_EQ(calls[3].what, "open");
  EXPECT_GE(calls[3].at - calls[2].at, milliseconds{240}) << "not at once";
  EXPECT_EQ(line.counters().opens, 2U);
  EXPECT_EQ(line.counters().lost, 1U);
}

TEST_F(Bus, PortThatDoesNotOpen_IsTriedWithBackoff) {
  wire->refuse_open(true);
  BusLine line = make({device("rack-1", 1, milliseconds{20})});
  line.start();
  const auto polls = inbox.wait_for(20);
  EXPECT_EQ(polls[0].error, "no such port");
  EXPECT_EQ(polls[19].error, "no such port");
  EXPECT_FALSE(line.counters().connected);
  // 20 polls take 400 ms: tried at 0 and 250, next at 750. A busy machine may
  // need longer, never 20 attempts.
  EXPECT_LE(line.counters().failed_opens, 8U);
  wire->refuse_open(false);
  const std::size_t so_far = inbox.wait_for(20).size();
  const auto later = inbox.wait_for(so_far + 50);
  line.stop();
  EXPECT_EQ(later.back().error, "");
  EXPECT_EQ(line.counters().opens, 1U);
}

TEST_F(Bus, ThreeFaultsInARow_OpenTheLinkAnew) {
  wire->fail_reads(
      {LinkFault::kTimeout, LinkFault::kGarbled, LinkFault::kTimeout});
  BusLine line = make({device("rack-1", 1, kFast)});
  line.start();
  const auto polls = inbox.wait_for(4);
  line.stop();
  EXPECT_EQ(polls[3].error, "");
  EXPECT_EQ(line.counters().opens, 2U);
  EXPECT_EQ(line.counters().lost, 0U);
}

TEST_F(Bus, DeadDevice_LeavesTheOthersTheirValues) {
  wire->kill_unit(2);
  BusLine line = make({device("alive", 1, milliseconds{5}),
                       device("dead", 2, milliseconds{5}),
                       device("alive-too", 3, milliseconds{5})});
  line.start();
  const auto polls = inbox.wait_for(15);
  line.stop();
  std::map<std::string, int> count;
  for (const PollDone& done : polls) {
    ++count[done.device];
    EXPECT_EQ(done.error.empty(), done.device != "dead") << done.device;
  }
  EXPECT_GE(count["alive"], 4);
  EXPECT_GE(count["alive-too"], 4);
  EXPECT_GE(count["dead"], 4);
  EXPECT_EQ(line.counters().opens, 1U) << "one dead device is no dead line";
}

TEST_F(Bus, CyclesThatWereDueInVain_AreCounted) {
  wire->slow_reads(milliseconds{35});
  BusLine line = make({device("rack-1", 1, milliseconds{10})});
  line.start();
  inbox.wait_for(4);
  line.stop();
  EXPECT_GE(line.counters().missed_cycles, 6U);
}

TEST_F(Bus, PeriodZero_GoesAsFastAsTheLineAndInTurns) {
  BusLine line =
      make({device("a", 1, milliseconds{0}), device("b", 2, milliseconds{0})});
  line.start();
  const auto polls = inbox.wait_for(1000);
  line.stop();
  for (std::size_t i = 2; i < 1000; ++i) {
    ASSERT_EQ(polls[i].device, polls[i - 2].device);
    ASSERT_NE(polls[i].device, polls[i - 1].device);
  }
  EXPECT_EQ(line.counters().missed_cycles, 0U);
}

TEST_F(Bus, PeriodZero_DoesNotSpinOnAClosedPort) {
  wire->refuse_open(true);
  BusLine line = make({device("a", 1, milliseconds{0})});
  const auto start = Steady::now();
  line.start();
  inbox.wait_for(4);
  EXPECT_GE(Steady::now() - start, 3 * kTimeout);
  line.stop();
}

TEST_F(Bus, Stop_DoesNotWaitForThePeriod) {
  BusLine line = make({device("rack-1", 1, std::chrono::hours{1})});
  line.start();
  inbox.wait_for(1);
  const auto asked = Steady::now();
  line.stop();
  EXPECT_LT(Steady::now() - asked, std::chrono::seconds{5});
  EXPECT_EQ(wire->names().back(), "close");
}

TEST_F(Bus, StoppedBeforeItStarted_IsNoTrouble) {
  BusLine line = make({device("rack-1", 1, kFast)});
  line.stop();
  EXPECT_TRUE(wire->calls().empty());
}

}  // namespace
}  // namespace strongroom
