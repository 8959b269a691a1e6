// SPDX-License-Identifier: Apache-2.0
// A point at one instant: a quality, and a value only when there is one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/point/profile.h"

namespace strongroom {

/// The values are those of strongroom.v1.PointQuality on the wire. A sample is
/// never stale: only what is made of several can be (core/point/window.h).
enum class PointQuality : std::uint8_t {
  kNotAsked = 0,  // in a poll of other points; never on the wire
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

/// What a text says; nothing: not readable as one (not printable ASCII, empty).
struct TextSample {
  std::uint16_t text = 0;            // index into DeviceProfile::texts
  std::optional<std::string> value;  // without padding (spaces and zeros)

  friend bool operator==(const TextSample&, const TextSample&) = default;
};

/// `cells`: what stands at the point's addresses, in order: a register each, or
/// for a bit kind 0 or 1 each. A sentinel, a float that is no number: bad. A
/// value outside the plausible limits, a code that is no state: out of range.
/// Neither carries a value. A float or a scaled value is rounded once, half to
/// even, to the point's exponent, in exact arithmetic.
PointSample decode_point(const PointProfile& point,
                         std::span<const std::uint16_t> cells);

std::optional<std::string> decode_text(const TextProfile& text,
                                       std::span<const std::uint16_t> cells);

/// Writes the samples of the block's points, appends those of its texts; leaves
/// the others alone. `cells` has block.count, `samples`
/// profile.points.size() items.
void decode_block(const DeviceProfile& profile,
                  const RegisterBlock& block,
                  std::span<const std::uint16_t> cells,
                  std::span<PointSample> samples,
                  std::vector<TextSample>& texts);

/// Samples of a poll of this class before any answer: its points bad, the
/// others not asked.
std::vector<PointSample> no_samples(const DeviceProfile& profile,
                                    PollClass poll_class);

}  // namespace strongroom
