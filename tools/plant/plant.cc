// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/plant.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/check.h"
#include "tools/plant/variable.h"

namespace strongroom::plant {
namespace {

using std::chrono::microseconds;

/// How old what devices say of the building may be.
constexpr Time kBuildingTick{20'000};

Framing framing_of(const LineScene& line) {
  return line.kind == LineKind::kTcp ? Framing::kTcp : Framing::kRtu;
}

}  // namespace

Plant::Plant(Scene scene)
    : scene_(std::move(scene)),
      lines_(scene_.lines.size()),
      happenings_(scene_.happenings.begin(), scene_.happenings.end()),
      random_(scene_.seed) {
  for (const DeviceScene& device : scene_.devices) {
    devices_.push_back({.registers = {device.name, device.profile}});
    for (const std::string& assignment : device.set) {
      check(devices_.back().registers.set(assignment).has_value(),
            "a scene sets what its devices have");
    }
  }
  for (const PanelScene& panel : scene_.panels) {
    panels_.emplace_back(panel);
  }
  step(scene_.building, 0);
  show_building();
}

void Plant::show_building() {
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    for (const Binding& binding : scene_.devices[i].bindings) {
      double value = variable(scene_.building, binding.variable).value_or(0) *
                     binding.factor;
      if (!binding.codes.empty()) {
        const double last = static_cast<double>(binding.codes.size() - 1);
        value = binding.codes[static_cast<std::size_t>(
            std::clamp(std::round(value), 0.0, last))];
      }
      devices_[i].registers.follow(binding.point, value);
    }
  }
}

void Plant::step_to(microseconds elapsed) {
  if (elapsed > stepped_to_) {
    step(scene_.building,
         std::chrono::duration<double>(elapsed - stepped_to_).count());
    stepped_to_ = elapsed;
    show_building();
  }
}

microseconds Plant::elapsed(Time now) const {
  return microseconds(static_cast<std::int64_t>(
      static_cast<double>(now.count()) * scene_.speed));
}

bool Plant::is_plugged(std::size_t line) const {
  return lines_[line].faults.find(FaultKind::kUnplugged) == nullptr;
}

void Plant::set_address(std::size_t line, std::string address) {
  lines_[line].address = std::move(address);
}

const std::string& Plant::address(std::size_t line) const {
  return lines_[line].address;
}

std::uint64_t Plant::answers() const {
  std::uint64_t sum = 0;
  for (const Line& line : lines_) {
    sum += line.counters.answers;
  }
  return sum;
}

std::optional<std::size_t> Plant::device_at(std::size_t line,
                                            std::uint8_t unit) const {
  for (std::size_t i = 0; i < scene_.devices.size(); ++i) {
    const DeviceScene& device = scene_.devices[i];
    if (device.line == line &&
        std::ranges::find(device.units, unit) != device.units.end()) {
      return i;
    }
  }
  return std::nullopt;
}

Time Plant::ready_at(std::size_t line, std::size_t device, Time now) {
  const auto later = [&](const FaultSet& faults,
                         Time from,
                         microseconds work,
                         Time& busy_until) {
    const Fault* const fault = faults.find(FaultKind::kLate);
    if (faults.strike(FaultKind::kLate, random_) != nullptr) {
      work += microseconds(
          random_.between(fault->least_late.count(), fault->most_late.count()));
    }
    if (fault != nullptr && fault->parallel) {
      return from + work;
    }
    busy_until = std::max(from, busy_until) + work;
    return busy_until;
  };
  Device& d = devices_[device];
  Line& l = lines_[line];
  const Time ready =
      later(d.faults, now, scene_.devices[device].turnaround, d.busy_until);
  const bool is_line_late = l.faults.find(FaultKind::kLate) != nullptr;
  return is_line_late ? later(l.faults, ready, {}, l.busy_until) : ready;
}

std::vector<Transmission> Plant::ask(std::size_t line,
                                     const Request& request,
                                     Time now) {
  if (elapsed(now) - stepped_to_ >= elapsed(kBuildingTick)) {
    step_to(elapsed(now));
  }
  Line& l = lines_[line];
  ++l.counters.requests;
  const auto index = device_at(line, request.unit);
  if (!index) {
    return {};
  }
  Device& device = devices_[*index];
  const Framing framing = framing_of(scene_.lines[line]);
  Answer answer{request.unit, device.registers.answer(request, elapsed(now))};
  const Time at = ready_at(line, *index, now);
  for (const FaultSet* const faults : {&device.faults, &l.faults}) {
    if (faults->strike(FaultKind::kDead, random_) != nullptr) {
      return {};
    }
    spoil_answer(*faults, framing, random_, answer);
  }
  Bytes frame = frame_answer(framing, request, answer.unit, answer.pdu);
  for (const FaultSet* const faults : {&device.faults, &l.faults}) {
    spoil_frame(*faults, framing, random_, frame);
  }
  ++l.counters.answers;
  return {{at, std::move(frame)}};
}

std::vector<std::string> Plant::advance(Time now) {
  std::vector<std::string> complaints;
  while (!happenings_.empty() && happenings_.front().after <= elapsed(now)) {
    const Happening happening = happenings_.front();
    happenings_.pop_front();
    if (const auto done = command_at(happening.command, happening.after);
        !done) {
      complaints.push_back(happening.command + ": " + done.error().what);
    }
  }
  for (PanelWorld& panel : panels_) {
    panel.advance(now);
  }
  return complaints;
}

std::optional<Time> Plant::next_happening() const {
  std::optional<Time> next;
  if (!happenings_.empty()) {
    const auto after = static_cast<double>(happenings_.front().after.count());
    // A microsecond more than less, so that it is due by then.
    next = Time(static_cast<std::int64_t>(after / scene_.speed) + 1);
  }
  for (const PanelWorld& panel : panels_) {
    if (const auto due = panel.due()) {
      next = next ? std::min(*next, *due) : *due;
    }
  }
  return next;
}

}  // namespace strongroom::plant
