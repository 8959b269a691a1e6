// SPDX-License-Identifier: Apache-2.0
// Two panels and a sensor on a real serial line (a pseudo-terminal), through
// libmodbus, in real time.
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/bus/bus.h"
#include "platform/modbus/libmodbus_link.h"
#include "platform/modbus/modbus_test_server.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t kSensor = 1;
constexpr std::array<std::uint8_t, 2> kPanelUnits{21, 22};
constexpr std::chrono::seconds kPatience{20};

/// Everybody on the line: a sensor whose holding registers say 200 + address,
/// panels that echo an exchange and count their polls.
class Units {
 public:
  explicit Units(const Pty& pty)
      : fd_(pty.master()), thread_([this] { run(); }) {}
  ~Units() {
    stop_ = true;
    thread_.join();
  }
  Units(const Units&) = delete;
  Units& operator=(const Units&) = delete;

  void kill(std::uint8_t unit, bool is_dead) { dead_.at(unit) = is_dead; }

 private:
  void run() {
    while (auto request = next_request()) {
      const Bytes& bytes = *request;
      if (dead_.at(bytes[0])) {
        continue;
      }
      const Bytes answer = answer_to(bytes);
      std::this_thread::sleep_for(milliseconds{1});
      check(::write(fd_, answer.data(), answer.size()) ==
                static_cast<ssize_t>(answer.size()),
            "the answer goes out");
    }
  }
  Bytes answer_to(const Bytes& request) {
    if (request[1] == 23) {
      const std::size_t registers = request[5];
      Bytes answer{request[0], 23, static_cast<std::uint8_t>(2 * registers)};
      for (std::size_t i = 0; i < 2 * registers; ++i) {
        answer.push_back(i < request[10] ? request[11 + i] : 0);
      }
      return rtu_frame(std::move(answer));
    }
    const std::size_t registers = request[5];
    Bytes answer{
        request[0], request[1], static_cast<std::uint8_t>(2 * registers)};
    for (std::size_t i = 0; i < registers; ++i) {
      answer.push_back(0);
      answer.push_back(static_cast<std::uint8_t>(
          request[1] == 4 ? ++polls_ : 200 + request[3] + i));
    }
    return rtu_frame(std::move(answer));
  }
  std::optional<Bytes> next_request() {
    Bytes bytes;
    const auto wanted = [&]() -> std::size_t {
      if (bytes.size() < 2 || bytes[1] != 23) {
        return 8;
      }
      return bytes.size() < 11 ? 11 : std::size_t{13} + bytes[10];
    };
    while (bytes.size() < wanted()) {
      pollfd waiting{fd_, POLLIN, 0};
      if (stop_) {
        return std::nullopt;
      }
      if (poll(&waiting, 1, 10) != 1) {
        continue;
      }
      std::array<std::uint8_t, 256> more{};
      const auto got = ::read(fd_, more.data(), wanted() - bytes.size());
      if (got > 0) {
        bytes.insert(bytes.end(), more.begin(), more.begin() + got);
      }
    }
    return bytes;
  }

  int fd_;
  std::atomic<bool> stop_ = false;
  std::array<std::atomic<bool>, 256> dead_{};
  unsigned polls_ = 0;  // of the thread
  std::thread thread_;
};

/// Polls every 20 ms; a number for each order goes out and comes back.
class CountingPanel final : public PanelPort {
 public:
  void order() {
    const std::scoped_lock lock(mutex_);
    ++wanted_;
  }
  bool wait_until_done() {
    std::unique_lock lock(mutex_);
    return happened_.wait_for(
        lock, kPatience, [this] { return done_ == wanted_; });
  }
  bool wait_for_polls(std::size_t count) {
    std::unique_lock lock(mutex_);
    return happened_.wait_for(lock, kPatience, [&] { return polls_ >= count; });
  }
  std::size_t polls() const {
    const std::scoped_lock lock(mutex_);
    return polls_;
  }
  std::size_t failures() const {
    const std::scoped_lock lock(mutex_);
    return failures_;
  }

  PanelWish wish(MonoTime /*now*/) override {
    const std::scoped_lock lock(mutex_);
    if (done_ == wanted_) {
      return {.kind = PanelWish::Kind::kPoll, .due = next_poll_};
    }
    request_.fill(static_cast<std::uint8_t>(done_ + 1));
    return {.kind = PanelWish::Kind::kExchange,
            .request = request_,
            .read_registers = 30};
  }
  void polled(std::span<const std::uint16_t> cells,
              MonoTime asked,
              MonoTime /*now*/) override {
    const std::scoped_lock lock(mutex_);
    EXPECT_EQ(cells.size(), 2U);
    ++polls_;
    next_poll_ = asked + milliseconds{20};
    happened_.notify_all();
  }
  bool exchanged(std::span<const std::uint8_t> answer,
                 MonoTime /*asked*/,
                 MonoTime /*now*/) override {
    const std::scoped_lock lock(mutex_);
    if (answer.size() != 60 || answer[0] != request_[0] ||
        answer[39] != request_[0] || answer[40] != 0) {
      return false;
    }
    ++done_;
    happened_.notify_all();
    return true;
  }
  void failed(const LinkError&, MonoTime, MonoTime now) override {
    const std::scoped_lock lock(mutex_);
    ++failures_;
    next_poll_ = now + milliseconds{20};
  }
  void line_down(MonoTime /*now*/) override {}

 private:
  mutable std::mutex mutex_;
  std::condition_variable happened_;
  std::size_t wanted_ = 0;
  std::size_t done_ = 0;
  std::size_t polls_ = 0;
  std::size_t failures_ = 0;
  MonoTime next_poll_{};
  std::array<std::uint8_t, 40> request_{};
};

LineDevice sensor() {
  auto profile = std::make_shared<DeviceProfile>();
  profile->name = "sensor";
  for (std::uint16_t address = 0; address < 4; ++address) {
    PointProfile& point = profile->points.emplace_back();
    point.name = "p" + std::to_string(address);
    point.unit = "1";
    point.kind = RegisterKind::kHolding;
    point.address = address;
    point.max = 60'000;
  }
  return {.name = "sensor",
          .profile = profile,
          .unit_id = kSensor,
          .periods = {milliseconds{50}, milliseconds{50}, milliseconds{50}}};
}

TEST(BusPanels, TwoPanelsAndASensorOnOnePort) {
  const Pty pty;
  Units units(pty);
  std::vector<std::shared_ptr<CountingPanel>> panels;
  std::vector<LinePanel> on_line;
  for (const std::uint8_t unit : kPanelUnits) {
    panels.push_back(std::make_shared<CountingPanel>());
    on_line.push_back({"door-" + std::to_string(unit), unit, panels.back()});
  }
  std::mutex mutex;
  std::condition_variable polled;
  std::size_t good_polls = 0;
  std::size_t wrong_values = 0;
  BusLine line(
      "line-1",
      make_libmodbus_link(
          {.endpoint = RtuEndpoint{.device = pty.path(), .baud = 115'200}}),
      {.wire = {.kind = LineKind::kRtu, .baud = 115'200},
       .timeout = milliseconds{200},
       .late_answer = milliseconds{200}},
      {sensor()},
      [&](const PollDone& done) {
        const std::scoped_lock lock(mutex);
        for (std::size_t i = 0; i < done.samples.size(); ++i) {
          const PointSample& sample = done.samples[i];
          wrong_values += sample.quality == PointQuality::kGood &&
                                  sample.mantissa != std::int64_t(200 + i)
                              ? 1U
                              : 0U;
        }
        good_polls += done.error.empty() ? 1U : 0U;
        polled.notify_all();
      },
      std::move(on_line));
  line.start();
  const auto orders = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      for (const auto& panel : panels) {
        panel->order();
        line.wake();
      }
      for (const auto& panel : panels) {
        ASSERT_TRUE(panel->wait_until_done());
      }
    }
  };
  orders(30);
  EXPECT_TRUE(panels[0]->wait_for_polls(10));
  EXPECT_TRUE(panels[1]->wait_for_polls(10));

  // One is cut off for a while: the other goes on, and it comes back.
  units.kill(kPanelUnits[0], true);
  panels[0]->order();
  line.wake();
  EXPECT_TRUE(panels[1]->wait_for_polls(panels[1]->polls() + 50));
  EXPECT_GE(panels[0]->failures(), 1U);
  units.kill(kPanelUnits[0], false);
  EXPECT_TRUE(panels[0]->wait_until_done());
  orders(10);
  {
    std::unique_lock lock(mutex);
    const std::size_t before = good_polls;
    EXPECT_TRUE(polled.wait_for(
        lock, kPatience, [&] { return good_polls >= before + 10; }));
    EXPECT_EQ(wrong_values, 0U);
  }
  line.stop();
  const LineStatus status = line.status().line;
  EXPECT_EQ(status.opens, 1U);
  ASSERT_EQ(status.panels.size(), 2U);
  for (const LinePanelStatus& panel : status.panels) {
    EXPECT_EQ(panel.state, DeviceState::kAnswering);
    EXPECT_GE(panel.counters.exchanges, 40U);
    EXPECT_GE(panel.counters.polls, 10U);
  }
}

}  // namespace
}  // namespace strongroom
