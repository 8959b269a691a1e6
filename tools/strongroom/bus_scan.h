// SPDX-License-Identifier: Apache-2.0
// Who answers on a line, and what it seems to be.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/point/profile.h"
#include "tools/strongroom/bus_line.h"
#include "tools/strongroom/bus_reading.h"
#include "tools/strongroom/bus_table.h"

namespace strongroom {

using Profiles = std::vector<DeviceProfile>;

/// A profile whose probe register the unit answered as this type does.
struct ScanMatch {
  const DeviceProfile* profile = nullptr;
  /// A second question, of another shape, said the same. Otherwise the answer
  /// may have been a late one of something else.
  bool is_confirmed = false;
  DeviceReading reading;
};

struct ScanFind {
  std::uint8_t unit = 0;
  /// Best first: most points answered and plausible. Empty: it answers, but no
  /// profile knows it.
  std::vector<ScanMatch> matches;
};

/// A match that may be proposed without a person's choice: confirmed, at least
/// half of its points good, and no other match comes near. Null: there is none.
const ScanMatch* certain_match(const ScanFind& find);

struct ScanOrder {
  std::vector<std::uint8_t> units;
  /// Asks silent units every probe, instead of one of each function.
  bool is_thorough = false;
};

/// How far the scan is: units done, and what was found so far.
using ScanProgress = std::function<void(std::size_t done, std::size_t found)>;

/// Asks each unit. `profiles` outlive the result. A fault: the line broke.
Result<std::vector<ScanFind>> scan_line(BusAsker& asker,
                                        const LineWire& wire,
                                        const Profiles& profiles,
                                        const ScanOrder& order,
                                        const ScanProgress& progress);

/// A line per match: unit, profile, trust, how many points are good, texts and
/// a few values.
std::string scan_table(const std::vector<ScanFind>& finds,
                       const Screen& screen);

/// [[line]] and [[line.device]] for agent.toml; what a person must choose is
/// there as a comment.
std::string proposed_config(const BusLine& line,
                            const std::vector<ScanFind>& finds);

/// "unit 12 of 247, 3 found, 1 min 40 s left".
std::string progress_text(std::size_t done,
                          std::size_t of,
                          std::size_t found,
                          std::chrono::milliseconds elapsed);

}  // namespace strongroom
