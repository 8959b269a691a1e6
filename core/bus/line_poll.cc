// SPDX-License-Identifier: Apache-2.0
// The line's jobs: planned, begun, asked block by block, reported.
#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/bus/line_state.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A safety input waits behind one request, never longer.
constexpr milliseconds kLongestBesideSafety{100};
/// Before anything is measured.
constexpr milliseconds kFirstTurnaround{10};
constexpr seconds kBetweenPlans{60};
/// Plans of devices this quick do not differ.
constexpr milliseconds kQuickTurnaround{1};
/// A poll as fast as the line goes that costs no wire must not spin.
constexpr seconds kIdlePeriod{1};
/// Before a request, while something else is still arriving.
constexpr milliseconds kLongestQuietWait{300};

bool differs(microseconds a, microseconds b) {
  const microseconds low =
      std::max<microseconds>(std::min(a, b), kQuickTurnaround);
  return std::max(a, b) > 2 * low;
}

/// The plan with its blocks parted at the borders that were learned.
std::vector<RegisterBlock> parted_at(const DeviceProfile& profile,
                                     std::vector<RegisterBlock> plan,
                                     std::span<const RegisterRange> borders) {
  for (const RegisterRange& border : borders) {
    for (std::size_t i = 0; i < plan.size(); ++i) {
      if (plan[i].kind != border.kind || plan[i].address >= border.first ||
          plan[i].address + plan[i].count <= border.first) {
        continue;
      }
      for (BlockPair& pair : parts_of(profile, plan[i])) {
        if (pair.second.address == border.first) {
          plan[i] = std::move(pair.first);
          plan.insert(plan.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                      std::move(pair.second));
          break;
        }
      }
    }
  }
  return plan;
}

}  // namespace

void PollWork::end() {
  is_active = false;
  next_block = 0;
  pieces.clear();
  samples.clear();
  texts.clear();
  error.clear();
  round_trip = microseconds(0);
  held_until = MonoTime(0);
  was_heard = false;
  was_retried = false;
  busy_answers = 0;
  borders.clear();
  has_refused_value = false;
}

void LineMachine::State::make_jobs(MonoTime now) {
  std::vector<LineJob> scheduled;
  for (std::size_t d = 0; d < devices.size(); ++d) {
    LineDeviceState& device = devices[d];
    const DeviceProfile& profile = *device.settings.profile;
    device.planned_turnaround = kFirstTurnaround;
    device.planned = now;
    for (std::size_t c = 0; c < kPollClasses; ++c) {
      const auto poll_class = static_cast<PollClass>(c);
      const bool has_texts =
          poll_class == PollClass::kSlow && !profile.texts.empty();
      if (points_of(profile, poll_class).empty() && !has_texts) {
        continue;
      }
      device.jobs.push_back(jobs.size());
      LineJobState& job = jobs.emplace_back();
      job.device = static_cast<std::uint16_t>(d);
      job.poll_class = poll_class;
      job.blank = no_samples(profile, poll_class);
      plan(job);
      scheduled.push_back({job.device, poll_class, device.settings.periods[c]});
    }
  }
  schedule = std::make_unique<LineSchedule>(std::move(scheduled), now);
}

void LineMachine::State::plan(LineJobState& job) {
  const LineDeviceState& device = devices[job.device];
  const DeviceProfile& profile = *device.settings.profile;
  PlanLimits limits;
  limits.forbidden = device.refused;
  if (is_in_haste) {
    limits.longest_request = kLongestBesideSafety;
  }
  job.plan = parted_at(
      profile,
      plan_reads(profile,
                 points_of(profile, job.poll_class),
                 job.poll_class == PollClass::kSlow,
                 {settings.wire, device.planned_turnaround + profile.pause},
                 limits),
      device.borders);
  job.plan_version = device.plan_version;
}

/// Plans that rest on what is no longer so are made anew.
void LineMachine::State::review_plans(LineDeviceState& device, MonoTime now) {
  if (device.forget_refusals.count() != 0 && now >= device.forget_refusals) {
    device.forget_refusals = MonoTime(0);
    device.refused.clear();
    device.borders.clear();
    device.refuses_beyond = false;
    ++device.plan_version;
  }
  if (now - device.planned < kBetweenPlans || !device.round_trip.is_known()) {
    return;
  }
  device.planned = now;
  const microseconds turnaround = device.round_trip.turnaround();
  if (differs(turnaround, device.planned_turnaround)) {
    device.planned_turnaround = turnaround;
    ++device.plan_version;
  }
}

void LineMachine::State::begin(LineJobState& job, MonoTime now) {
  LineDeviceState& device = devices[job.device];
  review_plans(device, now);
  if (job.plan_version != device.plan_version) {
    plan(job);
  }
  PollWork& work = job.work;
  work.is_active = true;
  work.samples = job.blank;
  work.begun = now;
}

const RegisterBlock* LineMachine::State::current(
    const LineJobState& job) const {
  const PollWork& work = job.work;
  if (!work.pieces.empty()) {
    return &work.pieces.back();
  }
  if (work.next_block >= job.plan.size()) {
    return nullptr;
  }
  return &job.plan[(job.first_block + work.next_block) % job.plan.size()];
}

void LineMachine::State::begin_behind_current(LineJobState& job) {
  const std::size_t begun =
      job.work.next_block + (job.work.pieces.empty() ? 1 : 0);
  job.first_block = (job.first_block + begun) % job.plan.size();
}

void LineMachine::State::drop_current(LineJobState& job) {
  job.work.busy_answers = 0;
  if (job.work.pieces.empty()) {
    ++job.work.next_block;
  } else {
    job.work.pieces.pop_back();
  }
}

/// Nothing: the poll is complete, or was put off.
std::optional<LineAction> LineMachine::State::work_on(std::size_t index,
                                                      MonoTime now) {
  LineJobState& job = jobs[index];
  if (!job.work.is_active) {
    begin(job, now);
  }
  const RegisterBlock* const block = current(job);
  if (block == nullptr) {  // every one of its values was refused before
    report_unasked(index, "the device refuses all that is asked of it", now);
    return std::nullopt;
  }
  const Question question =
      question_of(devices[job.device].settings.unit_id, *block);
  if (job.awaits_proof && !guard->is_in_doubt(question.unit) &&
      !guard->can_be_refused(question, now)) {
    // Asking meanwhile would leave one more question owed each time, for ever.
    hold_or_skip(index, now + guard->late_answer() / 4, now);
    return std::nullopt;
  }
  if (!guard->may_ask(question, now)) {
    return ask_otherwise(index, now);
  }
  return ask({.purpose = LineAsked::Purpose::kPoll,
              .device = job.device,
              .job = index,
              .question = question},
             now);
}

/// Nothing may come for some time before a question goes out. Nothing: so it
/// was.
std::optional<LineAction> LineMachine::State::silence_before_asking(
    MonoTime now) {
  microseconds gap{0};
  if (settings.wire.kind == LineKind::kRtu) {
    gap = frame_gap(settings.wire);
  } else if (now < troubled_until) {
    gap = kTcpQuiet;
  }
  if (gap.count() == 0 || (quiet_at && now - *quiet_at <= kSilenceKeeps)) {
    return std::nullopt;
  }
  return discard_for(gap, kLongestQuietWait, now);
}

/// Asks, or first does what must come before.
LineAction LineMachine::State::ask(const LineAsked& wanted, MonoTime now) {
  LineDeviceState& device = devices[wanted.device];
  const MonoTime may_from = device.last_used + device.settings.profile->pause;
  if (now < may_from) {
    return LineWait{may_from};
  }
  if (auto silence = silence_before_asking(now)) {
    return *silence;
  }
  asked = wanted;
  asked.at = now;
  asked.shape = shape_of(wanted.question);
  asked.on_wire = wire_time(settings.wire, wanted.question);
  if (asked.timeout.count() == 0) {
    asked.timeout = device.round_trip.timeout(asked.on_wire);
  }
  if (!panels.empty()) {
    asked.timeout =
        std::min<microseconds>(asked.timeout, kLongestWaitBesidePanels);
  }
  asked.timeout =
      std::max<microseconds>(asked.timeout, asked.on_wire + kLeastWait);
  if (asked.purpose == LineAsked::Purpose::kProbe) {
    device.breaker.probe_sent(now);
    ++device.probes;
  }
  if (asked.purpose == LineAsked::Purpose::kProbe ||
      jobs[asked.job].poll_class != PollClass::kSafety) {
    for (LineJobState& job : jobs) {
      job.went_first = false;
    }
  }
  exchanges_since_job = exchanges_since_other = polls_since_job = 0;
  ++jobs_since_poll;
  ++device.counters.requests;
  pending = Pending::kAnswer;
  return LineAsk{.device = static_cast<std::uint16_t>(asked.device),
                 .question = asked.question,
                 .timeout = asked.timeout};
}

void LineMachine::State::end_transaction(MonoTime now) {
  check(std::exchange(pending, Pending::kNothing) == Pending::kAnswer,
        "nothing was asked");
  busy += now - asked.at;
  if (!asked.is_of_panel()) {
    devices[asked.device].last_used = now;
  }
  quiet_at.reset();
  was_answered = false;
}

void LineMachine::State::answered(std::span<const std::uint16_t> cells,
                                  MonoTime now) {
  end_transaction(now);
  was_answered = true;
  check(cells.size() == asked.question.count, "an answer has all its cells");
  if (asked.is_of_panel()) {
    panel_answered(cells, now);
    return;
  }
  LineDeviceState& device = devices[asked.device];
  const microseconds took = now - asked.at;
  device.round_trip.answered(took, asked.on_wire);
  note_heard(device, now);
  if (asked.purpose == LineAsked::Purpose::kProbe) {
    note_probe_answered(guard->may_ask(asked.question, asked.at));
    return;
  }
  guard->answered(asked.question, now);
  LineJobState& job = jobs[asked.job];
  PollWork& work = job.work;
  work.was_heard = true;
  work.round_trip += took;
  if (asked.purpose == LineAsked::Purpose::kInStep) {
    return;
  }
  const RegisterBlock* const block = current(job);
  check(block != nullptr, "what was asked is a block of the poll");
  decode_block(
      *device.settings.profile, *block, cells, work.samples, work.texts);
  drop_current(job);
  if (current(job) == nullptr) {
    complete(asked.job, now);
  }
}

/// The poll goes on then.
void LineMachine::State::hold(std::size_t index, MonoTime until) {
  jobs[index].work.held_until = until;
  schedule->postpone(index, until);
}

/// Of the poll in work, with what it has got.
void LineMachine::State::complete(std::size_t index, MonoTime now) {
  LineJobState& job = jobs[index];
  LineDeviceState& device = devices[job.device];
  PollWork& work = job.work;
  const bool has_failed = !work.error.empty();
  job.awaits_proof = job.awaits_proof && has_failed;
  if (!work.borders.empty() && !work.has_refused_value) {
    // Each part was answered, so it was the whole that was refused.
    device.borders.insert(
        device.borders.end(), work.borders.begin(), work.borders.end());
    remember_refusal(device, now);
  }
  ++device.counters.polls;
  device.counters.failed_polls += has_failed ? 1 : 0;
  device.counters.missed_cycles += schedule->complete(index, now);
  reports.push_back({.device = job.device,
                     .poll_class = job.poll_class,
                     .at = now,
                     .samples = std::move(work.samples),
                     .texts = std::move(work.texts),
                     .round_trip = work.round_trip,
                     .error = std::move(work.error)});
  if (has_failed && schedule->job(index).period.count() == 0) {
    schedule->postpone(index, now + settings.timeout);
  }
  work.end();
}

/// What is not asked any more in this poll stays bad.
void LineMachine::State::fail_poll(std::size_t index,
                                   const std::string& error,
                                   MonoTime now) {
  PollWork& work = jobs[index].work;
  if (work.error.empty()) {
    work.error = error;
  }
  complete(index, now);
}

/// One period's report that costs no wire.
void LineMachine::State::report_unasked(std::size_t index,
                                        const std::string& error,
                                        MonoTime now) {
  LineJobState& job = jobs[index];
  if (!job.work.is_active) {
    begin(job, now);
  }
  fail_poll(index, error, now);
  if (schedule->job(index).period.count() == 0) {
    schedule->postpone(index, now + kIdlePeriod);
  }
}

}  // namespace strongroom
