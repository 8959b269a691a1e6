// SPDX-License-Identifier: Apache-2.0
#include "agent/config/read_computed.h"

#include <algorithm>
#include <fmt/format.h>

namespace strongroom {
namespace {

using std::chrono::microseconds;

constexpr std::size_t kMaxDeviceName = 31;  // DeviceDescribed.device
constexpr int kFreshPeriods = 3;
constexpr microseconds kLeastFresh = std::chrono::seconds(3);

const DeviceConfig* find_device(const AgentConfig& config,
                                std::string_view name) {
  for (const LineConfig& line : config.lines) {
    const auto found =
        std::ranges::find(line.devices, name, &DeviceConfig::name);
    if (found != line.devices.end()) {
      return &*found;
    }
  }
  return nullptr;
}

// A device whose profile cannot be read is an error of its own; what is
// computed of it is not judged.
bool has_unread_input(const ComputedPoint& point, const AgentConfig& config) {
  return std::ranges::any_of(point.of, [&](const PointRef& input) {
    const DeviceConfig* device = find_device(config, input.device);
    return device != nullptr && device->profile == nullptr;
  });
}

ProfileOf profile_of(const AgentConfig& config) {
  return [&config](std::string_view name) -> const DeviceProfile* {
    const DeviceConfig* device = find_device(config, name);
    return device == nullptr ? nullptr : device->profile.get();
  };
}

void read_inputs(ConfigTable& table, ComputedPoint& point) {
  for (const std::string& text : table.required_string_list("of")) {
    const std::size_t dot = text.find('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == text.size()) {
      table.error("of",
                  fmt::format("holds \"{}\"; an input is written "
                              "\"device.point\"",
                              text));
      return;
    }
    point.of.push_back({text.substr(0, dot), text.substr(dot + 1)});
  }
}

// Nothing: an error was recorded.
std::optional<ComputedPoint> read_point(ConfigTable& table,
                                        std::string_view device,
                                        const AgentConfig& config) {
  static const std::vector<std::string> kKinds{"sum",
                                               "difference",
                                               "mean",
                                               "min",
                                               "max",
                                               "dew_point",
                                               "inverted",
                                               "antivalent"};
  ComputedPoint point;
  point.name = table.required_string("name");
  const auto kind = parse_computed_kind(table.required_choice("kind", kKinds));
  read_inputs(table, point);
  if (table.has("exponent")) {
    point.exponent = static_cast<std::int32_t>(
        table.optional_int("exponent", 0, kMinExponent, kMaxExponent));
  }
  if (!kind || point.name.empty() || point.of.empty() ||
      has_unread_input(point, config)) {
    return std::nullopt;
  }
  point.kind = *kind;
  // Alone, so that its faults stand at its own line.
  const auto alone =
      computed_profile({std::string(device), {point}}, profile_of(config));
  if (!alone) {
    for (const Error& error : alone.error()) {
      table.error("of", error.what);
    }
    return std::nullopt;
  }
  return point;
}

// Of the points that are used, the one that is read most seldom decides.
microseconds fresh_of(const ComputedDevice& device, const AgentConfig& config) {
  microseconds longest{0};
  for (const ComputedPoint& point : device.points) {
    for (const PointRef& input : point.of) {
      const DeviceConfig* of = find_device(config, input.device);
      const auto found = std::ranges::find(
          of->profile->points, input.point, &PointProfile::name);
      longest = std::max<microseconds>(
          longest, of->periods[static_cast<std::size_t>(found->poll)]);
    }
  }
  return std::max(kLeastFresh, kFreshPeriods * longest);
}

}  // namespace

void read_computed(ConfigTable& table,
                   std::set<std::string>& names,
                   AgentConfig& config) {
  ComputedConfig computed;
  std::string& name = computed.device.name;
  name = table.required_string("name");
  if (!name.empty() && (!is_valid_name(name) || name.size() > kMaxDeviceName)) {
    table.error("name", "must be 1 to 31 of a-z, 0-9 and hyphen");
  } else if (!names.insert(name).second) {
    table.error("name",
                fmt::format("a second device \"{}\"; names are unique in the "
                            "agent, computed ones included",
                            name));
  }
  std::vector<ConfigTable> points = table.tables("point");
  if (points.empty()) {
    table.error("name", "needs at least one [[computed.point]]");
  }
  bool is_whole = !points.empty();
  for (ConfigTable& point : points) {
    auto read = read_point(point, name, config);
    is_whole = is_whole && read.has_value();
    if (read) {
      computed.device.points.push_back(*std::move(read));
    }
  }
  if (!is_whole) {
    return;
  }
  auto profile = computed_profile(computed.device, profile_of(config));
  if (!profile) {
    for (const Error& error : profile.error()) {
      table.error("name", error.what);
    }
    return;
  }
  computed.profile = std::make_shared<const DeviceProfile>(*std::move(profile));
  computed.fresh = fresh_of(computed.device, config);
  config.computed.push_back(std::move(computed));
}

}  // namespace strongroom
