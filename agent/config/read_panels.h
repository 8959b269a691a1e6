// SPDX-License-Identifier: Apache-2.0
// [[line.panel]] with its leaves and readers.
#pragma once

#include <set>
#include <string>

#include "agent/config/config.h"

namespace strongroom {

/// Longest name that an event holds.
inline constexpr std::size_t kMaxPanelName = 31;

/// What is taken already, in the whole agent.
struct PanelNames {
  std::set<std::string>& devices;  // panels are devices of their line
  std::set<std::string> leaves;
};

/// Reads the panels of one line, whose devices are read already.
void read_panels(ConfigTable& line_table, LineConfig& line, PanelNames& names);

}  // namespace strongroom
