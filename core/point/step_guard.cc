// SPDX-License-Identifier: Apache-2.0
#include "core/point/step_guard.h"

#include <algorithm>

#include "core/base/check.h"

namespace strongroom {
namespace {

__extension__ typedef __int128 Wide;

/// Both values were rounded, so they may differ by one count more than the
/// quantity moved.
bool moved_too_fast(std::int64_t from,
                    MonoTime from_at,
                    std::int64_t to,
                    MonoTime to_at,
                    std::int64_t max_step_per_s) {
  constexpr Wide kMicrosecondsPerSecond = 1'000'000;
  const Wide difference = Wide{to} - Wide{from};
  const Wide step = difference < 0 ? -difference : difference;
  const Wide elapsed_us =
      std::max(Wide{to_at.count()} - Wide{from_at.count()}, Wide{0});
  return (step - 1) * kMicrosecondsPerSecond >
         Wide{max_step_per_s} * elapsed_us;
}

}  // namespace

StepGuard::StepGuard(const DeviceProfile& profile) : profile_(&profile) {
  for (std::size_t index = 0; index < profile.points.size(); ++index) {
    if (const auto limit = profile.points[index].max_step_per_s) {
      Point point;
      point.index = static_cast<std::uint16_t>(index);
      point.max_step_per_s = *limit;
      points_.push_back(point);
    }
  }
}

void StepGuard::judge(MonoTime at, std::span<PointSample> samples) {
  check(samples.size() == profile_->points.size(),
        "a guard judges samples of its own profile");
  for (Point& point : points_) {
    PointSample& sample = samples[point.index];
    if (sample.quality != PointQuality::kGood) {
      continue;
    }
    const std::int64_t value = sample.mantissa;
    const std::int64_t limit = point.max_step_per_s;
    bool believe =
        !point.has_believed ||
        !moved_too_fast(point.believed, point.believed_at, value, at, limit);
    if (!believe) {
      const bool agrees =
          point.candidates > 0 &&
          !moved_too_fast(
              point.candidate, point.candidate_at, value, at, limit);
      point.candidates = agrees ? point.candidates + 1 : 1;
      point.candidate = value;
      point.candidate_at = at;
      believe = point.candidates >= kConfirmations;
    }
    if (!believe) {
      sample = {PointQuality::kOutOfRange, 0};
      continue;
    }
    point.has_believed = true;
    point.believed = value;
    point.believed_at = at;
    point.candidates = 0;
  }
}

}  // namespace strongroom
