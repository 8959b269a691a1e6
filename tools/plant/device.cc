// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/device.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/check.h"

namespace strongroom::plant {
namespace {

/// A point goes up and down once in so many milliseconds.
constexpr std::int64_t kWaveMs = 240'000;
/// Points of a device are not in step.
constexpr std::int64_t kShiftMs = 37'000;

std::pair<std::int64_t, std::int64_t> bounds_of(ValueType type) {
  switch (type) {
    case ValueType::kU16:
      return {0, std::numeric_limits<std::uint16_t>::max()};
    case ValueType::kI16:
      return {std::numeric_limits<std::int16_t>::min(),
              std::numeric_limits<std::int16_t>::max()};
  }
  check(false, "a value type outside its enumeration");
  return {};
}

}  // namespace

std::optional<std::uint16_t> encode_register(ValueType type,
                                             std::int64_t mantissa) {
  const auto [low, high] = bounds_of(type);
  if (mantissa < low || mantissa > high) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(mantissa & 0xFFFF);
}

SimulatedDevice::SimulatedDevice(DeviceProfile profile)
    : profile_(std::move(profile)), set_(profile_.points.size()) {}

Result<std::size_t> SimulatedDevice::find(std::string_view point) const {
  const auto at =
      std::ranges::find(profile_.points, point, &PointProfile::name);
  if (at == profile_.points.end()) {
    return fault("no point " + std::string(point) + " in " + profile_.name);
  }
  return static_cast<std::size_t>(at - profile_.points.begin());
}

Result<void> SimulatedDevice::set(std::string_view assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    return fault("\"" + std::string(assignment) + "\" is not POINT=VALUE");
  }
  const auto index = find(assignment.substr(0, equals));
  if (!index) {
    return std::unexpected(index.error());
  }
  const PointProfile& point = profile_.points[*index];
  const std::string value(assignment.substr(equals + 1));
  const auto mantissa = parse_decimal(value, point.exponent);
  if (!mantissa || !encode_register(point.type, *mantissa)) {
    return fault(point.name + " cannot be \"" + value +
                 "\": its register holds steps of " +
                 format_decimal(1, point.exponent));
  }
  set_[*index] = mantissa;
  return {};
}

Result<void> SimulatedDevice::vary(std::string_view point) {
  const auto index = find(point);
  if (!index) {
    return std::unexpected(index.error());
  }
  set_[*index].reset();
  return {};
}

std::int64_t SimulatedDevice::mantissa(
    std::size_t point, std::chrono::milliseconds elapsed) const {
  if (const auto& set = set_[point]; set.has_value()) {
    return *set;
  }
  const PointProfile& p = profile_.points[point];
  const auto [low, high] = bounds_of(p.type);
  const std::int64_t min = std::clamp(p.min, low, high);
  const std::int64_t max = std::clamp(p.max, low, high);
  // A triangle wave of a twentieth of the plausible range, about its middle.
  const std::int64_t phase =
      (elapsed.count() + kShiftMs * static_cast<std::int64_t>(point)) % kWaveMs;
  const std::int64_t height =
      phase < kWaveMs / 2 ? phase : kWaveMs - phase;  // 0 to kWaveMs / 2
  const std::int64_t swing = (max - min) / 20;
  const std::int64_t value =
      (min + max) / 2 - swing / 2 + swing * height / (kWaveMs / 2);
  const auto is_sentinel = [&](std::int64_t candidate) {
    return std::ranges::find(p.sentinels,
                             static_cast<std::uint64_t>(candidate & 0xFFFF)) !=
           p.sentinels.end();
  };
  return is_sentinel(value) && value < max ? value + 1 : value;
}

std::string SimulatedDevice::values_text(
    std::chrono::milliseconds elapsed) const {
  std::string text;
  for (std::size_t index = 0; index < profile_.points.size(); ++index) {
    const PointProfile& point = profile_.points[index];
    text += point.name + "=" +
            format_decimal(mantissa(index, elapsed), point.exponent) + " " +
            point.unit + "\n";
  }
  return text;
}

}  // namespace strongroom::plant
