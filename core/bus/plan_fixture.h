// SPDX-License-Identifier: Apache-2.0
// Profiles of a few lines, and plans as text, for tests.
#pragma once

#include <iomanip>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "core/bus/plan.h"

namespace strongroom {

inline constexpr LineWire kTcp{.kind = LineKind::kTcp};
inline constexpr LineWire kRtu9600{.kind = LineKind::kRtu, .baud = 9600};
inline constexpr LineWire kRtu115200{.kind = LineKind::kRtu, .baud = 115'200};

inline PointProfile point_at(RegisterKind kind,
                             std::uint16_t address,
                             ValueType type,
                             PollClass poll = PollClass::kNormal) {
  PointProfile point;
  point.name = "p" + std::to_string(address);
  point.kind = kind;
  point.address = address;
  point.type = type;
  point.min = 1 - kMantissaLimit;
  point.max = kMantissaLimit - 1;
  point.poll = poll;
  return point;
}

/// Points of one kind and type, one at each address.
inline DeviceProfile profile_of(RegisterKind kind,
                                ValueType type,
                                const std::vector<std::uint16_t>& addresses) {
  DeviceProfile profile;
  profile.points.reserve(addresses.size());
  for (const std::uint16_t address : addresses) {
    profile.points.push_back(point_at(kind, address, type));
  }
  return profile;
}

inline std::vector<std::uint16_t> all_points(const DeviceProfile& profile) {
  std::vector<std::uint16_t> points(profile.points.size());
  std::iota(points.begin(), points.end(), std::uint16_t{0});
  return points;
}

/// "04:0x0000+18 04:0x0034+2": function, address, count of each request.
inline std::string text_of(const std::vector<RegisterBlock>& blocks) {
  std::ostringstream text;
  text << std::setfill('0') << std::uppercase;
  for (const RegisterBlock& block : blocks) {
    text << (text.tellp() > 0 ? " " : "") << std::setw(2) << std::dec
         << static_cast<int>(block.kind) << ":0x" << std::setw(4) << std::hex
         << block.address << std::dec << "+" << block.count;
  }
  return text.str();
}

/// Of all points and texts.
inline std::string plan_text(const DeviceProfile& profile,
                             const LineWire& wire,
                             std::chrono::microseconds turnaround,
                             const PlanLimits& limits = {}) {
  return text_of(plan_reads(profile,
                            all_points(profile),
                            true,
                            {.wire = wire, .turnaround = turnaround},
                            limits));
}

}  // namespace strongroom
