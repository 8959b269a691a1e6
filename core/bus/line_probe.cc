// SPDX-License-Identifier: Apache-2.0
// Devices that answer nothing: asked now and then whether they are back.
#include <algorithm>

#include "core/bus/line_state.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// Of the probes of one device, each so many-th waits as long as it may: the
/// device may have become slower than it was.
constexpr std::uint32_t kProbesPerLongOne = 4;
constexpr std::uint32_t kProbesPerLongOneInHaste = 16;
/// A device that nobody has seen is probed in haste beside safety inputs and
/// panels.
constexpr milliseconds kWaitInHaste{100};

}  // namespace

std::optional<std::size_t> LineMachine::State::device_to_probe(
    MonoTime now, bool something_is_due) const {
  if (silent_devices == 0) {
    return std::nullopt;
  }
  const MonoTime next_due = something_is_due ? now : next_due_of_answering();
  const bool was_probe = asked.purpose == LineAsked::Purpose::kProbe;
  std::optional<std::size_t> chosen;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const Breaker& breaker = devices[i].breaker;
    if (!breaker.is_silent() || now < breaker.probe_from()) {
      continue;
    }
    const auto timeout =
        probe_timeout(devices[i], smallest_question(asked_device(devices[i])));
    const bool fits = now + timeout <= next_due;
    const bool is_idle =
        !something_is_due && (fits || now >= breaker.probe_soon());
    const bool must = now >= breaker.probe_by() && !was_probe;
    if ((is_idle || must) &&
        (!chosen ||
         breaker.probe_from() < devices[*chosen].breaker.probe_from())) {
      chosen = i;
    }
  }
  return chosen;
}

LineAction LineMachine::State::probe(std::size_t device, MonoTime now) {
  const Question question = smallest_question(asked_device(devices[device]));
  return ask({.purpose = LineAsked::Purpose::kProbe,
              .device = device,
              .question = question,
              .timeout = probe_timeout(devices[device], question)},
             now);
}

/// A probe is asked in one shape again and again: what answers it shows that
/// the device is there, but perhaps not to which of them.
void LineMachine::State::note_probe_answered(bool is_unmistakable) {
  if (is_unmistakable) {
    guard->answered(asked.question, asked.at);
  } else {
    guard->unanswered(asked.question, asked.at);
  }
}

microseconds LineMachine::State::probe_timeout(const LineDeviceState& device,
                                               const Question& question) const {
  const std::uint32_t per_long_one =
      is_in_haste ? kProbesPerLongOneInHaste : kProbesPerLongOne;
  if (device.probes % per_long_one == per_long_one - 1) {
    return settings.timeout;
  }
  if (device.round_trip.is_known()) {
    return device.round_trip.usual_timeout(wire_time(settings.wire, question));
  }
  return is_in_haste ? std::min(settings.timeout, kWaitInHaste)
                     : settings.timeout;
}

/// Of the jobs that need the line.
MonoTime LineMachine::State::next_due_of_answering() const {
  MonoTime first = MonoTime::max();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!devices[jobs[i].device].breaker.is_silent()) {
      first = std::min(first, schedule->due(i));
    }
  }
  for (const LinePanelState& panel : panels) {
    if (!panel.breaker.is_silent() &&
        panel.wish.kind != PanelWish::Kind::kNothing) {
      first = std::min(first, panel.wish.due);
    }
  }
  return first;
}

/// When the next probe may be sent if nothing becomes due.
MonoTime LineMachine::State::next_probe(MonoTime now) const {
  MonoTime first = MonoTime::max();
  if (silent_devices == 0) {
    return first;
  }
  for (const LineDeviceState& device : devices) {
    if (device.breaker.is_silent()) {
      const MonoTime from = device.breaker.probe_from();
      first = std::min(first, from > now ? from : device.breaker.probe_soon());
    }
  }
  return first;
}

}  // namespace strongroom
