// SPDX-License-Identifier: Apache-2.0
#include "agent/bus/bus.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "core/base/check.h"
#include "platform/system/clock.h"

namespace strongroom {
namespace {

/// Of a line that nobody wants anything of.
constexpr std::chrono::minutes kLongestWait{1};

}  // namespace

// The thread alone has the link; it never holds the mutex while it waits for
// anything, so that the machine can be looked at meanwhile.
struct BusLine::State {
  std::string name;
  std::unique_ptr<ModbusLink> link;
  LineSettings settings;
  std::vector<LineDevice> devices;
  std::vector<LinePanel> panels;
  PollSink sink;
  std::vector<std::uint16_t> cells;
  std::array<std::uint8_t, 2 * kMaxExchangeRead> read_bytes{};

  // Apart from the machine's, so that who wakes the line never waits for what
  // the panels' drivers do.
  std::mutex call_mutex;
  std::condition_variable called;
  bool stop = false;       // under call_mutex
  bool is_called = false;  // under call_mutex
  mutable std::mutex mutex;
  std::unique_ptr<LineMachine> machine;  // under mutex; from the start
  LowLatency low_latency = LowLatency::kNotApplicable;  // under mutex
  std::thread thread;                                   // of the owner

  void run();
  std::optional<LineAction> next();
  void perform(const LineOpen& open);
  void perform(const LineClose& close);
  void perform(const LineAsk& ask);
  void perform(const LineExchange& exchange);
  void perform(const LineDiscard& discard);
  void perform(const LineWait& wait);
  template <typename Tell>
  void tell_machine(Tell tell);
  void hand_over(std::vector<PollReport> reports) const;
  PollDone poll_done(PollReport report, const Now& now) const;
};

void BusLine::State::run() {
  while (const auto action = next()) {
    std::visit([&](const auto& what) { perform(what); }, *action);
  }
  link->close();
}

/// Nothing when the line is to stop.
std::optional<LineAction> BusLine::State::next() {
  {
    const std::scoped_lock lock(call_mutex);
    if (stop) {
      return std::nullopt;
    }
    is_called = false;  // what was wished before is seen now
  }
  const std::scoped_lock lock(mutex);
  return machine->next(read_monotonic());
}

void BusLine::State::perform(const LineOpen& /*open*/) {
  const auto opened = link->open();
  tell_machine([&](MonoTime now) {
    low_latency = link->low_latency();
    if (opened) {
      machine->opened(now);
    } else {
      machine->open_failed(opened.error().what, now);
    }
  });
}

void BusLine::State::perform(const LineClose& /*close*/) {
  link->close();
  tell_machine([](MonoTime) {});
}

void BusLine::State::perform(const LineAsk& ask) {
  cells.assign(ask.question.count, 0);
  const auto answer = link->read(ask.question, ask.timeout, cells);
  tell_machine([&](MonoTime now) {
    if (answer) {
      machine->answered(cells, now);
    } else {
      machine->failed(answer.error(), now);
    }
  });
}

void BusLine::State::perform(const LineExchange& exchange) {
  const auto read =
      std::span(read_bytes).first(std::size_t{2} * exchange.read_registers);
  const auto done = link->exchange(exchange.unit,
                                   kPanelExchangeAddress,
                                   exchange.request,
                                   read,
                                   exchange.timeout);
  tell_machine([&](MonoTime now) {
    if (done) {
      machine->exchanged(read, now);
    } else {
      machine->failed(done.error(), now);
    }
  });
}

void BusLine::State::perform(const LineDiscard& discard) {
  const std::size_t bytes = link->discard(discard.quiet, discard.at_most);
  tell_machine([&](MonoTime now) { machine->discarded(bytes, now); });
}

void BusLine::State::perform(const LineWait& wait) {
  tell_machine([](MonoTime) {});
  const MonoTime left = wait.until - read_monotonic();
  if (left.count() > 0) {
    std::unique_lock lock(call_mutex);
    called.wait_for(lock, std::min<MonoTime>(left, kLongestWait), [&] {
      return stop || is_called;
    });
  }
}

/// Also hands over what the machine completed so far.
template <typename Tell>
void BusLine::State::tell_machine(Tell tell) {
  std::vector<PollReport> reports;
  {
    const std::scoped_lock lock(mutex);
    tell(read_monotonic());
    reports = machine->take_reports();
  }
  hand_over(std::move(reports));
}

void BusLine::State::hand_over(std::vector<PollReport> reports) const {
  if (reports.empty()) {
    return;
  }
  const Now now = read_clocks();
  for (PollReport& report : reports) {
    sink(poll_done(std::move(report), now));
  }
}

PollDone BusLine::State::poll_done(PollReport report, const Now& now) const {
  const LineDevice& device = devices.at(report.device);
  PollDone done;
  done.line = name;
  done.device = device.name;
  done.at = now.wall - (now.monotonic - report.at);
  done.monotonic = report.at;
  done.samples = std::move(report.samples);
  done.round_trip = report.round_trip;
  done.error = std::move(report.error);
  done.poll_class = report.poll_class;
  done.texts = std::move(report.texts);
  done.profile = device.profile;
  return done;
}

BusLine::BusLine(std::string name,
                 std::unique_ptr<ModbusLink> link,
                 LineSettings settings,
                 std::vector<LineDevice> devices,
                 PollSink sink,
                 std::vector<LinePanel> panels)
    : state_(std::make_unique<State>()) {
  check(link != nullptr && sink != nullptr &&
            !(devices.empty() && panels.empty()),
        "a line has a link, a sink, and devices or panels");
  state_->name = std::move(name);
  state_->link = std::move(link);
  state_->settings = settings;
  state_->devices = std::move(devices);
  state_->panels = std::move(panels);
  state_->sink = std::move(sink);
}

BusLine::~BusLine() {
  stop();
}

void BusLine::start() {
  State& state = *state_;
  check(!state.thread.joinable(), "a line is started once");
  {
    const std::scoped_lock lock(state.mutex);
    state.machine = std::make_unique<LineMachine>(
        state.settings, state.devices, read_monotonic(), state.panels);
  }
  state.thread = std::thread([&state] { state.run(); });
}

void BusLine::stop() {
  {
    const std::scoped_lock lock(state_->call_mutex);
    state_->stop = true;
  }
  state_->called.notify_all();
  if (state_->thread.joinable()) {
    state_->thread.join();
  }
}

void BusLine::wake() {
  {
    const std::scoped_lock lock(state_->call_mutex);
    state_->is_called = true;
  }
  state_->called.notify_all();
}

BusStatus BusLine::status() const {
  const std::scoped_lock lock(state_->mutex);
  if (!state_->machine) {
    return {};
  }
  return {state_->machine->status(), state_->low_latency};
}

const std::string& BusLine::name() const {
  return state_->name;
}

}  // namespace strongroom
