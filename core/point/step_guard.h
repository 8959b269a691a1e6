// SPDX-License-Identifier: Apache-2.0
// No plausible value moves faster than its profile says.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/now.h"
#include "core/point/profile.h"
#include "core/point/sample.h"

namespace strongroom {

/// Of one device. A good sample that moved faster than max_step_per_s since the
/// last believed one becomes out of range. When kConfirmations samples in a row
/// agree with each other (none moved too fast from the one before), they are
/// believed: the world may have changed while nobody looked. Not thread-safe.
class StepGuard {
 public:
  static constexpr int kConfirmations = 3;

  /// `profile` outlives the object.
  explicit StepGuard(const DeviceProfile& profile);
  /// `samples`: one per point of the profile; those that are not good are left
  /// alone.
  void judge(MonoTime at, std::span<PointSample> samples);

 private:
  struct Point {
    std::uint16_t index = 0;
    std::int64_t max_step_per_s = 0;
    bool has_believed = false;
    std::int64_t believed = 0;
    MonoTime believed_at{};
    int candidates = 0;
    std::int64_t candidate = 0;
    MonoTime candidate_at{};
  };
  const DeviceProfile* profile_;
  std::vector<Point> points_;  // those that have a limit
};

}  // namespace strongroom
