// SPDX-License-Identifier: Apache-2.0
// A point at one instant: a quality, and a value only when there is one.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/point/profile.h"

namespace strongroom {

/// The values are those of strongroom.v1.PointQuality on the wire. A sample is
/// never stale: only what is made of several can be (core/point/window.h).
enum class PointQuality : std::uint8_t {
  kGood = 1,
  kStale = 2,
  kBad = 3,
  kOutOfRange = 4,
};

std::string_view quality_name(PointQuality quality);

struct PointSample {
  PointQuality quality = PointQuality::kBad;
  std::int64_t mantissa = 0;  // 0 unless good

  friend bool operator==(const PointSample&, const PointSample&) = default;
};

/// `registers`: those of the point, in order, register_count(type) of them.
/// A sentinel is bad; a value outside the plausible limits is out of range;
/// neither carries a value.
PointSample decode_point(const PointProfile& point,
                         std::span<const std::uint16_t> registers);

/// Writes the samples of the block's points; leaves the others alone.
/// `registers` has block.count, `samples` has profile.points.size() items.
void decode_block(const DeviceProfile& profile,
                  const RegisterBlock& block,
                  std::span<const std::uint16_t> registers,
                  std::span<PointSample> samples);

/// What a poll without any answer gives: every point bad.
std::vector<PointSample> no_samples(const DeviceProfile& profile);

}  // namespace strongroom
