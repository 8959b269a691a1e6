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
/// Nobody can end it when a panel is wanted.
constexpr milliseconds kListenBesidePanels{10};
/// While the line is closed, at what its panels' drivers wish.
constexpr milliseconds kLookAgain{250};
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
                          std::vector<LinePanel> line_panels,
                          MonoTime now,
                          std::unique_ptr<ReplyGuard> reply_guard)
    : settings(line_settings),
      guard(std::move(reply_guard)),
      next_open(now),
      backoff(kFirstBackoff) {
  check(!line_devices.empty() || !line_panels.empty(),
        "a line has devices or panels");
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
  for (LinePanel& panel : line_panels) {
    check(panel.port != nullptr, "a panel has a driver");
    panels.push_back({.settings = std::move(panel),
                      .round_trip = RoundTrip(settings.timeout)});
  }
  looked = now;
  is_in_haste = has_safety || !panels.empty();
  if (devices.empty()) {
    asked.purpose = LineAsked::Purpose::kPanelPoll;
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
  return with_panels(next_open_turn(now), now);
}

LineAction LineMachine::State::next_closed(MonoTime now) {
  if (now >= next_open) {
    pending = Pending::kOpen;
    return LineOpen{};
  }
  while (const auto job = schedule->next(now)) {
    report_unasked(*job, open_error, now);
  }
  const MonoTime until = std::min(next_open, schedule->next_due());
  if (panels.empty()) {
    return LineWait{until};
  }
  // Their drivers give up orders that nobody carries any more.
  look_at_panels(now);
  return LineWait{std::min<MonoTime>(until, now + kLookAgain)};
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

/// Those of silent devices are reported and over.
std::optional<std::size_t> LineMachine::State::due_job(MonoTime now) {
  for (;;) {
    const auto job = schedule->next(now);
    if (!job || !devices[jobs[*job].device].breaker.is_silent()) {
      return job;
    }
    const MonoTime since = devices[jobs[*job].device].breaker.silent_since();
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now - since);
    report_unasked(*job,
                   "no answer for " + std::to_string(seconds.count()) +
                       " s; only probed until it answers",
                   now);
  }
}

LineAction LineMachine::State::next_open_turn(MonoTime now) {
  look_at_panels(now);
  for (;;) {
    const auto job = due_job(now);
    if (auto action = panel_turn(job, now)) {
      return *action;
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

/// A safety job that would come due while the line is busy until `over` with
/// another: it then goes before, a little early, and is never late. Once: where
/// an answer takes longer than a safety input may wait, both have their turns.
std::optional<std::size_t> LineMachine::State::safety_due_before(MonoTime over,
                                                                 MonoTime now) {
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const LineJob& job = schedule->job(i);
    if (job.poll_class == PollClass::kSafety && job.period.count() > 0 &&
        schedule->due(i) < over && !jobs[i].went_first &&
        jobs[i].work.held_until <= now &&
        !devices[job.device].breaker.is_silent()) {
      schedule->hasten(i, now);
      jobs[i].went_first = true;
      return i;
    }
  }
  return std::nullopt;
}

/// The job, or a safety job that goes before it.
std::size_t LineMachine::State::safety_first(std::size_t index, MonoTime now) {
  if (!has_safety || jobs[index].poll_class == PollClass::kSafety) {
    return index;
  }
  const LineJobState& job = jobs[index];
  const RegisterBlock* const next =
      job.work.is_active || !job.plan.empty() ? current(job) : nullptr;
  if (next == nullptr) {
    return index;
  }
  const LineDeviceState& device = devices[job.device];
  const MonoTime over =
      now + wire_time(settings.wire, question_of(1, *next)) +
      std::max(device.round_trip.turnaround(), device.planned_turnaround);
  return safety_due_before(over, now).value_or(index);
}

/// Nothing is to be asked before `until`. While an answer may still come, the
/// line is listened to, to learn how late that is.
LineAction LineMachine::State::idle(MonoTime now, MonoTime until) {
  const auto newest = guard->newest_owed();
  if (!newest || now >= *newest + guard->late_answer()) {
    return LineWait{until};
  }
  const MonoTime from_now = std::min(until, next_of_panels(now)) - now;
  const microseconds quiet = std::min<microseconds>(
      from_now, panels.empty() ? kListen : kListenBesidePanels);
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
      for (const LinePanelState& panel : panels) {
        guard->suspect({.unit = panel.settings.unit_id,
                        .address = kPanelPollAddress,
                        .count = kPanelPollCount});
      }
    }
  }
  probe_panels_at_once(now);
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
void LineMachine::State::close(std::string error, MonoTime now) {
  must_close = true;
  open_error = std::move(error);
  faults_in_a_row = 0;
  for (LineDeviceState& device : devices) {
    device.faulted = false;
  }
  for (LinePanelState& panel : panels) {
    panel.faulted = false;
    panel.settings.port->line_down(now);
  }
}

void LineMachine::State::discarded(std::size_t bytes, MonoTime now) {
  check(std::exchange(pending, Pending::kNothing) == Pending::kSilence,
        "nothing was to be discarded");
  if (bytes > 0) {
    (asked.is_of_panel() ? panels[asked.device].counters.late_bytes
                         : devices[asked.device].counters.late_bytes) += bytes;
    if (was_answered) {
      guard->heard_again(asked.shape, asked.at, bytes);
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
    close("the line is never silent", now);
    back_off(now);
  }
}

LineMachine::LineMachine(LineSettings settings,
                         std::vector<LineDevice> devices,
                         MonoTime now,
                         std::vector<LinePanel> panels)
    : LineMachine(settings,
                  std::move(devices),
                  now,
                  std::make_unique<ReplyGuard>(late_answer_of(settings)),
                  std::move(panels)) {}

LineMachine::LineMachine(LineSettings settings,
                         std::vector<LineDevice> devices,
                         MonoTime now,
                         std::unique_ptr<ReplyGuard> guard,
                         std::vector<LinePanel> panels)
    : state_(std::make_unique<State>(settings,
                                     std::move(devices),
                                     std::move(panels),
                                     now,
                                     std::move(guard))) {}

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

void LineMachine::exchanged(std::span<const std::uint8_t> answer,
                            MonoTime now) {
  state_->exchanged(answer, now);
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

}  // namespace strongroom
