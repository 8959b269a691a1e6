// SPDX-License-Identifier: Apache-2.0
#include "core/bus/line.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/bus/line_state.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kLongestBackoff{8000};
/// One discard, however much comes.
constexpr milliseconds kLongestDiscard{300};
/// How finely the lateness of an answer is seen on an idle line.
constexpr milliseconds kListen{50};
/// A line on which something always comes is opened anew.
constexpr int kRestlessBeforeReopen = 10;
constexpr int kTimeoutsALateAnswerTakes = 4;

microseconds late_answer_of(const LineSettings& settings) {
  return settings.late_answer.count() > 0
             ? settings.late_answer
             : kTimeoutsALateAnswerTakes * settings.timeout;
}

}  // namespace

std::string_view device_state_name(DeviceState state) {
  switch (state) {
    case DeviceState::kUnknown:
      return "unknown";
    case DeviceState::kAnswering:
      return "answering";
    case DeviceState::kSilent:
      return "silent";
  }
  check(false, "a device state outside its enumeration");
  return {};
}

LineMachine::State::State(LineSettings line_settings,
                          std::vector<LineDevice> line_devices,
                          MonoTime now,
                          std::unique_ptr<ReplyGuard> reply_guard)
    : settings(line_settings),
      guard(std::move(reply_guard)),
      next_open(now),
      backoff(kFirstBackoff) {
  check(!line_devices.empty(), "a line has devices");
  check(settings.timeout.count() > 0, "a line waits for answers");
  for (LineDevice& device : line_devices) {
    check(device.profile != nullptr, "a device has a profile");
    const bool is_safety =
        !points_of(*device.profile, PollClass::kSafety).empty();
    has_safety = has_safety || is_safety;
    devices.push_back({.settings = std::move(device),
                       .round_trip = RoundTrip(settings.timeout),
                       .breaker = Breaker(is_safety)});
  }
  make_jobs(now);
}

LineAction LineMachine::State::next(MonoTime now) {
  check(pending == Pending::kNothing, "an action was not answered");
  if (must_close) {
    must_close = false;
    is_open = false;
    return LineClose{};
  }
  if (!is_open) {
    return next_closed(now);
  }
  if (auto action = settle(now)) {
    return *action;
  }
  return next_open_turn(now);
}

LineAction LineMachine::State::next_closed(MonoTime now) {
  if (now >= next_open) {
    pending = Pending::kOpen;
    return LineOpen{};
  }
  while (const auto job = schedule->next(now)) {
    report_unasked(*job, open_error, now);
  }
  return LineWait{std::min(next_open, schedule->next_due())};
}

/// What must be thrown away before anything is asked.
std::optional<LineAction> LineMachine::State::settle(MonoTime now) {
  microseconds quiet = quiet_wanted;
  microseconds at_most = std::max<microseconds>(kLongestDiscard, 2 * quiet);
  if (now < foreign_until) {
    // In slices: the thread that does it can be told to stop in between.
    quiet = at_most =
        std::min<microseconds>(foreign_until - now, kLongestDiscard);
  } else if (quiet.count() == 0) {
    return std::nullopt;
  }
  return discard_for(quiet, at_most, now);
}

LineAction LineMachine::State::next_open_turn(MonoTime now) {
  for (;;) {
    const auto job = schedule->next(now);
    if (job && devices[jobs[*job].device].breaker.is_silent()) {
      const MonoTime since = devices[jobs[*job].device].breaker.silent_since();
      const auto seconds =
          std::chrono::duration_cast<std::chrono::seconds>(now - since);
      report_unasked(*job,
                     "no answer for " + std::to_string(seconds.count()) +
                         " s; only probed until it answers",
                     now);
      continue;
    }
    if (const auto device = device_to_probe(now, job.has_value())) {
      return probe(*device, now);
    }
    if (!job) {
      return idle(now, std::min(schedule->next_due(), next_probe(now)));
    }
    if (auto action = work_on(safety_first(*job, now), now)) {
      return *action;
    }
  }
}

/// Nothing is to be asked before `until`. While an answer may still come, the
/// line is listened to, to learn how late that is.
LineAction LineMachine::State::idle(MonoTime now, MonoTime until) {
  const auto newest = guard->newest_owed();
  if (!newest || now >= *newest + guard->late_answer()) {
    return LineWait{until};
  }
  const microseconds quiet = std::min<microseconds>(until - now, kListen);
  return discard_for(quiet, 2 * quiet, now);
}

LineAction LineMachine::State::discard_for(microseconds quiet,
                                           microseconds at_most,
                                           MonoTime now) {
  pending = Pending::kSilence;
  discard_began = now;
  discard = {quiet, at_most};
  return discard;
}

void LineMachine::State::opened(MonoTime now) {
  check(std::exchange(pending, Pending::kNothing) == Pending::kOpen,
        "nothing was to be opened");
  is_open = true;
  ++opens;
  open_error.clear();
  faults_in_a_row = 0;
  restless = 0;
  quiet_wanted = microseconds(0);
  quiet_at.reset();
  if (settings.wire.kind == LineKind::kRtu) {
    quiet_wanted = std::max<microseconds>(frame_gap(settings.wire), kSettle);
    if (!was_opened) {
      // An agent before this one may have asked what we would ask.
      foreign_until = now + guard->late_answer();
      for (const LineJobState& job : jobs) {
        const auto unit = devices[job.device].settings.unit_id;
        for (const RegisterBlock& block : job.plan) {
          guard->suspect(question_of(unit, block));
        }
      }
    }
  }
  was_opened = true;
}

void LineMachine::State::open_failed(std::string what, MonoTime now) {
  check(std::exchange(pending, Pending::kNothing) == Pending::kOpen,
        "nothing was to be opened");
  ++failed_opens;
  open_error = std::move(what);
  back_off(now);
}

void LineMachine::State::back_off(MonoTime now) {
  next_open = now + backoff;
  backoff = std::min(backoff * 2, kLongestBackoff);
}

/// The thread closes at the next turn.
void LineMachine::State::close(std::string error) {
  must_close = true;
  open_error = std::move(error);
  faults_in_a_row = 0;
  for (LineDeviceState& device : devices) {
    device.faulted = false;
  }
}

void LineMachine::State::discarded(std::size_t bytes, MonoTime now) {
  check(std::exchange(pending, Pending::kNothing) == Pending::kSilence,
        "nothing was to be discarded");
  if (bytes > 0) {
    devices[asked.device].counters.late_bytes += bytes;
    if (was_answered) {
      guard->heard_again(asked.question, asked.at, bytes);
    } else {
      guard->heard_late(bytes, now);
    }
  }
  const bool is_silent = bytes == 0 || now - discard_began < discard.at_most;
  if (is_silent) {
    restless = 0;
    quiet_wanted = microseconds(0);
    quiet_at = now;
    return;
  }
  if (now >= foreign_until && ++restless >= kRestlessBeforeReopen) {
    close("the line is never silent");
    back_off(now);
  }
}

LineMachine::LineMachine(LineSettings settings,
                         std::vector<LineDevice> devices,
                         MonoTime now)
    : LineMachine(settings,
                  std::move(devices),
                  now,
                  std::make_unique<ReplyGuard>(late_answer_of(settings))) {}

LineMachine::LineMachine(LineSettings settings,
                         std::vector<LineDevice> devices,
                         MonoTime now,
                         std::unique_ptr<ReplyGuard> guard)
    : state_(std::make_unique<State>(
          settings, std::move(devices), now, std::move(guard))) {}

LineMachine::~LineMachine() = default;

LineAction LineMachine::next(MonoTime now) {
  return state_->next(now);
}

void LineMachine::opened(MonoTime now) {
  state_->opened(now);
}

void LineMachine::open_failed(std::string what, MonoTime now) {
  state_->open_failed(std::move(what), now);
}

void LineMachine::answered(std::span<const std::uint16_t> cells, MonoTime now) {
  state_->answered(cells, now);
}

void LineMachine::failed(const LinkError& error, MonoTime now) {
  state_->failed(error, now);
}

void LineMachine::discarded(std::size_t bytes, MonoTime now) {
  state_->discarded(bytes, now);
}

std::vector<PollReport> LineMachine::take_reports() {
  return std::exchange(state_->reports, {});
}

LineStatus LineMachine::status() const {
  const State& state = *state_;
  LineStatus status;
  status.is_open = state.is_open && !state.must_close;
  status.error = state.open_error;
  status.lost = state.lost;
  status.opens = state.opens;
  status.failed_opens = state.failed_opens;
  status.busy = state.busy;
  for (const LineDeviceState& device : state.devices) {
    LineDeviceStatus& shown = status.devices.emplace_back();
    shown.name = device.settings.name;
    shown.unit_id = device.settings.unit_id;
    shown.state = device.breaker.is_silent() ? DeviceState::kSilent
                  : status.is_open && device.breaker.was_heard()
                      ? DeviceState::kAnswering
                      : DeviceState::kUnknown;
    shown.counters = device.counters;
    shown.round_trip_p50 = device.round_trip.p50();
    shown.round_trip_p99 = device.round_trip.p99();
    shown.timeout = device.round_trip.timeout(
        wire_time(state.settings.wire,
                  smallest_question({*device.settings.profile,
                                     device.settings.unit_id,
                                     device.refused})));
    shown.refused = device.refused;
    for (const std::size_t job : device.jobs) {
      shown.requests_per_poll[static_cast<std::size_t>(
          state.jobs[job].poll_class)] =
          static_cast<std::uint16_t>(state.jobs[job].plan.size());
    }
  }
  return status;
}

double line_load(const LineSettings& settings,
                 std::span<const LineDevice> devices,
                 microseconds turnaround) {
  const RequestCost cost{settings.wire, turnaround};
  double load = 0;
  for (const LineDevice& device : devices) {
    for (std::size_t i = 0; i < kPollClasses; ++i) {
      const auto poll_class = static_cast<PollClass>(i);
      if (device.periods[i].count() == 0) {
        continue;  // it takes what the others leave
      }
      RequestCost own = cost;
      own.turnaround += device.profile->pause;
      const auto blocks = plan_reads(*device.profile,
                                     points_of(*device.profile, poll_class),
                                     poll_class == PollClass::kSlow,
                                     own,
                                     {});
      load += static_cast<double>(estimated_time(blocks, own).count()) /
              static_cast<double>(microseconds(device.periods[i]).count());
    }
  }
  return load;
}

}  // namespace strongroom
