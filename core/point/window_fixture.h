// SPDX-License-Identifier: Apache-2.0
// What the tests of windows share.
#pragma once

#include <algorithm>
#include <pb_encode.h>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/point/window.h"

namespace strongroom {

inline constexpr PointSample kBad{PointQuality::kBad, 0};
inline constexpr PointSample kOutOfRange{PointQuality::kOutOfRange, 0};
inline constexpr PointSample kNotAsked{PointQuality::kNotAsked, 0};

inline PointSample good(std::int64_t mantissa) {
  return {PointQuality::kGood, mantissa};
}

inline WallTime at_us(std::int64_t us) {
  return WallTime{std::chrono::microseconds{us}};
}
inline WallTime at_s(std::int64_t s) {
  return WallTime{std::chrono::seconds{s}};
}

inline DeviceProfile profile_of(std::size_t points) {
  DeviceProfile profile;
  profile.name = "test";
  for (std::size_t i = 0; i < points; ++i) {
    profile.points.push_back({.name = "p" + std::to_string(i),
                              .unit = "Cel",
                              .address = static_cast<std::uint16_t>(i),
                              .exponent = -1});
  }
  return profile;
}

using Closed = std::vector<strongroom_v1_Windows>;

inline strongroom_v1_Event largest_envelope() {
  strongroom_v1_Event event{};
  std::fill_n(event.source, 65, 'x');
  event.stream = strongroom_v1_Stream_STREAM_TELEMETRY;
  event.epoch = UINT64_MAX;
  event.seq = UINT64_MAX;
  std::fill_n(event.prev_hash, 32, std::uint8_t{0xFF});
  std::fill_n(event.blind, 16, std::uint8_t{0xFF});
  event.occurred_us = -1;
  event.recorded_us = -1;
  event.monotonic_us = UINT64_MAX;
  event.has_clock = true;
  event.clock.quality = strongroom_v1_ClockQuality_CLOCK_QUALITY_GOOD;
  event.clock.error_us = UINT64_MAX;
  event.has_salvaged = true;
  event.salvaged.epoch = UINT64_MAX;
  event.salvaged.seq = UINT64_MAX;
  std::fill_n(event.salvaged.hash, 32, std::uint8_t{0xFF});
  return event;
}

inline std::size_t encoded_size(const strongroom_v1_Event& event) {
  std::size_t size = 0;
  check(pb_get_encoded_size(&size, strongroom_v1_Event_fields, &event),
        "an event has an encoded size");
  return size;
}

inline std::size_t windows_event_size(const strongroom_v1_Windows& windows) {
  strongroom_v1_Event event = largest_envelope();
  event.which_body = strongroom_v1_Event_windows_tag;
  event.body.windows = windows;
  event.body.windows.described_seq = UINT64_MAX;
  return encoded_size(event);
}

}  // namespace strongroom
