// SPDX-License-Identifier: Apache-2.0
// What is not an answer, what it means, and how the line goes on.
#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

#include "core/base/check.h"
#include "core/bus/line_state.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Purpose = LineAsked::Purpose;

/// A connection whose other end is gone may only ever time out.
constexpr int kFaultsBeforeReopen = 3;
constexpr int kBusyRetries = 3;
/// When a unit has left every shape there is unanswered, time must do.
constexpr std::chrono::seconds kGiveUpAfter{10};
constexpr milliseconds kFirstBusyWait{50};

/// The request is at fault, not the moment.
bool is_refusal(ModbusException exception) {
  return exception == ModbusException::kIllegalFunction ||
         exception == ModbusException::kIllegalAddress ||
         exception == ModbusException::kIllegalValue;
}

bool asks_for_patience(ModbusException exception) {
  return exception == ModbusException::kBusy ||
         exception == ModbusException::kAcknowledge;
}

}  // namespace

bool is_no_answer(ModbusException exception) {
  return exception == ModbusException::kGatewayPath ||
         exception == ModbusException::kGatewayTarget;
}

AskedDevice LineMachine::State::asked_device(
    const LineDeviceState& device) const {
  return {*device.settings.profile, device.settings.unit_id, device.refused};
}

void LineMachine::State::failed(const LinkError& error, MonoTime now) {
  end_transaction(now);
  if (asked.is_of_panel()) {
    panel_failed(error, now);
    return;
  }
  LineDeviceState& device = devices[asked.device];
  const microseconds least =
      std::max<microseconds>(frame_gap(settings.wire), kSettle);
  // What came instead of the answer does not say that the answer will not come.
  const microseconds rest =
      std::max<microseconds>(asked.at + asked.timeout - now, least);
  switch (error.fault) {
    case LinkFault::kTimeout:
      ++device.counters.timeouts;
      device.round_trip.unanswered();
      quiet_wanted = least;
      break;
    case LinkFault::kGarbled:
      ++device.counters.garbled;
      quiet_wanted = rest;
      break;
    case LinkFault::kException:
      ++device.counters.exceptions;
      refused(error, now);
      return;
    case LinkFault::kLost:
      ++lost;
      guard->unanswered(asked.question, asked.at);
      close(error.what, now);
      back_off(now);
      if (asked.purpose != Purpose::kProbe) {
        fail_poll(asked.job, error.what, now);
      }
      return;
  }
  left_unanswered(error, now);
  device.faulted = true;
  count_fault(error.what, now);
}

/// The question stays owed; its poll tries once more or is over.
void LineMachine::State::left_unanswered(const LinkError& error, MonoTime now) {
  guard->unanswered(asked.question, asked.at);
  troubled_until = now + kTroubleLasts;
  if (asked.purpose == Purpose::kProbe) {
    return;
  }
  LineDeviceState& device = devices[asked.device];
  PollWork& work = jobs[asked.job].work;
  work.round_trip += now - asked.at;
  const bool has_credit =
      device.breaker.was_heard() && device.breaker.polls_in_vain() == 0;
  if (has_credit && !work.was_retried) {
    work.was_retried = true;
    return;
  }
  const bool was_heard = work.was_heard;
  begin_behind_current(jobs[asked.job]);
  fail_poll(asked.job, error.what, now);
  if (!was_heard) {
    const bool was_silent = device.breaker.is_silent();
    device.breaker.poll_unanswered(now);
    if (device.breaker.is_silent() && !was_silent) {
      ++silent_devices;
    }
  }
}

/// Of a device or a panel that is marked as faulted.
void LineMachine::State::count_fault(const std::string& what, MonoTime now) {
  ++faults_in_a_row;
  const auto has_faulted = [](const auto& each) { return each.faulted; };
  if (faults_in_a_row >= kFaultsBeforeReopen &&
      std::ranges::all_of(devices, has_faulted) &&
      std::ranges::all_of(panels, has_faulted)) {
    close(what, now);
    next_open = now;
  }
}

/// All that is known of refusals goes at once, counted from the first.
void LineMachine::State::remember_refusal(LineDeviceState& device,
                                          MonoTime now) {
  if (device.forget_refusals.count() == 0) {
    device.forget_refusals = now + kTrustRefusals;
  }
  ++device.plan_version;
}

/// The device is there.
void LineMachine::State::note_heard(LineDeviceState& device, MonoTime now) {
  note_line_works();
  if (device.breaker.heard()) {
    --silent_devices;
    for (const std::size_t job : device.jobs) {
      schedule->hasten(job, now);
    }
  }
}

void LineMachine::State::note_line_works() {
  backoff = kFirstBackoff;
  if (faults_in_a_row == 0) {
    return;
  }
  faults_in_a_row = 0;
  for (LineDeviceState& device : devices) {
    device.faulted = false;
  }
  for (LinePanelState& panel : panels) {
    panel.faulted = false;
  }
}

void LineMachine::State::refused(const LinkError& error, MonoTime now) {
  LineDeviceState& device = devices[asked.device];
  const microseconds took = now - asked.at;
  if (is_no_answer(error.exception)) {
    // A gateway speaks for a device that did not answer it.
    note_line_works();
    left_unanswered(error, now);
    return;
  }
  note_heard(device, now);
  if (asked.purpose == Purpose::kProbe) {
    note_probe_answered(guard->can_be_refused(asked.question, asked.at));
    return;
  }
  PollWork& work = jobs[asked.job].work;
  work.was_heard = true;
  if (!guard->can_be_refused(asked.question, asked.at)) {
    // Perhaps it refuses an earlier question, and ours is still to come.
    const bool is_beyond =
        reaches_beyond(*device.settings.profile, asked.question);
    if (is_beyond) {
      device.refuses_beyond = true;
      remember_refusal(device, now);
    }
    quiet_wanted = std::max<microseconds>(
        {asked.at + asked.timeout - now, frame_gap(settings.wire), kSettle});
    jobs[asked.job].awaits_proof = true;
    work.was_retried = true;  // a retry would prove no more
    left_unanswered(error, now);
    return;
  }
  guard->answered(asked.question, now);
  device.round_trip.answered(took, asked.on_wire);
  work.round_trip += took;
  if (asked.purpose == Purpose::kPoll) {
    jobs[asked.job].awaits_proof = false;
    refused_block(error, now);
  }
}

void LineMachine::State::refused_block(const LinkError& error, MonoTime now) {
  LineJobState& job = jobs[asked.job];
  LineDeviceState& device = devices[asked.device];
  PollWork& work = job.work;
  const RegisterBlock block = *current(job);
  if (asks_for_patience(error.exception) && work.busy_answers < kBusyRetries) {
    hold(asked.job, now + kFirstBusyWait * (1 << work.busy_answers));
    ++work.busy_answers;
    return;
  }
  drop_current(job);
  if (is_refusal(error.exception)) {
    RegisterBlock own = without_extras(*device.settings.profile, block);
    if (own.count < block.count) {
      work.pieces.push_back(std::move(own));
      return;
    }
    if (auto parts = halves(*device.settings.profile, block)) {
      const std::uint16_t border = parts->second.address;
      work.borders.push_back({block.kind, border, border});
      work.pieces.push_back(std::move(parts->second));
      work.pieces.push_back(std::move(parts->first));
      return;
    }
    const int last = block.address + block.count - 1;
    device.refused.push_back(
        {block.kind, block.address, static_cast<std::uint16_t>(last)});
    remember_refusal(device, now);
    work.has_refused_value = true;
  }
  if (work.error.empty()) {
    work.error = error.what;
  }
  if (current(job) == nullptr) {
    complete(asked.job, now);
  }
}

/// The block at hand may not be asked as it is. Nothing: put off, or skipped.
std::optional<LineAction> LineMachine::State::ask_otherwise(std::size_t index,
                                                            MonoTime now) {
  LineJobState& job = jobs[index];
  LineDeviceState& device = devices[job.device];
  const AskedDevice target = asked_device(device);
  const RegisterBlock block = *current(job);
  const Question question = question_of(target.unit, block);
  const AskFilter may_ask = [&](const Question& other) {
    return guard->may_ask(other, now);
  };
  const auto reshaped = [&](Reach reach) {
    auto pieces = reshape(target, block, reach, may_ask);
    if (!pieces) {
      return false;
    }
    drop_current(job);
    std::ranges::move(*pieces | std::views::reverse,
                      std::back_inserter(job.work.pieces));
    ++device.counters.varied;
    return true;
  };
  const auto in_step = [&]() -> std::optional<LineAction> {
    const auto other = guard->is_in_doubt(target.unit)
                           ? find_question(target, may_ask)
                           : std::nullopt;
    if (!other) {
      return std::nullopt;
    }
    return ask_in_step(index, *other, now);
  };
  if (reshaped(Reach::kKnown)) {
    return work_on(index, now);
  }
  // When only an answer out of step can still come, any other question will do,
  // and then this one goes out as it is.
  const auto since = guard->owed_since(question);
  if (since && *since + guard->late_answer() <= now) {
    if (auto action = in_step()) {
      return action;
    }
  }
  if (!device.refuses_beyond && reshaped(Reach::kBeyond)) {
    return work_on(index, now);
  }
  if (auto action = in_step()) {
    return action;
  }
  return wait_for_owed(index, now);
}

LineAction LineMachine::State::ask_in_step(std::size_t index,
                                           const Question& question,
                                           MonoTime now) {
  return ask({.purpose = Purpose::kInStep,
              .device = jobs[index].device,
              .job = index,
              .question = question},
             now);
}

/// Nothing that the device could be asked can be told from what it owes.
std::optional<LineAction> LineMachine::State::wait_for_owed(std::size_t index,
                                                            MonoTime now) {
  const LineJobState& job = jobs[index];
  const Question question =
      question_of(devices[job.device].settings.unit_id, *current(job));
  if (const auto free_at = guard->free_at(question)) {
    hold_or_skip(index, *free_at, now);
    return std::nullopt;
  }
  const Question oldest = oldest_owed(devices[job.device], question, now);
  const MonoTime until =
      guard->owed_since(oldest).value_or(now) +
      std::max<microseconds>(kGiveUpAfter, guard->late_answer());
  if (until <= now) {
    guard->give_up(oldest, now);
    return ask_in_step(index, oldest, now);
  }
  hold_or_skip(index, until, now);
  return std::nullopt;
}

/// The block at hand waits, but never for longer than its poll may.
void LineMachine::State::hold_or_skip(std::size_t index,
                                      MonoTime until,
                                      MonoTime now) {
  LineJobState& job = jobs[index];
  const microseconds period = schedule->job(index).period;
  if (period.count() == 0 || until <= job.work.begun + period) {
    hold(index, until);
    return;
  }
  if (job.work.error.empty()) {
    job.work.error =
        "not asked: the answer to an earlier question may still come";
  }
  drop_current(job);
  if (current(job) == nullptr) {
    complete(index, now);
  }
}

/// Of all questions to the device, the one whose shape was asked longest ago:
/// only a unit that is further behind than it has shapes answers it wrongly.
Question LineMachine::State::oldest_owed(const LineDeviceState& device,
                                         const Question& question,
                                         MonoTime now) {
  Question oldest = question;
  MonoTime since = guard->owed_since(question).value_or(now);
  find_question(asked_device(device), [&](const Question& other) {
    const auto asked_at = guard->owed_since(other);
    if (asked_at && *asked_at < since) {
      oldest = other;
      since = *asked_at;
    }
    return false;
  });
  return oldest;
}

}  // namespace strongroom
