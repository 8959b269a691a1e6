// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/wave.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/point/sample.h"
#include "tools/plant/encode.h"

namespace strongroom::plant {
namespace {

using std::chrono::microseconds;

/// A point goes up and down once in such a time.
constexpr std::int64_t kWaveMs = 240'000;
/// Points of a device are not in step.
constexpr std::int64_t kShiftMs = 37'000;

std::int64_t lowest_state(const PointProfile& point) {
  return std::ranges::min(point.states, {}, &PointState::code).code;
}

bool covers(const PointProfile& point, const ProbeRegister& probe) {
  return point.kind == probe.kind && point.address <= probe.address &&
         probe.address < point.address + register_count(point.type);
}

bool is_recognised(const PointProfile& point,
                   const ProbeRegister& probe,
                   std::int64_t mantissa) {
  const auto raw = raw_of(point, mantissa);
  std::vector<std::uint16_t> cells(register_count(point.type));
  if (!raw) {
    return false;
  }
  place_raw(point, *raw, cells);
  const std::uint16_t cell =
      cells[static_cast<std::size_t>(probe.address - point.address)];
  return cell >= probe.min && cell <= probe.max;
}

/// A plausible value by which the device is recognised: the one in the middle
/// of what the probe expects.
std::optional<std::int64_t> recognised(const PointProfile& point,
                                       const ProbeRegister& probe) {
  std::vector<std::uint16_t> cells(register_count(point.type));
  cells[static_cast<std::size_t>(probe.address - point.address)] =
      static_cast<std::uint16_t>((probe.min + probe.max) / 2);
  const PointSample sample = decode_point(point, cells);
  return sample.quality == PointQuality::kGood &&
                 is_recognised(point, probe, sample.mantissa)
             ? std::optional(sample.mantissa)
             : std::nullopt;
}

}  // namespace

Wave wave_of(const DeviceProfile& profile, const PointProfile& point) {
  if (!point.states.empty()) {
    return {.rest = lowest_state(point)};
  }
  const bool is_single_bit =
      point.type == ValueType::kBit ||
      (point.bits && point.bits->low == point.bits->high);
  if (is_single_bit) {
    return {};
  }
  const std::int64_t min = nearest_held(point, point.min);
  const std::int64_t max = nearest_held(point, point.max);
  Wave wave{.rest = min + (max - min) / 2, .swing = (max - min) / 20};
  wave.rises = point.unit.ends_with("W.h");
  if (point.max_step_per_s) {
    wave.swing =
        std::min(wave.swing, *point.max_step_per_s * (kWaveMs / 1000) / 4);
  }
  if (const auto& probe = profile.probe; probe && covers(point, *probe)) {
    const bool is_so = is_recognised(point, *probe, wave.rest);
    wave.rest =
        is_so ? wave.rest : recognised(point, *probe).value_or(wave.rest);
    while (wave.swing > 0 &&
           !(is_recognised(point, *probe, wave.rest - wave.swing / 2) &&
             is_recognised(point, *probe, wave.rest + wave.swing / 2))) {
      wave.swing /= 2;
    }
  }
  return wave;
}

std::int64_t wave_at(const Wave& wave,
                     std::size_t point,
                     microseconds elapsed) {
  const std::int64_t ms = elapsed.count() / 1000;
  if (wave.rises) {
    return wave.rest + ms / 1000;
  }
  const std::int64_t phase =
      (ms + kShiftMs * static_cast<std::int64_t>(point)) % kWaveMs;
  const std::int64_t height =
      phase < kWaveMs / 2 ? phase : kWaveMs - phase;  // 0 to kWaveMs / 2
  // Quotient and rest apart, since swing * height may not fit.
  const std::int64_t half = kWaveMs / 2;
  return wave.rest - wave.swing / 2 + wave.swing / half * height +
         wave.swing % half * height / half;
}

}  // namespace strongroom::plant
