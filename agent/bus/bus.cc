// SPDX-License-Identifier: Apache-2.0
#include "agent/bus/bus.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "core/base/check.h"
#include "platform/system/clock.h"

namespace strongroom {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kFirstBackoff{250};
constexpr milliseconds kLongestBackoff{8000};
/// A connection whose other end is gone may only ever time out, so after this
/// many faults without an answer between them the link is opened anew.
constexpr int kFaultsBeforeReopen = 3;

struct Device {
  BusDevice settings;
  std::vector<RegisterBlock> blocks;
  Steady::time_point due;
  Steady::time_point polled;  // breaks ties, so that no device starves
};

}  // namespace

// The thread owns everything but what stands under `mutex`.
struct BusLine::State {
  std::string name;
  std::unique_ptr<ModbusLink> link;
  std::vector<Device> devices;
  PollSink sink;

  bool is_open = false;
  Steady::time_point next_open;
  milliseconds backoff = kFirstBackoff;
  std::string open_error;
  int faults_in_a_row = 0;
  /// Set after a fault: nothing is asked before one timeout has passed and what
  /// came late was discarded. A late RTU answer carries no address and would
  /// be taken for the next one (limits.md has the measurement).
  std::optional<Steady::time_point> dirty_since;
  std::vector<std::uint16_t> registers;

  mutable std::mutex mutex;
  std::condition_variable stopped;
  bool stop = false;     // under mutex
  BusCounters counters;  // under mutex
  std::thread thread;    // of the owner

  void run();
  Device& next_device();
  void poll(Device& device);
  void schedule(Device& device, bool failed);
  bool ensure_open(std::string& error);
  bool settle();
  std::optional<LinkError> read_block(const Device& device,
                                      const RegisterBlock& block,
                                      std::span<PointSample> samples);
  void note_fault(const LinkError& error);
  void drop_link();
  bool wait_until(Steady::time_point when);
  template <typename Change>
  void count(Change change) {
    const std::scoped_lock lock(mutex);
    change(counters);
  }
};

/// False when the line is to stop.
bool BusLine::State::wait_until(Steady::time_point when) {
  std::unique_lock lock(mutex);
  if (when <= Steady::now()) {
    return !stop;  // the way of a line that goes as fast as it can
  }
  return !stopped.wait_until(lock, when, [&] { return stop; });
}

void BusLine::State::run() {
  const auto start = Steady::now();
  for (Device& device : devices) {
    device.due = start;
  }
  for (;;) {
    Device& device = next_device();
    if (!wait_until(device.due)) {
      break;
    }
    poll(device);
  }
  link->close();
}

Device& BusLine::State::next_device() {
  return *std::ranges::min_element(devices, {}, [](const Device& device) {
    return std::pair(device.due, device.polled);
  });
}

void BusLine::State::poll(Device& device) {
  PollDone done;
  done.line = name;
  done.device = device.settings.name;
  done.samples = no_samples(*device.settings.profile);

  microseconds round_trip{0};
  if (ensure_open(done.error)) {
    for (const RegisterBlock& block : device.blocks) {
      if (!settle()) {
        return;  // the line stops
      }
      const auto asked = Steady::now();
      const auto error = read_block(device, block, done.samples);
      round_trip += duration_cast<microseconds>(Steady::now() - asked);
      if (!error) {
        continue;
      }
      if (done.error.empty()) {
        done.error = error->what;
      }
      note_fault(*error);
      // A device that refuses one block may well answer the next; one that
      // does not answer would only cost the others more time.
      if (error->fault != LinkFault::kException) {
        break;
      }
    }
  }
  done.round_trip = round_trip;
  const Now now = read_clocks();
  done.at = now.wall;
  done.monotonic = now.monotonic;
  const bool failed = !done.error.empty();
  count([&](BusCounters& c) {
    ++c.polls;
    c.failed_polls += failed ? 1 : 0;
  });
  sink(std::move(done));
  schedule(device, failed);
}

void BusLine::State::schedule(Device& device, bool failed) {
  const auto now = Steady::now();
  device.polled = now;
  const Steady::duration period = device.settings.period;
  if (period.count() == 0) {
    // What fails at once must not spin.
    device.due = failed ? now + link->timeout() : now;
    return;
  }
  device.due += period;
  if (now - device.due < period) {
    return;  // in time, or late by less than a cycle
  }
  const auto missed = (now - device.due) / period;
  device.due += missed * period;
  count([&](BusCounters& c) {
    c.missed_cycles += static_cast<std::uint64_t>(missed);
  });
}

bool BusLine::State::ensure_open(std::string& error) {
  if (is_open) {
    return true;
  }
  if (Steady::now() >= next_open) {
    const auto opened = link->open();
    is_open = opened.has_value();
    count([&](BusCounters& c) {
      c.connected = is_open;
      ++(is_open ? c.opens : c.failed_opens);
    });
    if (is_open) {
      dirty_since.reset();  // a link opens clean
      return true;
    }
    open_error = opened.error().what;
    next_open = Steady::now() + backoff;
    backoff = std::min(backoff * 2, kLongestBackoff);
  }
  error = open_error;
  return false;
}

bool BusLine::State::settle() {
  if (!dirty_since) {
    return true;
  }
  if (!wait_until(*dirty_since + link->timeout())) {
    return false;
  }
  link->flush();
  dirty_since.reset();
  return true;
}

std::optional<LinkError> BusLine::State::read_block(
    const Device& device,
    const RegisterBlock& block,
    std::span<PointSample> samples) {
  registers.assign(block.count, 0);
  const auto read =
      link->read(device.settings.unit_id, block.kind, block.address, registers);
  count([](BusCounters& c) { ++c.requests; });
  if (!read) {
    return read.error();
  }
  faults_in_a_row = 0;
  backoff = kFirstBackoff;
  decode_block(*device.settings.profile, block, registers, samples);
  return std::nullopt;
}

void BusLine::State::note_fault(const LinkError& error) {
  switch (error.fault) {
    case LinkFault::kException:
      // A whole and valid answer: the line is clean.
      faults_in_a_row = 0;
      count([](BusCounters& c) { ++c.exceptions; });
      return;
    case LinkFault::kTimeout:
      count([](BusCounters& c) { ++c.timeouts; });
      break;
    case LinkFault::kGarbled:
      count([](BusCounters& c) { ++c.garbled; });
      break;
    case LinkFault::kLost:
      count([](BusCounters& c) { ++c.lost; });
      open_error = error.what;
      next_open = Steady::now() + backoff;
      backoff = std::min(backoff * 2, kLongestBackoff);
      drop_link();
      return;
  }
  dirty_since = Steady::now();
  if (++faults_in_a_row >= kFaultsBeforeReopen) {
    open_error = error.what;
    next_open = *dirty_since;
    drop_link();
  }
}

void BusLine::State::drop_link() {
  link->close();
  is_open = false;
  faults_in_a_row = 0;
  count([](BusCounters& c) { c.connected = false; });
}

BusLine::BusLine(std::string name,
                 std::unique_ptr<ModbusLink> link,
                 std::vector<BusDevice> devices,
                 PollSink sink)
    : state_(std::make_unique<State>()) {
  check(link != nullptr && sink != nullptr && !devices.empty(),
        "a line has a link, a sink and devices");
  state_->name = std::move(name);
  state_->link = std::move(link);
  state_->sink = std::move(sink);
  for (BusDevice& device : devices) {
    check(device.profile != nullptr && device.period.count() >= 0,
          "a device has a profile and a period");
    std::vector<RegisterBlock> blocks = plan_reads(*device.profile);
    state_->devices.push_back({std::move(device), std::move(blocks), {}, {}});
  }
}

BusLine::~BusLine() {
  stop();
}

void BusLine::start() {
  check(!state_->thread.joinable(), "a line is started once");
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

void BusLine::stop() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->stop = true;
  }
  state_->stopped.notify_all();
  if (state_->thread.joinable()) {
    state_->thread.join();
  }
}

BusCounters BusLine::counters() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->counters;
}

const std::string& BusLine::name() const {
  return state_->name;
}

}  // namespace strongroom
