// SPDX-License-Identifier: Apache-2.0
// A simulated device: the registers of a profile, with values that vary slowly
// or that someone set.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/point/profile.h"

namespace strongroom::plant {

class SimulatedDevice {
 public:
  explicit SimulatedDevice(DeviceProfile profile);

  /// "temperature=23.5": from now on exactly that. May be implausible, but must
  /// fit the registers.
  Result<void> set(std::string_view assignment);
  /// The point varies again.
  Result<void> vary(std::string_view point);

  /// The point's value at a time since the start; the same time gives the same
  /// value.
  std::int64_t mantissa(std::size_t point,
                        std::chrono::milliseconds elapsed) const;
  /// "temperature=23.5 Cel", a line per point.
  std::string values_text(std::chrono::milliseconds elapsed) const;

  const DeviceProfile& profile() const { return profile_; }

 private:
  Result<std::size_t> find(std::string_view point) const;

  DeviceProfile profile_;
  std::vector<std::optional<std::int64_t>> set_;
};

/// The register that says `mantissa`; nothing when it does not fit the type.
std::optional<std::uint16_t> encode_register(ValueType type,
                                             std::int64_t mantissa);

}  // namespace strongroom::plant
