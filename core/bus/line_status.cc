// SPDX-License-Identifier: Apache-2.0
// What a line shows of itself, and what it would cost before it runs.
#include <algorithm>

#include "core/bus/line_state.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;

DeviceState state_of(const Breaker& breaker, bool is_open) {
  if (breaker.is_silent()) {
    return DeviceState::kSilent;
  }
  return is_open && breaker.was_heard() ? DeviceState::kAnswering
                                        : DeviceState::kUnknown;
}

LinePanelStatus status_of(const LinePanelState& panel,
                          bool is_open,
                          const LineWire& wire) {
  const Question poll{.address = kPanelPollAddress, .count = kPanelPollCount};
  LinePanelStatus shown;
  shown.name = panel.settings.name;
  shown.unit_id = panel.settings.unit_id;
  shown.state = state_of(panel.breaker, is_open);
  shown.counters = panel.counters;
  shown.round_trip_p50 = panel.round_trip.p50();
  shown.round_trip_p99 = panel.round_trip.p99();
  shown.wait_p50 = panel.waits.quantile(500);
  shown.wait_p99 = panel.waits.quantile(990);
  shown.timeout =
      std::min<microseconds>(panel.round_trip.timeout(wire_time(wire, poll)),
                             wire_time(wire, poll) + kLongestWaitBesidePanels);
  return shown;
}

}  // namespace

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
    shown.state = state_of(device.breaker, status.is_open);
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
  for (const LinePanelState& panel : state.panels) {
    status.panels.push_back(
        status_of(panel, status.is_open, state.settings.wire));
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

double panel_load(const LineSettings& settings,
                  const PanelLoad& panel,
                  microseconds turnaround) {
  using Time = std::chrono::duration<double>;
  const Question poll{.address = kPanelPollAddress, .count = kPanelPollCount};
  const microseconds poll_time = wire_time(settings.wire, poll) + turnaround;
  const microseconds exchange =
      exchange_time(
          settings.wire, panel.exchange_written, panel.exchange_registers) +
      turnaround;
  return Time(poll_time) / Time(panel.poll_period) +
         Time(exchange) / Time(panel.exchange_period);
}

}  // namespace strongroom
