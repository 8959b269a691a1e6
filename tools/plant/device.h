// SPDX-License-Identifier: Apache-2.0
// A simulated device: the registers of a profile, with values that vary slowly,
// follow the building, or were set by someone. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/point/profile.h"
#include "tools/plant/frame.h"
#include "tools/plant/wave.h"

namespace strongroom::plant {

/// What is wrong with a point's registers, whatever its value is.
enum class PointTrouble : std::uint8_t {
  kNone,
  kStuck,     // the value of the moment in which it got stuck
  kSentinel,  // what the device says instead of a value
  kCut,       // the wire of a contact: nothing reaches the input, it reads 0
};

class SimulatedDevice {
 public:
  /// `profile` is not nothing. The texts say `name` until someone sets another.
  SimulatedDevice(std::string name,
                  std::shared_ptr<const DeviceProfile> profile);

  /// "temperature=23.5", "leak=leak" (a state's name), "model=SMT1500": from
  /// now on exactly that. May be implausible, but must fit the registers.
  Result<void> set(std::string_view assignment);
  /// The point follows the building or varies again.
  Result<void> vary(std::string_view point);
  /// Unless set, the point has this value, or the nearest that its registers
  /// hold.
  void follow(std::size_t point, double value);

  /// `points` empty: all that can be in this trouble; there must be one. kNone
  /// ends every trouble of theirs.
  Result<void> trouble(PointTrouble trouble,
                       const std::vector<std::string>& points,
                       std::chrono::microseconds elapsed);

  /// The point's value at a time since the start; the same time gives the same
  /// value.
  std::int64_t mantissa(std::size_t point,
                        std::chrono::microseconds elapsed) const;
  /// "temperature=23.5 Cel", a line per point and text, each after `indent`.
  std::string values_text(std::chrono::microseconds elapsed,
                          std::string_view indent = "") const;

  /// Values or an exception: 1 to a function of which it has no registers, 2 to
  /// addresses beyond them, forbidden, or, when it bridges none, in a hole; 3
  /// to more than it takes at once. In a bridged hole stands 0.
  Bytes answer(const Request& request, std::chrono::microseconds elapsed) const;

  Result<std::size_t> find(std::string_view point) const;
  const DeviceProfile& profile() const { return *profile_; }
  const std::string& name() const { return name_; }

 private:
  struct Point {
    std::optional<std::int64_t> set;
    std::optional<std::int64_t> followed;
    std::int64_t stuck = 0;
    PointTrouble trouble = PointTrouble::kNone;
    Wave wave;
  };

  bool set_text(std::string_view name, const std::string& value);
  bool can_be(PointTrouble trouble, std::size_t point) const;
  std::uint8_t refusal(const Request& request) const;
  std::optional<std::uint64_t> raw(std::size_t point,
                                   std::chrono::microseconds elapsed) const;
  std::vector<std::uint16_t> cells(const Request& request,
                                   std::chrono::microseconds elapsed) const;

  std::string name_;
  std::shared_ptr<const DeviceProfile> profile_;
  std::vector<Point> points_;
  std::vector<std::string> texts_;
  std::vector<RegisterRange> registers_;  // of points, texts and the probe
};

}  // namespace strongroom::plant
