// SPDX-License-Identifier: Apache-2.0
#include "core/point/sample.h"

#include <algorithm>

#include "core/base/check.h"

namespace strongroom {
namespace {

std::uint64_t raw_bits(std::span<const std::uint16_t> registers) {
  std::uint64_t raw = 0;
  for (const std::uint16_t value : registers) {
    raw = raw << 16 | value;
  }
  return raw;
}

std::int64_t mantissa_of(ValueType type, std::uint64_t raw) {
  switch (type) {
    case ValueType::kU16:
      return static_cast<std::uint16_t>(raw);
    case ValueType::kI16:
      return static_cast<std::int16_t>(raw);
  }
  check(false, "a value type outside its enumeration");
  return 0;
}

}  // namespace

std::string_view quality_name(PointQuality quality) {
  switch (quality) {
    case PointQuality::kGood:
      return "good";
    case PointQuality::kStale:
      return "stale";
    case PointQuality::kBad:
      return "bad";
    case PointQuality::kOutOfRange:
      return "out of range";
  }
  check(false, "a quality outside its enumeration");
  return {};
}

PointSample decode_point(const PointProfile& point,
                         std::span<const std::uint16_t> registers) {
  check(registers.size() == register_count(point.type),
        "a point is decoded from its own registers");
  const std::uint64_t raw = raw_bits(registers);
  if (std::ranges::find(point.sentinels, raw) != point.sentinels.end()) {
    return {PointQuality::kBad, 0};
  }
  const std::int64_t mantissa = mantissa_of(point.type, raw);
  if (mantissa < point.min || mantissa > point.max ||
      mantissa <= -kMantissaLimit || mantissa >= kMantissaLimit) {
    return {PointQuality::kOutOfRange, 0};
  }
  return {PointQuality::kGood, mantissa};
}

void decode_block(const DeviceProfile& profile,
                  const RegisterBlock& block,
                  std::span<const std::uint16_t> registers,
                  std::span<PointSample> samples) {
  check(registers.size() == block.count &&
            samples.size() == profile.points.size(),
        "a block is decoded with its own registers and profile");
  for (const std::uint16_t index : block.points) {
    const PointProfile& point = profile.points[index];
    const auto offset = static_cast<std::size_t>(point.address - block.address);
    samples[index] = decode_point(
        point, registers.subspan(offset, register_count(point.type)));
  }
}

std::vector<PointSample> no_samples(const DeviceProfile& profile) {
  return std::vector<PointSample>(profile.points.size());
}

}  // namespace strongroom
