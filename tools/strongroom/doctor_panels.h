// SPDX-License-Identifier: Apache-2.0
// Doctor's look at panels and at the policy.
#pragma once

#include <nlohmann/json.hpp>

#include "agent/config/config.h"
#include "tools/strongroom/examination.h"

namespace strongroom {

/// Files: panel-key, policy-missing, policy-refused.
void examine_panels(Examination& examination, const AgentConfig& config);
/// What /health of the running agent says of them: panel-down, panel-silenced,
/// panel-list.
void examine_running_panels(Examination& examination,
                            const nlohmann::json& health);
/// What /bus says: panel-frames, panel-tests-only.
void examine_panel_links(Examination& examination, const nlohmann::json& line);

}  // namespace strongroom
