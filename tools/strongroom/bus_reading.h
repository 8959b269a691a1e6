// SPDX-License-Identifier: Apache-2.0
// What a device says: all its points once, or bare registers seen every way.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/point/profile.h"
#include "core/point/sample.h"
#include "tools/strongroom/bus_line.h"

namespace strongroom {

struct DeviceReading {
  std::vector<PointSample> samples;  // one per point of the profile
  std::vector<TextSample> texts;     // those that were answered
  /// What stood at each address that was read.
  std::map<std::pair<RegisterKind, std::uint16_t>, std::uint16_t> cells;
  /// In words, why what is missing is missing; one per failed request.
  std::vector<std::string> faults;
};

/// Reads every point and text once. A request that the device refuses is asked
/// again point by point; one that is not answered is not.
DeviceReading read_device(BusAsker& asker,
                          const DeviceProfile& profile,
                          std::uint8_t unit,
                          const LineWire& wire);

/// How many points are good.
std::size_t good_points(const DeviceReading& reading);
/// "22.4", or "leak" of a code that has a name; empty without a value.
std::string value_text(const PointProfile& point, const PointSample& sample);
/// "model Smart-UPS 1500, serial_number AS1234": the texts that are readable.
std::string identity_text(const DeviceProfile& profile,
                          const DeviceReading& reading);

/// "function 3, addresses 530 to 545".
std::string question_text(const Question& question);

/// A value type and a byte order, and what the registers are when read so.
struct Interpretation {
  std::string type;   // "f32"
  std::string order;  // "CDAB"; empty where there is but one
  std::string value;
};

/// Every type and usual order that fits into `cells`, which begin at the value.
std::vector<Interpretation> interpretations(
    std::span<const std::uint16_t> cells);
/// The one that is asked for. `order` empty: most significant byte first. A
/// fault says what would be right.
Result<Interpretation> interpretation(std::span<const std::uint16_t> cells,
                                      std::string_view type,
                                      std::string_view order);

}  // namespace strongroom
