// SPDX-License-Identifier: Apache-2.0
#include "agent/bus/bus.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "platform/system/clock.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kTimeout{20};
constexpr milliseconds kFast{1};

/// A wire whose registers say their own address, and that fails as told.
/// Shared by the test and the line's thread.
class FakeWire {
 public:
  void fail_next_read(LinkFault fault) {
    const std::scoped_lock lock(mutex_);
    next_fault_ = fault;
  }
  void kill_unit(std::uint8_t unit) {
    const std::scoped_lock lock(mutex_);
    dead_[unit] = true;
  }
  void refuse_open(bool refuse) {
    const std::scoped_lock lock(mutex_);
    refuse_open_ = refuse;
  }
  /// What the bus did, in order: "open", "close", "discard", "read <unit>
  /// <address>".
  std::vector<std::string> calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }
  std::size_t count(const std::string& call) const {
    const auto all = calls();
    return static_cast<std::size_t>(std::ranges::count(all, call));
  }

  void note(std::string what) {
    const std::scoped_lock lock(mutex_);
    calls_.push_back(std::move(what));
  }
  Result<void> open() {
    note("open");
    const std::scoped_lock lock(mutex_);
    if (refuse_open_) {
      return fault("no such port");
    }
    return {};
  }
  std::optional<LinkFault> fault_of_read(std::uint8_t unit) {
    const std::scoped_lock lock(mutex_);
    return dead_[unit] ? LinkFault::kTimeout
                       : std::exchange(next_fault_, std::nullopt);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> calls_;
  std::optional<LinkFault> next_fault_;
  std::map<std::uint8_t, bool> dead_;
  bool refuse_open_ = false;
};

class FakeLink final : public ModbusLink {
 public:
  explicit FakeLink(std::shared_ptr<FakeWire> wire) : wire_(std::move(wire)) {}
  Result<void> open() override { return wire_->open(); }
  void close() override { wire_->note("close"); }
  std::expected<void, LinkError> read(
      const Question& question,
      std::chrono::microseconds timeout,
      std::span<std::uint16_t> values) override {
    wire_->note("read " + std::to_string(question.unit) + " " +
                std::to_string(question.address));
    if (const auto fault = wire_->fault_of_read(question.unit)) {
      std::this_thread::sleep_for(fault == LinkFault::kTimeout ? timeout
                                                               : timeout * 0);
      return std::unexpected(
          LinkError{*fault, ModbusException::kNone, "as told"});
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<std::uint16_t>(question.address + i);
    }
    return {};
  }
  std::expected<void, LinkError> exchange(
      std::uint8_t unit,
      std::uint16_t address,
      std::span<const std::uint8_t> written,
      std::span<std::uint8_t> read,
      std::chrono::microseconds timeout) override {
    wire_->note("exchange " + std::to_string(unit) + " " +
                std::to_string(address) + " " + std::to_string(written[0]));
    if (const auto fault = wire_->fault_of_read(unit)) {
      std::this_thread::sleep_for(fault == LinkFault::kTimeout ? timeout
                                                               : timeout * 0);
      return std::unexpected(
          LinkError{*fault, ModbusException::kNone, "as told"});
    }
    std::ranges::fill(read, written[0]);
    return {};
  }
  std::size_t discard(std::chrono::microseconds quiet,
                      std::chrono::microseconds /*at_most*/) override {
    wire_->note("discard");
    std::this_thread::sleep_for(quiet);
    return 0;
  }
  LowLatency low_latency() const override { return LowLatency::kSet; }

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

LineDevice device(std::string name, std::uint8_t unit, milliseconds period) {
  return {.name = std::move(name),
          .profile = profile_with({1, 2}),
          .unit_id = unit,
          .periods = {period, period, period}};
}

/// A driver that exchanges one byte per order, which any thread may give.
class FakePanel final : public PanelPort {
 public:
  void order(std::uint8_t what) {
    const std::scoped_lock lock(mutex_);
    orders_.push_back(what);
  }
  /// The answers so far, once there are `count`; fewer only after 10 s.
  std::vector<std::uint8_t> wait_for_answers(std::size_t count) {
    std::unique_lock lock(mutex_);
    happened_.wait_for(lock, std::chrono::seconds{10}, [&] {
      return answers_.size() >= count;
    });
    return answers_;
  }
  void wait_for_failures(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(happened_.wait_for(
        lock, std::chrono::seconds{10}, [&] { return failures_ >= count; }));
  }

  PanelWish wish(MonoTime /*now*/) override {
    const std::scoped_lock lock(mutex_);
    if (orders_.empty()) {
      return {.due = MonoTime::max()};
    }
    request_ = {orders_.front(), 0};
    return {.kind = PanelWish::Kind::kExchange,
            .request = request_,
            .read_registers = 3};
  }
  void polled(std::span<const std::uint16_t>, MonoTime, MonoTime) override {}
  bool exchanged(std::span<const std::uint8_t> answer,
                 MonoTime /*asked*/,
                 MonoTime /*now*/) override {
    const std::scoped_lock lock(mutex_);
    EXPECT_EQ(answer.size(), 6U);
    answers_.push_back(answer.back());
    orders_.erase(orders_.begin());
    happened_.notify_all();
    return true;
  }
  void failed(const LinkError&, MonoTime, MonoTime) override {
    const std::scoped_lock lock(mutex_);
    ++failures_;
    happened_.notify_all();
  }
  void line_down(MonoTime /*now*/) override {}

 private:
  std::mutex mutex_;
  std::condition_variable happened_;
  std::vector<std::uint8_t> orders_;
  std::array<std::uint8_t, 2> request_{};
  std::vector<std::uint8_t> answers_;
  std::size_t failures_ = 0;
};

class Bus : public testing::Test {
 protected:
  BusLine make(std::vector<LineDevice> devices,
               std::vector<LinePanel> panels = {}) {
    return BusLine("line-1",
                   std::make_unique<FakeLink>(wire),
                   {.timeout = kTimeout},
                   std::move(devices),
                   inbox.sink(),
                   std::move(panels));
  }
  std::shared_ptr<FakeWire> wire = std::make_shared<FakeWire>();
  Inbox inbox;
};

constexpr PointSample kBad{PointQuality::kBad, 0};
PointSample good(std::int64_t mantissa) {
  return {PointQuality::kGood, mantissa};
}

/// Waits for a poll that is as wanted; the last one looked at.
template <typename Wanted>
PollDone wait_for_poll(Inbox& inbox, Wanted wanted) {
  const auto deadline = Steady::now() + std::chrono::seconds{20};
  std::size_t seen = inbox.wait_for(0).size();
  for (;;) {
    const auto polls = inbox.wait_for(seen + 1);
    if (polls.size() <= seen) {
      return {};
    }
    seen = polls.size();
    if (wanted(polls.back()) || Steady::now() > deadline) {
      return polls.back();
    }
  }
}

bool is_answered(const PollDone& done) {
  return done.error.empty();
}

TEST_F(Bus, Poll_SaysWhoWhatAndWhen) {
  const LineDevice rack = device("rack-1", 7, kFast);
  BusLine line = make({rack});
  const Now before = read_clocks();
  line.start();
  const auto polls = inbox.wait_for(2);
  line.stop();
  const PollDone& done = polls[0];
  EXPECT_EQ(done.line, "line-1");
  EXPECT_EQ(done.device, "rack-1");
  EXPECT_EQ(done.poll_class, PollClass::kNormal);
  EXPECT_EQ(done.profile, rack.profile);
  EXPECT_EQ(done.samples, (std::vector{good(1), good(2)}));
  EXPECT_EQ(done.error, "");
  EXPECT_GE(done.at, before.wall);
  EXPECT_GE(done.monotonic, before.monotonic);
  EXPECT_GT(polls[1].monotonic, done.monotonic);
  const auto calls = wire->calls();
  EXPECT_EQ(calls.front(), "open");
  EXPECT_EQ(calls.back(), "close");
  EXPECT_EQ(wire->count("read 7 2"), 0U) << "both registers in one request";
}

TEST_F(Bus, Status_SaysWhatTheLineDid) {
  BusLine line = make({device("rack-1", 7, kFast)});
  EXPECT_TRUE(line.status().line.devices.empty()) << "before the start";
  line.start();
  inbox.wait_for(3);
  line.stop();
  const BusStatus status = line.status();
  EXPECT_EQ(status.low_latency, LowLatency::kSet);
  EXPECT_EQ(status.line.opens, 1U);
  ASSERT_EQ(status.line.devices.size(), 1U);
  const LineDeviceStatus& rack = status.line.devices[0];
  EXPECT_EQ(rack.name, "rack-1");
  EXPECT_EQ(rack.unit_id, 7);
  EXPECT_EQ(rack.state, DeviceState::kAnswering);
  EXPECT_EQ(rack.counters.polls, inbox.wait_for(3).size());
}

TEST_F(Bus, Status_IsThereWhileTheLineWaits) {
  BusLine line = make({device("rack-1", 1, std::chrono::hours{1})});
  line.start();
  inbox.wait_for(1);
  EXPECT_EQ(line.status().line.devices.at(0).counters.polls, 1U);
  line.stop();
}

TEST_F(Bus, AfterATimeout_TheLineIsEmptiedBeforeItIsAskedAgain) {
  wire->fail_next_read(LinkFault::kTimeout);
  BusLine line = make({device("rack-1", 1, kFast)});
  line.start();
  const PollDone first = inbox.wait_for(1)[0];
  EXPECT_EQ(first.samples, (std::vector{kBad, kBad}));
  EXPECT_EQ(first.error, "as told");
  EXPECT_EQ(wait_for_poll(inbox, is_answered).samples,
            (std::vector{good(1), good(2)}));
  line.stop();
  const auto calls = wire->calls();
  const auto failed = std::ranges::find(calls, "read 1 1");
  ASSERT_NE(failed, calls.end());
  EXPECT_EQ(*std::next(failed), "discard");
}

TEST_F(Bus, LostLink_IsOpenedAgainAndEveryPollIsReported) {
  wire->fail_next_read(LinkFault::kLost);
  BusLine line = make({device("rack-1", 1, milliseconds{20})});
  line.start();
  EXPECT_EQ(inbox.wait_for(1)[0].error, "as told");
  EXPECT_EQ(wait_for_poll(inbox, is_answered).error, "");
  line.stop();
  EXPECT_EQ(wire->count("open"), 2U);
  EXPECT_EQ(line.status().line.lost, 1U);
}

TEST_F(Bus, PortThatDoesNotOpen_IsReportedAndTriedAgain) {
  wire->refuse_open(true);
  BusLine line = make({device("rack-1", 1, milliseconds{0})});
  line.start();
  EXPECT_EQ(inbox.wait_for(1)[0].error, "no such port");
  EXPECT_FALSE(line.status().line.is_open);
  wire->refuse_open(false);
  EXPECT_EQ(wait_for_poll(inbox, is_answered).error, "");
  line.stop();
  EXPECT_LT(wire->count("open"), 100U) << "it does not spin";
}

TEST_F(Bus, DeadDevice_LeavesTheOthersTheirValues) {
  wire->kill_unit(2);
  BusLine line = make({device("alive", 1, milliseconds{5}),
                       device("dead", 2, milliseconds{5}),
                       device("alive-too", 3, milliseconds{5})});
  line.start();
  const auto polls = inbox.wait_for(40);
  line.stop();
  std::map<std::string, int> count;
  for (const PollDone& done : polls) {
    ++count[done.device];
    EXPECT_EQ(done.error.empty(), done.device != "dead") << done.device;
  }
  EXPECT_GE(count["alive"], 4);
  EXPECT_GE(count["alive-too"], 4);
  EXPECT_GE(count["dead"], 1);
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
}

TEST_F(Bus, SinkThatBlocks_HoldsItsOwnLineAlone) {
  std::mutex held;
  std::unique_lock hold(held);
  std::atomic<bool> entered = false;
  BusLine slow("slow",
               std::make_unique<FakeLink>(std::make_shared<FakeWire>()),
               {.timeout = kTimeout},
               {device("a", 1, kFast)},
               [&](const PollDone&) {
                 entered = true;
                 entered.notify_one();
                 const std::scoped_lock wait(held);
               });
  BusLine other = make({device("b", 1, kFast)});
  slow.start();
  entered.wait(false);
  other.start();
  inbox.wait_for(20);
  EXPECT_EQ(slow.status().line.devices.at(0).counters.polls, 1U)
      << "and it can be looked at meanwhile";
  hold.unlock();
  other.stop();
  slow.stop();
}

TEST_F(Bus, Stop_DoesNotWaitForThePeriod) {
  BusLine line = make({device("rack-1", 1, std::chrono::hours{1})});
  line.start();
  inbox.wait_for(1);
  const auto asked = Steady::now();
  line.stop();
  EXPECT_LT(Steady::now() - asked, std::chrono::seconds{5});
  EXPECT_EQ(wire->calls().back(), "close");
}

TEST_F(Bus, Wake_ExchangesAtOnceThoughNothingIsDue) {
  const auto panel = std::make_shared<FakePanel>();
  BusLine line = make({device("rack-1", 1, std::chrono::hours{1})},
                      {{"door-1", 21, panel}});
  line.wake();  // before the start: no harm
  line.start();
  inbox.wait_for(1);
  for (std::uint8_t what = 1; what <= 200; ++what) {
    panel->order(what);
    line.wake();
    const auto answers = panel->wait_for_answers(what);
    ASSERT_EQ(answers.size(), what);
    EXPECT_EQ(answers.back(), what);
  }
  line.stop();
  line.wake();
  EXPECT_EQ(wire->count("exchange 21 4096 200"), 1U);
  EXPECT_EQ(line.status().line.panels.at(0).counters.exchanges, 200U);
}

// One that is pushed while the line looks is not overslept.
TEST_F(Bus, Wake_OfAnyThreadIsNeverLost) {
  std::vector<std::shared_ptr<FakePanel>> panels;
  std::vector<LinePanel> on_line;
  for (std::uint8_t unit = 21; unit < 25; ++unit) {
    panels.push_back(std::make_shared<FakePanel>());
    on_line.push_back({"door-" + std::to_string(unit), unit, panels.back()});
  }
  BusLine line = make({}, std::move(on_line));
  line.start();
  constexpr std::size_t kOrders = 250;
  std::vector<std::thread> loops;
  for (const auto& panel : panels) {
    loops.emplace_back([&line, panel] {
      for (std::size_t i = 0; i < kOrders; ++i) {
        panel->order(static_cast<std::uint8_t>(i));
        line.wake();
        panel->wait_for_answers(i + 1);
      }
    });
  }
  for (std::thread& loop : loops) {
    loop.join();
  }
  for (const auto& panel : panels) {
    EXPECT_EQ(panel->wait_for_answers(kOrders).size(), kOrders);
  }
  line.stop();
}

TEST_F(Bus, ExchangeWithoutAnswer_IsTheDriversToRepeat) {
  const auto panel = std::make_shared<FakePanel>();
  wire->fail_next_read(LinkFault::kTimeout);
  BusLine line = make({}, {{"door-1", 21, panel}});
  panel->order(7);
  line.start();
  panel->wait_for_failures(1);
  EXPECT_EQ(panel->wait_for_answers(1), std::vector<std::uint8_t>{7});
  line.stop();
  EXPECT_EQ(line.status().line.panels.at(0).counters.timeouts, 1U);
}

TEST_F(Bus, StoppedBeforeItStarted_IsNoTrouble) {
  BusLine line = make({device("rack-1", 1, kFast)});
  line.stop();
  EXPECT_TRUE(wire->calls().empty());
}

}  // namespace
}  // namespace strongroom
