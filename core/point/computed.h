// SPDX-License-Identifier: Apache-2.0
// Points that no register holds: made of others, by rules that stand in the
// configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/now.h"
#include "core/base/result.h"
#include "core/point/profile.h"
#include "core/point/sample.h"

namespace strongroom {

enum class ComputedKind : std::uint8_t {
  kSum,         // of 1 to 16, in the same unit
  kDifference,  // first less second, in the same unit
  kMean,        // of 1 to 16, in the same unit, rounded half to even
  kMin,
  kMax,
  kDewPoint,    // of a temperature (Cel) and a relative humidity (%): Cel
  kInverted,    // of a bit: a contact that is closed when all is well
  kAntivalent,  // of two bits that must differ: the first; bad when they agree
};

std::string_view computed_kind_name(ComputedKind kind);
/// "dew_point" and so on; nothing for any other word.
std::optional<ComputedKind> parse_computed_kind(std::string_view word);

/// A point of a device with registers.
struct PointRef {
  std::string device;
  std::string point;
};

struct ComputedPoint {
  std::string name;
  ComputedKind kind = ComputedKind::kSum;
  std::vector<PointRef> of;
  /// Without it, the finest exponent of the inputs (dew point: -1).
  std::optional<std::int32_t> exponent;
};

/// Computed points under one name, which stands in windows as a device's does.
struct ComputedDevice {
  std::string name;
  std::vector<ComputedPoint> points;
};

/// The profile of a device, or nothing when there is no such device.
using ProfileOf = std::function<const DeviceProfile*(std::string_view device)>;

/// What a computed device's windows and description say: names, units,
/// exponents and limits follow from the inputs. The profile is named
/// "computed"; its hash is over a canonical text of the rules and of the hashes
/// of the inputs' profiles (docs/formats/computed-points.md): the same hash
/// means the same points. Every fault names point and input: unknown device or
/// point, another number of inputs, units that do not fit.
std::expected<DeviceProfile, std::vector<Error>> computed_profile(
    const ComputedDevice& device, const ProfileOf& profile_of);

/// Of one computed device. A point is computed whenever the device of its first
/// input was polled with that input asked; the other inputs count with their
/// newest sample, if that is not older than `fresh`. Good only when all inputs
/// are. Not thread-safe.
class ComputedPoints {
 public:
  /// `device` and `profile` are valid together (computed_profile); `profile`
  /// outlives the object.
  ComputedPoints(const ComputedDevice& device,
                 const DeviceProfile& profile,
                 const ProfileOf& profile_of,
                 std::chrono::microseconds fresh);

  /// Takes a poll of an input device. True when a point was computed: then
  /// samples() has one per point, not asked where this poll says nothing.
  bool take(std::string_view device,
            MonoTime at,
            std::span<const PointSample> samples);
  std::span<const PointSample> samples() const { return samples_; }

  /// From now on.
  void set_fresh(std::chrono::microseconds fresh) { fresh_ = fresh; }

 private:
  struct Input {
    std::string device;
    std::uint16_t index = 0;
    std::int32_t exponent = 0;
    PointSample newest{PointQuality::kNotAsked, 0};
    MonoTime at{};
  };
  struct Rule {
    ComputedKind kind = ComputedKind::kSum;
    std::int32_t exponent = 0;
    std::vector<Input> inputs;
  };
  PointSample compute(std::size_t index, MonoTime now) const;

  const DeviceProfile* profile_;
  std::chrono::microseconds fresh_;
  std::vector<Rule> rules_;
  std::vector<PointSample> samples_;
};

/// Magnus' formula over water, coefficients of WMO No. 8 (17.62, 243.12 Cel),
/// in Cel. Nothing outside -45 to 60 Cel or 1 to 100 %.
std::optional<double> dew_point_cel(double temperature_cel,
                                    double relative_humidity_percent);

}  // namespace strongroom
