// SPDX-License-Identifier: Apache-2.0
// Parts of /health. For the .cc files of this folder.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/http/pages.h"

namespace strongroom {

/// What of panels and doors works less well until somebody acts, in words that
/// stay the same while it stays so.
void add_door_reasons(const AgentSnapshot& snapshot,
                      const std::vector<LineSnapshot>& lines,
                      std::vector<std::string>& reasons);

/// Of each panel, for people and scripts.
nlohmann::json panels_json(const AgentSnapshot& snapshot,
                           const std::vector<LineSnapshot>& lines);
/// Of one link, as /bus shows it.
nlohmann::json link_json(const PanelLinkSnapshot& link);

}  // namespace strongroom
