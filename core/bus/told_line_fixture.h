// SPDX-License-Identifier: Apache-2.0
// A line whose every action a test answers itself, and short ways to say which
// devices are on it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/check.h"
#include "core/bus/line.h"
#include "core/bus/line_fixture.h"

namespace strongroom {

inline constexpr milliseconds kTimeout{100};
inline constexpr RegisterKind kHolding = RegisterKind::kHolding;

/// A profile of `count` registers side by side, each a point.
inline std::shared_ptr<DeviceProfile> row(std::uint16_t first,
                                          std::uint16_t count) {
  auto profile = std::make_shared<DeviceProfile>();
  profile->name = "row";
  for (std::uint16_t i = 0; i < count; ++i) {
    PointProfile point = point_at(
        kHolding, static_cast<std::uint16_t>(first + i), ValueType::kU16);
    point.max = 65'535;
    profile->points.push_back(std::move(point));
  }
  return profile;
}

inline LineDevice device_of(std::uint8_t unit,
                            std::shared_ptr<const DeviceProfile> profile) {
  LineDevice device;
  device.name = "d" + std::to_string(unit);
  device.profile = std::move(profile);
  device.unit_id = unit;
  return device;
}

inline LineSettings tcp() {
  return {.timeout = kTimeout};
}

inline LinkError error_of(LinkFault fault,
                          ModbusException exception = ModbusException::kNone) {
  return {fault, exception, "told to"};
}

/// A machine that is told what becomes of its actions, one by one.
class Told {
 public:
  explicit Told(std::vector<LineDevice> devices, LineSettings settings = tcp())
      : machine(settings, std::move(devices), now) {}

  template <typename Action>
  Action expect() {
    const LineAction action = machine.next(now);
    check(std::holds_alternative<Action>(action), "not the action expected");
    return std::get<Action>(action);
  }
  void open() {
    expect<LineOpen>();
    machine.opened(now);
  }
  /// The next question, whatever silence is wanted before it.
  Question asked() {
    for (;;) {
      const LineAction action = machine.next(now);
      if (const auto* ask = std::get_if<LineAsk>(&action)) {
        return ask->question;
      }
      if (const auto* wait = std::get_if<LineWait>(&action)) {
        now = wait->until;
      } else {
        const auto* discard = std::get_if<LineDiscard>(&action);
        check(discard != nullptr, "opened or closed instead of a question");
        now += discard->quiet;
        machine.discarded(0, now);
      }
    }
  }
  void answer(std::uint16_t count, milliseconds after = milliseconds(1)) {
    now += after;
    machine.answered(std::vector<std::uint16_t>(count, 7), now);
  }
  void fail(const LinkError& error, milliseconds after = kTimeout) {
    now += after;
    machine.failed(error, now);
  }
  std::vector<PollReport> reports() { return machine.take_reports(); }

  MonoTime now{seconds(1'000)};
  LineMachine machine;
};

}  // namespace strongroom
