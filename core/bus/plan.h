// SPDX-License-Identifier: Apache-2.0
// Which requests read a set of points at the least cost.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "core/bus/question.h"
#include "core/point/profile.h"

namespace strongroom {

/// What decides whether a hole is read along or a second request is sent.
struct RequestCost {
  LineWire wire;
  /// Of the device: its measured round trip less the wire's part, plus the
  /// pause that its profile asks for.
  std::chrono::microseconds turnaround{10'000};
};

struct PlanLimits {
  /// No request takes longer, unless one point alone does: others wait behind
  /// it. A device's own time is not shortened by splitting, so the wire always
  /// has half of it. 0: no limit.
  std::chrono::microseconds longest_request{0};
  /// Learned from exceptions, beside what the profile forbids.
  std::vector<RegisterRange> forbidden;
};

/// The cheapest requests (in total time) that read each of the points, and the
/// texts when `with_texts`, exactly once. Within the profile's limits and the
/// protocol's; no request touches a forbidden address, none splits a point; a
/// hole is bridged only where the profile allows it and it costs less than a
/// request; without bridging, only addresses of points and texts are read,
/// asked for or not. Of equally cheap plans the one with fewest requests, then
/// fewest addresses. Blocks are in order of kind, then address. A point that
/// cannot be read so (on a forbidden address, longer than a request) is in no
/// block.
std::vector<RegisterBlock> plan_reads(const DeviceProfile& profile,
                                      std::span<const std::uint16_t> points,
                                      bool with_texts,
                                      const RequestCost& cost,
                                      const PlanLimits& limits);

/// The points of a class, in order. Texts belong to the slow class.
std::vector<std::uint16_t> points_of(const DeviceProfile& profile,
                                     PollClass poll_class);

/// Time that the blocks take on the line, turnaround included.
std::chrono::microseconds estimated_time(std::span<const RegisterBlock> blocks,
                                         const RequestCost& cost);

}  // namespace strongroom
